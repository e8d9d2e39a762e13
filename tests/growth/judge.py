# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what a run takes grows in proportion to the number of hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FIRST, NOTHING = "first rollout", "nothing to do"
# By how much a host of the largest fleet may cost more than one of the smallest. In a first rollout, hosts wait for
# their agents and ask while they do, longer where the machine is busy with many.
MOST = {
    FIRST: {"cpu_seconds": 1.5, "requests": 1.5},
    NOTHING: {"cpu_seconds": 1.5, "requests": 1.1},
}
# The main process: MiB per further host, whatever the size. What a worker has is its fork, so it follows.
MOST_MIB_A_HOST = 0.6

Measured = Mapping[str, Any]


def a_host(run: Measured, key: str) -> float:
    """What a host takes of it."""
    value = sum(run[key].values()) if isinstance(run[key], Mapping) else run[key]
    return float(value) / int(run["hosts"])


def growth(runs: Sequence[Measured], key: str) -> float:
    """How many times as much a host takes in the largest run as in the smallest."""
    small, large = _ends(runs)
    return a_host(large, key) / a_host(small, key)


def mib_a_host(runs: Sequence[Measured], key: str = "main_mib") -> float:
    """Memory for each further host, from the smallest run to the largest."""
    small, large = _ends(runs)
    return float(large[key] - small[key]) / (int(large["hosts"]) - int(small["hosts"]))


def complaints(runs: Sequence[Measured], what: str) -> list[str]:
    """Why these runs, which are of one kind and differ in their size, are not linear; empty if they are."""
    if len({run["hosts"] for run in runs}) < 2:
        return []
    small, large = (run["hosts"] for run in _ends(runs))
    found = [
        f"{what}: a host takes {growth(runs, key):.2f} times the {key} with {large} hosts that it takes with {small};"
        f" at most {most} times is linear"
        for key, most in MOST[what].items()
        if growth(runs, key) > most
    ]
    if mib_a_host(runs) > MOST_MIB_A_HOST:
        found.append(
            f"{what}: each host of {large} adds {mib_a_host(runs):.2f} MiB to the main process; at most"
            f" {MOST_MIB_A_HOST} is linear"
        )
    return found


def _ends(runs: Sequence[Measured]) -> tuple[Measured, Measured]:
    ordered = sorted(runs, key=lambda run: int(run["hosts"]))
    return ordered[0], ordered[-1]
