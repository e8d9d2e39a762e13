# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action that a host can neither take its result from, nor tell Ansible with it what to do."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConnectwareError

# What Ansible does at the word of a result, of whatever module: variables that win over those of the inventory, of this
# host and of others, new hosts and groups, and what a job of AWX passes on. These modules never ask for it.
ORDERS = ("add_group", "add_host", "ansible_facts", "ansible_stats")
DISCOVERED = "discovered_interpreter_"  # a fact that ansible-core itself adds to the answer


class GuardedAction(ActionBase):
    """For modules on hosts that may go away, or be in other hands."""

    def _execute_module(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = super()._execute_module(*arguments, **options)
        facts = answer.get("ansible_facts")
        kept = {key: value for key, value in answer.items() if key not in ORDERS}
        known = facts.items() if isinstance(facts, dict) else ()
        discovered = {key: value for key, value in known if key.startswith(DISCOVERED)}
        return {**kept, "ansible_facts": discovered} if discovered else kept

    def cleanup(self, force: bool = False) -> None:
        """Ansible asks the host once more in the end, to remove its folder: that failed in place of the result."""
        try:
            super().cleanup(force)
        except AnsibleConnectionFailure:
            self._connection._shell.tmpdir = None


def failed(error: ConnectwareError) -> dict[str, Any]:
    """The result of a task that fails for this."""
    return {"failed": True, "changed": False, "msg": error.message, "error": error.result()}
