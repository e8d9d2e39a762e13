# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a run of a cell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

STATES = PASSED, FAILED, SKIPPED = "passed", "FAILED", "skipped"


@dataclass
class Outcome:
    """What became of one run of a cell."""

    cell: str
    run: str
    state: str
    reason: str = ""
    seconds: float = 0.0
    tests: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    ended: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def line(self) -> str:
        """For whoever watches."""
        tests = f"{self.tests} tests" if self.tests else ""
        return f"{self.cell:<36}  {self.run:<8}{self.state:<8}{self.seconds:>7.1f} s  {tests:<11}{self.reason}"
