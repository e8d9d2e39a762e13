# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: one simulator a module, put back to its first start for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from simulator.harness import Client, Simulator


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "docker: needs a Docker Engine and the image of the simulated agent")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    simulator = Simulator(tmp_path_factory.mktemp("simulator") / "state").start()
    yield simulator
    assert simulator.stop() == 0


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    """The simulator of the module, as it was at its first start."""
    process.control("POST", "reset")
    return process


@pytest.fixture
def admin(simulator: Simulator) -> Client:
    return simulator.client("admin")
