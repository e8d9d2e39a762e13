# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers of `make growth` as a page with a plot in docs. By hand: python tests/growth/report.py"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from growth.judge import a_host, judged, unmeasured  # noqa: E402  the path above comes first

RESULTS = ROOT / "tests" / "benchmark" / "results" / "growth.json"
PAGE = ROOT / "docs" / "growth.md"
PLOT = ROOT / "docs" / "growth.svg"
HEAD = """<!--
SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
SPDX-License-Identifier: GPL-3.0-or-later
-->

# How it grows

![Time, processor time, requests and memory by the number of hosts](growth.svg)

"""
TAIL = """
## What was measured

The role, its modules, the docker SDK, ansible-core and the simulator of Connectware (HTTPS with its own CA) are real.
Only the Docker Engines are a stub: one process serves the API of all of them, each on a socket of its own, and runs
their agents, which ask the simulator for their registration and log in at its broker as the simulated agent does. A
test holds the stub's answers and its agents' log against those of a real engine.

All hosts are this one machine. So the processor time has that of the modules in it, which at work the factory hosts
spend, and the seconds say little about a real controller. Memory is that of the main process and of its workers alone.
A fleet of more than 100 hosts is not rolled out first: one host is, and the others are made what that has become.

## What a further host takes of the main process

It grows, and what it grows with is memory. ansible-core forks a worker for each task of each host, five of them where
nothing is to do, and for a fork the main process copies its page tables: a process with 66 MiB took 1.3 ms for one on
this machine, one with 440 MiB 10.5 ms. For five workers that is 0.05 s a host more, about what a host takes more among
a thousand than among a hundred. The slices of a job, or several runs with `--limit`, have smaller main processes.
"""


def kinds(results: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The runs by what they were, small ones first."""
    found: dict[str, list[dict[str, Any]]] = {}
    for run in sorted(results["runs"], key=lambda run: run["hosts"]):
        found.setdefault(run["what"], []).append(run)
    return found


def page(results: dict[str, Any]) -> str:
    """The page."""
    machine = results["machine"]
    measured = (
        f"Measured on {results['measured']} by `make growth` on a machine with {machine['cores']} cores and"
        f" {machine['memory_gib']} GiB,\nwith Python {machine['python']}, ansible-core {machine['ansible_core']},"
        f" {results['forks']} forks and {results['agents_a_host']} agents a host."
    )
    lines = [*table(results), "", *limits(results)]
    return HEAD + measured + "\n\n" + "\n".join(lines) + "\n" + TAIL


def table(results: dict[str, Any]) -> list[str]:
    """One line a run."""
    heads = ["run", "hosts", "s", "CPU s a host", "requests a host", "main process, MiB", "largest worker, MiB"]
    heads.append("main and workers, MiB")
    lines = ["| " + " | ".join(heads) + " |", "|---" + "|--:" * (len(heads) - 1) + "|"]
    for what, runs in kinds(results).items():
        for run in runs:
            cells = [what, f"{run['hosts']:,}", f"{run['seconds']:,.0f}", f"{a_host(run, 'cpu_seconds'):.2f}"]
            cells += [f"{a_host(run, 'requests'):.2f}", f"{run['main_mib']:.0f}", f"{run['worker_mib']:.0f}"]
            cells.append(f"{run['controller_mib']:,.0f}")
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def limits(results: dict[str, Any]) -> list[str]:
    """What is judged, and what of it is not linear."""
    lines = []
    for what, runs in kinds(results).items():
        for each in judged(runs, what, results["forks"]):
            met = "yes" if each.met else "**no**"
            lines.append(f"| {what} | {each.about} | {each.value:.2f} | {each.most:g} | {met} |")
    if not lines:
        return []
    heads = ["| run | what | measured | at most | met |", "|---|---|--:|--:|---|"]
    missing = [f"- {what}: {text}" for what, runs in kinds(results).items() for text in unmeasured(runs)]
    if missing:
        missing = ["", "Not judged, and so not met either:", "", *missing]
    return [*heads, *lines, *missing, "", "`make growth` fails where one of these is not met."]


def panels(results: dict[str, Any]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """What the plot shows: by title and kind, hosts and value of each run."""
    shown = {
        "seconds a host": lambda run: a_host(run, "seconds"),
        "CPU seconds a host": lambda run: a_host(run, "cpu_seconds"),
        "API requests a host": lambda run: a_host(run, "requests"),
        "main process, MiB": lambda run: run["main_mib"],
        "main process and workers, MiB": lambda run: run["controller_mib"],
    }
    return {
        title: {what: [(run["hosts"], value(run)) for run in runs] for what, runs in kinds(results).items()}
        for title, value in shown.items()
    }


def plotted(results: dict[str, Any]) -> str:
    """The same as JSON; the plot carries it, so that it can be told from an old one."""
    return json.dumps(panels(results), sort_keys=True)


def plot(results: dict[str, Any], path: Path) -> None:
    """The panels over the number of hosts."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "growth"  # the same numbers make the same file
    mpl.rcParams["svg.fonttype"] = "none"  # text stays text
    from matplotlib import pyplot

    shown = panels(results)
    figure, axes = pyplot.subplots(1, len(shown), figsize=(17, 3.4), layout="constrained")
    for axis, (title, lines) in zip(axes, shown.items(), strict=True):
        for what, points in lines.items():
            axis.plot(*zip(*points, strict=True), marker="o", label=what)
        axis.set(title=title, xlabel="hosts", xscale="log")
        axis.set_xticks(sorted({run["hosts"] for run in results["runs"]}))
        axis.xaxis.set_major_formatter(lambda hosts, _position: f"{hosts:,.0f}")
        axis.minorticks_off()
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(path, format="svg", metadata={"Date": None, "Description": plotted(results)})


def main() -> None:
    """Write both."""
    results = json.loads(RESULTS.read_text())
    PAGE.write_text(page(results))
    plot(results, PLOT)


if __name__ == "__main__":
    main()
