# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What walks over all hosts is evaluated once, not once a host: a thousand hosts would cost a million lookups.

A look at the variables of another host costs Ansible about a millisecond. `tests/growth` measures what comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKED = ("agents", "audit", "ghosts")
ROLES = Path(__file__).resolve().parents[2] / "roles"
WALK = re.compile(r"\bhostvars\b")
INCLUDE = "ansible.builtin.include_tasks"
# What the role audit asks for all of them.
BY_ONE_HOST = "inventory_hostname == __audit_speaks | mandatory(__audit_left_out)"


def walks(role: str) -> dict[str, str]:
    """The role's variables that look at other hosts, by themselves or through another one of these."""
    text = (ROLES / role / "vars" / "main.yml").read_text()
    variables = {name: str(value) for name, value in yaml.safe_load(text).items()}
    found = {name: text for name, text in variables.items() if WALK.search(text)}
    while True:
        more = {n: t for n, t in variables.items() if n not in found and any(names(t, other) for other in found)}
        if not more:
            return found
        found |= more


def names(text: str, variable: str) -> bool:
    return re.search(rf"\b{variable}\b", text) is not None


def tasks(role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((ROLES / role / "tasks").glob("*.yml")):
        for task in yaml.safe_load(path.read_text()):
            yield from flattened(path.name, task)


def flattened(file: str, task: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield file, {key: value for key, value in task.items() if key not in ("block", "rescue", "always")}
    for part in ("block", "rescue", "always"):
        for inner in task.get(part, []):
            yield from flattened(file, inner)


def by_one_host(role: str) -> set[str]:
    """The files that one host alone includes."""
    included = [(str(task.get(INCLUDE)), task.get("when") == BY_ONE_HOST) for _file, task in tasks(role)]
    return {file for file, _alone in included} - {file for file, alone in included if not alone}


def test_there_are_walks():
    assert {"__agents_twice", "__agents_weighed", "__agents_to_weigh", "__agents_hosts"} <= set(walks("agents"))
    assert {"__audit_ahead", "__audit_hosts", "__audit_inventory", "__audit_spokesman"} <= set(walks("audit"))
    assert {"__ghosts_expected", "__ghosts_spokesman"} <= set(walks("ghosts"))
    assert {role: by_one_host(role) for role in CHECKED} == {"agents": set(), "audit": {"fleet.yml"}, "ghosts": set()}


@pytest.mark.parametrize(("role", "variable"), [(role, name) for role in CHECKED for name in walks(role)])
def test_walks_are_evaluated_once(role: str, variable: str) -> None:
    for file, task in tasks(role):
        if not names(str(task), variable):
            continue
        once = task.get("run_once") is True or file in by_one_host(role)
        assert once, f"{file}: {task['name']} walks over all hosts for each host"
        rest = {key: value for key, value in task.items() if key != "loop"}
        repeated = "loop" in task and names(str(rest), variable)
        assert not repeated, f"{file}: {task['name']} walks over all hosts for each item of its loop"
