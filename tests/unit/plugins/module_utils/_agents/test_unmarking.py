# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark of agents that were never registered: when it goes in a conversation, and what is told of it."""

from __future__ import annotations

import itertools

import pytest
from unit.plugins.module_utils._agents.talking import talk, turn
from unit.plugins.module_utils._agents.world import World

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.unmarking import complaint_of_marks
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import EngineError

__all__ = ["turn"]  # each course with and without turns


def fresh(saves: str, number: int = 3) -> World:
    world = World()
    for name in names(number):
        world.add(name, saves=saves, marked=True)
    return world


def names(number: int = 3) -> list[str]:
    return [f"agent-{each}" for each in range(number)]


def conversation(world: World, **more: object) -> tuple[list[AgentRecord], Conversation]:
    """One that takes no turns."""
    records = [AgentRecord(world.observe(name)) for name in world.agents]
    policy = more.pop("policy", Policy())
    clock = Clock(lambda: world.now, world.sleep)
    made = Conversation(records, world, world, policy, clock=clock, **more)  # type: ignore[arg-type]  # fakes
    return records, made


@pytest.mark.parametrize(("saves", "proof"), list(itertools.product(["before", "after"], ["restart", "watch"])))
def test_it_goes_when_the_agent_is_registered(saves: str, proof: str) -> None:
    world = fresh(saves)
    first = talk(world, policy=Policy(proof=proof))
    assert {o["verdict"] for o in first.values()} == {"registered"}
    assert sorted(world.unmarked) == [f"{name} True" for name in names()], "each once, with its user there"
    assert not any("unmarked" in o["actions"] for o in first.values()), "it is part of the authorization"
    world.sleep(10)
    assert not any(o["changed"] for o in talk(world, policy=Policy(proof=proof)).values())


@pytest.mark.parametrize("saves", ["before", "after"])
def test_it_takes_no_look_of_its_own(saves: str) -> None:
    looks = []
    for marked in (True, False):
        world = fresh(saves)
        for agent in world.agents.values():
            agent.marked = marked
        conversation(world)[1].run()
        assert len(world.unmarked) == (len(names()) if marked else 0)
        looks.append(world.looks)
    assert looks[0] == looks[1]


def test_agents_that_stored_their_credentials_before_and_were_restarted_start_for_the_first_time() -> None:
    world = fresh("before")
    world.open_window = lambda _seconds: 0.0  # type: ignore[method-assign,assignment]  # of a fake
    assert not any(o["registered"] for o in talk(world, timeout=20.0).values())
    assert world.unmarked == [] and all(agent.credentials for agent in world.agents.values())
    del world.open_window
    for agent in world.agents.values():
        world._start(agent)
    assert {o["reason"] for o in talk(world).values()} == {"first_start"}
    assert len(world.unmarked) == len(names())


@pytest.mark.parametrize("since", [500.0, 0.5])
def test_what_a_killed_run_has_left_is_removed_and_told(since: float) -> None:
    world = World()
    for name in names():
        world.registered(name, marked=True).running_since = world.now - since
    world.agents["agent-1"].marked = False
    predicted, _unused = conversation(world)
    Conversation(predicted, world, world, Policy(), clock=Clock(lambda: world.now, world.sleep)).predict()
    assert [outcome(r, predicted=True)["changed"] for r in predicted] == [True, False, True]
    assert world.unmarked == []

    found = talk(world)
    assert {name: o["actions"] for name, o in found.items()} == {
        "agent-0": ["unmarked"], "agent-1": [], "agent-2": ["unmarked"],
    }  # fmt: skip
    assert [o["changed"] for o in found.values()] == [True, False, True]
    assert world.restarts == {} and {o["reason"] for o in found.values()} == {"none"}
    assert not any(o["changed"] for o in talk(world).values())


@pytest.mark.parametrize("since", [500.0, 0.5])
def test_where_agents_are_only_watched_it_goes_too(since: float) -> None:
    """After an upgrade for example: else an agent whose user is lost later would not count as registered before."""
    world = World()
    world.registered("agent-0", marked=True).running_since = world.now - since
    (found,) = talk(world, policy=Policy(only_watch=True)).values()
    assert found["registered"] and found["actions"] == ["unmarked"] and world.unmarked == ["agent-0 True"]
    assert world.restarts == {}


def test_nothing_marked_takes_no_look() -> None:
    world = World()
    world.registered("agent-0")
    conversation(world)[1].run()
    assert world.looks == 0


def test_an_agent_that_got_nowhere_keeps_it() -> None:
    world = fresh("before", 2)
    world.agents["agent-0"].boot, world.agents["agent-0"].asks_at = 9999.0, None  # it never asks
    found = talk(world, timeout=30.0)
    assert not found["agent-0"]["registered"] and found["agent-1"]["registered"]
    assert world.agents["agent-0"].marked and world.unmarked == ["agent-1 True"]


def test_what_was_taken_back_keeps_it() -> None:
    """A stranger got in: the agent was never registered, however its run went."""
    world = fresh("before", 1)
    agent = world.agents["agent-0"]
    original = world.authorize

    def swapped(username: str, pairing_id: str) -> None:
        world.pending.remove((username, pairing_id))
        world.stranger(username)
        agent.pairing_id, mine = "ffffff", agent.pairing_id
        original_pending = (username, "ffffff")
        assert original_pending in world.pending
        agent.pairing_id = mine
        original(username, "ffffff")

    world.authorize = swapped  # type: ignore[method-assign]  # of a fake
    (record,), talking = conversation(world)
    talking.run()
    assert "taken_back" in record.actions and record.failed
    assert agent.marked and world.unmarked == []


@pytest.mark.parametrize("registered", [True, False])
def test_one_that_cannot_be_removed_is_told_and_changes_nothing_else(registered: bool) -> None:
    world = World()
    if registered:
        world.registered("agent-0", marked=True)
    else:
        world.add("agent-0", marked=True)
    world.mark_trouble = "Could not remove the volume v-agent-0.unregistered: driver failed"
    (record,), talking = conversation(world)
    talking.run()
    told = outcome(record)
    assert (told["verdict"], told["registered"], told["failed"]) == ("registered", True, False)
    assert told["changed"] is not registered
    complaint = complaint_of_marks([record])
    assert "agent agent-0: Could not remove the volume v-agent-0.unregistered: driver failed" in complaint


def test_a_host_that_cannot_be_asked_any_more_is_told_too() -> None:
    world = World()
    world.registered("agent-0", marked=True)

    def gone(*_looks: object) -> None:
        raise EngineError("look at the agents", where="host hamburg", answered="no daemon")

    world.look = gone  # type: ignore[assignment,method-assign]  # of a fake
    (record,), talking = conversation(world)
    talking.run()
    assert outcome(record)["registered"] and "no daemon" in complaint_of_marks([record])


def test_nothing_to_complain_about() -> None:
    world = World()
    world.registered("agent-0", marked=True)
    records, talking = conversation(world)
    talking.run()
    assert complaint_of_marks(records) == ""
