# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that are not the agent's own: strangers are not let in or are thrown out, its earlier ones are cleared."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent, Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConflictError, ForbiddenError

from .talking import BETWEEN, talk, turn, writes
from .world import World

__all__ = ["turn"]  # each course with and without turns


def test_impostor_with_our_name_is_not_let_in_and_the_others_go_on():
    world = World(pending_survives=True)
    world.add("agent-1")
    world.add("agent-2")
    world.stranger("agent-1")
    outcome = talk(world)
    assert outcome["agent-1"]["verdict"] == "impostor" and "ffffff" in outcome["agent-1"]["message"]
    assert outcome["agent-2"]["registered"]
    assert all(pairing_id not in world.strangers for _username, pairing_id in world.let_in)


@pytest.mark.parametrize("stays", [True, False])
def test_a_refusal_of_an_ambiguous_name_deletes_nobody(stays):
    """Connectware answers 409 too where two requests of a name are pending. An administrator then lets ours in."""
    world, refused = World(pending_survives=stays), []
    agent = world.add("agent-1")
    listing = world.existing

    def authorize(username, pairing_id):
        world.stranger(username)
        refused.append(pairing_id)
        raise ConflictError(f"authorize {username}", answered="HTTP 409: several requests of that name")

    def existing(usernames):
        found = listing(usernames)
        request = ("agent-1", agent.pairing_id)
        if refused and request in world.pending:
            world.pending.remove(request)
            world.users.add("agent-1")
            world.secrets["agent-1"] = agent.secret
            agent.granted = True
        return found

    world.authorize, world.existing = authorize, existing
    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]
    assert len(refused) == 1 and world.users == {"agent-1"}, outcome
    assert [call for call in world.calls if call.startswith("delete")] == []
    assert outcome["verdict"] == ("impostor" if stays else "registered"), outcome


def test_a_stranger_who_got_in_is_out_soon_though_others_take_turns_in_the_list():
    """A list that shows the agent's own request, and then another's, and so on, gives nobody more time."""
    world = World(pending_survives=True, tells_conflict="confirm")
    agent = world.add("agent-1")
    let_in, out, lists, listing, deleting = [], [], itertools.count(), world.requests, world.delete_user

    def authorize(username, pairing_id):
        world.users.add(username)  # by another request that has taken the place of the agent's own
        world.pending.remove((username, pairing_id))
        let_in.append(world.now)

    def requests():
        if let_in:
            world.pending = [("agent-1", "ffffff" if next(lists) % 2 else agent.pairing_id)]
        return listing()

    def delete_user(username, **more):
        out.append(world.now)
        deleting(username, **more)

    world.authorize, world.requests, world.delete_user = authorize, requests, delete_user
    outcome = talk(world, policy=Policy(settle=2.0, poll_interval=1.0, grace=5.0))["agent-1"]
    assert "taken_back" in outcome["actions"] and world.users == set(), outcome
    assert len(let_in) == len(out) == 1
    assert out[0] - let_in[0] < 4.0 + 2 * BETWEEN


@pytest.mark.parametrize("saves", ["before", "after"])
def test_a_stranger_who_took_the_place_of_the_listed_request_is_thrown_out(saves):
    world = World()
    world.add("agent-1", saves=saves)
    original = world.authorize

    def authorize(username, pairing_id):
        world.pending = [(username, "ffffff")]
        world.strangers.add("ffffff")
        world.calls.append("swapped")
        original_pending = world.pending
        world.pending = [(username, pairing_id)]
        original(username, pairing_id)
        world.agents[username].granted = False
        world.let_in[-1] = original_pending[0]

    world.authorize = authorize
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"]
    assert "agent-1" not in world.users and "delete agent-1 (ours)" in world.calls
    assert outcome["actions"][-1] == "taken_back" and "deleted at once" in outcome["message"]
    world.authorize = original
    assert talk(world)["agent-1"]["registered"]


def test_what_cannot_be_taken_back_is_said_loudly():
    world = World()
    world.add("agent-1")
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        world.agents[username].granted = False

    def forbidden(username, *, ours):
        assert ours
        raise ForbiddenError(f"delete the user {username}", answered="HTTP 403")

    world.authorize, world.delete_user = authorize, forbidden
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"]
    assert "HTTP 403" in outcome["message"] and "Delete it in Connectware now" in outcome["message"]


