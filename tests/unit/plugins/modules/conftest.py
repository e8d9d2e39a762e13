# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server of the tests of module_utils/_connectware, and modules that run as Ansible runs them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conftest import (  # noqa: F401 - fixtures
    authority,
    folder,
    https_server,
    login_params,
    no_environment,
    params,
    server,
)
from unit.plugins.modules.running import run_module


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    return partial(run_module, monkeypatch, capsys)
