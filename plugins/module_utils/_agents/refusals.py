# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authorizations of one agent that failed one after the other: when to try again, and when it is of no use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .._errors import ApiError, ConflictError, LockedError, NotFoundError

# Kinds
OUTAGE = "outage"
NOT_FOUND = "not_found"
LOCKED = "locked"
CONFLICT = "conflict"
_KINDS = ((NotFoundError, NOT_FOUND), (LockedError, LOCKED), (ConflictError, CONFLICT))

# After so many refusals alike that nothing explains, the next one is none the better. What passes by itself has no end.
MOST_ALIKE = {NOT_FOUND: 2, LOCKED: 4, CONFLICT: 4}
LEAST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds; what has recovered is not left waiting for long


@dataclass
class Refusals:
    """Since the last authorization that was taken.

    Attributes:
        in_a_row: how many there are.
        alike: how many of the last ones were answered alike, although the server shows nothing that explains it.
        kind, answer: how the last one ended, for the rules and in words.
        at: when that was, by the caller's monotonic clock.
    """

    in_a_row: int = 0
    alike: int = 0
    kind: str = ""
    answer: str = ""
    at: float | None = None
    _unsettled: str | None = None

    def note(self, pairing_id: str, failure: ApiError, now: float) -> None:
        """One more; what the server shows afterwards tells whether it counts as a refusal."""
        kind = next((kind for error, kind in _KINDS if isinstance(failure, error)), OUTAGE)
        if kind != self.kind:
            self.alike = 0
        self.in_a_row += 1
        self.kind, self.answer, self.at = kind, failure.message, now
        self._unsettled = pairing_id

    def settle(self, pending: Collection[str | None], *, window_open: bool, user_exists: bool) -> None:
        """The server shows now what may explain the last one: then another one can do better."""
        if self._unsettled is None:
            return
        explained = {
            NOT_FOUND: self._unsettled not in pending,
            LOCKED: not window_open,
            CONFLICT: user_exists,
        }.get(self.kind, True)
        self._unsettled = None
        self.alike = 0 if explained else self.alike + 1

    @property
    def is_explained_by_requests(self) -> bool:
        """A list of requests made right now tells whether the last one counts; a later one might not any more."""
        return self._unsettled is not None and self.kind in (NOT_FOUND, LOCKED)

    @property
    def final(self) -> str:
        """What Connectware answers whenever it is asked; empty as long as it is worth another attempt."""
        return self.answer if self.alike >= MOST_ALIKE.get(self.kind, self.alike + 1) else ""


def pause_after(in_a_row: int, poll_interval: float) -> float:
    """Seconds until the next attempt: none after the first failure, and then twice as many each time."""
    if in_a_row < 2:
        return 0.0
    least = max(LEAST_PAUSE, poll_interval)
    return min(least * 2.0 ** min(in_a_row - 2, 10), max(LONGEST_PAUSE, least))
