# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chance that can be repeated: each trial draws from a generator of its own, made of the seed and the trial's name."""

from __future__ import annotations

import math
import os
import random

SEED = int(os.environ.get("CHAOS_SEED", "20261124"))


def count(usual: int) -> int:
    """How many trials of a kind: CHAOS_COUNT, else what is usual."""
    return int(os.environ.get("CHAOS_COUNT") or usual)


def dealt(number: int, deal: str) -> bool:
    """Whether a trial is one of this lane.

    Args:
        number: of the trial, from 0.
        deal: which of how many lanes: 1/2 and 2/2 have every second one.
    """
    which, lanes = (int(part) for part in deal.split("/"))
    return number % lanes == which - 1


def chance(kind: str, number: int | str) -> random.Random:
    """The generator of one trial."""
    return random.Random(f"{SEED}/{kind}/{number}")


def moment(draw: random.Random, kinds: int, number: int, total: int) -> float:
    """A point of a run as a part of its duration, so that all trials of a kind are spread over the whole of it.

    Trials take their kinds in turn: number 0, kinds, 2 * kinds and so on are of one kind.
    """
    of_this_kind = math.ceil(total / kinds)
    return (number // kinds + draw.random()) / of_this_kind
