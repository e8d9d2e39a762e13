# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clocks that are ten minutes off: a wrong clock stays wrong, so every run must work with it.

Containers share the clock of the kernel, so it is the controller, or Connectware, whose clock is bent. Where it is
both, and alike, the clock of the factory host is off from theirs the other way, and those of its agents with it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from chaos.bench import Bench, hosted_bench
from chaos.middle import prepared
from chaos.seeds import chance, count
from chaos.site import KINDS
from chaos.tally import Tally
from integration import bed
from integration.factory_host import FactoryHost, outer_gateway
from simulator.harness import Simulator

pytestmark = pytest.mark.factory_host

AGENTS = 2
OFF = {"+10m": 600, "-10m": -600}  # seconds


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


def controllers_clock(off: str) -> int:
    """As a process of the controller sees it."""
    env = {"PATH": "/usr/bin:/bin", **bent(off)}
    return int(subprocess.run(["date", "+%s"], env=env, capture_output=True, check=True).stdout)


def connectwares_clock(simulator: Simulator) -> int:
    """As it says it in its answers."""
    answer = simulator.client(None)("GET", "/api/system/info")
    return int(parsedate_to_datetime(answer.headers["Date"]).timestamp())


def ahead_of(host: FactoryHost, clock: Callable[[], int], seconds: int) -> None:
    """A clock is ahead of the host's by so much, on a busy machine too."""
    earliest = int(host.shell("date +%s")) - 1
    shown = clock()
    latest = int(host.shell("date +%s")) + 1
    assert earliest + seconds <= shown <= latest + seconds, "the clocks are apart as meant"


def healed_in_one_run(bench: Bench, tally: Tally, fault: str, kind: str) -> None:
    draw = chance(fault, kind)
    try:
        with tally.trial(fault) as result, prepared(bench, kind, AGENTS, draw) as before:
            before.site.converges(before.healthy)
            result.saw("ok")
    finally:
        bench.clear()  # the next bench has the engine for itself


@pytest.mark.parametrize("kind", KINDS[: count(3)])
@pytest.mark.parametrize("off", OFF)
def test_the_clock_of_the_controller_is_off(
    host: FactoryHost, simulator: Simulator, tally: Tally, tmp_path: Path, off: str, kind: str
) -> None:
    ahead_of(host, lambda: controllers_clock(off), OFF[off])
    ahead_of(host, lambda: connectwares_clock(simulator), 0)
    bench = hosted_bench(host, simulator, tmp_path, f"c{OFF[off] % 10**4}-", bent(off))
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
        ahead_of(host, lambda: connectwares_clock(simulator), OFF[off])
        bench = hosted_bench(host, simulator, tmp_path / "sites", f"s{OFF[off] % 10**4}-")
        for kind in KINDS[: count(3)]:
            healed_in_one_run(bench, tally, "clock of Connectware off", kind)


@pytest.mark.parametrize("off", OFF)
def test_the_clock_of_the_host_is_off(host: FactoryHost, tally: Tally, tmp_path: Path, off: str) -> None:
    """Controller and Connectware agree, and the host is behind or ahead of both."""
    with simulator_off(tmp_path / "simulator", off) as simulator:
        ahead_of(host, lambda: connectwares_clock(simulator), OFF[off])
        ahead_of(host, lambda: controllers_clock(off), OFF[off])
        bench = hosted_bench(host, simulator, tmp_path / "sites", f"h{OFF[off] % 10**4}-", bent(off))
        for kind in KINDS[: count(3)]:
            healed_in_one_run(bench, tally, "clock of the host off", kind)
