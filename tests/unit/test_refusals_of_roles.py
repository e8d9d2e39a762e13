# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role refuses, it refuses in a play with ignore_errors too: what comes after it would do just that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted([*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/handlers/*.yml")])
REFUSES = ("ansible.builtin.assert", "ansible.builtin.fail", "rescue")  # nothing is rescued where errors are ignored


def ignored(tasks: list[dict[str, Any]], counts: bool = False) -> Iterator[str]:
    """The tasks, and blocks with a rescue, that ignore_errors of a play or a role would reach.

    Args:
        counts: a block around them says that errors count.
    """
    for task in tasks:
        said = task["ignore_errors"] is False if "ignore_errors" in task else counts
        if not said and any(key in task for key in REFUSES):
            yield task["name"]
        for part in ("block", "rescue", "always"):
            yield from ignored(task.get(part, []), said)


def test_nothing_that_a_role_refuses_is_ignored() -> None:
    found = {str(path.relative_to(ROOT)): list(ignored(yaml.safe_load(path.read_text("utf-8")))) for path in FILES}
    assert {path: names for path, names in found.items() if names} == {}


A, B = ({"name": name, "ansible.builtin.fail": {"msg": "no"}} for name in "ab")
COUNTS = {"ignore_errors": False}


@pytest.mark.parametrize(
    ("tasks", "names"),
    [
        ([A, {**B, **COUNTS}], ["a"]),
        ([{**A, "ignore_errors": True}], ["a"]),
        ([{"name": "c", "ansible.builtin.debug": {}}], []),
        ([{"name": "c", "block": [A]}], ["a"]),
        ([{"name": "c", "block": [A], "rescue": [B], **COUNTS}], []),
        ([{"name": "c", "block": [{**A, "ignore_errors": True}], "rescue": [], **COUNTS}], ["a"]),
        ([{"name": "c", "block": [], "rescue": [{**B, **COUNTS}]}], ["c"]),
    ],
)
def test_the_check_sees_what_it_must(tasks: list[dict[str, Any]], names: list[str]) -> None:
    assert list(ignored(tasks)) == names
