# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action for a module that may take its time: the module as it is, and a line now and then meanwhile."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.progress import telling
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import UnexpectedFactsError
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.facts_of_host import refuse_false_facts
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.guarded_action import GuardedAction, failed


class TellingAction(GuardedAction, NormalAction):
    """Runs the module as any other.

    Attributes:
        WAITING_FOR: what the module waits for, in the words of the line.
    """

    WAITING_FOR = "an answer of Connectware"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        host = str((task_vars or {}).get("inventory_hostname", "?"))
        try:
            refuse_false_facts(host, task_vars or {}, self._task.args)
        except UnexpectedFactsError as exc:  # not raised: where this runs once, it would end the play for all hosts
            return failed(exc)
        display = Display()
        with telling(
            lambda line: display.display(f"{host}: {line}"),
            lambda seconds: f"waiting for {self.WAITING_FOR}, since {seconds:.0f} s",
        ):
            return super().run(tmp, task_vars)
