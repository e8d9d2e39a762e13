# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of the playbook audit, and the files it wrote."""

from __future__ import annotations

import json
from typing import Any

from integration.bed import Factory, Run
from junitparser import JUnitXml


class Audit:
    """What it has said, and where."""

    def __init__(self, site: Factory, *arguments: str, playbook: str = "audit", **variables: Any) -> None:
        self.folder = site.directory / "connectware-audit"
        self.run: Run = site.play(playbook, *arguments, **variables)

    @property
    def json(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads((self.folder / "audit.json").read_text())
        return made

    @property
    def agents(self) -> dict[str, dict[str, Any]]:
        return {agent["name"]: agent for agent in self.json["agents"]}

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        return {host["name"]: host for host in self.json["hosts"]}

    @property
    def cases(self) -> dict[str, list[str]]:
        """The names of the results of each test case, none for a success."""
        xml = JUnitXml.fromfile(str(self.folder / "audit.xml"))
        return {case.name: [type(result).__name__ for result in case.result] for suite in xml for case in suite}
