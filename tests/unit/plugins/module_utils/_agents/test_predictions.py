# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode of a conversation: what it predicts, and that it only reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import VERDICTS, Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ForbiddenError

from .talking import talk, turn, writes
from .world import World

__all__ = ["turn"]  # each course with and without turns


def test_check_mode_only_reads():
    world = World()
    world.add("agent-1")
    world.registered("agent-2")
    outcome = talk(world, check=True)
    assert world.calls == ["requests", "existing"]
    assert outcome["agent-1"]["verdict"] == "awaiting_request"
    assert outcome["agent-2"]["verdict"] == "registered"


def in_conflict(*names):
    """Agents that have lost their credentials, have asked, and were told 409."""
    world = World(conflict_first=True)
    for name in names:
        world.registered(name)
        world.agents[name].credentials = False
        world.restart(name)
    world.sleep(10.0)
    return world


def in_every_state():
    """An agent for each verdict, named after it."""
    world = World(pending_survives=True)
    for name in ("awaiting_authorization", "impostor", "awaiting_request", "unreadable"):
        world.add(name, boot=10_000.0 if name == "unreadable" else 0.5).marked = True
    for name in ("broken", "conflict", "registered", "unproven", "unsaved", "rejected"):
        world.registered(name).marked = name == "registered"
    world.agents["conflict"].credentials = world.agents["unsaved"].credentials = False
    world.restart("conflict")
    for name in ("unproven", "unsaved"):
        pairing = LogEvent("pairing", world.now - 400.0, name, "a00001")
        world.agents[name].events = [LogEvent("asking_new", world.now - 400.0), pairing]
    world.users.discard("rejected")
    world.open_window(60.0)
    world.sleep(80.0)  # it has closed by itself
    world.pending = [request for request in world.pending if request[0] != "awaiting_request"]
    world.stranger("impostor")
    world.calls.clear()
    return world


@pytest.mark.parametrize("on_conflict", ["fail", "replace"])
@pytest.mark.parametrize("watch_started", [False, True])
def test_check_mode_writes_nothing_whatever_the_verdict(on_conflict, watch_started):
    world = in_every_state()
    seen = {name: world.observe(name) for name in world.agents}
    seen["broken"] = replace(seen["broken"], state="restarting", restart_count=5, exit_code=139)
    records = [AgentRecord(each) for each in seen.values()]
    users, pending, window = set(world.users), list(world.pending), world.window_until
    clock = Clock(lambda: world.now, world.sleep)

    conversation = Conversation(records, world, world, Policy(on_conflict), clock=clock, book=own_book())
    conversation.predict(watch_started=watch_started)

    found = {record.name: outcome(record, predicted=True)["verdict"] for record in records}
    assert found == {verdict: verdict for verdict in VERDICTS}
    assert set(writes(world)) <= {"undeletable"}, "which only reads"
    assert (world.users, world.pending, world.window_until) == (users, pending, window)
    assert (world.restarts, world.unmarked, world.let_in) == ({}, [], [])


@pytest.mark.parametrize("watch_started", [False, True])
def test_check_mode_tells_of_a_user_that_must_not_be_deleted(watch_started):
    world = in_conflict("agent-1", "agent-2")
    world.protected.add("agent-2")
    records = [AgentRecord(world.observe(name)) for name in world.agents]
    clock = Clock(lambda: world.now, world.sleep)

    conversation = Conversation(records, world, world, Policy("replace"), clock=clock, book=own_book())
    conversation.predict(watch_started=watch_started)

    one, two = (outcome(record, predicted=True) for record in records)
    assert (one["verdict"], one["message"]) == ("conflict", "the stale user 'agent-1' is deleted")
    assert two["verdict"] == "conflict" and "agent-2 is an administrator" in two["message"]
    assert [record.wants("delete_user") for record in records] == [True, False]
    assert set(writes(world)) == {"undeletable"}, "which only reads"


@pytest.mark.parametrize(
    ("elsewhere", "says"),
    [
        ("", "the stale user 'agent-1' is deleted"),
        ("the container press on the host plant", "the container press on the host plant runs and answers"),
    ],
)
def test_check_mode_tells_whose_user_a_restart_without_credentials_would_cost(elsewhere, says):
    """An agent that works on until then, and would ask; a run restarts it to see."""
    world = World()
    world.registered("agent-1").credentials = False
    record = AgentRecord(world.observe("agent-1"), elsewhere=elsewhere)

    Conversation([record], world, world, Policy("replace", foresees=True), book=own_book()).predict()

    found = outcome(record, predicted=True)
    assert (found["verdict"], found["reason"]) == ("conflict", "credentials_missing") and says in found["message"]
    assert record.wants("delete_user") == found["changed"] == (not elsewhere)
    assert (set(writes(world)) <= {"undeletable"}, world.restarts) == (True, {})


def test_check_mode_with_reading_rights_alone_says_what_it_could_not_find_out():
    world = in_conflict("agent-1")
    record = AgentRecord(world.observe("agent-1"))

    def undeletable(_usernames):
        raise ForbiddenError("list roles", where="GET /api/roles", answered="HTTP 403")

    world.undeletable = undeletable
    conversation = Conversation([record], world, world, Policy("replace"), book=own_book())
    conversation.predict()

    assert record.wants("delete_user")
    assert "HTTP 403" in conversation.warnings[0] and "agent-1" in conversation.warnings[0]


@pytest.mark.parametrize("password", ["that", "another"])
def test_check_mode_can_watch_first_whether_those_that_have_just_started_ask(password):
    world = World()
    for name in ("agent-1", "agent-2"):
        world.registered(name)
    if password == "another":
        world.secrets["agent-2"] = password
    world.restart("agent-2")
    world.agents["agent-2"].marked = True
    began = world.now
    records = [AgentRecord(world.observe(name)) for name in world.agents]
    clock = Clock(lambda: world.now, world.sleep)

    Conversation(records, world, world, Policy("replace"), clock=clock, book=own_book()).predict(watch_started=True)

    found = {record.name: outcome(record, predicted=True) for record in records}
    assert found["agent-1"]["registered"]
    assert found["agent-2"]["registered"] == (password == "that")
    assert found["agent-2"]["reason"] == ("none" if password == "that" else "credentials_rejected")
    assert not writes(world) and world.now - began < Policy().settle + 1
    assert world.unmarked == []


def test_what_the_deployment_of_this_run_has_started_asks_anew_also_where_it_was_faster_than_the_first_look():
    world = World()
    world.registered("agent-1")
    world.secrets["agent-1"] = "another"
    world.restart("agent-1")
    world.sleep(2.0)
    seen = {started: replace(world.observe("agent-1"), started_now=started) for started in (True, False)}
    assert seen[True].asks

    reasons = {}
    for started, observation in seen.items():
        record = AgentRecord(observation)
        Conversation([record], world, world, Policy("replace"), book=own_book()).predict()
        reasons[started] = outcome(record, predicted=True)["reason"]

    assert reasons == {True: "credentials_rejected", False: "none"}, "the lines of an older start may be history"
