# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make matrix`: the cells of cells.yml, each in virtual environments of its own.

Usage: run.py COLLECTION FOLDER [--results FILE] [PATTERN...]
COLLECTION is a folder ansible_collections/edgefleet/connectware, FOLDER takes environments, logs and the result
(matrix.json, in which each run replaces what it was before, so that a matrix can be run in parts). A pattern chooses
cells by their names and, after a colon, what is run of them; `short` is what `make test` runs. Without any, all are
run.

A Python that this machine has not is skipped, and so is an ansible-core that is only coming; the table and the last
line say so. It fails a cell that was given by its name, with a colon or without; those of `short` may be skipped, but
not all of them. A cell fails too whose ansible-core supports another Python than cells.yml says of it.

FILE gets the numbers of what was run, skipped cells among them, in place of those that it has of the same cells.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matrix import kept, supported, venvs
from matrix.cells import Cell, cells, chosen, environments, read
from matrix.outcome import FAILED, PASSED, SKIPPED, Outcome
from tools.commit import commit

TOOLS = Path(__file__).resolve().parents[1] / "tools"
# What is run of the unit tests; `host` are those of modules, and of what they do with the engine of a factory host;
# `plugins` are those of code that ansible-core itself loads on the controller.
TARGET_TESTS = {
    "units": ("tests/unit/plugins/modules/", "tests/unit/plugins/module_utils/"),
    "host": ("tests/unit/plugins/modules/", "tests/unit/plugins/module_utils/_docker/"),
}
CONTROLLER_TESTS = {
    "units": ("tests/unit/plugins/",),
    "plugins": tuple(
        f"tests/unit/plugins/{kind}/" for kind in ("action", "callback", "filter", "inventory", "plugin_utils")
    ),
}
WORKERS = "2"


