# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cells of the matrix, from cells.yml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
NEWEST, OLDEST = "newest", "oldest"


@dataclass(frozen=True)
class Environment:
    """A virtual environment: what is installed, with which Python."""

    name: str
    python: str
    packages: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One ansible-core with one Python and one docker SDK.

    Attributes:
        controller: the Python that runs ansible-core.
        python: the Python that is tested, the same or that of a target.
    """

    core: str
    controller: str
    python: str
    docker: str
    target: bool

    @property
    def name(self) -> str:
        return f"core{self.core}-{self.tests}" if self.target else f"core{self.core}-py{self.python}{self._sdk}"

    @property
    def tests(self) -> str:
        """The environment in which the tests run: of a target it has no ansible-core."""
        return f"target-py{self.python}{self._sdk}" if self.target else self.name

    @property
    def _sdk(self) -> str:
        return f"-docker-{self.docker}"

    @property
    def runs(self) -> tuple[str, ...]:
        """What is run. The sanity tests do not see the docker SDK: once for each Python is enough."""
        return ("units",) if self.docker == OLDEST else ("sanity", "units")


def read(path: Path = HERE / "cells.yml") -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return data


def cells(data: dict[str, Any]) -> list[Cell]:
    """Of each ansible-core every Python that it supports, with both docker SDKs: controllers first, then targets."""
    left_out = {row["python"] for row in data["left_out"]}
    found = []
    for core, supported in data["cores"].items():
        pythons = {role: [one for one in supported[role] if one not in left_out] for role in ("controller", "target")}
        first = pythons["controller"][0]
        for docker in (OLDEST, NEWEST):
            found += [Cell(core, one, one, docker, target=False) for one in pythons["controller"]]
            found += [Cell(core, first, one, docker, target=True) for one in pythons["target"]]
    return sorted(found, key=lambda cell: cell.target)


def chosen(everything: Iterable[Cell], patterns: Iterable[str]) -> dict[Cell, list[str]]:
    """What is run of the cells whose name fits a pattern, in the order of the file.

    A pattern may end with what shall be run, as in `core2.16-py*:units`; else all of the cell is.

    Raises:
        LookupError: a pattern fits none.
    """
    everything, wanted = list(everything), [pattern.partition(":") for pattern in patterns]
    for name, _colon, _run in wanted:
        if not any(fnmatch(cell.name, name) for cell in everything):
            raise LookupError(f"No cell is called {name}; there are: {', '.join(cell.name for cell in everything)}")
    found = {}
    for cell in everything:
        runs = [[run] if run else list(cell.runs) for name, _colon, run in wanted if fnmatch(cell.name, name)]
        if runs:
            found[cell] = list(dict.fromkeys(run for some in runs for run in some))
    return found


def environments(cell: Cell, data: dict[str, Any]) -> tuple[Environment, Environment]:
    """Where ansible-core runs, and where the tests run: the same for a controller."""
    tests = tuple(
        line.strip()
        for line in (HERE / "requirements.txt").read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    )
    sdk = tuple(data["docker"][cell.docker])
    if cell.docker == OLDEST and _number(cell.python) >= (3, 12):
        sdk += tuple(data["distutils"])
    core = f"ansible-core ~= {cell.core}.0"
    if not cell.target:
        both = Environment(cell.name, cell.python, (core, *tests, *sdk))
        return both, both
    return (
        Environment(f"ansible-test{cell.core}-py{cell.controller}", cell.controller, (core,)),
        Environment(cell.tests, cell.python, (*tests, *sdk)),
    )


def _number(python: str) -> tuple[int, ...]:
    return tuple(int(part) for part in python.split("."))
