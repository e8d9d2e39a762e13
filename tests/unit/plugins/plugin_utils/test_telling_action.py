# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions add to modules that wait for Connectware: a line now and then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from unit.plugins.action.standing import TASK_VARS, standing

from ansible_collections.edgefleet.connectware.plugins.action import (
    connectware_info,
    fleet_info,
    ghosts_retired,
    registered_client,
)
from ansible_collections.edgefleet.connectware.plugins.plugin_utils import telling_action


@pytest.mark.parametrize(
    ("plugin", "line"),
    [
        (connectware_info, "waiting for an answer of Connectware, since 40 s"),
        (fleet_info, "waiting for an answer of Connectware, since 40 s"),
        (ghosts_retired, "waiting for an answer of Connectware, since 40 s"),
        (
            registered_client,
            "waiting for the client to ask and to get in, or for an answer of Connectware, since 40 s",
        ),
    ],
    ids=["connectware_info", "fleet_info", "ghosts_retired", "registered_client"],
)
def test_it_says_since_when_it_waits(plugin: Any, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    @contextmanager
    def telling(say: Callable[[str], None], text: Callable[[float], str]) -> Any:
        say(text(40.0))
        yield

    monkeypatch.setattr(telling_action, "telling", telling)
    monkeypatch.setattr(Display, "display", lambda self, line: shown.append(line))
    monkeypatch.setattr(NormalAction, "run", lambda self, tmp, task_vars: {"changed": False, "version": "1.8.0"})

    assert standing(plugin, {"wait": 300}).run(None, TASK_VARS) == {"changed": False, "version": "1.8.0"}
    assert shown == [f"hamburg: {line}"]
