# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All pairs: few combinations in which every two values of every two parameters meet at least once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

Row = dict[str, Any]
Pair = tuple[str, Any, str, Any]
TRIES = 60  # rows that are drawn for each one that is taken


def all_pairs(parameters: Mapping[str, Sequence[Any]], seed: int = 1, named: Sequence[Row] = ()) -> list[Row]:
    """The combinations, the most telling ones first; the same for the same seed.

    Args:
        named: parts of combinations that are wanted as well, each in some combination. They come first.
    """
    rng = random.Random(seed)
    missing = set(_wanted(parameters))
    rows: list[Row] = []
    for part in named:
        if not any(part.items() <= row.items() for row in rows):
            completed = [_completed(parameters, part, missing, rng) for _try in range(TRIES)]
            rows.append(max(completed, key=lambda row: len(missing.intersection(pairs_of(row)))))
            missing.difference_update(pairs_of(rows[-1]))
    while missing:
        candidates = [_candidate(parameters, missing, rng) for _try in range(TRIES)]
        best = max(candidates, key=lambda row: len(missing.intersection(pairs_of(row))))
        missing.difference_update(pairs_of(best))
        rows.append(best)
    return rows


def pairs_of(row: Row) -> Iterator[Pair]:
    for (one, value), (other, other_value) in combinations(sorted(row.items()), 2):
        yield one, value, other, other_value


def _wanted(parameters: Mapping[str, Sequence[Any]]) -> Iterator[Pair]:
    for one, other in combinations(sorted(parameters), 2):
        for value in parameters[one]:
            for other_value in parameters[other]:
                yield one, value, other, other_value


def _candidate(parameters: Mapping[str, Sequence[Any]], missing: set[Pair], rng: random.Random) -> Row:
    """A row that begins with a pair that is still missing, and takes for each parameter what meets most of them."""
    one, value, other, other_value = rng.choice(sorted(missing, key=repr))
    return _completed(parameters, {one: value, other: other_value}, missing, rng)


def _completed(parameters: Mapping[str, Sequence[Any]], part: Row, missing: set[Pair], rng: random.Random) -> Row:
    row = dict(part)
    rest = [name for name in parameters if name not in row]
    rng.shuffle(rest)
    for name in rest:
        values = list(parameters[name])
        rng.shuffle(values)
        row[name] = max(values, key=lambda value, name=name: _gain(row, name, value, missing))
    return {name: row[name] for name in parameters}


def _gain(row: Row, name: str, value: Any, missing: set[Pair]) -> int:
    met = (tuple(sorted(((name, value), item))) for item in row.items())
    return sum((one, one_value, other, other_value) in missing for (one, one_value), (other, other_value) in met)
