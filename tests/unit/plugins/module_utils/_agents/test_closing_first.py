# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a conversation closes the window before an authorization."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import NotFoundError, UnreachableError

from .talking import talk, turn, windows_at_authorizations
from .world import World

__all__ = ["turn"]  # each course with and without turns


@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
@pytest.mark.parametrize("saves", ["before", "after"])
@pytest.mark.parametrize("tells", [True, False])
def test_where_it_works_the_window_is_closed_before_an_authorization(tells, saves, told):
    world = World(pending_survives=True, authorizes_while_closed=told, tells=tells)
    for number in range(5):
        world.add(f"agent-{number}", saves=saves, boot=0.5 + number)
    warnings, windows = [], []
    outcomes = talk(world, warnings=warnings, windows=windows)
    assert {o["verdict"] for o in outcomes.values()} == {"registered"}
    assert set(windows) == {False}
    seen = windows_at_authorizations(world)
    assert len(seen) == 5 and "open" not in seen
    assert world.window_until <= world.now and not warnings


def test_nobody_says_that_a_window_was_closed_of_which_nothing_is_told():
    """The request waits already, so the run has no need to move the window."""
    world = World(pending_survives=True, authorizes_while_closed=True, tells=False)
    world.add("agent-0")
    world.window_until = world.now + 3600
    world.sleep(30.0)
    assert world.pending
    windows = []
    assert talk(world, windows=windows)["agent-0"]["verdict"] == "registered"
    assert world.calls.index("authorize agent-0") < world.calls.index("open")
    assert set(windows) == {True}


def test_a_window_that_somebody_else_has_opened_stays_open_for_an_authorization():
    world = World(pending_survives=True, authorizes_while_closed=None)
    world.add("agent-0")
    world.window_until = world.now + 3600
    assert talk(world)["agent-0"]["verdict"] == "registered"
    assert "close" not in world.calls and world.window_until > world.now


@pytest.mark.parametrize(
    ("ways", "why"),
    [
        ({}, "the pending requests went when the registration window was closed"),
        (
            {"pending_survives": True, "refuses_while_closed": True},
            "an authorization was refused while the registration window was closed",
        ),
    ],
)
@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
@pytest.mark.parametrize("saves", ["before", "after"])
@pytest.mark.parametrize("apart", [0.0, 1.0])
@pytest.mark.parametrize("tells", [True, False])
def test_where_it_turns_out_not_to_work_it_is_tried_once_and_told_to_who_thought_so(
    tells, ways, why, told, saves, apart
):
    world = World(authorizes_while_closed=told, tells=tells, **ways)
    for number in range(5):
        world.add(f"agent-{number}", boot=0.5 + apart * number, saves=saves)
    warnings = []
    outcomes = talk(world, warnings=warnings)
    assert {o["verdict"] for o in outcomes.values()} == {"registered"}
    assert [why in warning for warning in warnings] == ([True] if told else []), warnings
    assert world.calls.count("close") == 2, "the attempt, and the end"
    assert sum(call.startswith("authorize") for call in world.calls) <= 6, "one attempt, and one for each agent"
    assert set(world.restarts.values()) == {1}, "the proof, and no other"


@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
def test_a_window_that_cannot_be_closed_keeps_no_agent_out(told):
    world = World(pending_survives=True, authorizes_while_closed=told)
    for number in range(5):
        world.add(f"agent-{number}", boot=0.5 + number)
    attempts = itertools.count(1)

    def refusing():
        next(attempts)
        raise NotFoundError("close the registration window", answered="404")

    world.close_window = refusing
    warnings = []
    outcomes = talk(world, warnings=warnings)
    assert {o["verdict"] for o in outcomes.values()} == {"registered"}
    assert next(attempts) == 3, "once before an authorization, and at the end"
    assert [warning.startswith("connectware_contract") for warning in warnings] == [True] * bool(told) + [False]


@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
def test_an_outage_while_it_is_closed_is_waited_for_only_where_closing_is_known_to_work(told):
    world = World(pending_survives=True, authorizes_while_closed=told)
    world.add("agent-0")
    closing, attempts = world.close_window, itertools.count(1)

    def failing_at_first():
        if next(attempts) == 1:
            raise UnreachableError("close the registration window")
        closing()

    world.close_window = failing_at_first
    assert talk(world)["agent-0"]["verdict"] == "registered"
    assert windows_at_authorizations(world) == ["close" if told else "open"]
