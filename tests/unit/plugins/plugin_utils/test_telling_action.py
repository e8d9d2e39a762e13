# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the actions add to modules that wait for Connectware or an engine: a line now and then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from unit.plugins.action.standing import TASK_VARS, standing

from ansible_collections.edgefleet.connectware.plugins.action import (
    agents_info,
    api_token,
    connectware_info,
    fleet_info,
    ghosts_retired,
    registered_client,
    registry_info,
    registry_window,
)
from ansible_collections.edgefleet.connectware.plugins.plugin_utils import telling_action

WAITS_FOR = {
    agents_info: "what Docker Engine says of the agents",
    api_token: "an answer of Connectware",
    connectware_info: "an answer of Connectware",
    fleet_info: "an answer of Connectware",
    ghosts_retired: "an answer of Connectware",
    registered_client: "the client to ask and to get in, or for an answer of Connectware",
    registry_info: "an answer of Connectware",
    registry_window: "an answer of Connectware",
}


@pytest.mark.parametrize("plugin", WAITS_FOR, ids=lambda plugin: plugin.__name__.rpartition(".")[2])
def test_it_says_since_when_it_waits(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    @contextmanager
    def telling(say: Callable[[str], None], text: Callable[[float], str]) -> Any:
        say(text(40.0))
        yield

    monkeypatch.setattr(telling_action, "telling", telling)
    monkeypatch.setattr(Display, "display", lambda self, line: shown.append(line))
    monkeypatch.setattr(NormalAction, "run", lambda self, tmp, task_vars: {"changed": False, "version": "1.8.0"})

    assert standing(plugin, {"wait": 300}).run(None, TASK_VARS) == {"changed": False, "version": "1.8.0"}
    assert shown == [f"hamburg: waiting for {WAITS_FOR[plugin]}, since 40 s"]
