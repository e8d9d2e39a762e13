# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of a full run, as they are kept in the repository; those of a part of it are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from matrix.cells import Cell
from matrix.outcome import SKIPPED, STATES, Outcome


def incomplete(outcomes: Sequence[Outcome], everything: Sequence[Cell]) -> list[str]:
    """What these outcomes lack of a full run: what was not even tried. A skipped cell was."""
    there = {(outcome.cell, outcome.run) for outcome in outcomes}
    return [f"{cell.name}:{run}" for cell in everything for run in cell.runs if (cell.name, run) not in there]


def numbers(
    outcomes: Sequence[Outcome], everything: Sequence[Cell], left_out: Sequence[Mapping[str, str]], commit: str
) -> dict[str, Any]:
    """Each cell with its versions and counts; and by name what was skipped and what is no cell, with the reasons."""
    states = Counter(outcome.state for outcome in outcomes)
    return {
        "date": max(outcome.ended for outcome in outcomes)[:10],
        "commit": commit,
        "runs": {state.lower(): states[state] for state in STATES},
        "tests": sum(outcome.tests for outcome in outcomes),
        "cells": [_cell(cell, [one for one in outcomes if one.cell == cell.name]) for cell in everything],
        "skipped": [
            {"cell": outcome.cell, "run": outcome.run, "reason": outcome.reason}
            for outcome in outcomes
            if outcome.state == SKIPPED
        ],
        "left_out": list(left_out),
    }


def _cell(cell: Cell, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "name": cell.name,
        "core": cell.core,
        "python": cell.python,
        "target": cell.target,
        "docker": cell.docker,
        "versions": next((outcome.versions for outcome in outcomes if outcome.versions), {}),
        "runs": {
            outcome.run: {
                "state": outcome.state.lower(),
                "tests": outcome.tests,
                "seconds": outcome.seconds,
                "reason": outcome.reason,
            }
            for outcome in outcomes
        },
    }
