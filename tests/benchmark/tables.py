# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The results as tables of Markdown, which read well on a terminal too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def all_tables(results: Mapping[str, Any]) -> str:
    """Times, requests and targets, with what they were measured on."""
    return "\n\n".join((circumstances(results), times(results), requests(results), targets(results), notes(results)))


def circumstances(results: Mapping[str, Any]) -> str:
    """Where and with what, in a sentence each."""
    machine, versions, commit = results["machine"], results["versions"], results["commit"]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Measured on {results['date']}, on a machine with {machine['processors']} processors and"
        f" {machine['memory_gib']} GiB that carries hosts, agents and Connectware alike: {listed}."
        f" {results['repeats']} rounds of commit {commit}; each number is their median, with the least and the most."
    )


def times(results: Mapping[str, Any]) -> str:
    """Seconds, and ratios."""
    heads = ("hosts x agents, run", "ours", "naive", "naive with Mitogen", "floor", "naive / ours", "ours / floor")
    rows = [
        (
            case["name"],
            *(_spread(case[f"{name}_s"]) for name in ("ours", "naive", "mitogen", "floor")),
            _spread(case["ratio_naive"], ".3g"),
            _spread(case["ratio_floor"], ".3g"),
        )
        for case in results["cases"]
    ]
    return _table(heads, rows)


def requests(results: Mapping[str, Any]) -> str:
    """What ours asked of the API."""
    heads = ("hosts x agents, run", "requests", "a host", "of these polls", "by operation")
    rows = []
    for case in results["cases"]:
        asked = case["api_requests"]
        if asked:
            listed = ", ".join(f"{name} {_spread(each, 'g')}" for name, each in asked["operations"].items())
            numbers = (asked["total"], asked["per_host"], asked["polls_per_host"])
            rows.append((case["name"], *(_spread(each, "g") for each in numbers), listed))
    return _table(heads, rows)


def targets(results: Mapping[str, Any]) -> str:
    """Promised, measured, met or not."""
    heads = ("hosts x agents, run", "target", "measured", "met")
    return _table(
        heads,
        [
            (each["case"], each["target"], _number(each["measured"]), "yes" if each["met"] else "**no**")
            for each in results["targets"]
        ],
    )


def notes(results: Mapping[str, Any]) -> str:
    """Why a contestant has no time."""
    lines = [
        f"- {case['name']}, {name.removesuffix('_note')}: {text}"
        for case in results["cases"]
        for name, text in case.items()
        if name.endswith("_note")
    ]
    return "\n".join(lines) if lines else "Every run of every contestant did all of its work."


def _spread(numbers: Mapping[str, float] | None, form: str = ".1f") -> str:
    """The median, and least and most where they are told from it."""
    if not numbers:
        return "-"
    median, least, most = (format(numbers[name], form) for name in ("median", "min", "max"))
    return median if form == "g" and least == most else f"{median} ({least} to {most})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))
