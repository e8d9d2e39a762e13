# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: the agent's image, and fleets in folders with short names."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from growth.fleet import Fleet
from integration.conftest import agent_images

__all__ = ("agent_images", "fleet")


@pytest.fixture
def fleet() -> Iterator[Callable[..., Fleet]]:
    """Makes fleets; their folders are removed afterwards. Not tmp_path: paths of sockets must be short."""
    folders: list[Path] = []

    def make(size: int, **more: Any) -> Fleet:
        folders.append(Path(tempfile.mkdtemp(prefix="growth-")))
        return Fleet(folders[-1], size, **more)

    yield make
    for folder in folders:
        shutil.rmtree(folder)
