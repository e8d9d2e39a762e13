# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: one simulator for all trials, which containers with an engine of their own can reach too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos.bench import Bench, hosted_bench
from chaos.seeds import SEED, dealt
from chaos.site import IMAGE, build_agent_image
from chaos.tally import Tally
from integration import bed, factory_host
from integration.factory_host import FactoryHost
from simulator.harness import Simulator

TALLY = Tally(SEED)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deal", default="1/1", help="run only the trials of one lane: 1/2 or 2/2 is every second one")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    deal = config.getoption("--deal", default="1/1")  # unknown where these tests are not what pytest was given
    left_out = [item for number, item in enumerate(items) if not dealt(number, deal)]
    items[:] = [item for number, item in enumerate(items) if dealt(number, deal)]
    config.hook.pytest_deselected(items=left_out)


def pytest_report_header() -> str:
    return f"chaos: CHAOS_SEED={SEED} CHAOS_COUNT={os.environ.get('CHAOS_COUNT', '')}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TALLY.kinds:
        return
    terminalreporter.section(f"chaos, CHAOS_SEED={SEED}")
    for line in TALLY.lines():
        terminalreporter.write_line(line)
    if path := os.environ.get("CHAOS_RESULTS"):
        TALLY.write(Path(path))


@pytest.fixture(scope="session")
def tally() -> Tally:
    return TALLY


@pytest.fixture(scope="session")
def agent_image() -> None:
    """The image of the simulated agent, built by our own role."""
    build_agent_image()


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    state = tmp_path_factory.mktemp("simulator") / "state"
    running = Simulator(state, "--host", factory_host.outer_gateway(), config={"version": bed.VERSION}).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def bench(
    request: pytest.FixtureRequest, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """Sites on the engine of this machine."""
    request.getfixturevalue("agent_image")
    made = Bench(simulator, tmp_path_factory.mktemp("sites"))
    yield made
    made.clear()


@pytest.fixture(scope="session")
def host(request: pytest.FixtureRequest) -> Iterator[FactoryHost]:
    """A factory host with an engine of its own, which has the image of the agent."""
    request.getfixturevalue("agent_image")
    factory_host.build()
    made = FactoryHost(f"connectware-chaos-host-{os.getpid()}")
    try:
        made.start().load(f"{IMAGE}:{bed.VERSION}")
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="session")
def hosted(host: FactoryHost, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Sites on the factory host."""
    made = hosted_bench(host, simulator, tmp_path_factory.mktemp("hosted"), "h")
    yield made
    made.clear()
