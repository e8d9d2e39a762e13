# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversations that take turns: nobody is out of time because others have theirs, and turns are not too many."""

from __future__ import annotations

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy

from . import talking
from .talking import talk, turn
from .world import World

__all__ = ["turn"]  # each course with and without turns


def test_a_host_that_gets_its_turns_late_is_not_out_of_time(monkeypatch):
    """A hundred hosts and few workers: most of the time is spent waiting for a turn, and is no fault of the agents."""
    monkeypatch.setattr(talking, "BETWEEN", 60.0)
    world = World()
    world.window_until = world.now + 1_000_000
    for number in range(5):
        world.add(f"agent-{number}")
    assert {o["verdict"] for o in talk(world, timeout=100.0).values()} == {"registered"}


def test_an_agent_that_never_asks_is_given_up_although_the_turns_come_late(monkeypatch):
    monkeypatch.setattr(talking, "BETWEEN", 60.0)
    world = World()
    world.window_until = world.now + 1_000_000
    world.add("agent-0", boot=1_000_000.0)
    began = world.now
    assert talk(world, timeout=100.0)["agent-0"]["verdict"] != "registered"
    assert world.now - began <= 100.0 / 10 * 60 + 2 * 60


@pytest.mark.parametrize("turn", [0.01, 0.4])
@pytest.mark.parametrize("timeout", [600.0, 7200.0])
def test_there_are_fewer_turns_than_ansible_can_include_in_each_other(monkeypatch, turn, timeout):
    run, turns = Conversation.run, []
    monkeypatch.setattr(Conversation, "run", lambda self, turn: turns.append(turn) or run(self, turn))
    monkeypatch.setattr(talking, "TURN", turn)
    monkeypatch.setattr(talking, "BETWEEN", 0.2)
    world = World()
    world.add("agent-0", boot=1_000_000.0)
    began = world.now
    assert not talk(world, timeout=timeout, policy=Policy(grace=2 * timeout))["agent-0"]["registered"]
    assert world.now - began == pytest.approx(timeout, abs=15.0)
    assert len(turns) <= 122  # Ansible 2.16 to 2.21 end with a traceback at 246


@pytest.mark.parametrize("seed", range(60))
def test_slow_authorizations_and_long_waits_for_a_turn_are_no_failure(seed, monkeypatch):
    """A turn may end with its authorizations: what was listed before them says nothing about them."""
    world = World(seed)
    chance = world.random
    monkeypatch.setattr(talking, "TURN", chance.choice([0.0, 0.4, 1.5]))
    monkeypatch.setattr(talking, "BETWEEN", chance.choice([8.0, 15.0, 25.0, 40.0, 60.0]))
    world.window_until = world.now + 1_000_000
    for number in range(5):
        world.add(f"agent-{number}", boot=chance.uniform(0.5, 25))
    authorize, slow = world.authorize, chance.choice([0.1, 0.5, 2.0])

    def slowly(username, pairing_id):
        authorize(username, pairing_id)
        world.now += slow

    world.authorize = slowly
    outcomes = talk(world, timeout=1000.0, policy=Policy(grace=120.0))
    assert {o["verdict"] for o in outcomes.values()} == {"registered"}, [o["message"] for o in outcomes.values()]