class Matrix:
    """Runs cells one after the other, and keeps what became of each; the collection's folder is shared by them."""

    def __init__(self, collection: Path, folder: Path) -> None:
        self.collection = collection
        self.folder = folder
        self.data = read()
        self.outcomes: list[Outcome] = []
        self.result = folder / "matrix.json"
        self.commit = commit()  # of what is tested: files may be edited while it runs

    def run(self, cell: Cell, runs: Sequence[str], *, named: bool) -> None:
        """Run these of a cell; `named` is one that has to be run."""
        try:
            core, tests = (venvs.made(environment, self.folder) for environment in environments(cell, self.data))
        except venvs.MissingPythonError as exc:
            self._add([Outcome(cell.name, run, FAILED if named else SKIPPED, str(exc)) for run in runs])
            return
        except venvs.BrokenEnvironmentError as exc:
            if isinstance(exc, venvs.UnreleasedError) and cell.core in self.data["coming"]:
                state, reason = FAILED if named else SKIPPED, f"ansible-core {cell.core} has no release yet"
                self._add([Outcome(cell.name, run, state, reason) for run in runs])
                return
            self._add([Outcome(cell.name, run, FAILED, str(exc)) for run in runs])
            return
        told = supported.by_its_core(core / "python")
        wrong = supported.differences(cell.core, told, self.data)
        if wrong:
            self._add([Outcome(cell.name, run, FAILED, f"cells.yml: {'; '.join(wrong)}") for run in runs])
            return
        installed = {**venvs.versions(core), **venvs.versions(tests)}
        for run in runs:
            self._add([self._one(cell, run, core, tests, installed)])

    def _one(self, cell: Cell, run: str, core: Path, tests: Path, installed: dict[str, str]) -> Outcome:
        log = self.folder / "logs" / f"{cell.name}-{run}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        for old in self._reports(cell):
            old.unlink()
        started = time.monotonic()
        with log.open("w", encoding="utf-8") as output:
            done = subprocess.run(
                command(cell, run, core, tests, self.collection), cwd=self.collection, env=environment(core, tests),
                stdout=output, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        outcome = Outcome(cell.name, run, PASSED, seconds=round(time.monotonic() - started, 1), versions=installed)
        if run != "sanity":
            outcome.tests, missing = count([path.read_text("utf-8") for path in self._reports(cell)])
            outcome.reason = ", ".join(missing)
        if done.returncode != 0:
            outcome.state, outcome.reason = FAILED, f"exit code {done.returncode}, see logs/{log.name}"
        elif run != "sanity" and not outcome.tests:
            outcome.state, outcome.reason = FAILED, f"no test was run, see logs/{log.name}"
        return outcome

    def _reports(self, cell: Cell) -> list[Path]:
        """Those that ansible-test has written of its unit tests with this Python."""
        folder = self.collection / "tests" / "output" / "junit"
        return sorted(folder.glob(f"python{cell.python}-*-units.xml"))

    def _add(self, outcomes: list[Outcome]) -> None:
        self.outcomes += outcomes
        keep(outcomes, self.data["left_out"], self.result)
        for outcome in outcomes:
            print(outcome.line(), flush=True)


def command(cell: Cell, run: str, core: Path, tests: Path, collection: Path) -> list[str]:
    """What is run of ansible-test."""
    python = ["--python", cell.python, "--python-interpreter", str(tests / "python")]
    if run == "sanity":
        more = [*python, "--test", "compile", "--test", "import"] if cell.target else []
        return [str(TOOLS / "sanity.sh"), str(collection), *more]
    paths = (TARGET_TESTS if cell.target else CONTROLLER_TESTS)[run]
    if not cell.target:
        python = python[:2]
    return [str(core / "ansible-test"), "units", *python, "--num-workers", WORKERS, "--color", "no", *paths]


def environment(core: Path, tests: Path) -> dict[str, str]:
    """Nothing of whoever calls this decides what is tested.

    For its own virtual environments ansible-test looks in PATH for the Python that ours were made of.
    """
    foreign = ("ANSIBLE_", "CONNECTWARE_", "PYTEST", "PYTHONPATH")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    path = [str(core), *(venvs.home(folder) for folder in (core, tests)), os.environ["PATH"]]
    return {**kept, "PATH": ":".join(path), "LC_ALL": "C.UTF-8"}


def count(reports: list[str]) -> tuple[int, list[str]]:
    """How many tests were run, and which were not and why."""
    run, left = 0, []
    for text in reports:
        for case in ET.fromstring(text).iter("testcase"):
            skipped = case.find("skipped")
            if skipped is None:
                run += 1
            else:
                left.append(f"{case.get('name')} left out: {skipped.get('message')}")
    return run, left


def keep(outcomes: list[Outcome], left_out: list[dict[str, str]], path: Path) -> None:
    """Write what became of these runs into the result, in place of what it has of them."""
    before: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["runs"] if path.exists() else []
    new = {(outcome.cell, outcome.run) for outcome in outcomes}
    rows = [row for row in before if (row["cell"], row["run"]) not in new] + [asdict(outcome) for outcome in outcomes]
    result = {"runs": sorted(rows, key=lambda row: (row["cell"], row["run"])), "left_out": left_out}
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="Run cells of the matrix.", allow_abbrev=False)
    parser.add_argument("collection", type=lambda text: Path(text).resolve())
    parser.add_argument("folder", type=lambda text: Path(text).resolve())
    parser.add_argument("--results", type=Path, help="a file for the numbers that are kept")
    parser.add_argument("patterns", nargs="*", default=["*"])
    options = parser.parse_intermixed_args()  # an option may stand before the patterns
    options.folder.mkdir(parents=True, exist_ok=True)
    matrix = Matrix(options.collection, options.folder)
    everything, patterns = cells(matrix.data), options.patterns
    named = names(patterns)
    if patterns == ["short"]:
        patterns = matrix.data["short"]
    try:
        wanted = chosen(everything, patterns)
    except LookupError as exc:
        print(f"matrix: {exc}", file=sys.stderr)
        return 2
    for cell, runs in wanted.items():
        matrix.run(cell, runs, named=cell.name in named)
        if options.results:
            write(matrix, everything, options.results)  # what was run is kept, should the rest be broken off
    for row in matrix.data["left_out"]:
        print(f"left out: Python {row['python']}: {row['reason']}")
    print(f"{summary(matrix.outcomes)}; logs and matrix.json are in {options.folder}")
    return exit_code(matrix.outcomes)


def write(matrix: Matrix, everything: Sequence[Cell], path: Path) -> None:
    """The numbers that are kept."""
    numbers = kept.numbers(kept.read(path), matrix.outcomes, everything, matrix.data["left_out"], matrix.commit)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


def names(patterns: Sequence[str]) -> set[str]:
    """What the patterns say before the colon: a cell of just that name has to be run."""
    return {pattern.partition(":")[0] for pattern in patterns}


def summary(outcomes: Sequence[Outcome]) -> str:
    failed, skipped = (sum(outcome.state == state for outcome in outcomes) for state in (FAILED, SKIPPED))
    return f"{len(outcomes)} runs, {failed} failed, {skipped} skipped"


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Nothing but skipped cells is no success."""
    states = {outcome.state for outcome in outcomes}
    return 1 if FAILED in states or PASSED not in states else 0


if __name__ == "__main__":
    raise SystemExit(main())
