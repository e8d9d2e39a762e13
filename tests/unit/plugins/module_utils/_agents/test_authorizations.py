# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authorizations in a conversation: what became of one whose answer is lost, tells nothing, or refuses it."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConflictError,
    ContractError,
    LockedError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)

from .talking import BETWEEN, talk, turn
from .world import World

__all__ = ["turn"]  # each course with and without turns


REFUSALS = {NotFoundError: 404, LockedError: 423, RateLimitedError: 429, ConflictError: 409}
WITHOUT_CONFLICT = list(REFUSALS)[:3]


@pytest.mark.parametrize("error", [ServerError, UnreachableError])
@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize("saves", ["before", "after"])
def test_an_authorization_whose_answer_is_lost_is_looked_after(error, takes_effect, saves):
    world = World()
    world.add("agent-1", saves=saves)
    original, failures = world.authorize, iter([True])

    def authorize(username, pairing_id):
        failing = next(failures, False)
        if takes_effect or not failing:
            original(username, pairing_id)
        if failing:
            raise error("authorize")

    world.authorize = authorize
    outcome = talk(world)["agent-1"]
    assert outcome["registered"], outcome
    assert outcome["actions"] == ["authorized", "restarted"]
    assert len(world.let_in) == 1


@pytest.mark.parametrize("error", WITHOUT_CONFLICT)
def test_who_was_let_in_by_somebody_else_while_connectware_refused_is_not_counted_as_let_in(error):
    """As by an administrator, or another run, a moment before. It proves itself as any other."""
    world, entries = World(), []
    world.add("agent-1")
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        raise error("authorize", answered=f"HTTP {REFUSALS[error]}", status=REFUSALS[error])

    world.authorize = authorize
    outcome = talk(world, entries=entries)["agent-1"]
    assert outcome["registered"] and outcome["actions"] == ["restarted"], outcome
    assert {settled for settled, _message in entries} == {"failed"}


@pytest.mark.parametrize("error", WITHOUT_CONFLICT)
def test_who_was_let_in_by_somebody_else_is_not_thrown_out_when_the_run_ends(error):
    """Connectware took its time and said no, so that nobody knows yet whether the agent is in."""
    world, warnings, entries = World(), [], []
    world.add("agent-1")
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        world.sleep(500.0)
        raise error("authorize", answered=f"HTTP {REFUSALS[error]}", status=REFUSALS[error])

    world.authorize = authorize
    outcome = talk(world, entries=entries, warnings=warnings)["agent-1"]
    assert world.users == {"agent-1"} and not warnings and "authorized" not in outcome["actions"], outcome
    assert {settled for settled, _message in entries} == {"failed"}


@pytest.mark.parametrize("error", WITHOUT_CONFLICT)
def test_a_refusal_takes_nothing_back_of_an_answer_that_was_lost_before(error):
    """Whom that has let in becomes a user only when he asks again, and nobody has said that it had no effect."""
    world, warnings, answers = World(), [], iter([UnreachableError("authorize", answered="lost")])
    world.add("agent-1")

    def authorize(_username, _pairing_id):
        lost = next(answers, None)
        if lost is not None:
            raise lost
        world.pending.clear()
        world.sleep(500.0)
        raise error("authorize", answered=f"HTTP {REFUSALS[error]}", status=REFUSALS[error])

    world.authorize = authorize
    talk(world, warnings=warnings)
    assert [text for text in warnings if "request of agent agent-1 was authorized is unknown" in text]


@pytest.mark.parametrize("status", [200, 202, 303, None])
@pytest.mark.parametrize(
    ("takes", "protected"), [("effect", False), ("effect", True), ("none", False), ("later", False)]
)
def test_an_answer_to_an_authorization_that_tells_nothing_is_not_counted_as_a_refusal(status, takes, protected):
    world, entries = World(), []
    world.add("agent-1")
    world.protected |= {"agent-1"} if protected else set()
    original = world.authorize

    def authorize(username, pairing_id):
        if takes == "effect":
            original(username, pairing_id)
        elif takes == "later":
            world.pending.clear()
            world.agents["agent-1"].asks_at = None
        raise ContractError(f"authorize {username}", answered=f"HTTP {status}", status=status)

    world.authorize = authorize
    with pytest.raises(ContractError, match=f"HTTP {status}"):
        talk(world, entries=entries)
    outcomes = {"none": "failed", "later": "attempted"}
    ((settled, message),) = entries
    assert settled == outcomes.get(takes, "not_taken_back" if protected else "taken_back")
    assert (f"HTTP {status}" in message) == (takes != "later")
    assert ("agent-1" in world.users) == protected
    assert world.calls[-1] == "close"


