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
        for part in ("block", "rescue", "always"):
            yield from on_the_controller(task.get(part, []), said)
        if "block" not in task and said.get("delegate_to") == "localhost":
            yield {"name": task.get("name"), **said}


def test_no_task_on_the_controller_becomes_root() -> None:
    found = {str(path.relative_to(ROOT)): list(on_the_controller(yaml.safe_load(path.read_text()))) for path in FILES}
    assert sum(len(tasks) for tasks in found.values()) >= 6
    assert [
        (path, task["name"]) for path, tasks in found.items() for task in tasks if task.get("become") is not False
    ] == []


@pytest.mark.parametrize(
    ("tasks", "becomes"),
    [
        ([{"name": "a", "delegate_to": "localhost"}], True),
        ([{"name": "a", "delegate_to": "localhost", "become": False}], False),
        ([{"delegate_to": "localhost", "become": False, "block": [{"name": "a"}]}], False),
        ([{"delegate_to": "localhost", "block": [{"name": "b"}], "rescue": [{"name": "a", "become": False}]}], True),
        ([{"name": "a"}], False),
    ],
)
def test_the_check_sees_what_it_must(tasks: list[dict[str, Any]], becomes: bool) -> None:
    assert any(task.get("become") is not False for task in on_the_controller(tasks)) == becomes
