# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table of all agents at the end of a run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout_report
type: aggregate
short_description: A table of all agents at the end of a run, and the same as JSON
version_added: 0.1.0
author:
  - The edgefleet.connectware authors (@edgefleet)
description:
  - At the end of a run, prints for every host what became of each of its agents, with verdict, reason, what was done
    and how long the registration of the host took.
  - Works beside any other callback. Enable it with C(callbacks_enabled = edgefleet.connectware.rollout_report).
options:
  path:
    description:
      - File on the controller that gets the same as JSON. Nothing is written if this is not set.
    type: path
    env:
      - name: CONNECTWARE_REPORT_PATH
    ini:
      - section: callback_rollout_report
        key: path
"""

import json
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DEPLOY = "edgefleet.connectware.agents"
REGISTER = "edgefleet.connectware.agents_registered"
COLUMNS = ("host", "agent", "verdict", "reason", "done", "seconds")
SHOWN = ("name", "username", "container", "volume", "verdict", "reason", "pairing_id", "registered", "message")


class CallbackModule(CallbackBase):
    """Collects the results of the two tasks of a rollout."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "edgefleet.connectware.rollout_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._agents: dict[tuple[str, str], dict[str, Any]] = {}
        self._failures: dict[str, str] = {}
        self._started: dict[tuple[str, str], float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._started[host.name, task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._take(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if self._take(result) and not ignore_errors:
            self._failures[result._host.get_name()] = str(result._result.get("msg", ""))

    def _take(self, result: Any) -> bool:
        action = result._task.action
        if action not in (DEPLOY, REGISTER):
            return False
        host = result._host.get_name()
        seconds = time.monotonic() - self._started.get((host, result._task._uuid), time.monotonic())
        for agent in result._result.get("agents") or []:
            row = self._agents.setdefault((host, agent.get("name", "")), {"host": host, "actions": [], "seconds": 0.0})
            row["seconds"] = round(row["seconds"] + seconds, 1)
            if action == DEPLOY:
                row["name"] = agent.get("name")
                if agent.get("action") not in (None, "none"):
                    row["actions"].append(f"would be {agent['action']}" if result._task.check_mode else agent["action"])
            else:
                row.update({key: agent.get(key) for key in SHOWN})
                row["actions"] += agent.get("actions") or []
        return True

    def v2_playbook_on_stats(self, stats: Any) -> None:
        rows = [self._agents[key] for key in sorted(self._agents)]
        if rows:
            self._display.banner("AGENTS")
            for line in table([_cells(row) for row in rows]):
                self._display.display(line)
        for host, message in sorted(self._failures.items()):
            self._display.display(f"{host}: {message}", color="red")
        path = self.get_option("path")
        if path:
            changed = {host: stats.summarize(host)["changed"] for host in sorted(stats.processed)}
            report = {"agents": rows, "failures": self._failures, "changed": changed}
            Path(path).write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    done = ", ".join(row["actions"]) or "-"
    values = (row["host"], row.get("name"), row.get("verdict"), row.get("reason"), done, row["seconds"])
    return tuple("-" if value is None else str(value) for value in values)


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """The rows under their headings, as lines of text with even columns."""
    widths = [max(len(row[column]) for row in [COLUMNS, *rows]) for column in range(len(COLUMNS))]
    lines = [COLUMNS, tuple("-" * width for width in widths), *rows]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
