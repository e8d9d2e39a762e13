# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stranger who took the place of an agent's request is thrown out, however the run ends."""

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy, Verdict
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent, Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConnectwareError,
    EngineError,
    HostUnreachableError,
    NotFoundError,
    UnreachableError,
)

from .world import World

NAME = "press-1"
STRANGER = "ffffff"


class Swapped(World):
    """A stranger's request takes the place of the agent's own as soon as that is authorized.

    Attributes:
        takes: seconds that the authorization takes.
        loses: its answer gets lost.
        makes_users: Connectware makes the user at once.
        ends: what the factory host answers from then on.
    """

    takes = 0.0
    loses = False
    makes_users = True
    ends: ConnectwareError | None = None
    swapped = False

    def authorize(self, username: str, pairing_id: str) -> None:
        if self.swapped:
            super().authorize(username, pairing_id)
            return
        self.swapped = True
        self.pending.insert(0, (username, STRANGER))
        self.strangers.add(STRANGER)
        super().authorize(username, pairing_id)
        if not self.makes_users:
            self.users.clear()
        self.sleep(self.takes)
        if self.loses:
            raise UnreachableError("authorize", answered="the connection was lost")

    def look(self, looks, wait):
        if self.swapped and self.ends is not None:
            self.sleep(1.0)
            raise self.ends
        return super().look(looks, wait)


def held(world: World, *, timeout: float = 60.0, policy: Policy | None = None) -> tuple[AgentRecord, Conversation]:
    record = AgentRecord(world.observe(NAME))
    course = Conversation(
        [record], world, world, policy or Policy(), timeout=timeout, clock=Clock(lambda: world.now, world.sleep),
        book=own_book(),
    )  # fmt: skip
    with contextlib.suppress(EngineError):
        course.run()
    return record, course


def settled(record: AgentRecord) -> str:
    return record.authorizations.asked[-1].outcome


@pytest.mark.parametrize("loses", [False, True], ids=["answered", "answer_lost"])
def test_when_time_is_out_right_after_an_authorization(loses):
    world = Swapped()
    world.takes, world.loses = 90.0, loses
    world.add(NAME)

    record, _course = held(world)

    assert world.let_in == [(NAME, STRANGER)]
    assert not world.users and settled(record) == "taken_back", record.taken_back
    assert record.timed_out and "was deleted at once" in record.taken_back


@pytest.mark.parametrize(
    "ends", [HostUnreachableError("look", answered="no route"), EngineError("look", answered="it is broken")]
)
def test_when_the_host_answers_no_more(ends):
    world = Swapped()
    world.ends = ends
    world.add(NAME)

    record, _course = held(world)

    assert world.let_in == [(NAME, STRANGER)]
    assert not world.users and settled(record) == "taken_back"


def test_when_the_answer_was_lost_and_the_agent_asks_again():
    """Its request is listed once more, because this Connectware tells only who authorizes that the user is there."""
    world = Swapped(tells_conflict="confirm")
    world.loses = True
    world.add(NAME)

    record, _course = held(world)

    assert world.let_in == [(NAME, STRANGER)]
    assert not world.users and settled(record) == "taken_back", record.verdict


@pytest.mark.parametrize("loses", [False, True], ids=["answered", "answer_lost"])
def test_a_conflict_that_is_told_while_the_answer_is_on_its_way_is_no_history(loses):
    world = Swapped()
    world.takes, world.loses = 4.0, loses
    world.add(NAME, saves="before", on_conflict="silent")
    record, _course = held(world)

    assert not world.users and "another request under its name had taken the place" in record.taken_back


def test_where_connectware_does_not_answer_either_it_is_told(monkeypatch):
    world = Swapped()
    world.ends = EngineError("look", answered="it is broken")
    world.add(NAME)
    requests = world.requests

    def away():
        if world.swapped and world.looks_failed:
            raise UnreachableError("list the requests")
        return requests()

    def look(looks, wait):
        world.looks_failed = world.swapped
        return Swapped.look(world, looks, wait)

    world.looks_failed = False
    monkeypatch.setattr(world, "requests", away)
    monkeypatch.setattr(world, "look", look)

    record, _course = held(world)

    assert settled(record) == "not_taken_back"
    assert "could not be deleted: Could not list the requests" in record.taken_back


