# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what a run takes grows in proportion to the number of hosts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

FIRST, NOTHING = "first rollout", "nothing to do"
# By how much a host of the largest fleet may cost more than one of the smallest. In a first rollout, hosts wait for
# their agents and ask while they do, longer where the machine is busy with many.
MOST = {
    FIRST: {"cpu_seconds": 1.5, "requests": 1.5},
    NOTHING: {"cpu_seconds": 1.5, "requests": 1.1},
}
# By how much a further host may cost more between two neighbouring sizes than between the two before, and at first than
# each of the smallest run. What begins small and grows with the square of the hosts is seen there, long before it shows
# in the whole.
MOST_FURTHER = 1.5
FURTHER = {"main_cpu_seconds": "CPU time of the main process", "worker_cpu_seconds": "CPU time of the workers"}
# MiB for each further host, whatever the size: what the main process knows of it. A worker is a fork, and has it too.
MOST_MIB_A_HOST = {"main_mib": 0.6, "worker_mib": 0.6}
# The same of all of them together, which share what they do not write to; from a size on that keeps all forks busy.
MOST_MIB_TOGETHER = 1.0
BUSY = 5  # hosts for each fork

Measured = Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """One number and its limit.

    Attributes:
        about: what it is, of which sizes.
    """

    about: str
    value: float
    most: float

    @property
    def met(self) -> bool:
        return self.value <= self.most


def a_host(run: Measured, key: str) -> float:
    """What a host takes of it."""
    return _value(run, key) / int(run["hosts"])


def growth(runs: Sequence[Measured], key: str) -> float:
    """How many times as much a host takes in the largest run as in the smallest."""
    small, large = _ends(runs)
    return a_host(large, key) / a_host(small, key)


def further(small: Measured, large: Measured, key: str) -> float:
    """What each host takes by which the one run is larger than the other."""
    return (_value(large, key) - _value(small, key)) / (int(large["hosts"]) - int(small["hosts"]))


def judged(runs: Sequence[Measured], what: str, forks: int = 0) -> list[Judged]:
    """What is judged of these runs, which are of one kind and differ in their size; nothing of one size alone."""
    ordered = sorted(runs, key=lambda run: int(run["hosts"]))
    if len({run["hosts"] for run in runs}) < 2:
        return []
    return [*_shares(ordered, what), *_further_hosts(ordered), *_memory(ordered, forks)]


def complaints(runs: Sequence[Measured], what: str, forks: int = 0) -> list[str]:
    """Why these runs are not linear, or cannot be told to be; empty if they are."""
    return [
        *(f"{what}: {text}" for text in unmeasured(runs)),
        *(
            f"{what}: {each.about}: {each.value:.2f}; at most {each.most:g} is linear"
            for each in judged(runs, what, forks)
            if not each.met
        ),
    ]


def unmeasured(runs: Sequence[Measured]) -> list[str]:
    """What would be judged of these runs and was not measured in each of them."""
    found = []
    for key, name in FURTHER.items():
        without = sorted(int(run["hosts"]) for run in runs if not run.get(key))
        if without:
            found.append(f"{name} was not measured with {', '.join(f'{hosts:,}' for hosts in without)} hosts")
    return found


def _shares(runs: Sequence[Measured], what: str) -> Iterator[Judged]:
    for key, most in MOST[what].items():
        name = {"cpu_seconds": "CPU time of everything", "requests": "requests"}[key]
        yield Judged(f"{name} a host, {_sizes(*_ends(runs))}, times", growth(runs, key), most)


def _further_hosts(runs: Sequence[Measured]) -> Iterator[Judged]:
    for key, name in FURTHER.items():
        known = [run for run in runs if run.get(key)]
        before, sizes = (a_host(known[0], key), f"{known[0]['hosts']} hosts") if known else (0.0, "")
        for small, large in pairwise(known):
            now = further(small, large, key)
            times = now / before if before > 0 else math.inf
            about = f"{name} for a further host, {_sizes(small, large)} against {sizes}, times"
            yield Judged(about, times, MOST_FURTHER)
            before, sizes = now, _sizes(small, large)


def _memory(runs: Sequence[Measured], forks: int) -> Iterator[Judged]:
    for key, most in MOST_MIB_A_HOST.items():
        name = {"main_mib": "the main process", "worker_mib": "the largest worker"}[key]
        for small, large in pairwise(runs):
            yield Judged(f"MiB of {name} for a further host, {_sizes(small, large)}", further(small, large, key), most)
    for small, large in pairwise(run for run in runs if int(run["hosts"]) >= BUSY * forks):
        about = f"MiB of main process and workers for a further host, {_sizes(small, large)}"
        yield Judged(about, further(small, large, "controller_mib"), MOST_MIB_TOGETHER)


def _sizes(small: Measured, large: Measured) -> str:
    return f"{int(small['hosts']):,} to {int(large['hosts']):,} hosts"


def _value(run: Measured, key: str) -> float:
    return float(sum(run[key].values()) if isinstance(run[key], Mapping) else run[key])


def _ends(runs: Sequence[Measured]) -> tuple[Measured, Measured]:
    ordered = sorted(runs, key=lambda run: int(run["hosts"]))
    return ordered[0], ordered[-1]
