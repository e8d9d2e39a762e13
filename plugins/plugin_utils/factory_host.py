# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A factory host as the conversation on the controller sees it: the host-side part of module `agents_registered`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Look
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    EngineError,
    EngineUnavailableError,
    HostLoginError,
    HostUnreachableError,
)

MODULE = "edgefleet.connectware.agents_registered"
TRIED = "look at the agents"
LINGER = 1.5  # seconds that a look waits for further agents after the first news: one restart for all of them
_SIGNALS = 128  # exit codes of a shell beyond it are those of commands that a signal has ended


class FactoryHost:
    """HostPort over the module.

    Args:
        action: runs the module.
        name: of the host, for messages.
        options: of the module, the same for every look.
        task_vars: of the action.
    """

    def __init__(self, action: ActionBase, name: str, options: Mapping[str, Any], task_vars: Mapping[str, Any]) -> None:
        self._action = action
        self._where = f"host {name}"
        self._options = options
        self._task_vars = task_vars

    def look(self, looks: Sequence[Look], wait: float) -> list[Observation]:
        """See HostPort.

        Raises:
            HostUnreachableError: there is no connection to the host; the next look makes a new one.
            HostLoginError: the host refuses the login, so another try would not help.
            EngineUnavailableError: the engine does not answer, or the module was killed.
            EngineError: with the message of the host.
        """
        args = {**self._options, "looks": [_asked(look) for look in looks], "wait": wait, "linger": LINGER}
        try:
            answer = self._action._execute_module(module_name=MODULE, module_args=args, task_vars=dict(self._task_vars))
        except AnsibleAuthenticationFailure as exc:
            self._begin_anew()
            raise HostLoginError(TRIED, where=self._where, answered=str(exc)) from exc
        except AnsibleConnectionFailure as exc:
            self._begin_anew()
            raise HostUnreachableError(TRIED, where=self._where, answered=str(exc)) from exc
        killed = _killed(answer)
        if killed:
            self._begin_anew()
            raise EngineUnavailableError(TRIED, where=self._where, answered=killed)
        if answer.get("failed") or "observations" not in answer:
            said = answer.get("msg") or answer.get("module_stderr") or "no answer"
            gone = (answer.get("error") or {}).get("kind") == EngineUnavailableError.__name__
            error = EngineUnavailableError if gone else EngineError
            raise error(TRIED, where=self._where, answered=str(said))
        try:
            return [Observation.from_dict(values) for values in answer["observations"]]
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise EngineError(TRIED, where=self._where, answered=f"an answer of another form ({exc!r})") from exc

    def _begin_anew(self) -> None:
        """The host may come back with nothing of what it had: neither the connection nor the folder for modules."""
        self._action._connection.close()
        self._action._connection._shell.tmpdir = None


def _asked(look: Look) -> dict[str, Any]:
    return {
        "name": look.observation.name,
        "username": look.observation.username,
        "container": look.observation.container,
        "volume": look.observation.volume,
        "restart": look.restart,
        "seen": look.seen,
        "unmark_after": look.unmark_after,
    }


def _killed(answer: Mapping[str, Any]) -> str:
    """That the module was ended by a signal before it said anything, as on a machine that goes down; empty if not."""
    code = answer.get("rc")
    if not isinstance(code, int) or 0 <= code <= _SIGNALS or str(answer.get("module_stdout", "?")).strip():
        return ""
    return f"the module was killed there before it could answer (exit code {code})"
