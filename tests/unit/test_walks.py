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

ROLE = Path(__file__).resolve().parents[2] / "roles" / "agents"
WALK = re.compile(r"\bhostvars\b")


def walks() -> dict[str, str]:
    """The role's variables that look at other hosts, by themselves or through another one of these."""
    variables = {name: str(value) for name, value in yaml.safe_load((ROLE / "vars" / "main.yml").read_text()).items()}
    found = {name: text for name, text in variables.items() if WALK.search(text)}
    while True:
        more = {n: t for n, t in variables.items() if n not in found and any(names(t, other) for other in found)}
        if not more:
            return found
        found |= more


def names(text: str, variable: str) -> bool:
    return re.search(rf"\b{variable}\b", text) is not None


def tasks() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((ROLE / "tasks").glob("*.yml")):
        for task in yaml.safe_load(path.read_text()):
            yield from flattened(path.name, task)


def flattened(file: str, task: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield file, {key: value for key, value in task.items() if key not in ("block", "rescue", "always")}
    for part in ("block", "rescue", "always"):
        for inner in task.get(part, []):
            yield from flattened(file, inner)


def test_there_are_walks():
    assert {"__agents_twice", "__agents_weighed", "__agents_to_weigh", "__agents_hosts"} <= set(walks())


@pytest.mark.parametrize("variable", walks())
def test_walks_are_evaluated_once(variable):
    users = [(file, task) for file, task in tasks() if names(str(task), variable)]
    for file, task in users:
        assert task.get("run_once") is True, f"{file}: {task['name']} walks over all hosts for each host"
        rest = {key: value for key, value in task.items() if key != "loop"}
        repeated = "loop" in task and names(str(rest), variable)
        assert not repeated, f"{file}: {task['name']} walks over all hosts for each item of its loop"
