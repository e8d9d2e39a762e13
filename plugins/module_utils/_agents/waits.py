# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""For how long an agent has been judged, and judged the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Waits:
    """Times are seconds of the caller's monotonic clock.

    Attributes:
        since: when the present verdict was reached, or what it waits for was done.
        watched: for how long it was watched whether it asks, with an open window.
        watched_at: until when, if it is watched now.
        first, last: when it was judged first and last; first is None before that.
    """

    since: float = 0.0
    watched: float = 0.0
    watched_at: float | None = None
    first: float | None = None
    last: float = 0.0

    def begin(self, now: float) -> None:
        """It is judged in another way from now on."""
        self.since = now
        self.watched_at = None

    def watch(self, now: float) -> None:
        """It is watched whether it asks, and has been since the last call unless sight was lost of it in between."""
        self.watched += now - (self.watched_at if self.watched_at is not None else now)
        self.watched_at = now

    def lose_sight(self) -> None:
        """Nothing is known of what it does from now on until it is judged again."""
        self.watched_at = None

    def judged(self, now: float) -> None:
        """It was judged."""
        self.first = now if self.first is None else self.first
        self.last = now

    @property
    def seconds(self) -> float:
        """From its first judgement to its last one."""
        return 0.0 if self.first is None else self.last - self.first
