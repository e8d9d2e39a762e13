# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the same name, and a line now and then while it waits for Connectware."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.progress import telling


class ActionModule(NormalAction):
    """Runs the module as any other."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        host = str((task_vars or {}).get("inventory_hostname", "?"))
        display = Display()
        with telling(
            lambda line: display.display(f"{host}: {line}"),
            lambda seconds: f"waiting for an answer of Connectware, since {seconds:.0f} s",
        ):
            return super().run(tmp, task_vars)
