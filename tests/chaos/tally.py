# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The numbers: how often each kind of fault was tried, seen to happen and survived, and how the faulted runs ended.

A trial whose fault nobody has seen to happen is none: it fails.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

FAILED = "failed cleanly"  # how a run ends that says what it could not do


@dataclass
class Kind:
    """What is counted of one kind of fault."""

    tried: int = 0
    happened: int = 0
    repeated: int = 0  # runs that were over before their fault: each was repeated with an earlier one
    survived: int = 0
    ended: Counter[str] = field(default_factory=Counter)

    def saw(self, how: str) -> None:
        """The fault of a trial has happened for sure, and its run has ended like this."""
        self.happened += 1
        self.ended[how] += 1


NUMBERS = ("tried", "happened", "repeated", "survived")


class Tally:
    """All kinds, in the order of their first trial."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.kinds: dict[str, Kind] = {}
        self._began = time.monotonic()

    @contextmanager
    def trial(self, kind: str) -> Iterator[Kind]:
        """One trial; it has survived if nothing is raised, and says itself that its fault has happened."""
        entry = self.kinds.setdefault(kind, Kind())
        entry.tried += 1
        before = entry.happened
        yield entry
        assert entry.happened == before + 1, f"nobody has seen the fault happen: {kind}"
        entry.survived += 1

    def never_failed(self, kinds: str) -> list[str]:
        """Those of the kinds that begin like this whose runs have always borne the fault: no trial was hard enough."""
        return [name for name, kind in self.kinds.items() if name.startswith(kinds) and not kind.ended[FAILED]]

    def lines(self) -> list[str]:
        """A table."""
        rows = [("fault", *NUMBERS, "faulted runs ended")]
        for name, kind in self.kinds.items():
            ended = ", ".join(f"{how} {number}" for how, number in sorted(kind.ended.items()))
            rows.append((name, *(str(getattr(kind, what)) for what in NUMBERS), ended))
        total = [sum(getattr(kind, what) for kind in self.kinds.values()) for what in NUMBERS]
        rows.append(("all", *map(str, total), ""))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]

    def write(self, path: Path) -> None:
        """The same as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        numbers = {
            "date": datetime.now(UTC).date().isoformat(),
            "seed": self.seed,
            "seconds": round(time.monotonic() - self._began),
            "faults": {
                name: {**{what: getattr(kind, what) for what in NUMBERS}, "ended": dict(sorted(kind.ended.items()))}
                for name, kind in self.kinds.items()
            },
        }
        path.write_text(json.dumps(numbers, indent=2) + "\n")

    def take(self, path: Path) -> None:
        """Add what another process has written."""
        for name, numbers in json.loads(path.read_text())["faults"].items():
            kind = self.kinds.setdefault(name, Kind())
            for what in NUMBERS:
                setattr(kind, what, getattr(kind, what) + numbers[what])
            kind.ended.update(numbers["ended"])
