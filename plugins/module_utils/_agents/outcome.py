# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run tells of its agents: their entries in the result, their part of a diff, and why they failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .evidence import REGISTERED, SETTLED, UNPROVEN, WAIT, Verdict
from .record import AgentRecord
from .text import shortlist
from .tls_trouble import advice_on
from .unmarking import complaint_of_marks

MOST_NAMED = 5
LOOK = "See whether Connectware shows these agents as connected."
CHECK_BROKER = "Check mqtt_host, mqtt_port and mqtt_scheme (agents_mqtt_host and so on)."


def result_of(records: Sequence[AgentRecord], predicted: bool, so_far: Mapping[str, Any]) -> dict[str, Any]:
    """The same keys in every state.

    Args:
        so_far: the result, as it stands where the task has broken off.
    """
    broken_off = _broken_off(so_far)
    outcomes = [outcome(record, predicted=predicted, broken_off=broken_off) for record in records]
    return {
        "agents": outcomes,
        "changed": any(one["changed"] for one in outcomes),
        "diff": {
            "before": {record.name: before(record) for record in records},
            "after": {one["name"]: {key: one[key] for key in ("verdict", "registered")} for one in outcomes},
        },
    }


def failure_of(
    records: Sequence[AgentRecord],
    host: str,
    so_far: Mapping[str, Any],
    told: Mapping[str, Any],
    wanted: str = "registered",
) -> dict[str, Any]:
    """Which agents have failed, once nothing is left to do for the others; and which marks could not be removed.

    Args:
        wanted: what was to become of them, in a word.
    """
    if _broken_off(so_far) or told["interim"]:  # the one names them already, and the other goes on
        return {}
    failed = [record for record in records if record.failed]
    texts = "; ".join(f"agent {record.name}: {complaint(record)}" for record in failed)
    unsuccessful = f"{len(failed)} of {len(records)} agents are not {wanted}: {texts}" if failed else ""
    complaints = [text for text in (unsuccessful, complaint_of_marks(records)) if text]
    return {"failed": True, "msg": f"Host {host}: {'. '.join(complaints)}"} if complaints else {}


def unsettled(records: Sequence[AgentRecord]) -> list[str]:
    """The agents that are not registered where the task breaks off."""
    return [record.name for record in records if record.failed or not record.final]


def _broken_off(so_far: Mapping[str, Any]) -> bool:
    return bool(so_far.get("failed") or so_far.get("unreachable"))


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
        "seconds": round(record.waits.seconds, 1),
    }


def doubts(records: Sequence[AgentRecord], host: str) -> list[str]:
    """A warning where agents are registered, and the end of their log says that they do not work all the same."""
    found = {
        record.name: record.verdict.doubt
        for record in records
        if record.verdict and record.verdict.doubt and not record.failed
    }
    if not found:
        return []
    told = shortlist([f"agent {name}: {text}" for name, text in found.items()], MOST_NAMED, "; ")
    todo = dict.fromkeys(advice_on(text) or CHECK_BROKER for text in found.values())
    return [
        " ".join(
            [f"Host {host}: registered, but perhaps not connected, because the log ends with: {told}. {LOOK}", *todo]
        )
    ]


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
    if record.trouble and record.trouble not in text:
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
