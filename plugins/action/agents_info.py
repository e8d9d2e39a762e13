# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the same name, with options in one mapping, and for tasks that ask a host which may be away.

Says a line now and then too: an engine that hangs is given up after `docker_timeout` only.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.answers import SHOWN
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.grouped_options import ungrouped
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.host_action import HostAction
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.telling_action import TellingAction


class ActionModule(HostAction, TellingAction):
    """Runs the module as any other.

    With `ignore_unreachable`, a host that cannot be reached is a failure, and `away` tells it from others. Ansible ends
    the play for all hosts when a `run_once` task finds a host unreachable, although the task says to ignore that.
    """

    MODULE = "agents_info"
    SAYS = SHOWN
    WAITING_FOR = "what Docker Engine says of the agents"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._task.args = ungrouped(self._task.args)
        try:
            result: dict[str, Any] = super().run(tmp, task_vars)
        except AnsibleConnectionFailure as exc:
            if not self._task.ignore_unreachable:
                raise
            return {"failed": True, "changed": False, "away": True, "msg": str(exc)}
        return result
