# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run with nothing to do fills in for every host is little: it is compiled anew for each of them.

Jinja looks up all names of a template before its first line, those of the branch that is not taken too. The first
filter of a collection makes Ansible load all filters of that collection, and the first test all tests of its own.
`make bench` measures what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, nodes

ROLE = Path(__file__).resolve().parents[2] / "roles" / "agents"
QUIET = ("main.yml", "present.yml", "deploy.yml", "register.yml")  # the files of such a run
EXPRESSIONS = ("when", "changed_when", "failed_when", "check_mode")  # with or without braces
VARIABLES: dict[str, Any] = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())
BEFORE_TEST = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}  # arguments before the name of a test
JINJA = Environment(autoescape=False)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def templates(task: dict[str, Any]) -> Iterator[str]:
    for key, value in task.items():
        for text in texts(value):
            yield f"{{{{ {text} }}}}" if key in EXPRESSIONS and "{{" not in text else text


def filled_in(text: str, done: set[str]) -> Iterator[nodes.Template]:
    """The template and those of all variables of the role that are filled in with it."""
    parsed = JINJA.parse(text)
    yield parsed
    for name in {node.name for node in parsed.find_all(nodes.Name)} - done:
        done.add(name)
        for inner in texts(VARIABLES.get(name)):
            yield from filled_in(inner, done)


def dear(task: dict[str, Any]) -> set[str]:
    """What a task fills in that costs much."""
    done = set(task.get("vars") or ())
    parsed = [template for text in templates(task) for template in filled_in(text, done)]
    tests = {f"is {node.name}" for template in parsed for node in template.find_all(nodes.Test)}
    filters = [node for template in parsed for node in template.find_all(nodes.Filter)]
    tests |= {f"{node.name} by a test" for node in filters if len(node.args) > BEFORE_TEST.get(node.name, 9)}
    return tests | {node.name for node in filters if "." in node.name}


def tasks() -> list[tuple[str, dict[str, Any]]]:
    return [(file, task) for file in QUIET for task in yaml.safe_load((ROLE / "tasks" / file).read_text())]


@pytest.mark.parametrize(
    "task", [pytest.param(task, id=f"{file}-{task['name']}") for file, task in tasks() if not task.get("run_once")]
)
def test_a_task_of_every_host_fills_in_little(task: dict[str, Any]) -> None:
    assert dear(task) == set()


def test_what_is_dear_is_found() -> None:
    of_all = {task["name"]: dear(task) for _file, task in tasks() if task.get("run_once")}
    assert "edgefleet.connectware.reregistrations" in of_all["Look at all hosts together"]
    assert dear({"when": "__agents_picked | length > 0"}) == {"selectattr by a test"}
    assert dear({"when": "__agents_deployed is changed"}) == {"is changed"}
    assert dear({"name": "{{ __agents_weighed }}"}) == {"edgefleet.connectware.reregistrations"}
    assert dear({"name": "{{ lookup('ansible.builtin.vars', '__agents_weighed') }}"}) == set()