def test_where_no_user_was_made_until_the_end_it_is_told():
    world = Swapped()
    world.takes, world.makes_users = 90.0, False
    world.add(NAME)

    record, course = held(world)

    assert settled(record) == "unproven" and not record.taken_back
    (warning,) = course.warnings
    assert f"agent {NAME} was authorized. No user was made" in warning and f"delete the user '{NAME}'" in warning


@pytest.mark.parametrize(("refused", "warned"), [(False, True), (True, False)])
def test_where_no_user_was_made_and_the_answer_was_lost_it_is_told_as_well(refused, warned, monkeypatch):
    """Nobody knows whether the request is gone because it was authorized; unless Connectware has said no."""
    world = Swapped()
    world.takes, world.makes_users, world.loses = 90.0, False, True
    world.add(NAME)
    if refused:

        def gone(_username, _pairing_id):
            world.pending.clear()
            world.sleep(90.0)
            raise NotFoundError("authorize", answered="HTTP 404", status=404)

        monkeypatch.setattr(world, "authorize", gone)

    record, course = held(world)

    assert not world.pending and not world.users and not record.taken_back
    told = [text for text in course.warnings if f"request of agent {NAME} was authorized is unknown" in text]
    assert bool(told) is warned and all("the connection was lost. Run again soon" in text for text in told)


@pytest.mark.parametrize("away", [False, True])
def test_who_got_in_while_connectware_took_its_time_is_not_thrown_out(away, monkeypatch):
    """It was looked at right after its restart, and has shown since that it does not ask; unless nobody can see it."""
    world = World()
    agent = world.add(NAME, saves="before", boot=8.0)  # so that it is watched for longer than one look takes
    requests, look = world.requests, world.look

    def slow():
        if NAME in world.restarts and world.now < 1090.0:
            world.sleep(90.0)
        return requests()

    def gone(looks, wait):
        if away and world.now >= 1090.0:
            raise HostUnreachableError("look", answered="no route")
        return look(looks, wait)

    monkeypatch.setattr(world, "requests", slow)
    monkeypatch.setattr(world, "look", gone)

    record, _course = held(world)

    assert world.let_in == [(NAME, agent.pairing_id)] and world.restarts == {NAME: 1}
    assert world.users == (set() if away else {NAME})
    assert settled(record) == ("taken_back" if away else "proved") and record.failed is away


@pytest.mark.parametrize(
    ("saved", "restarts", "let_in"), [(False, 0, False), (True, 0, True), (False, 1, True), (True, 1, True)]
)
def test_who_may_be_about_to_ask_has_not_come_back(saved, restarts, let_in):
    """As one that had credentials all along, was told 409, has ended, and was started by the engine just now."""
    shown = Observation(NAME, NAME, "c", "v", state="running", credentials=saved, restart_count=restarts)
    record = AgentRecord(shown, user_exists=True)
    record.note_asked(0.0)
    record.note_authorized("a82123", 0.0)
    record.verdict = Verdict(e.REGISTERED, e.NONE, e.WAIT, "it has just started; watched whether it asks")

    assert record.let_in is let_in
    record.verdict = Verdict(e.REGISTERED, e.NONE, e.SETTLED)
    assert not record.let_in


def test_a_stranger_with_an_old_pairing_id_does_not_cost_a_healthy_agent_its_user():
    """It was registered in its present start, so that its log still shows the ID that he asks with."""
    world = World(tells_conflict="confirm", pending_survives=True)
    agent = world.registered(NAME)
    agent.pairing_id = "a82123"
    agent.events = [LogEvent("asking_new", world.now - 499), LogEvent("pairing", world.now - 499, NAME, "a82123")]
    world.window_until = world.now + 500.0
    world.stranger(NAME, "a82123")

    record, _course = held(world, policy=Policy(on_conflict="replace"))

    assert world.users == {NAME} and world.secrets[NAME] == agent.secret
    assert not [call for call in world.calls if call.startswith("delete")] and record.actions == ["restarted"]
    assert not record.authorizations.taken and record.verdict.verdict == "awaiting_request"
