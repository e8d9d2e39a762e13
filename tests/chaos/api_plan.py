# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which fault of the API is played on which operation, how often and from when on.

A request is repeated up to three times, so that a fault which is played three times is borne. A quarter of the faults
of each kind lasts as long as the run: such a run has to say what it cannot do, and leave what the next one can mend.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from chaos.middle import Fault
from chaos.site import Site

ANY = "*"  # every operation, that of the agents too
LASTING = 0  # as long as it is planned
COUNTS = (1, 2, 3, LASTING)
OF_THE_WINDOW = ("registry_list", "registry_lock", ANY)  # without them a run cannot close it
LATENCY = 10  # seconds
IMPATIENT = 3  # connectware_timeout of a run that does not wait for a late answer
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502": {"status": 502},
    "503": {"status": 503},
    "429": {"status": 429, "retry_after": 2},
    "reset": {"reset": True},
    "half": {"half": True},
    "non_json": {"non_json": True},
    "latency": {"delay": LATENCY},
}


@dataclass(frozen=True)
class Pair:
    """A fault on an operation.

    Attributes:
        count: how many times it is played; LASTING until the run has ended.
        impatient: the run does not wait as long as an answer takes.
    """

    operation: str
    fault: str
    count: int
    impatient: bool

    def __str__(self) -> str:
        more = "-impatient" if self.impatient else ""
        return f"{self.operation.replace(ANY, 'any')}-{self.fault}-{self.count or 'lasting'}{more}"


def pairs(operations: Sequence[str], draw: Random, rounds: int) -> list[Pair]:
    """In each round every fault once, on another operation each; with as many rounds as operations, all pairs.

    A fault lasts in every fourth round, each in another one. Late answers are waited for in about half of the rounds.
    """
    operations, faults = draw.sample(operations, len(operations)), draw.sample(list(FAULTS), len(FAULTS))
    return [
        Pair(
            operations[(turn + place) % len(operations)],
            fault,
            COUNTS[(turn + place // 2) % len(COUNTS)],
            impatient=fault == "latency" and (turn + turn // len(COUNTS)) % 2 == 0,
        )
        for turn in range(min(rounds, len(operations)))
        for place, fault in enumerate(faults)
    ]


class ApiFault(Fault):
    """A fault of the API that is planned at the beginning of a run.

    Args:
        impatient: the run does not wait for late answers: what it asked for is done when it has turned away, and
            perhaps ended.
    """

    def __init__(self, planned: dict[str, Any], *, impatient: bool = False) -> None:
        self.planned = planned
        self.requests = 0  # of the run that was there, which could have been answered with it
        self._operation = planned["operation"]
        self._impatient = impatient
        self._opens_late = impatient and self._operation in ("registry_unlock", ANY)
        self.lets_close = self._operation not in OF_THE_WINDOW and not self._opens_late

    def __str__(self) -> str:
        return str(self.planned)

    def strike(self, site: Site, process: subprocess.Popen[bytes]) -> None:
        del process
        site.simulator.control("POST", "faults", self.planned)

    def happened(self, site: Site) -> bool:
        """Requests are listed when they are answered, so the late ones are waited for.

        A window that opens late would be somebody else's to the next run, so all of those are.
        """
        site.simulator.control("DELETE", "faults")
        end = time.monotonic() + (LATENCY + 1 if self._impatient else 0)
        while time.monotonic() < end and (self._opens_late or not self._played(site)):
            time.sleep(0.1)
        self.requests = sum(self._operation in (ANY, entry["operation"]) for entry in site.counts()["log"])
        played = self._played(site)
        assert self._operation == ANY or played <= {self._operation}, f"the fault was played on {played}"
        return bool(played)

    @staticmethod
    def _played(site: Site) -> set[str]:
        """The operations of the requests that were answered with a fault."""
        return {entry["operation"] for entry in site.counts()["log"] if entry["fault"]}


def planned(pair: Pair, draw: Random) -> Iterator[ApiFault]:
    """The fault of a pair from some request on; if there were fewer, from one of those on."""
    fault = {"operation": pair.operation, "count": pair.count, **FAULTS[pair.fault]}
    if pair.fault not in ("half", "latency"):
        fault["effect"] = draw.random() < 0.4
    most = {"registry_list": 4, ANY: 30}.get(pair.operation, 2)
    if pair.operation == ANY and pair.fault != "latency":
        fault["count"] *= 10  # agents ask all the time, and take their part of it
    skip = draw.randint(0, most)
    while True:
        next_one = ApiFault({**fault, "skip": skip}, impatient=pair.impatient)
        yield next_one
        skip = draw.randrange(max(1, next_one.requests))
