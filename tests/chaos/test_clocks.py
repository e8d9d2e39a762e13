# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clocks that are ten minutes off: a wrong clock stays wrong, so every run must work with it.

Containers share the clock of the kernel, so it is the controller, or Connectware, whose clock is bent.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from chaos.bench import Bench, hosted_bench
from chaos.seeds import chance, count
from chaos.site import KINDS
from chaos.tally import Tally
from integration import bed
from integration.factory_host import FactoryHost, outer_gateway
from simulator.harness import Simulator

pytestmark = pytest.mark.factory_host

AGENTS = 2
OFF = ("+10m", "-10m")


def bent(off: str) -> Mapping[str, str]:
    """The environment of a process whose clock is off. Nobody's patience depends on it."""
    if shutil.which("faketime") is None:
        subprocess.run([bed.ROOT / "tests" / "tools" / "apt_install.sh", "faketime"], check=True)
    # `faketime` sets what the process needs, and knows where its library is.
    shown = subprocess.run(["faketime", "-f", off, "env"], capture_output=True, text=True, check=True).stdout
    return {
        **{
            key: value
            for key, _unused, value in (line.partition("=") for line in shown.splitlines())
            if key == "LD_PRELOAD"
        },
        "FAKETIME": off,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(Path(__file__).parent / "bent"),
    }


def healed_in_one_run(bench: Bench, tally: Tally, fault: str, kind: str) -> None:
    draw = chance(fault, kind)
    with tally.trial(fault) as result, bench.site(kind, AGENTS, draw) as site:
        hit = site.prepare(kind, draw)
        healthy = {name: known for name, known in site.identities().items() if name not in hit}
        site.converges(healthy)
        result.ended["ok"] += 1
    bench.clear()


@pytest.mark.parametrize("kind", KINDS[: count(3)])
@pytest.mark.parametrize("off", OFF)
def test_the_clock_of_the_controller_is_off(
    host: FactoryHost, simulator: Simulator, tally: Tally, tmp_path: Path, off: str, kind: str
) -> None:
    off_in_seconds = {"+10m": 600, "-10m": -600}[off]
    probe = subprocess.run(["date", "+%s"], env={"PATH": "/usr/bin:/bin", **bent(off)}, capture_output=True, check=True)
    there = int(host.shell("date +%s"))
    assert abs(int(probe.stdout) - there - off_in_seconds) < 5, "the clock is off as meant"
    bench = hosted_bench(host, simulator, tmp_path, f"c{off_in_seconds % 10**4}-", bent(off))
    healed_in_one_run(bench, tally, "clock of the controller off", kind)


@contextmanager
def simulator_off(folder: Path, off: str) -> Iterator[Simulator]:
    folder.mkdir()
    made = Simulator(folder / "state", "--host", outer_gateway(), config={"version": bed.VERSION})
    made.environment.update(bent(off))
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("off", OFF)
def test_the_clock_of_connectware_is_off(host: FactoryHost, tally: Tally, tmp_path: Path, off: str) -> None:
    with simulator_off(tmp_path / "simulator", off) as simulator:
        bench = hosted_bench(host, simulator, tmp_path / "sites", f"s{len(off)}{ord(off[0])}-")
        for kind in KINDS[: count(3)]:
            healed_in_one_run(bench, tally, "clock of Connectware off", kind)
