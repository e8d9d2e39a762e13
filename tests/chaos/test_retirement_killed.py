# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller is killed at any point of a retirement, with purge and without: the next one finishes it.

In half of the trials an agent whose user was deleted has asked for another registration.
"""

from __future__ import annotations

import time

import pytest
from chaos.bench import Bench
from chaos.middle import After, earlier, kill, struck
from chaos.retiring import STARTS, registered
from chaos.seeds import chance, count, moment
from chaos.site import RETIREMENT
from chaos.tally import Tally

TRIALS = count(12)


@pytest.fixture(scope="module")
def duration(bench: Bench) -> float:
    """Seconds that an undisturbed retirement takes."""
    with registered(bench, STARTS[0], chance("retirement", "duration")) as before:
        began = time.monotonic()
        before.site.retire().ok()
        took = time.monotonic() - began
        before.site.is_retired(STARTS[0].purge)
    return took


@pytest.mark.parametrize("number", range(TRIALS))
def test_the_next_retirement_finishes_what_was_killed(bench: Bench, tally: Tally, duration: float, number: int) -> None:
    start = STARTS[number % len(STARTS)]
    draw = chance("retirement", number)
    seconds = moment(draw, len(STARTS), number, TRIALS) * duration
    kills = (After(sooner, kill) for sooner in earlier(seconds, draw))
    with (
        tally.trial(f"retirement killed, {start}") as result,
        struck(result, lambda: registered(bench, start, draw), kills, RETIREMENT) as run,
    ):
        assert run.ended.how == "killed", run.ended.output
        run.site.retire().ok()
        run.site.is_retired(start.purge)
        assert run.site.retire().ok().changed == 0
        run.site.is_retired(start.purge)
