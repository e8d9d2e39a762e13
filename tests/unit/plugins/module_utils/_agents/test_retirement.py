# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retirement against the world in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import before, complaint, outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.retirement import Retirement
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import UnreachableError

from .world import World


def retire(world, *, check=False, state="absent", managed=True, give_up=(), **elsewhere):
    seen = [replace(world.observe(name), state=state, managed=managed) for name in world.agents]
    records = [AgentRecord(observation, **elsewhere) for observation in seen]
    for record in records:
        if record.name in give_up:
            record.give_up("its container could not be removed")
    retirement = Retirement(records, world)
    retirement.predict() if check else retirement.run()
    return {record.name: record for record in records}, retirement.warnings


def world_with(*names, **server):
    world = World(**server)
    for name in names:
        world.registered(name)
        world.agents[name].asks_at = None
    return world


def test_users_go_with_few_calls_and_the_second_time_there_is_nothing_to_do():
    world = world_with("agent-1", "agent-2")
    records, warnings = retire(world)
    assert not world.users and not warnings
    assert all(outcome(record)["verdict"] == "retired" and outcome(record)["changed"] for record in records.values())
    assert all(before(record)["registered"] for record in records.values())
    assert world.calls == ["requests", "existing", "delete agent-1", "delete agent-2", "requests", "existing"]
    world.calls.clear()
    records, _warnings = retire(world)
    assert world.calls == ["requests", "existing"]
    assert not any(outcome(record)["changed"] or outcome(record)["registered"] for record in records.values())


@pytest.mark.parametrize("state", ["running", "restarting", "paused"])
def test_an_agent_that_still_runs_is_not_retired(state):
    world = world_with("agent-1")
    records, _warnings = retire(world, state=state)
    assert records["agent-1"].failed and "still runs" in complaint(records["agent-1"])
    assert world.users == {"agent-1"}


@pytest.mark.parametrize("managed", [True, False])
@pytest.mark.parametrize("state", ["created", "exited", "dead"])
def test_a_container_that_does_not_run_is_gone_only_where_somebody_else_removes_it(state, managed):
    world = world_with("agent-1")
    records, _warnings = retire(world, state=state, managed=managed)
    record = records["agent-1"]
    assert record.failed is managed and (outcome(record)["verdict"] == "retired") is not managed
    assert world.users == ({"agent-1"} if managed else set())
    if managed:
        assert f"still there or there again ({state})" in complaint(record)


@pytest.mark.parametrize("check", [True, False])
def test_a_user_that_a_container_of_another_host_uses_is_kept(check):
    world = world_with("agent-1")
    records, _warnings = retire(
        world, check=check, elsewhere="the container c2 on the host munich", runs_elsewhere=True
    )
    seen = outcome(records["agent-1"])
    assert not records["agent-1"].failed and not seen["changed"]
    assert "was kept: the container c2 on the host munich runs" in seen["message"]
    assert world.users == {"agent-1"}


@pytest.mark.parametrize("check", [True, False])
def test_where_that_cannot_be_ruled_out_it_is_kept_and_told_as_a_failure(check):
    world = world_with("agent-1")
    records, _warnings = retire(
        world, check=check, elsewhere="perhaps something on the host munich, which could not be asked,"
    )
    assert records["agent-1"].failed and "Run again when that host can be asked" in complaint(records["agent-1"])
    assert world.users == {"agent-1"}


def test_without_a_user_nobody_else_can_use_it():
    world = world_with("agent-1")
    world.users.clear()
    records, _warnings = retire(world, elsewhere="the container c2 on the host munich", runs_elsewhere=True)
    assert outcome(records["agent-1"])["verdict"] == "retired" and not records["agent-1"].failed


def test_what_the_host_could_not_do_is_not_hidden():
    world = world_with("agent-1", "agent-2")
    records, _warnings = retire(world, give_up=("agent-1",))
    assert records["agent-1"].failed and world.users == {"agent-1"}


def test_a_protected_user_is_kept_and_the_others_go():
    world = world_with("agent-1", "agent-2")
    world.protected.add("agent-1")
    records, _warnings = retire(world)
    assert records["agent-1"].failed and "administrator" in complaint(records["agent-1"])
    assert world.users == {"agent-1"}
    assert outcome(records["agent-2"])["verdict"] == "retired"


@pytest.mark.parametrize("deny_supported", [True, False])
def test_a_pending_request_is_denied_or_told(deny_supported):
    world = world_with("agent-1", deny_supported=deny_supported, pending_survives=True)
    world.users.clear()
    world.pending.append(("agent-1", "a82123"))
    records, warnings = retire(world)
    assert bool(world.pending) is not deny_supported
    assert bool(warnings) is not deny_supported
    assert all("no way to deny it (POST /deny: HTTP 404)" in warning for warning in warnings)
    assert outcome(records["agent-1"])["actions"] == (["denied"] if deny_supported else [])


def test_a_request_that_comes_again_after_it_was_denied_is_told():
    world = world_with("agent-1", deny_supported=True, pending_survives=True)
    world.users.clear()
    world.pending.append(("agent-1", "a82123"))
    denying = world.deny
    world.deny = lambda username: (denying(username), world.pending.append(("agent-1", "a82123")))[0]
    _records, warnings = retire(world)
    assert len(warnings) == 1 and "still pending. It came, or came again, by now. It goes" in warnings[0]


def test_a_user_that_comes_back_is_told():
    world = world_with("agent-1")
    original = world.delete_user
    world.delete_user = lambda username: (original(username), world.users.add(username))
    records, _warnings = retire(world)
    assert records["agent-1"].failed and "exists again" in complaint(records["agent-1"])


def test_check_mode_only_looks():
    world = world_with("agent-1", "agent-2")
    world.users.discard("agent-2")
    records, _warnings = retire(world, check=True)
    assert world.calls == ["requests", "existing", "undeletable"]
    assert outcome(records["agent-1"], predicted=True)["changed"]
    assert not outcome(records["agent-2"], predicted=True)["changed"]


def test_check_mode_tells_which_users_the_run_would_not_delete():
    world = world_with("agent-1", "agent-2")
    world.protected.add("agent-1")
    records, _warnings = retire(world, check=True, state="running")
    assert world.calls == ["requests", "existing", "undeletable"]
    seen = outcome(records["agent-1"], predicted=True)
    assert seen["failed"] and not seen["changed"] and seen["verdict"] == "conflict"
    assert "administrator" in complaint(records["agent-1"])
    assert outcome(records["agent-2"], predicted=True)["changed"] and not records["agent-2"].failed


def test_killed_in_between_the_next_one_finishes():
    world = world_with("agent-1", "agent-2", "agent-3")
    original = world.delete_user

    def failing(username):
        if username == "agent-2":
            raise UnreachableError("delete the user")
        original(username)

    world.delete_user = failing
    with pytest.raises(UnreachableError):
        retire(world)
    assert world.users == {"agent-2", "agent-3"}
    world.delete_user = original
    records, _warnings = retire(world)
    assert not world.users and not any(record.failed for record in records.values())
