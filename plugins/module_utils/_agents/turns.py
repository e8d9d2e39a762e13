# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The turns of a conversation: how long each of them is, and how much of the time between them counts.

Where more hosts wait than there are workers, a conversation takes turns with those of the others: a turn ends although
agents are still waited for, and the next one goes on with what it has left (see interim.py). So a fleet takes as long
as its slowest agent, not as long as all of them one after the other.
"""

from __future__ import annotations

from .interim import Interim

LONGEST_PARK = 10.0  # seconds between two turns that count; more is the fault of the controller, not of an agent
TURN_DOUBLES = 10.0  # seconds after which a turn may be twice as long: long waiting takes few turns
# Each turn of a host is an include in the one before, and Ansible ends with a traceback 246 includes deep.
FREE_TURNS, MOST_TURNS = 60, 120


def began(before: Interim, now: float) -> float:
    """From when on the time for everything counts, in the turn after this one."""
    return before.began + max(0.0, now - before.parked_at - LONGEST_PARK)


def number_of(before: Interim | None) -> int:
    """Which turn it is after this one; the first is 1."""
    return 1 if before is None else before.turns + 1


def turn_ends(turn: float, number: int, *, began: float, now: float, deadline: float) -> float:
    """When a turn ends that begins now; after many of them the rest of the time is shared among those that may come.

    Args:
        turn: seconds of the first one.
        number: which one it is.
        began: from when on the time for everything counts.
        deadline: when that is over.
    """
    share = (deadline - now) / max(1, MOST_TURNS + 1 - number) if number > FREE_TURNS else 0.0
    return now + max(turn * (1 + (now - began) / TURN_DOUBLES), share)
