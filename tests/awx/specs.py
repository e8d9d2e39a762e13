# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What our tasks give to the modules of awx.awx, filled in, and what those modules accept by their own code."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from awx.setup import awx_collection
from integration.bed import ROOT

ROLE = ROOT / "roles" / "awx"


class AskedForError(Exception):
    """A module has told what it accepts."""


def validator(module: str) -> ArgumentSpecValidator:
    """Of a module of awx.awx, from what its own main() asks for."""
    folder = str(awx_collection())
    if folder not in sys.path:
        sys.path.append(folder)
    code = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{module}")
    base = code.ControllerAPIModule

    class Told(base):  # type: ignore[misc]  # a base that is found at run time
        def __init__(self, argument_spec: dict[str, Any], **more: Any) -> None:
            raise AskedForError({**base.AUTH_ARGSPEC, **argument_spec}, more)

    code.ControllerAPIModule = Told
    try:
        code.main()
    except AskedForError as exc:
        spec, more = exc.args
        return ArgumentSpecValidator(spec, **more)
    finally:
        code.ControllerAPIModule = base
    raise AssertionError(f"{module} has asked for nothing")


@dataclass(frozen=True)
class Call:
    """A task with its arguments, for one item of its loop."""

    module: str
    task: str
    file: str
    arguments: dict[str, Any]


def read(path: Path) -> Any:
    """A file of our own, whose templates may be filled in."""
    return DataLoader().load_from_file(str(path), trusted_as_template=True)


def tasks() -> Iterator[tuple[Path, dict[str, Any]]]:
    """All of them, those in blocks too."""
    for path in sorted((ROLE / "tasks").glob("*.yml")):
        yield from ((path, task) for task in _inner(read(path)))


def _inner(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in found:
        yield task
        for part in ("block", "rescue", "always"):
            yield from _inner(task.get(part, []))


def is_meant(task: dict[str, Any], variables: dict[str, Any]) -> bool:
    """Whether the variables have what the task is for."""
    condition = re.fullmatch(r"(\w+) is defined", str(task.get("when", "")))
    return condition is None or condition[1] in variables


def calls(example: Path, **more: Any) -> list[Call]:
    """All of them, with the defaults of the role and a file of variables."""
    loader = DataLoader()
    variables: dict[str, Any] = {"ansible_check_mode": False, **more}
    for path in (ROLE / "defaults" / "main.yml", *sorted((ROLE / "vars" / "main").glob("*.yml")), example):
        variables |= read(path)
    # As of an AWX that has nothing yet; filters of a collection need all of ansible-playbook.
    variables["__awx_notifications_to_send"] = [each["name"] for each in variables["awx_notifications"]]
    found = []
    for path, task in [(path, task) for path, task in tasks() if is_meant(task, variables)]:
        for module in [name for name in task if name.startswith("awx.awx.")]:
            for item in _items(loader, variables, task):
                filled = Templar(loader, variables={**variables, **item}).template(task[module])
                found.append(Call(module.removeprefix("awx.awx."), task["name"], path.name, dict(filled)))
    return found


def _items(loader: DataLoader, variables: dict[str, Any], task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    inner = task.get("vars", {})
    if "loop" not in task:
        yield inner
        return
    for item in Templar(loader, variables=variables).template(task["loop"]):
        yield {**inner, task["loop_control"]["loop_var"]: item}
