# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller is killed at any point of a retirement, with purge and without: the next one finishes it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from chaos.bench import Bench
from chaos.middle import After, Prepared, earlier, kill, struck
from chaos.seeds import SEED, chance, count, moment
from chaos.site import RETIREMENT, STYLES
from chaos.tally import Tally

AGENTS = 3
TRIALS = count(9)
PURGE = (True, False)  # in turn


@contextmanager
def registered(bench: Bench, purge: bool, draw: Random) -> Iterator[Prepared]:
    """A site of its own, rolled out."""
    site = bench.apart(AGENTS, draw.choice(STYLES), agents_purge=purge)
    print(f"CHAOS_SEED={SEED} purge {purge}, agents {site.names()}, {site.variables['agents_env']}")
    site.rollout().ok()
    assert sorted(site.identities()) == site.names()
    yield Prepared(site, "registered", {})


@pytest.fixture(scope="module")
def duration(bench: Bench) -> float:
    """Seconds that an undisturbed retirement takes."""
    with registered(bench, PURGE[0], chance("retirement", "duration")) as before:
        began = time.monotonic()
        before.site.retire().ok()
        took = time.monotonic() - began
        before.site.is_retired(PURGE[0])
    return took


@pytest.mark.parametrize("number", range(TRIALS))
def test_the_next_retirement_finishes_what_was_killed(bench: Bench, tally: Tally, duration: float, number: int) -> None:
    purge = PURGE[number % len(PURGE)]
    draw = chance("retirement", number)
    seconds = moment(draw, len(PURGE), number, TRIALS) * duration
    kills = (After(sooner, kill) for sooner in earlier(seconds, draw))
    with (
        tally.trial(f"retirement killed, {'purge' if purge else 'volumes stay'}") as result,
        struck(result, lambda: registered(bench, purge, draw), kills, RETIREMENT) as run,
    ):
        assert run.ended.how == "killed", run.ended.output
        run.site.retire().ok()
        run.site.is_retired(purge)
        assert run.site.retire().ok().changed == 0
        run.site.is_retired(purge)
