# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a server that speaks AWX's API, and the set-up against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from awx.server import Awx, running
from awx.setup import Setup, playbooks
from integration.conftest import agent_images, factory, simulator

__all__ = ["agent_images", "factory", "simulator"]

SECRET = "connectware-token-of-this-test"


@pytest.fixture(scope="module")
def fresh() -> Iterator[Callable[[Path], tuple[Awx, Setup]]]:
    """Makes an AWX that has nothing yet, and the set-up for it, in a folder."""
    with ExitStack() as stack:

        def make(folder: Path) -> tuple[Awx, Setup]:
            awx = stack.enter_context(running(folder, playbooks()))
            return awx, Setup(folder, {**awx.environment(), "CONNECTWARE_TOKEN": SECRET})

        yield make


@pytest.fixture
def pair(fresh: Callable[[Path], tuple[Awx, Setup]], tmp_path: Path) -> tuple[Awx, Setup]:
    return fresh(tmp_path)


@pytest.fixture
def awx(pair: tuple[Awx, Setup]) -> Awx:
    return pair[0]


@pytest.fixture
def setup(pair: tuple[Awx, Setup]) -> Setup:
    return pair[1]
