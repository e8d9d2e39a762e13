# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action adds to the module `agents_info`: a host that is away does not end the play of all others."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action.normal import ActionModule as NormalAction
from unit.plugins.action.standing import TASK_VARS, standing

from ansible_collections.edgefleet.connectware.plugins.action import agents_info


def unreachable(*_arguments: Any) -> dict[str, Any]:
    raise AnsibleConnectionFailure("no route to host")


def test_what_the_module_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NormalAction, "run", lambda self, tmp, task_vars: {"changed": False, "agents": []})

    assert standing(agents_info, {}).run(None, TASK_VARS) == {"changed": False, "agents": []}


def test_options_may_come_in_one_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NormalAction, "run", lambda self, tmp, task_vars: dict(self._task.args))
    args = {"names": ["press"], "options": {"docker_host": "tcp://hamburg", "docker_timeout": None}}

    assert standing(agents_info, args).run(None, TASK_VARS) == {"names": ["press"], "docker_host": "tcp://hamburg"}


def test_a_host_that_is_away_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NormalAction, "run", unreachable)

    with pytest.raises(AnsibleConnectionFailure, match="no route to host"):
        standing(agents_info, {}).run(None, TASK_VARS)


def test_where_that_is_ignored_it_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NormalAction, "run", unreachable)

    result = standing(agents_info, {}, ignore_unreachable=True).run(None, TASK_VARS)

    assert result == {"failed": True, "changed": False, "away": True, "msg": "no route to host"}
