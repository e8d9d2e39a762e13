# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action adds to the module `connectware_info`: a line now and then while it waits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from unit.plugins.action.standing import TASK_VARS, standing

from ansible_collections.edgefleet.connectware.plugins.action import connectware_info


def test_it_says_since_when_it_waits_and_passes_the_answer_on(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    @contextmanager
    def telling(say: Callable[[str], None], text: Callable[[float], str]) -> Any:
        say(text(40.0))
        yield

    monkeypatch.setattr(connectware_info, "telling", telling)
    monkeypatch.setattr(Display, "display", lambda self, line: shown.append(line))
    monkeypatch.setattr(NormalAction, "run", lambda self, tmp, task_vars: {"changed": False, "version": "1.8.0"})

    assert standing(connectware_info, {"wait": 300}).run(None, TASK_VARS) == {"changed": False, "version": "1.8.0"}
    assert shown == ["hamburg: waiting for an answer of Connectware, since 40 s"]
