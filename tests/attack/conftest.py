# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator for each file of attacks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from simulator.harness import Simulator


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    running = Simulator(tmp_path_factory.mktemp("simulator") / "state").start()
    yield running
    running.stop()
