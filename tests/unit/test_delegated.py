# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks of roles that run on the controller: --become is for the factory hosts, and AWX gives it to every job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml")])


def on_the_controller(tasks: list[dict[str, Any]], inherited: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Tasks that are delegated to localhost, with what their blocks say."""
    for task in tasks:
        said = {**(inherited or {}), **{key: task[key] for key in ("become", "delegate_to") if key in task}}
        if "ansible_become" in task.get("vars", {}):
            said["ansible_become"] = task["vars"]["ansible_become"]
        for part in ("block", "rescue", "always"):
            yield from on_the_controller(task.get(part, []), said)
        if "block" not in task and said.get("delegate_to") == "localhost":
            yield {"name": task.get("name"), **said}


def becomes_root(task: dict[str, Any]) -> bool:
    """Whether it may. The inventory's variable beats the keyword, so that a task needs both."""
    return task.get("become") is not False or task.get("ansible_become") is not False


def test_no_task_on_the_controller_becomes_root() -> None:
    found = {str(path.relative_to(ROOT)): list(on_the_controller(yaml.safe_load(path.read_text()))) for path in FILES}
    assert sum(len(tasks) for tasks in found.values()) >= 6
    assert [(path, task["name"]) for path, tasks in found.items() for task in tasks if becomes_root(task)] == []


BOTH = {"become": False, "vars": {"ansible_become": False}}


@pytest.mark.parametrize(
    ("tasks", "becomes"),
    [
        ([{"name": "a", "delegate_to": "localhost"}], True),
        ([{"name": "a", "delegate_to": "localhost", "become": False}], True),
        ([{"name": "a", "delegate_to": "localhost", "vars": {"ansible_become": False}}], True),
        ([{"name": "a", "delegate_to": "localhost", **BOTH}], False),
        ([{"name": "a", "delegate_to": "localhost", "become": False, "vars": {"ansible_become": True}}], True),
        ([{"delegate_to": "localhost", **BOTH, "block": [{"name": "a"}]}], False),
        ([{"delegate_to": "localhost", "block": [{"name": "b"}], "rescue": [{"name": "a", **BOTH}]}], True),
        ([{"name": "a"}], False),
    ],
)
def test_the_check_sees_what_it_must(tasks: list[dict[str, Any]], becomes: bool) -> None:
    assert any(becomes_root(task) for task in on_the_controller(tasks)) == becomes
