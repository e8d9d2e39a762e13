# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From measured seconds to results.json: medians, least and most, ratios of pairs, requests, and targets met or not.

Knows no contestant but by name, and needs nothing beside the standard library.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CONTESTANTS = ("ours", "naive", "mitogen", "floor")
FIRST_ROLLOUT, NOTHING_TO_DO = RUNS = ("first rollout", "nothing to do")
SIZES = ((1, 10), (10, 1), (10, 10))  # hosts and agents of each
ROUNDS = 3  # of a run whose results are kept
POLLS = ("registry_list", "list_users")  # operations that are repeated until all is settled
MOST_POLLS = 8  # of a host, beyond one a second: both lists, in short steps at first and every two seconds later


def spread(numbers: Iterable[float | None]) -> dict[str, float] | None:
    """Median, least and most; None without any."""
    known = [each for each in numbers if each is not None]
    if not known:
        return None
    found = {"median": statistics.median(known), "min": min(known), "max": max(known)}
    return {name: round(number, 2) for name, number in found.items()}


def ratio(over: Sequence[float | None], under: Sequence[float | None]) -> dict[str, float] | None:
    """Of the ratios of each round; None where no round has both."""
    return spread(a / b for a, b in zip(over, under, strict=True) if a is not None and b is not None)


def case(
    hosts: int,
    agents: int,
    run: str,
    seconds: Mapping[str, Sequence[float | None]],
    requests: Sequence[Mapping[str, int]],
    broken: Mapping[str, str],
) -> dict[str, Any]:
    """One entry of `cases`; requests are those of ours, of each round."""
    none: Sequence[float | None] = [None] * max((len(each) for each in seconds.values()), default=0)
    times = {name: seconds.get(name, none) for name in CONTESTANTS}
    times = {name: [*each, *none[len(each) :]] for name, each in times.items()}
    entry: dict[str, Any] = {"name": f"{hosts} x {agents}, {run}", "hosts": hosts, "agents": agents, "run": run}
    entry |= {f"{name}_s": spread(each) for name, each in times.items()}
    entry |= {
        "ratio_naive": ratio(times["naive"], times["ours"]),
        "ratio_mitogen": ratio(times["mitogen"], times["ours"]),
        "ratio_floor": ratio(times["ours"], times["floor"]),
        "api_requests": api_requests(hosts, requests, [each for each in times["ours"] if each is not None]),
    }
    entry |= {f"{name}_note": text.strip().splitlines()[0] for name, text in broken.items()}
    return entry


def api_requests(hosts: int, rounds: Sequence[Mapping[str, int]], seconds: Sequence[float]) -> dict[str, Any] | None:
    """Of all rounds. A login belongs to the play, the rest to its hosts.

    Args:
        seconds: that each of these rounds took.
    """
    if not rounds:
        return None
    totals = [sum(counted.values()) for counted in rounds]
    polls = [max(0, sum(counted.get(name, 0) for name in POLLS) - len(POLLS) * hosts) / hosts for counted in rounds]
    a_host = [(total - counted.get("login", 0)) / hosts for total, counted in zip(totals, rounds, strict=True)]
    return {
        "operations": {name: spread(counted.get(name, 0) for counted in rounds) for name in _operations(rounds)},
        "total": spread(totals),
        "per_host": spread(a_host),
        "polls_per_host": spread(polls),
        "without_polls": spread(all_of - of_it for all_of, of_it in zip(a_host, polls, strict=True)),
        "polls_beyond_time": spread(count - took for count, took in zip(polls, seconds, strict=True)),
    }


def _operations(rounds: Iterable[Mapping[str, int]]) -> list[str]:
    return sorted({name for counted in rounds for name in counted})


def incomplete(results: Mapping[str, Any]) -> list[str]:
    """What these results lack of those of a full run, which are the only ones to be kept."""
    cases = {(case["hosts"], case["agents"], case["run"]): case for case in results["cases"]}
    lacks = [] if results.get("commit") else ["the commit that was measured"]
    if results["repeats"] < ROUNDS:
        lacks.append(f"{ROUNDS - results['repeats']} of {ROUNDS} rounds")
    for key in ((*size, run) for size in SIZES for run in RUNS):
        if key not in cases:
            lacks.append("the case {} x {}, {}".format(*key))
            continue
        entry = cases[key]
        missed = [name for name in CONTESTANTS if not entry.get(f"{name}_s") and f"{name}_note" not in entry]
        lacks += [f"{name} in the case {entry['name']}" for name in missed]
    return lacks


def targets(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was promised, what was measured, and whether it is met; for cases that were measured.

    Times by the median of the rounds; requests by the round that has most.
    """
    found = []
    for entry in cases:
        if (entry["hosts"], entry["agents"]) == (10, 10):
            faster, slower = (10, 2) if entry["run"] == NOTHING_TO_DO else (6, 2)
            floor = "a ping of all hosts" if entry["run"] == NOTHING_TO_DO else "the floor"
            naive, least = (_part(entry[f"ratio_{name}"], "median") for name in ("naive", "floor"))
            found.append(_target(entry, f"at least {faster} times faster than naive", naive, faster))
            found.append(_target(entry, f"at most {slower} times {floor}", least, slower, most=True))
        asked = entry["api_requests"]
        if asked is None:
            continue
        if entry["run"] == NOTHING_TO_DO:
            measured = _part(asked["per_host"], "max")
            found.append(_target(entry, "at most 2 requests a host", measured, 2, most=True))
        else:
            most, measured = 4 + entry["agents"], _part(asked["without_polls"], "max")
            found.append(_target(entry, f"at most {most} requests a host, without polls", measured, most, most=True))
            polls = f"at most {MOST_POLLS} polls a host beyond one a second"
            measured = _part(asked["polls_beyond_time"], "max")
            found.append(_target(entry, polls, measured, MOST_POLLS, most=True))
    return found


def _part(numbers: Mapping[str, float] | None, name: str) -> float | None:
    return None if numbers is None else numbers[name]


def _target(
    entry: Mapping[str, Any], what: str, value: float | None, limit: float, *, most: bool = False
) -> dict[str, Any]:
    met = value is not None and (value <= limit if most else value >= limit)
    return {"case": entry["name"], "target": what, "measured": value, "met": met}
