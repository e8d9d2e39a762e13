# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the results into docs/benchmark.md, and their plot to docs/benchmark.svg.

Usage: docs.py [PACKAGES]; the folder has Matplotlib, where the environment has not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from benchmark.tables import all_tables  # noqa: E402  the path above comes first

RESULTS = ROOT / "tests" / "benchmark" / "results" / "latest.json"
PAGE = ROOT / "docs" / "benchmark.md"
PLOT = ROOT / "docs" / "benchmark.svg"
BEGIN, END = "<!-- results: written by `make bench-docs` -->", "<!-- end of results -->"
COLOURS = {"ours": "#2a7f62", "naive": "#c8553d", "mitogen": "#e0a458", "floor": "#9aa0a6"}
IMAGE = "![Seconds of each contestant in each case](benchmark.svg)"


def with_results(page: str, results: Mapping[str, Any]) -> str:
    """The page with the plot and the tables of these results in their place."""
    before, _mark, rest = page.partition(BEGIN)
    _old, _mark, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{IMAGE}\n\n{all_tables(results)}\n\n{END}{after}"


def plotted(results: Mapping[str, Any]) -> str:
    """What the plot shows, as JSON; the plot carries it, so that it can be told from an old one."""
    shown = [{"case": case["name"], **{name: case[f"{name}_s"] for name in COLOURS}} for case in results["cases"]]
    return json.dumps(shown, sort_keys=True)


def draw(results: Mapping[str, Any], path: Path) -> None:
    """A bar for each contestant in each case, with its least and its most."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "connectware", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot as plt

    cases = list(reversed(results["cases"]))
    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.9 * len(cases)), layout="constrained")
    for position, (name, colour) in enumerate(COLOURS.items()):
        bars = [(row, case[f"{name}_s"]) for row, case in enumerate(cases) if case[f"{name}_s"]]
        places = [row + 0.3 - 0.2 * position for row, _spread in bars]
        medians = [spread["median"] for _row, spread in bars]
        around = [
            [spread["median"] - spread["min"] for _row, spread in bars],
            [spread["max"] - spread["median"] for _row, spread in bars],
        ]
        axes.barh(places, medians, height=0.19, xerr=around, color=colour, label=name, error_kw={"lw": 0.8})
        for place, (_row, spread) in zip(places, bars, strict=True):
            axes.text(spread["max"] * 1.05, place, f"{spread['median']:.1f} s", va="center", fontsize=7)
    axes.set_yticks(range(len(cases)), [case["name"] for case in cases])
    axes.set(xscale="log", xlabel="seconds (logarithmic)", title="Hosts x agents: less is better")
    axes.set_xlim(left=0.5, right=2 * axes.get_xlim()[1])
    axes.xaxis.set_major_formatter(mpl.ticker.ScalarFormatter())
    axes.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    figure.legend(loc="outside lower center", ncols=len(COLOURS), fontsize=8, frameon=False)
    figure.savefig(path, metadata={"Date": None, "Description": plotted(results)})


def main() -> None:
    sys.path += sys.argv[1:]
    results = json.loads(RESULTS.read_text())
    PAGE.write_text(with_results(PAGE.read_text(), results))
    draw(results, PLOT)


if __name__ == "__main__":
    main()
