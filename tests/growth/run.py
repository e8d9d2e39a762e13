# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""make growth: what a rollout takes with ten, a hundred and a thousand hosts of five agents each.

Each size replaces its own numbers in the file of results, so that sizes can be measured one after the other.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import platform
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil
from growth.fleet import AGENTS, Fleet, Run
from growth.judge import FIRST, NOTHING, a_host, complaints
from simulator.harness import Simulator, until

FORKS = 20
LEASE = 60.0  # seconds, the role's agents_window_lease


def measure(size: int, *, first: bool) -> list[dict[str, Any]]:
    """Both kinds of run, or only the second on a fleet that is made as if the first had been."""
    folder = Path(tempfile.mkdtemp(prefix="growth-"))
    runs = []
    try:
        with Fleet(folder, size, forks=FORKS, registered=not first).up() as fleet:
            if first:
                runs.append(kept(size, FIRST, checked(fleet, fleet.play("rollout").ok(), changed=True)))
            runs.append(kept(size, NOTHING, checked(fleet, fleet.play("rollout").ok(), changed=False)))
    finally:
        shutil.rmtree(folder)
    return runs


def checked(fleet: Fleet, run: Run, *, changed: bool) -> Run:
    """That it was a run of this kind; and by the simulator, that all agents have users and the window is closed."""
    assert {agent["verdict"] for agent in run.agents().values()} == {"registered"}, run.report
    assert set(run.agents()) == set(fleet.all_names())
    assert set(fleet.all_names()) <= fleet.simulator.usernames()
    assert run.changed() == (set(fleet.hosts()) if changed else set())
    assert changed or "registry_unlock" not in run.requests, run.requests
    see_closed(fleet.simulator, LEASE)
    return run


def see_closed(simulator: Simulator, lease: float) -> None:
    """The registration window is closed: by the run, or by its end, where the run has shared it."""
    until(lambda: not simulator.state()["window"]["open"], "the registration window is closed", lease)


def kept(size: int, what: str, run: Run) -> dict[str, Any]:
    """What goes into the file."""
    usage = {name: round(value, 2) for name, value in dataclasses.asdict(run.usage).items()}
    values = {"hosts": size, "what": what, **usage, "requests": run.requests, "engine_calls": run.engine_calls}
    print(
        f"{size:5} hosts, {what}: {run.usage.seconds:.0f} s, {a_host(values, 'cpu_seconds'):.2f} CPU s a host,"
        f" {a_host(values, 'requests'):.2f} requests a host, main process {run.usage.main_mib:.0f} MiB",
        flush=True,
    )
    return values


def machine() -> dict[str, Any]:
    """On what it was measured."""
    return {
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "ansible_core": metadata.version("ansible-core"),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure how the costs of a rollout grow.")
    parser.add_argument("results", type=Path)
    parser.add_argument("sizes", type=int, nargs="+", help="numbers of hosts")
    parser.add_argument("--first-most", type=int, default=100, help="above so many hosts, only with nothing to do")
    arguments = parser.parse_args()
    path: Path = arguments.results
    known = json.loads(path.read_text())["runs"] if path.exists() else []
    for size in arguments.sizes:
        runs = measure(size, first=size <= arguments.first_most)
        known = sorted(
            [run for run in known if run["hosts"] != size] + runs, key=lambda run: (run["what"], run["hosts"])
        )
        values = {
            "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "machine": machine(),
            "agents_a_host": AGENTS,
            "forks": FORKS,
            "runs": known,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values, indent=2) + "\n")
    found = [
        text
        for what in (FIRST, NOTHING)
        for text in complaints([run for run in known if run["what"] == what], what, FORKS)
    ]
    for text in found:
        print(text, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
