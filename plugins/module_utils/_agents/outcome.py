# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run tells of one agent: its entry in the result, its part of a diff, and why it failed."""

from __future__ import annotations

from typing import Any

from .evidence import REGISTERED, SETTLED, UNPROVEN, WAIT, Verdict
from .record import AgentRecord


def outcome(record: AgentRecord, *, predicted: bool = False, broken_off: bool = False) -> dict[str, Any]:
    """For the result of the task: the same keys in every state.

    Args:
        predicted: check mode, where a change is one that a run would make.
        broken_off: the task has failed as a whole, so that who is not settled has failed with it.
    """
    seen, verdict = record.observation, record.verdict
    shown = [event.pairing_id for event in seen.events if event.pairing_id]
    ids = record.authorizations.taken or shown
    return {
        "name": seen.name,
        "username": seen.username,
        "container": seen.container,
        "volume": seen.volume,
        "verdict": _shown_verdict(record),
        "reason": record.reason,
        "pairing_id": ids[-1] if ids else None,
        "registered": _is_registered(verdict),
        "failed": record.failed or (broken_off and not record.final),
        "changed": _would_change(record) if predicted else bool(record.actions),
        "actions": list(record.actions),
        "message": record.taken_back or (verdict.message if verdict else ""),
        "last_lines": list(seen.last_lines) if record.failed else [],
        "seconds": round(record.seconds, 1),
    }


def before(record: AgentRecord) -> dict[str, Any]:
    """How it was found, for a diff."""
    first = record.first
    return {"verdict": first.verdict if first else "", "registered": _is_registered(first)}


def complaint(record: AgentRecord) -> str:
    """Why it failed, with the end of its log: for the message of the task."""
    verdict = record.verdict
    text = f"{verdict.verdict}: {record.taken_back or verdict.message}" if verdict else "it was not judged"
    if record.timed_out:
        text = f"time is out, see timeout (agents_timeout); last seen: {text}"
    if record.trouble:
        text = f"{text.rstrip('. ')}. {record.trouble}"
    for title, lines in (
        ("Last log lines", record.observation.last_lines),
        ("Before the engine started it again", record.observation.former_lines),
    ):
        if lines:
            text = f"{text.rstrip('. ')}. {title}: {' | '.join(lines[-3:])}"
    return text


def _shown_verdict(record: AgentRecord) -> str:
    """One that ran out of time while it was still being watched is not called registered."""
    name = record.verdict.verdict if record.verdict else ""
    return UNPROVEN if record.timed_out and name == REGISTERED else name


def _would_change(record: AgentRecord) -> bool:
    """Check mode: a run would do something about this agent."""
    verdict = record.verdict
    if verdict is not None and verdict.verdict == REGISTERED:
        return record.observation.never_registered
    if verdict is None or verdict.final:
        return False
    return verdict.needs_window or verdict.action != WAIT


def _is_registered(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.verdict == REGISTERED and verdict.action == SETTLED
