# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a conversation does on the factory host and sees there, noted in the records of its agents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._errors import EngineError
from .evidence import RESTART
from .observation import Observation
from .ports import HostPort, Look
from .record import AgentRecord
from .unmarking import AT_ONCE, still_marked, unmark_after


class HostSide:
    """The host of the agents.

    Attributes:
        seen_at: when agents were looked at last.

    Args:
        records: of all its agents.
        now: the clock of the records.
    """

    def __init__(self, records: Sequence[AgentRecord], host: HostPort, now: Callable[[], float]) -> None:
        self._records = records
        self._host = host
        self._now = now
        self.seen_at = now()

    def observe(self, records: Sequence[AgentRecord]) -> None:
        """Look at these agents as they are now."""
        self._look([Look(record.observation) for record in records], 0.0)

    def watch(self, records: Sequence[AgentRecord], wait: float) -> None:
        """Look until anything is new, and change nothing.

        Args:
            wait: seconds after which nothing is new.
        """
        self._look([Look(record.observation, seen=record.observation.fingerprint()) for record in records], wait)

    def follow(self, records: Sequence[AgentRecord], wait: float) -> None:
        """The same, but restart those of which their verdict says so, and unmark those that have come back."""
        self._look([_look_at(record) for record in records], wait)

    def unmark(self) -> None:
        """Those that were found registered, and what could not be seen in time. A failure is told, not raised."""
        marked = still_marked(self._records)
        if not marked:
            return
        try:
            self._look([Look(record.observation, unmark_after=AT_ONCE) for record in marked], 0.0)
        except EngineError as exc:
            for record in marked:
                record.note_mark_trouble(exc.message)

    def _look(self, looks: Sequence[Look], wait: float) -> None:
        restarted = {look.observation.name for look in looks if look.restart}
        for record in self._records:
            if record.name in restarted:
                record.begin_restart()
        seen: dict[str, Observation] = {o.name: o for o in self._host.look(looks, wait)}
        marked = {look.observation.name for look in looks if look.unmark_after is not None}
        for record in self._records:
            if record.name in restarted and not (record.name in seen and seen[record.name].trouble):
                record.note_restarted()
            if record.name in seen:
                record.observe(seen[record.name], self._now())
                if record.name in marked and not record.observation.never_registered:
                    record.note_unmarked()
        self.seen_at = self._now()


def _look_at(record: AgentRecord) -> Look:
    seen, after = record.observation, unmark_after(record)
    if record.wants(RESTART):
        return Look(seen, restart=True, unmark_after=after)
    return Look(seen, seen=seen.fingerprint(), unmark_after=after)
