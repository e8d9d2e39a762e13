# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation against a world in memory: every course ends, and ends well."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ForbiddenError

from . import talking
from .talking import talk, turn, writes
from .world import World

__all__ = ["turn"]  # each course with and without turns


def test_who_is_only_watched_and_has_settled_meanwhile_is_not_waited_for():
    """All hosts of a batch have started their agents before the first one is watched, and some wait for a worker."""
    world = World()
    world.registered("press")
    world.restart("press")
    records = [AgentRecord(world.observe("press"))]
    world.sleep(30.0)
    began = world.now
    clock = Clock(lambda: world.now, world.sleep)
    Conversation(
        records, world, world, Policy(only_watch=True), timeout=180.0, lease=60.0, clock=clock, book=own_book()
    ).run(talking.TURN)

    assert outcome(records[0])["verdict"] == "registered"
    assert (world.looks, world.now - began) == (1, pytest.approx(0.3))


WAYS = list(itertools.product(["before", "after"], ["poll", "exit", "silent"], [True, False], [True, False]))


@pytest.mark.parametrize(("saves", "on_conflict", "survives", "conflict_first"), WAYS)
def test_first_start_then_nothing(saves, on_conflict, survives, conflict_first):
    world = World(pending_survives=survives, conflict_first=conflict_first)
    for number in range(5):
        world.add(f"agent-{number}", saves=saves, on_conflict=on_conflict)
    first = talk(world)
    assert {o["verdict"] for o in first.values()} == {"registered"}
    assert {o["reason"] for o in first.values()} == {"first_start"}
    assert all(o["changed"] and o["pairing_id"] for o in first.values())
    assert set(world.restarts.values()) == {1}
    assert world.window_until <= world.now and world.calls.count("open") == world.calls.count("close") == 1
    world.sleep(10)
    world.calls.clear()
    second = talk(world)
    assert not any(o["changed"] for o in second.values())
    assert world.calls == ["requests", "existing"]


@pytest.mark.parametrize(("saves", "on_conflict", "survives", "conflict_first"), WAYS)
def test_only_the_agent_that_lost_its_credentials_is_touched(saves, on_conflict, survives, conflict_first):
    world = World(pending_survives=survives, conflict_first=conflict_first)
    for number in range(4):
        world.registered(f"agent-{number}", saves=saves, on_conflict=on_conflict)
    world.agents["agent-2"].credentials = False
    failed = talk(world)
    assert failed["agent-2"]["verdict"] == "conflict" and not failed["agent-2"]["registered"]
    assert failed["agent-2"]["reason"] == "credentials_missing"
    healed = talk(world, policy=Policy(on_conflict="replace"))
    assert healed["agent-2"]["verdict"] == "registered", healed
    assert "user_deleted" in healed["agent-2"]["actions"]
    assert set(world.restarts) == {"agent-2"}
    assert writes(world).count("delete agent-2") == 1
    world.sleep(10)
    assert not any(o["changed"] for o in talk(world).values())


@pytest.mark.parametrize(("saves", "on_conflict", "survives", "conflict_first"), WAYS)
def test_deleted_user_is_registered_again(saves, on_conflict, survives, conflict_first):
    world = World(pending_survives=survives, conflict_first=conflict_first)
    for number in range(3):
        world.registered(f"agent-{number}", saves=saves, on_conflict=on_conflict)
    world.users.discard("agent-1")
    outcome = talk(world)
    assert outcome["agent-1"]["verdict"] == "registered"
    assert outcome["agent-1"]["reason"] == "credentials_rejected"
    assert set(world.restarts) == {"agent-1"}
    world.sleep(10)
    assert not any(o["changed"] for o in talk(world).values())


def test_credentials_lost_and_replaced_in_one_run():
    world = World()
    world.registered("agent-1").credentials = False
    outcome = talk(world, policy=Policy(on_conflict="replace"))
    assert outcome["agent-1"]["actions"] == ["restarted", "user_deleted", "restarted", "authorized", "restarted"]
    world.sleep(10)
    assert not talk(world)["agent-1"]["changed"]


