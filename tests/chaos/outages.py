# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes away in the middle of a run and comes back by itself: an engine, its machine, Connectware."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from chaos.middle import After, earlier
from chaos.site import Site
from integration.factory_host import FactoryHost
from simulator.harness import Simulator


@dataclass(frozen=True)
class Outage:
    """One of them.

    Attributes:
        fault: as it is counted.
        strike: returns when it is back.
    """

    fault: str
    strike: Callable[[], None]

    def after(self, seconds: float, draw: Random) -> Iterator[After]:
        """At this moment of the run, or ever earlier."""
        return (After(sooner, self._act) for sooner in earlier(seconds, draw))

    def _act(self, _site: Site, process: subprocess.Popen[bytes]) -> bool:
        running = process.poll() is None
        self.strike()
        return running


def engine_ends(host: FactoryHost, draw: Random) -> Outage:
    """It is killed, and the containers live on; or it is stopped in order, as by an update, and stops them."""
    away, killed = draw.uniform(0, 4), draw.random() < 0.5

    def strike() -> None:
        if killed:
            host.kill_engine()
        else:
            host.stop_engine()
        assert not host.engine_answers()
        time.sleep(away)
        host.start_engine()

    return Outage(f"dockerd {'killed' if killed else 'stopped'}", strike)


def machine_restarts(host: FactoryHost, draw: Random) -> Outage:
    """With patience for its processes, or at once."""
    patience = draw.choice((0, 10))

    def strike() -> None:
        host.restart(patience)
        host.wait_for_engine()

    return Outage("host restarted", strike)


def connectware_restarts(simulator: Simulator, draw: Random) -> Outage:
    """In order, or as in a power cut."""
    away, hard = draw.uniform(0, 6), draw.random() < 0.5

    def strike() -> None:
        if hard:
            simulator.kill()
        else:
            simulator.stop()
        time.sleep(away)
        simulator.start()

    print(f"{'killed' if hard else 'stopped'}, away for {away:.1f} s")
    return Outage("Connectware restarted", strike)
