# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connectware is restarted in the middle of a rollout, in order or as in a power cut."""

from __future__ import annotations

import pytest
from chaos.bench import Bench
from chaos.middle import prepared, struck
from chaos.outages import connectware_restarts
from chaos.seeds import chance, count, moment
from chaos.site import KINDS
from chaos.tally import Tally

AGENTS = 3
TRIALS = count(12)


@pytest.mark.parametrize("number", range(TRIALS))
def test_a_restart_of_connectware_is_survived_or_told(bench: Bench, tally: Tally, number: int) -> None:
    kind = KINDS[number % len(KINDS)]
    draw = chance("restart", number)
    seconds = moment(draw, len(KINDS), number, TRIALS) * bench.duration(kind, AGENTS)
    restart = connectware_restarts(bench.simulator, draw)
    with (
        tally.trial(restart.fault) as result,
        struck(result, lambda: prepared(bench, kind, AGENTS, draw), restart.after(seconds, draw)) as run,
    ):
        run.ended.in_time().clean(bench.simulator.endpoints["url"])
        run.site.converges(run.kept())
