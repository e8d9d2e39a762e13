# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers that are kept in the repository: what the last run of each cell gave, of which commit.

The whole takes hours, so it can be kept in parts. What was not run yet is told by name, as is what was skipped.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matrix.cells import Cell
from matrix.outcome import SKIPPED, STATES, Outcome

Numbers = dict[str, Any]


def read(path: Path) -> Numbers:
    """What is kept already, or what is there before the first run."""
    if not path.exists():
        return {"cells": []}
    numbers: Numbers = json.loads(path.read_text("utf-8"))
    return numbers


def numbers(
    before: Numbers,
    outcomes: Sequence[Outcome],
    everything: Sequence[Cell],
    left_out: Sequence[Mapping[str, str]],
    commit: str,
) -> Numbers:
    """Each cell with its versions and counts; and by name what was skipped, what was not run, and what is no cell.

    Args:
        before: what is kept; a run stays as it is there where these outcomes have none of it.
        everything: the cells; what is kept of others goes, as does a part of a run, such as `host`.
        commit: of these outcomes.
    """
    kept = {cell["name"]: cell for cell in before["cells"]}
    cells = [_cell(cell, kept.get(cell.name, {}), outcomes, commit) for cell in everything]
    runs = [
        (cell.name, run, row["runs"].get(run)) for cell, row in zip(everything, cells, strict=True) for run in cell.runs
    ]
    there = [row for _name, _run, row in runs if row]
    states = Counter(row["state"] for row in there)
    return {
        "commits": sorted({row["commit"] for row in there}),
        "dates": sorted({row["date"] for row in there}),
        "runs": {state.lower(): states[state.lower()] for state in STATES},
        "tests": sum(row["tests"] for row in there),
        "cells": cells,
        "skipped": [
            {"cell": name, "run": run, "reason": row["reason"]}
            for name, run, row in runs
            if row and row["state"] == SKIPPED
        ],
        "not_run": [f"{name}:{run}" for name, run, row in runs if not row],
        "left_out": list(left_out),
    }


def _cell(cell: Cell, before: Mapping[str, Any], outcomes: Sequence[Outcome], commit: str) -> dict[str, Any]:
    new = {outcome.run: outcome for outcome in outcomes if outcome.cell == cell.name and outcome.run in cell.runs}
    rows = {run: _run(new[run], commit) if run in new else before.get("runs", {}).get(run) for run in cell.runs}
    return {
        "name": cell.name,
        "core": cell.core,
        "python": cell.python,
        "target": cell.target,
        "docker": cell.docker,
        "runs": {run: row for run, row in rows.items() if row},
    }


def _run(outcome: Outcome, commit: str) -> dict[str, Any]:
    return {
        "state": outcome.state.lower(),
        "tests": outcome.tests,
        "seconds": outcome.seconds,
        "reason": outcome.reason,
        "date": outcome.ended[:10],
        "commit": commit,
        "versions": outcome.versions,
    }
