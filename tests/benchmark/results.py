# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From measured seconds to results.json: medians, ratios of pairs, requests, and which targets are met.

Knows no contestant but by name, and needs nothing beside the standard library.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

CONTESTANTS = ("ours", "naive", "mitogen", "floor")
FIRST_ROLLOUT, NOTHING_TO_DO = "first rollout", "nothing to do"
POLLS = ("registry_list", "list_users")  # operations that are repeated until all is settled


def spread(seconds: Sequence[float | None]) -> dict[str, float] | None:
    """Median, least and most; None without any."""
    known = [each for each in seconds if each is not None]
    if not known:
        return None
    numbers = {"median": statistics.median(known), "min": min(known), "max": max(known)}
    return {name: round(number, 2) for name, number in numbers.items()}


def ratio(over: Sequence[float | None], under: Sequence[float | None]) -> float | None:
    """Median of the ratios of each round; None where no round has both."""
    pairs = [a / b for a, b in zip(over, under, strict=True) if a is not None and b is not None]
    return round(statistics.median(pairs), 2) if pairs else None


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
        "api_requests": api_requests(hosts, requests),
    }
    entry |= {f"{name}_note": text.strip().splitlines()[0] for name, text in broken.items()}
    return entry


def api_requests(hosts: int, rounds: Sequence[Mapping[str, int]]) -> dict[str, Any] | None:
    """Of the round with the most requests. A login belongs to the play, the rest to its hosts."""
    if not rounds:
        return None
    most = max(rounds, key=lambda counted: sum(counted.values()))
    total = sum(most.values())
    polls = sum(most.get(name, 0) for name in POLLS) - len(POLLS) * hosts
    return {
        "operations": dict(most),
        "total": total,
        "per_host": round((total - most.get("login", 0)) / hosts, 2),
        "polls_per_host": round(max(0, polls) / hosts, 2),
    }


def targets(cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was promised, what was measured, and whether it is met; for cases that were measured."""
    found = []
    for entry in cases:
        if (entry["hosts"], entry["agents"]) == (10, 10):
            faster, slower = (10, 2) if entry["run"] == NOTHING_TO_DO else (6, 2)
            floor = "a ping of all hosts" if entry["run"] == NOTHING_TO_DO else "the floor"
            found.append(_target(entry, f"at least {faster} times faster than naive", entry["ratio_naive"], faster))
            found.append(_target(entry, f"at most {slower} times {floor}", entry["ratio_floor"], slower, most=True))
        asked = entry["api_requests"]
        if asked is None:
            continue
        if entry["run"] == NOTHING_TO_DO:
            found.append(_target(entry, "at most 2 requests a host", asked["per_host"], 2, most=True))
        else:
            most = 4 + entry["agents"]
            without = round(asked["per_host"] - asked["polls_per_host"], 2)
            found.append(_target(entry, f"at most {most} requests a host, without polls", without, most, most=True))
    return found


def _target(
    entry: Mapping[str, Any], what: str, value: float | None, limit: float, *, most: bool = False
) -> dict[str, Any]:
    met = value is not None and (value <= limit if most else value >= limit)
    return {"case": entry["name"], "target": what, "measured": value, "met": met}
