# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the mark of an agent that was never registered goes.

An agent that has stored credentials before anybody let it in looks like one whose user was deleted: credentials, and no
user. What tells them apart is a mark that the deployment sets beside a volume which it makes. It goes when the agent is
verified as registered, so the host removes it with the look that shows that the agent has come back; for agents that
are found registered, with a look of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .evidence import REGISTERED, RESTART, SETTLED, UNPROVEN
from .record import AgentRecord

AT_ONCE = 0.0


def unmark_after(record: AgentRecord) -> float | None:
    """Seconds after which an agent that runs so long without asking is registered, if the server goes on saying so.

    None where the agent has no mark, or where its silence would prove nothing.
    """
    verdict, seen = record.verdict, record.observation
    if verdict is None or not seen.never_registered or seen.mark_trouble:
        return None
    if verdict.verdict == UNPROVEN and verdict.action == RESTART:
        return verdict.wait
    if verdict.verdict == REGISTERED and not verdict.final:
        return seen.uptime + verdict.wait
    return AT_ONCE if verdict.verdict == REGISTERED and verdict.action == SETTLED else None


def still_marked(records: Iterable[AgentRecord]) -> list[AgentRecord]:
    """Those that are registered and have their mark all the same: of a run that was killed, for example."""
    return [record for record in records if not record.timed_out and unmark_after(record) == AT_ONCE]


def complaint_of_marks(records: Sequence[AgentRecord]) -> str:
    """Which marks could not be removed, and why; empty if there are none."""
    kept = [record for record in records if record.observation.mark_trouble]
    if not kept:
        return ""
    texts = "; ".join(f"agent {record.name}: {record.observation.mark_trouble}" for record in kept)
    return (
        f"{len(kept)} agents are still marked as never registered, and so would not count for"
        f" agents_max_reregistrations: {texts}"
    )
