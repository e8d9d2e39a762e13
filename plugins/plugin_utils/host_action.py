# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action that runs a module on a factory host, and passes on of its answer what that module alone can say.

The host may be in other hands. Then its answer is whatever they like: of other types, endless, or full of what Ansible
takes for orders and a terminal for commands. So it is read here first, and Ansible gets what is left of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.answers import as_it_may_be_used
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.forms import Forms, MisfitError, cleaned
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import AnswerError
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.guarded_action import GuardedAction, failed

LONGEST = 16 * 1024 * 1024  # characters of an answer; that of some hundred agents with long logs has fewer
SHOWN = 1000  # characters of what is no answer
SAFE = "Nobody was authorized, and no user was touched, on the word of that answer."


class HostAction(GuardedAction):
    """For modules on factory hosts. With `async`, the answer is another module's, and comes as it is.

    Attributes:
        MODULE: its short name, for messages.
        SAYS: what it says where it has not failed; see answers.py.
    """

    MODULE: str
    SAYS: Forms
    _where = "the host"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        asked = getattr(self._task, "delegate_to", None) or (task_vars or {}).get("inventory_hostname", "?")
        self._where = f"host {cleaned(str(asked), SHOWN)}"
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result

    def _execute_module(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        answer = super()._execute_module(*arguments, **options)
        if self._task.async_val:
            return answer
        found = {"ansible_facts": answer["ansible_facts"]} if "ansible_facts" in answer else {}
        return {**self._usable(answer), **found}

    def _parse_returned_data(self, res: Mapping[str, Any], *more: Any, **options: Any) -> Any:
        if not self._task.async_val:
            res = {**res, "stdout": json.dumps(self._read(res)), "stderr": ""}
        return super()._parse_returned_data(res, *more, **options)

    def _read(self, res: Mapping[str, Any]) -> dict[str, Any]:
        """What came back -> an answer of that module, or a failure with a message of ours."""
        said = str(res.get("stdout") or "")
        if len(said) > LONGEST:
            return failed(self._unusable(f"it is longer than {LONGEST // 2**20} MiB"))
        begin = 0 if said.startswith("{") else said.find("\n{") + 1
        try:
            answer, _end = json.JSONDecoder().raw_decode(said, begin)
        except RecursionError:
            return failed(self._unusable("its lists and mappings go too deep to be read"))
        except ValueError:
            return self._no_answer(res)
        return self._usable(answer) if isinstance(answer, dict) else self._no_answer(res)

    def _usable(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return as_it_may_be_used(answer, self.SAYS)
        except MisfitError as exc:
            return failed(self._unusable(str(exc)))

    def _no_answer(self, res: Mapping[str, Any]) -> dict[str, Any]:
        """The module was not run, or not to its end."""
        out, err = (str(res.get(key) or "").strip()[-SHOWN:] for key in ("stdout", "stderr"))  # the end tells why
        code = res.get("rc")
        last = (err or out).splitlines()[-1:]
        error = AnswerError(
            f"run module {self.MODULE}",
            where=self._where,
            answered=f"{cleaned(''.join(last), SHOWN) or 'nothing came back'} (exit code {code})",
            todo="Check that ansible_python_interpreter names a Python of that host, 3.8 or newer, and that nothing"
            f" else writes into its output. {SAFE}",
        )
        said = {"module_stdout": cleaned(out, SHOWN), "module_stderr": cleaned(err, SHOWN)}
        return {**failed(error), **said, "rc": code}

    def _unusable(self, why: str) -> AnswerError:
        return AnswerError(
            f"use what module {self.MODULE} has answered",
            where=self._where,
            answered=why,
            todo=f"{SAFE} Find out what changes what this host answers: it may be in other hands.",
        )
