# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connectware is restarted in the middle of a rollout, in order or as in a power cut."""

from __future__ import annotations

import subprocess
import time

import pytest
from chaos.bench import Bench
from chaos.seeds import chance, count, moment
from chaos.site import KINDS, VOLUME_EMPTIED
from chaos.tally import Tally

AGENTS = 3
TRIALS = count(12)


@pytest.mark.parametrize("number", range(TRIALS))
def test_a_restart_of_connectware_is_survived_or_told(bench: Bench, tally: Tally, number: int) -> None:
    kind = KINDS[number % len(KINDS)]
    draw = chance("restart", number)
    seconds = moment(draw, len(KINDS), number, TRIALS) * bench.duration(kind, AGENTS)
    away, hard = draw.uniform(0, 6), draw.random() < 0.5
    with tally.trial("Connectware restarted") as result, bench.site(kind, AGENTS, draw) as site:
        hit = site.prepare(kind, draw)
        healthy = {name: known for name, known in site.identities().items() if name not in hit}
        simulator = bench.simulator

        def restart(process: subprocess.Popen[bytes]) -> None:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                if hard:
                    simulator.kill()
                else:
                    simulator.stop()
                time.sleep(away)
                simulator.start()

        print(f"{'killed' if hard else 'stopped'} after {seconds:.2f} s, away for {away:.1f} s")
        ended = site.run(restart).in_time().clean(simulator.endpoints["url"])
        result.ended[ended.how] += 1
        site.converges(healthy if kind == VOLUME_EMPTIED else site.identities())
