# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rounds of runs: in each, every contestant makes a first rollout and a run with nothing to do.

The order turns by one place from round to round, so that what else the machine does hits all alike. Every run is
verified; one that did not do its work has no time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmark.contestants import BrokenRunError, Contestant
from benchmark.ground import Ground
from benchmark.results import FIRST_ROLLOUT, NOTHING_TO_DO


@dataclass
class Measured:
    """Of one case.

    Attributes:
        seconds: by run and contestant, one entry a round; None where the run was broken.
        requests: by run and contestant, the requests of each round, by operation.
        broken: what went wrong, by contestant; it does not run again.
    """

    seconds: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)
    requests: dict[str, dict[str, list[dict[str, int]]]] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)


def measure(
    ground: Ground, contestants: Sequence[Contestant], repeats: int, say: Callable[[str], None] = print
) -> Measured:
    """Run all of them, so many rounds."""
    measured = Measured()
    for number in range(repeats):
        turn = number % len(contestants)
        for contestant in [*contestants[turn:], *contestants[:turn]]:
            if contestant.name in measured.broken:
                continue
            times = _both_runs(ground, contestant, measured)
            said = ", ".join(f"{run} {'-' if time is None else f'{time:.1f} s'}" for run, time in times.items())
            say(f"{ground.case}, round {number + 1} of {repeats}, {contestant.name}: {said}")
    return measured


def _both_runs(ground: Ground, contestant: Contestant, measured: Measured) -> dict[str, float | None]:
    times: dict[str, float | None] = {}
    try:
        ground.wipe()
        times[FIRST_ROLLOUT] = _timed(ground, contestant, FIRST_ROLLOUT, measured)
        before = ground.starts()
        ground.grow_old()
        times[NOTHING_TO_DO] = _timed(ground, contestant, NOTHING_TO_DO, measured)
        if ground.starts() != before:
            raise BrokenRunError("it touched agents where nothing was to do")
    except BrokenRunError as exc:
        measured.broken[contestant.name] = str(exc)
    for run in (FIRST_ROLLOUT, NOTHING_TO_DO):
        measured.seconds.setdefault(run, {}).setdefault(contestant.name, []).append(times.get(run))
    return times


def _timed(ground: Ground, contestant: Contestant, run: str, measured: Measured) -> float:
    ground.go_cold()
    seconds = contestant.run(run, ground)
    counted = ground.requests()
    try:
        ground.settle()
    except AssertionError as exc:
        raise BrokenRunError(f"after its {run}: {exc}") from exc
    measured.requests.setdefault(run, {}).setdefault(contestant.name, []).append(counted)
    return seconds