@pytest.mark.parametrize(("deny_supported", "survives"), [(True, True), (True, False), (False, False)])
def test_its_own_request_from_before_a_restart_is_cleared(deny_supported, survives):
    world = World(deny_supported=deny_supported, pending_survives=survives, forgets_restarted=False)
    world.add("agent-1")
    world.window_until = world.now + 3
    world.sleep(2)
    world._start(world.agents["agent-1"])
    world.sleep(1.5 if survives else 0.9)
    outcome = talk(world)["agent-1"]
    assert outcome["registered"], outcome
    assert len(world.let_in) == 1


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("others", [0, 1])
def test_what_could_not_be_cleared_because_another_worker_moves_the_window_is_cleared_in_another_round(rounds, others):
    world, book, clearings = World(), own_book(), []
    world.add("agent-1")
    world.stranger("agent-1", "dead01")
    world.window_until = world.now + 50.0  # by this run itself, for other hosts of it
    book.opened(world.window_until, world.window_until)
    for _other in range(others):
        book.enter()
    denying = world.deny

    def deny(username):
        clearings.append(username)
        if len(clearings) <= rounds:
            assert book.claim(world.now)
        return denying(username)

    def requests():
        if 1 <= len(clearings) <= rounds and world.calls[-1].startswith("deny"):
            book.release()
        return World.requests(world)

    world.deny, world.requests = deny, requests
    outcome = talk(world, book=book)["agent-1"]
    assert outcome["registered"], outcome
    assert len(clearings) == rounds + 1
    assert [pairing_id for _username, pairing_id in world.let_in] == [world.agents["agent-1"].pairing_id]


def test_an_earlier_request_that_nothing_clears_is_told():
    world = World(pending_survives=True, forgets_restarted=False)
    world.add("agent-1")
    world.window_until = world.now + 3
    world.sleep(2)
    world._start(world.agents["agent-1"])
    world.sleep(2)
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"] and "no way to deny it (POST /deny: HTTP 404)" in outcome["message"]
    assert not world.let_in


def test_a_pairing_id_without_times_is_believed_after_a_poll_also_where_the_clock_was_set_back():
    seen = Observation(
        "a", "a", "c", "v", state="running", started_at=5000.0, observed_at=100.0,
        events=(LogEvent("asking_new"), LogEvent("pairing", None, "a", "a00001")),
    )  # fmt: skip
    record = AgentRecord(seen)
    record.pending = ("a00001",)
    policy = Policy(poll_interval=5.0)
    verdicts = []
    for later in (0.0, 4.0, 6.0):
        record.observe(replace(seen, observed_at=100.0 + later), later)
        verdicts.append(record.judge(policy, True, later).action)

    assert verdicts == ["wait", "wait", "authorize"]


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("behind", [0.3, 2.0, 4.9])
def test_what_is_forged_ahead_of_the_agents_own_line_lets_nobody_in(behind, timed):
    """The stranger asks under an ID that the log shows first; the genuine line comes within a poll interval."""
    world = World(pending_survives=True)
    agent = world.add("agent-1")
    world.window_until = world.now + 60.0
    world.stranger("agent-1")
    agent.asks_at = world.now + behind
    forged = [LogEvent("asking_new", world.now), LogEvent("pairing", world.now, "agent-1", "ffffff")]
    if not timed:
        forged = [replace(event, at=None) for event in forged]
    honest = world._poll

    def poll(asking):
        first = asking.events == forged
        if first:
            asking.events = []
        honest(asking)
        if first:
            asking.events = [*forged, *asking.events]

    world._poll = poll
    agent.events = forged
    outcome = talk(world)["agent-1"]
    assert ("agent-1", "ffffff") not in world.let_in, outcome


@pytest.mark.parametrize("turn", [None], indirect=True)  # the pauses between turns would be counted too
def test_a_pairing_id_that_was_there_before_the_run_is_not_waited_for():
    world = World(pending_survives=True)
    world.add("agent-1")
    world.window_until = world.now + 60.0
    world.sleep(10.0)
    began = world.now
    assert talk(world)["agent-1"]["registered"]
    assert world.now - began < 5.0


@pytest.mark.parametrize(("forged", "costs"), [(["conflict"], []), (["asking_cached", "conflict"], ["restarted"])])
def test_a_forged_conflict_does_not_cost_a_healthy_agent_its_user(forged, costs):
    world = World()
    agent = world.registered("agent-1")
    agent.events = [LogEvent(kind, world.now) for kind in forged]
    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]
    assert (outcome["verdict"], outcome["actions"]) == ("registered", costs)
    assert not writes(world)