@pytest.mark.parametrize("on_conflict", ["poll", "exit", "silent"])
def test_the_window_stays_closed_until_an_agent_whose_user_was_deleted_is_restarted(on_conflict):
    """What it asks before that would be listed beside its new request, and its log would still hold the old lines."""
    world = World(pending_survives=True)
    world.add("agent-1", on_conflict=on_conflict)
    world.users.add("agent-1")
    world.sleep(10.0)
    opened, restarted = [], []
    honest = world.open_window
    world.open_window = lambda seconds: opened.append(dict(world.restarts)) or honest(seconds)
    deleting = world.delete_user
    world.delete_user = lambda *args, **more: restarted.append(dict(world.restarts)) or deleting(*args, **more)

    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]

    assert outcome["registered"] and outcome["actions"] == ["user_deleted", "restarted", "authorized", "restarted"]
    assert restarted == [{}] and opened[0] == {"agent-1": 1}


def test_volume_that_does_not_persist_is_found_by_the_proof():
    world = World()
    agent = world.add("agent-1")
    original = world._start
    world._start = lambda a: (setattr(a, "credentials", False), original(a))[1]
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"]
    assert world.restarts == {"agent-1": 1}
    assert agent.starts == 2


def test_window_that_was_open_before_is_left_open():
    world = World()
    world.window_until = world.now + 3600
    world.add("agent-1")
    assert talk(world)["agent-1"]["registered"]
    assert "close" not in world.calls and "open" not in world.calls


def test_window_is_closed_when_the_server_fails_in_between():
    world = World()
    world.add("agent-1")

    def fail(username, pairing_id):
        raise ForbiddenError(f"authorize {username} {pairing_id}")

    world.authorize = fail
    with pytest.raises(ForbiddenError):
        talk(world)
    assert world.calls[-1] == "close"


def test_window_that_somebody_else_made_longer_is_left_open():
    world = World()
    world.add("agent-1", poll=3.0)
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        world.window_until = world.now + 3600

    world.authorize = authorize
    assert talk(world)["agent-1"]["registered"]
    assert "close" not in world.calls


def test_a_run_that_was_killed_after_any_write_is_finished_by_the_next():
    class Killed(BaseException):
        pass

    for stop_at in range(1, 12):
        world = World(seed=stop_at)
        for number in range(3):
            world.add(f"agent-{number}", saves="before" if stop_at % 2 else "after")
        count = itertools.count(1)
        for method in ("open_window", "authorize", "look"):
            original = getattr(world, method)

            def killing(*args, original=original, count=count, stop_at=stop_at):
                if next(count) == stop_at:
                    raise Killed
                return original(*args)

            setattr(world, method, killing)
        with contextlib.suppress(Killed):
            talk(world)
        for method in ("open_window", "authorize", "look"):
            delattr(world, method)
        world.sleep(3)
        outcome = talk(world)
        assert {o["verdict"] for o in outcome.values()} == {"registered"}, (stop_at, outcome)
        world.sleep(10)
        assert not any(o["changed"] for o in talk(world).values())


def test_requests_of_a_first_rollout_stay_within_their_budget():
    world = World()
    for number in range(10):
        world.add(f"agent-{number}")
    talk(world)
    authorizations = [call for call in world.calls if call.startswith("authorize")]
    others = len(world.calls) - len(authorizations)
    assert len(authorizations) == 10
    assert others <= 4 + 14, world.calls


def test_one_that_the_engine_cannot_restart_is_taken_back_and_the_others_go_on():
    world = World()
    world.add("agent-0")
    for number in (1, 2):
        world.add(f"agent-{number}", boot=3.0)
    world.restart_trouble = {"agent-0": "Could not restart the container c-agent-0: task 0123: already exists."}
    outcomes = talk(world)
    assert outcomes["agent-0"]["verdict"] == "broken" and "already exists" in outcomes["agent-0"]["message"]
    assert outcomes["agent-0"]["actions"] == ["authorized", "taken_back"]
    assert [outcomes[f"agent-{number}"]["registered"] for number in (1, 2)] == [True, True]
    assert world.users == {"agent-1", "agent-2"}


@pytest.mark.parametrize("on_conflict", ["silent", "exit"])
@pytest.mark.parametrize("poll", [0.3, 1.0, 6.0])
def test_an_agent_that_gave_up_on_its_conflict_is_restarted_again_when_its_user_is_gone(on_conflict, poll):
    world = World()
    world.registered("agent-1", on_conflict=on_conflict, poll=poll, saves="before").credentials = False
    policy = Policy(on_conflict="replace", poll_interval=poll)
    outcome = talk(world, policy=policy)["agent-1"]
    assert outcome["registered"], outcome
