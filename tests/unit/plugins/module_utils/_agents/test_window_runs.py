# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that know nothing of each other share the window: never closed under another, never left open by the last."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.generated import examples

from .meeting import Meeting, Registry, RunPlan

LEASE = 60.0

servers = st.builds(
    Registry, extends=st.booleans(), whole_seconds=st.booleans(), tells=st.booleans(), cap=st.sampled_from([0.0, 300.0])
)
# Moments that no two runs share: the tests of two that do are below.
plans = st.lists(
    st.builds(
        RunPlan,
        begins=st.floats(0, 120).map(lambda at: round(at, 2)),
        needs=st.floats(0.5, 150),
        pause=st.floats(0.3, 10.0),
        killed=st.booleans(),
        draw=st.floats(0, 1),
    ),
    min_size=2,
    max_size=4,
    unique_by=lambda plan: plan.begins,
)


def last_need(meeting):
    return max(meeting.ended.values())


@given(servers, plans)
@settings(max_examples=examples(400))
def test_whatever_the_order(registry, plans):
    """Where each list and what follows from it come without another run between them."""
    meeting = Meeting(registry, plans).happen()
    assert meeting.closed_while_needed == []
    assert meeting.closed_under == []
    assert registry.until <= last_need(meeting) + LEASE, "left open for longer than one lease"


@given(servers, plans, st.floats(0, 60), st.floats(5, 600))
@settings(max_examples=examples(200), deadline=None)
def test_a_window_of_an_administrator_is_neither_shortened_nor_closed(registry, plans, before, length):
    registry.cap = 0.0
    for plan in plans:
        plan.begins += before
    first = min(plan.begins for plan in plans)
    end = first + length  # open when the first run comes
    registry.until = end
    meeting = Meeting(registry, plans).happen()
    assert all(until >= end for at, until in meeting.windows if at <= end)
    assert meeting.closed_under == [] and meeting.closed_while_needed == []
    assert registry.until <= max(end, last_need(meeting) + LEASE)


@given(servers, st.floats(0.5, 300), st.floats(0.3, 10.0), st.floats(0, 1))
@settings(max_examples=examples(100), deadline=None)
def test_a_run_that_is_alone_closes(registry, needs, pause, draw):
    meeting = Meeting(registry, [RunPlan(0.0, needs, pause, draw=draw)]).happen()
    assert registry.until == meeting.now, "it was left to lapse"
    assert [what for _at, _who, what in registry.log].count("close") == 1


def test_a_run_after_another_is_alone_again():
    registry = Registry()
    meeting = Meeting(registry, [RunPlan(0, 20), RunPlan(10, 20), RunPlan(200, 10)]).happen()
    assert [who for _at, who, what in registry.log if what == "close"] == ["run2"]
    assert registry.until == meeting.now


@pytest.mark.parametrize("lease", [4.0, 10.0, 60.0, 600.0])
def test_leases_of_any_length(lease):
    registry = Registry(whole_seconds=True)
    plans = [RunPlan(0, 40, 0.5, lease=lease), RunPlan(7, 10, 0.5, lease=lease), RunPlan(12.3, 60, 0.5, lease=lease)]
    meeting = Meeting(registry, plans).happen()
    assert meeting.closed_while_needed == [] and meeting.closed_under == []
    assert registry.until <= last_need(meeting) + max(lease, 0.75 * lease + 4)


def test_a_cap_of_the_server_is_nobody_elses_doing():
    registry = Registry(cap=20.0)
    meeting = Meeting(registry, [RunPlan(0, 50)]).happen()
    assert registry.until == meeting.now


def crowded(seed):
    """Runs that all begin within one second, with requests that take up to 50 ms each way."""
    chance = random.Random(seed)
    plans = [
        RunPlan(chance.uniform(0, 1), chance.uniform(3, 30), chance.uniform(0.4, 2), draw=chance.random())
        for _number in range(chance.randint(2, 4))
    ]
    registry = Registry(whole_seconds=chance.random() < 0.5, tells=chance.random() < 0.5)
    return Meeting(registry, plans, lambda: chance.uniform(0.005, 0.05)).happen()


def test_requests_that_cross_are_rare_and_mended():
    """What cannot be ruled out: a list of one run, an opening of another, and then what the first made of its list."""
    met = 0
    for seed in range(300):
        meeting = crowded(seed)
        assert meeting.registry.until <= last_need(meeting) + LEASE
        met += bool(meeting.closed_under)
        for at, hurt in meeting.closed_under:
            later = [entry for entry in meeting.registry.log if entry[0] >= at and entry[2] == "open"]
            assert later and later[0][0] <= at + 0.5, f"{hurt} did not open it again"
    assert met <= 300 * 0.02, met


def test_two_that_open_it_at_the_same_moment_are_told_apart_by_the_length_they_draw():
    registry = Registry(whole_seconds=True)
    plans = [RunPlan(0, 30, draw=0.9), RunPlan(0.01, 8, draw=0.1)]
    meeting = Meeting(registry, plans, lambda: 0.02).happen()
    assert [entry[1:] for entry in registry.log[:2]] == [("run0", "open"), ("run1", "open")]
    assert meeting.closed_under == [] and meeting.closed_while_needed == []
