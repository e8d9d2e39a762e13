# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at a host from the controller: what is sent there, and what becomes of every way to fail."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleAuthenticationFailure
from unit.plugins.action.standing import HOST, TASK_VARS, standing
from unit.plugins.action.test_agents_registered import RUNNING, lost

from ansible_collections.edgefleet.connectware.plugins.action import agents_registered
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import OUTAGE, Look
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    EngineError,
    EngineUnavailableError,
    HostLoginError,
    HostUnreachableError,
)
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.factory_host import LINGER, MODULE, FactoryHost


@pytest.fixture
def action() -> Any:
    """One that has looked before."""
    made = standing(agents_registered, {})
    made._connection._shell.tmpdir = "/tmp/of-before"
    return made


def look(action: Any, *looks: Look, wait: float = 0.0, **options: Any) -> list[Any]:
    return FactoryHost(action, HOST, options, TASK_VARS).look(looks, wait)


def test_a_look_at_the_host_runs_the_module_there(action: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    def execute(**more: Any) -> dict[str, Any]:
        asked.append(more)
        return {"observations": [RUNNING.to_dict()]}

    monkeypatch.setattr(action, "_execute_module", execute)

    assert look(action, Look(RUNNING, seen="abc"), wait=2.0, docker_timeout=5) == [RUNNING]
    one = {
        "name": RUNNING.name, "username": RUNNING.username, "container": RUNNING.container, "volume": RUNNING.volume,
        "restart": False, "seen": "abc", "unmark_after": None,
    }  # fmt: skip
    args = {"docker_timeout": 5, "looks": [one], "wait": 2.0, "linger": LINGER}
    assert asked == [{"module_name": MODULE, "module_args": args, "task_vars": TASK_VARS}]


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        ({"failed": True, "msg": "no such container"}, EngineError, "no such container"),
        ({"failed": True, "module_stderr": "Traceback"}, EngineError, "Traceback"),
        ({}, EngineError, "no answer"),
        ({"observations": [{"name": "press-1", "colour": "red"}]}, EngineError, "an answer of another form"),
        ({"observations": "none"}, EngineError, "an answer of another form"),
        ({"failed": True, "msg": "no JSON", "module_stdout": "", "rc": 1}, EngineError, "no JSON"),
        ({"failed": True, "msg": "no JSON", "module_stdout": "Killed", "rc": 137}, EngineError, "no JSON"),
        ({"failed": True, "msg": "it says so itself", "rc": 137}, EngineError, "it says so itself"),
        (
            {"failed": True, "msg": "refused", "error": {"kind": "EngineUnavailableError"}},
            EngineUnavailableError,
            "refused",
        ),
    ],
)
def test_a_look_at_the_host_that_fails_is_an_error_of_that_host(
    answer: dict[str, Any], error: type[EngineError], text: str, action: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action, "_execute_module", lambda **_more: answer)

    with pytest.raises(error, match=text) as failure:
        look(action)

    assert failure.type is error and "host hamburg" in failure.value.message


@pytest.mark.parametrize("code", [137, 143, -9])
def test_a_module_that_was_killed_before_it_answered_is_run_anew(
    code: int, action: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that goes down while the connection to it still stands."""
    killed = {"failed": True, "msg": "No start of json char found", "module_stdout": " \n", "rc": code}
    monkeypatch.setattr(action, "_execute_module", lambda **_more: killed)

    with pytest.raises(EngineUnavailableError, match=rf"host hamburg: the module was killed .* \(exit code {code}\)"):
        look(action)

    action._connection.close.assert_called_once_with()
    assert action._connection._shell.tmpdir is None


def test_a_host_that_cannot_be_reached_is_reached_anew_the_next_time(
    action: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action, "_execute_module", lost)

    with pytest.raises(HostUnreachableError, match="on host hamburg: no route to host"):
        look(action)

    action._connection.close.assert_called_once_with()
    assert action._connection._shell.tmpdir is None


def test_a_password_that_is_refused_is_not_tried_again(action: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_more: Any) -> dict[str, Any]:
        raise AnsibleAuthenticationFailure("invalid password")

    monkeypatch.setattr(action, "_execute_module", refused)

    with pytest.raises(HostLoginError, match=r"on host hamburg: .*invalid password") as failure:
        look(action)

    assert not isinstance(failure.value, OUTAGE)
    assert action._connection._shell.tmpdir is None
