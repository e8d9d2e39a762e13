# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task 1 of a rollout: the module of the same name on the factory host, and a line now and then while it works."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.progress import telling

DOING = {
    "present": "bringing {agents} to what is wanted, images included where they are pulled",
    "pulled": "bringing the images of {agents} to the host",
    "absent": "removing {agents} from the host",
}


class ActionModule(NormalAction):
    """Runs the module as any other; a pull may take minutes in which a module can say nothing."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        host = str((task_vars or {}).get("inventory_hostname", "?"))
        agents = self._task.args.get("agents")
        count = len(agents) if isinstance(agents, list) else 0
        doing = DOING.get(str(self._task.args.get("state", "present")), "working on {agents}")
        named = f"{count} agent{'' if count == 1 else 's'}"
        display = Display()
        with telling(
            lambda line: display.display(f"{host}: {line}"),
            lambda seconds: f"{doing.format(agents=named)}, since {seconds:.0f} s",
        ):
            return super().run(tmp, task_vars)
