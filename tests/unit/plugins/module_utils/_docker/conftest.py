# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures of the docker layer's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.plugins.module_utils._docker.fake_engine import FakeEngine


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    engine = FakeEngine(tmp_path / "engine.sock")
    yield engine
    engine.shutdown()
    engine.server_close()


@pytest.fixture
def far() -> Iterator[FakeEngine]:
    """An engine that is not on this machine, as far as one can tell."""
    engine = FakeEngine(None)
    yield engine
    engine.shutdown()
    engine.server_close()
