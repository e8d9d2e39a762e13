# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A conflict with a user that Connectware does not show."""

from __future__ import annotations

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy

from .talking import talk, turn
from .world import World

__all__ = ["turn"]  # each course with and without turns


@pytest.mark.parametrize("ends", ["poll", "exit", "silent"])
@pytest.mark.parametrize("policy", ["fail", "replace"])
def test_it_is_told_and_not_waited_for(policy, ends):
    """One in other case perhaps, or of another identity provider."""
    world = World(conflict_first=True)
    world.add("agent-1", on_conflict=ends)
    world.users.add("agent-1")
    world.existing = lambda _usernames: {}
    began = world.now
    told = talk(world, timeout=600.0, policy=Policy(policy))["agent-1"]
    assert told["verdict"] == "conflict" and told["failed"] and "shows no user 'agent-1'" in told["message"]
    assert world.restarts["agent-1"] == 1 and world.now - began < 120.0 and world.window_until <= world.now
