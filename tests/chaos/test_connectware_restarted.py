# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connectware is restarted in the middle of a rollout, in order or as in a power cut."""

from __future__ import annotations

import subprocess
import time

import pytest
from chaos.bench import Bench
from chaos.middle import After, earlier, prepared, struck
from chaos.seeds import chance, count, moment
from chaos.site import KINDS, Site
from chaos.tally import Tally

AGENTS = 3
TRIALS = count(12)


@pytest.mark.parametrize("number", range(TRIALS))
def test_a_restart_of_connectware_is_survived_or_told(bench: Bench, tally: Tally, number: int) -> None:
    kind = KINDS[number % len(KINDS)]
    draw = chance("restart", number)
    seconds = moment(draw, len(KINDS), number, TRIALS) * bench.duration(kind, AGENTS)
    away, hard = draw.uniform(0, 6), draw.random() < 0.5
    simulator = bench.simulator

    def restart(_site: Site, process: subprocess.Popen[bytes]) -> bool:
        running = process.poll() is None
        if hard:
            simulator.kill()
        else:
            simulator.stop()
        time.sleep(away)
        simulator.start()
        return running

    print(f"{'killed' if hard else 'stopped'}, away for {away:.1f} s")
    restarts = (After(sooner, restart) for sooner in earlier(seconds, draw))
    with (
        tally.trial("Connectware restarted") as result,
        struck(result, lambda: prepared(bench, kind, AGENTS, draw), restarts) as run,
    ):
        run.ended.in_time().clean(simulator.endpoints["url"])
        run.site.converges(run.kept())
