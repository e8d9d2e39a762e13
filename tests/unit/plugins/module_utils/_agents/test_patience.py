# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a conversation waits: for agents until time is out, and for outages to end."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import AWAITING_REQUEST, Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import failure_of, outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    EngineUnavailableError,
    UnreachableError,
)

from .talking import talk, turn
from .world import World

__all__ = ["turn"]  # each course with and without turns


def test_agent_that_never_asks_times_out_with_its_last_lines():
    world = World()
    world.add("agent-1", boot=10_000.0)
    lines = []
    outcome = talk(world, timeout=100.0, lines=lines)["agent-1"]
    assert not outcome["registered"] and outcome["message"]
    assert world.restarts == {"agent-1": 1}
    assert lines[0] == "0 of 1 registered, waiting for agent-1: not judged yet"
    assert re.fullmatch(r"0 of 1 registered, waiting for agent-1: awaiting_request since [1-9]\d* s", lines[20])
    assert world.window_until <= world.now


def test_who_ran_out_of_time_is_told_with_what_was_seen_last_and_the_end_of_its_log():
    world = World()
    world.add("agent-1", boot=10_000.0)
    said = {"last_lines": ("one", "two", "three", "no route to host"), "former_lines": ("it was killed",)}
    honest = world.observe
    world.observe = lambda name: replace(honest(name), **said)
    record = AgentRecord(world.observe("agent-1"))
    clock = Clock(lambda: world.now, world.sleep)
    Conversation([record], world, world, Policy(grace=500.0), timeout=20.0, clock=clock, book=own_book()).run()

    failure = failure_of([record], "hamburg", {}, {"interim": {}})

    assert failure["failed"] and failure["msg"].startswith(
        "Host hamburg: 1 of 1 agents are not registered: agent agent-1: time is out, see timeout (agents_timeout); last"
        f" seen: {AWAITING_REQUEST}: {record.verdict.message}"
    )
    assert failure["msg"].endswith(
        ". Last log lines: two | three | no route to host. Before the engine started it again: it was killed"
    )
    assert outcome(record)["last_lines"] == list(said["last_lines"])


@pytest.mark.parametrize(("method", "works"), [("requests", 1), ("existing", 1), ("open_window", 0), ("look", 0)])
def test_an_outage_in_the_middle_is_waited_for(method, works):
    world = World()
    for number in range(3):
        world.add(f"agent-{number}")
    original, calls = getattr(world, method), itertools.count(1)
    error = EngineUnavailableError if method == "look" else UnreachableError

    def failing(*args):
        if works < next(calls) <= works + 3:
            raise error("reach it")
        return original(*args)

    setattr(world, method, failing)
    outcome = talk(world)
    assert {o["verdict"] for o in outcome.values()} == {"registered"}, outcome
    assert set(world.restarts.values()) == {1}


def test_whoever_was_let_in_and_never_came_is_thrown_out_when_time_is_out():
    world = World()
    world.add("agent-1", poll=1000.0)
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        world.agents[username].asks_at = None

    world.authorize = authorize
    world.window_until = world.now + 5000
    world.sleep(1)
    outcome = talk(world, timeout=10.0)["agent-1"]
    assert not outcome["registered"] and "time is out" not in outcome["verdict"]
    assert "agent-1" not in world.users and outcome["actions"][-1] == "taken_back"
    assert "was deleted at once" in outcome["message"]


@pytest.mark.parametrize("turn", [None], indirect=True)  # how far it gets until then is what this is about
def test_an_agent_that_came_back_keeps_its_user_when_time_is_out():
    world = World()
    world.add("agent-1", boot=4.0)
    outcome = talk(world, timeout=14.0, policy=Policy(settle=30.0))["agent-1"]
    assert not outcome["registered"] and outcome["actions"] == ["authorized", "restarted"], outcome
    assert "agent-1" in world.users
    assert talk(world)["agent-1"]["registered"]


@pytest.mark.parametrize("saves", ["before", "after"])
def test_a_host_that_is_slow_now_is_given_the_time_it_needs(saves):
    """Everything takes four times as long as configured, as on a host that starts many agents at once."""
    world = World()
    world.add("agent-1", boot=8.0, poll=8.0, saves=saves)
    outcome = talk(world, policy=Policy(poll_interval=2.0))["agent-1"]
    assert outcome["verdict"] == "registered", outcome
    assert outcome["actions"] == ["authorized", "restarted"]


def test_an_outage_that_does_not_end_is_the_error_when_time_is_out():
    world = World()
    world.add("agent-1")
    original, calls = world.requests, itertools.count(1)

    def failing():
        if next(calls) > 1:
            raise UnreachableError("list the requests")
        return original()

    world.requests = failing
    lines = []
    with pytest.raises(UnreachableError):
        talk(world, timeout=60.0, lines=lines)
    assert any("list the requests" in line for line in lines)


def test_a_server_that_never_answered_fails_at_once():
    world = World()
    world.add("agent-1")
    before = world.now

    def failing():
        raise UnreachableError("list the requests")

    world.requests = failing
    with pytest.raises(UnreachableError):
        talk(world)
    assert world.now == before
