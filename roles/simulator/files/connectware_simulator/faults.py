# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults to be played on requests of the API."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from .dialect import DEFAULT_DIALECT

OPERATIONS = ("*", *DEFAULT_DIALECT["operations"], "unknown")


class FaultError(ValueError):
    """A fault that makes no sense."""


@dataclass
class Fault:
    """What goes wrong, on which operation ("*": any), and how many times (0: until removed)."""

    operation: str = "*"
    count: int = 1
    skip: int = 0
    status: int | None = None
    retry_after: str | int | None = None
    delay: float = 0.0
    reset: bool = False
    half: bool = False
    non_json: bool = False
    body: str | None = None
    repeat: int = 1
    redirect: str | None = None
    effect: bool = False

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Fault:
        """Build and check a fault from data."""
        unknown = set(values) - {item.name for item in fields(cls)}
        if unknown:
            raise FaultError(f"unknown in fault: {', '.join(sorted(unknown))}")
        fault = cls(**values)
        fault._check()
        return fault

    def _check(self) -> None:
        if self.operation not in OPERATIONS:
            raise FaultError(f"operation must be one of {', '.join(OPERATIONS)}, not {self.operation!r}")
        for name in ("count", "skip", "repeat"):
            number = getattr(self, name)
            if not isinstance(number, int) or isinstance(number, bool) or number < 0:
                raise FaultError(f"{name} must be a whole number, 0 or more, not {number!r}")

    def name(self) -> str:
        """Return a word for the journal."""
        for word in ("reset", "half", "non_json", "redirect", "status", "body"):
            if getattr(self, word) not in (None, False):
                return word
        return "delay"

    def only_delays(self) -> bool:
        """Tell whether the request is answered as usual after the delay."""
        return self.name() == "delay"


class FaultPlan:
    """The faults still to come, in the order they were given."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Plan no faults."""
        self._faults.clear()

    def next_for(self, operation: str) -> Fault | None:
        """Take the fault of a request that has just come in."""
        for fault in self._faults:
            if fault.operation not in ("*", operation):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.count:
                fault.count -= 1
                if not fault.count:
                    self._faults.remove(fault)
            return fault
        return None

    def as_list(self) -> list[dict[str, Any]]:
        """Return the faults still to come as data."""
        return [asdict(fault) for fault in self._faults]