def test_who_was_let_in_by_such_an_answer_and_cannot_be_looked_for_is_told():
    world, warnings, entries = World(), [], []
    world.add("agent-1")

    def authorize(username, pairing_id):
        world.existing = fail
        raise ContractError(f"authorize {username} {pairing_id}", status=303)

    def fail(usernames):
        raise ServerError(f"list the users {', '.join(usernames)}")

    world.authorize = authorize
    with pytest.raises(ContractError):
        talk(world, entries=entries, warnings=warnings)
    (warning,) = warnings
    assert "agent agent-1 was authorized is unknown: Could not list the users agent-1." in warning
    assert entries == [("attempted", "")]


def test_an_authorization_without_effect_is_told_and_not_repeated_for_ever():
    world = World()
    world.add("agent-1")
    opening, was_closed = world.open_window, []

    def open_window(seconds):
        was_closed.append(world.now >= world.window_until)
        opening(seconds)

    world.open_window = open_window
    world.authorize = lambda username, _pairing_id: world.calls.append(f"authorize {username}")
    outcome = talk(world)["agent-1"]
    assert outcome["verdict"] == "awaiting_authorization" and "still lists the request" in outcome["message"]
    assert world.calls.count("authorize agent-1") == 1
    # By how long was drawn, it may be made longer in time: it is waited as long as any authorization may take.
    assert was_closed[0] and not any(was_closed[1:]), "the window was opened again"


def refusing(world, error, times=None, *, before=lambda username, pairing_id: None):
    """Authorizations fail, for ever or so often; returns when each of them was asked for."""
    moments, original = [], world.authorize

    def authorize(username, pairing_id):
        moments.append(world.now)
        if times is not None and len(moments) > times:
            original(username, pairing_id)
            return
        before(username, pairing_id)
        raise error(f"authorize {username}", answered="HTTP 4xx", status=REFUSALS.get(error))

    world.authorize = authorize
    return moments


@pytest.mark.parametrize("survives", [True, False])
@pytest.mark.parametrize(("error", "most"), [(NotFoundError, 2), (LockedError, 4), (ConflictError, 4)])
def test_a_refusal_that_nothing_explains_ends_the_agent_after_a_few_attempts(error, most, survives):
    world, entries = World(pending_survives=survives), []
    world.add("agent-1")
    began, moments = world.now, refusing(world, error)

    outcome = talk(world, timeout=600.0, entries=entries)["agent-1"]

    assert outcome["verdict"] == "awaiting_authorization" and outcome["failed"] and not outcome["registered"], outcome
    assert "refuses to authorize it: Could not authorize agent-1: HTTP 4xx" in outcome["message"]
    assert len(moments) == most and world.now - began < 60.0
    assert [settled for settled, _message in entries[-most:]] == ["failed"] * most
    assert world.calls.count("requests") < 40 and world.window_until <= world.now


@pytest.mark.parametrize("error", [RateLimitedError, ServerError, UnreachableError])
def test_an_outage_of_authorizations_is_waited_for_with_growing_pauses(error, turn):
    world = World()
    world.add("agent-1")
    began, moments = world.now, refusing(world, error)

    outcome = talk(world)["agent-1"]

    assert outcome["failed"] and "it could not be authorized yet" in outcome["message"], outcome
    assert world.now - began > 175.0 and 5 <= len(moments) <= 9
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert pauses[:5] == sorted(pauses[:5]) and pauses[3] > 15.0
    assert turn is not None or world.calls.count("requests") < 60


@pytest.mark.parametrize("error", [NotFoundError, LockedError, ConflictError, RateLimitedError, UnreachableError])
def test_the_first_attempt_after_a_refusal_is_made_at_once(error, turn):
    world = World()
    world.add("agent-1")
    moments = refusing(world, error, times=1)
    assert talk(world)["agent-1"]["registered"]
    assert len(moments) == 2 and moments[1] - moments[0] < (2.0 if turn is None else 2.0 + BETWEEN)


def test_a_request_that_is_gone_explains_that_it_was_not_found():
    world = World()
    world.add("agent-1", poll=5.0)
    moments = refusing(world, NotFoundError, times=4, before=lambda *request: world.pending.remove(request))
    assert talk(world)["agent-1"]["registered"]
    assert len(moments) == 5


def test_a_window_that_locks_in_the_middle_again_and_again_explains_that_it_was_locked():
    world = World()
    world.add("agent-1")
    moments = refusing(world, LockedError, times=5, before=lambda *_request: world.close_window())
    assert talk(world)["agent-1"]["registered"]
    assert len(moments) == 6


def test_one_that_is_refused_does_not_keep_the_others_waiting():
    world = World()
    for number in range(3):
        world.add(f"agent-{number}", boot=0.5 + 2 * number)
    original = world.authorize

    def authorize(username, pairing_id):
        if username == "agent-0":
            world.calls.append("authorize agent-0")
            raise LockedError("authorize agent-0", status=423)
        original(username, pairing_id)

    world.authorize = authorize
    outcomes = talk(world)
    assert [outcome["registered"] for outcome in outcomes.values()] == [False, True, True]
    assert world.calls.count("authorize agent-0") == 4 and world.calls.count("authorize agent-1") == 1
