# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an agent has shown over all looks of one run, which its newest observation alone does not tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from .observation import ASKING_NEW, RUNNING, Observation, shown_ids


@dataclass
class Sightings:
    """Times are those of the host's clock.

    Attributes:
        ran: its container was seen running.
        silent_start: the start of its container in which it has not asked when this run came; what it asks in that one
            is new.
        pairing_ids: all that its log has shown, in order.
        pairing_since: when the log first showed the pairing IDs that it shows now.
        time_to_ask: seconds that it takes from its start to its request.
    """

    ran: bool = False
    silent_start: float | None = None
    pairing_ids: dict[str, None] = field(default_factory=dict)
    pairing_since: float | None = None
    time_to_ask: float | None = None

    def take(self, before: Observation, seen: Observation) -> None:
        """One more look.

        Only new credentials are asked for right after a start; with cached ones it may have worked for days before.
        """
        self.ran = self.ran or seen.state == RUNNING
        if seen.started_now or (seen.credentials and not seen.asks):
            self.silent_start = seen.started_at
        events, started = seen.events, None if seen.starts_in_future else seen.started_at
        self.pairing_ids.update((event.pairing_id, None) for event in events if event.pairing_id)
        if self.pairing_since is None or _shown(before) != _shown(seen):
            self.pairing_since = seen.observed_at
        first = events[0] if events and events[0].kind == ASKING_NEW else None
        asked = None if first is None else first.at if first.since is None else first.since
        if asked is not None and started is not None:
            self.time_to_ask = max(0.0, asked - started)

    def asks_anew(self, seen: Observation) -> bool:
        """Whether what it asks now is no history."""
        return seen.asks and seen.started_at == self.silent_start


def _shown(seen: Observation) -> tuple[float | None, tuple[str, ...]]:
    """The pairing IDs that a start of the container has shown until now."""
    return seen.started_at, shown_ids(seen.events)
