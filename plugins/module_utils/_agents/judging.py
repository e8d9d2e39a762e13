# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rows of the decision table are made of: how they wait, fail, and restart at most once."""

from __future__ import annotations

from typing import Callable, Optional

from . import evidence as e
from .evidence import Verdict
from .facts import Facts

Row = Callable[[Facts], Optional[Verdict]]
"""One row: its verdict, or None where it does not fit."""


def known_to_server(f: Facts) -> bool:
    """It runs, its user exists and nothing of it is pending."""
    return f.running and f.evidence.user_exists and not f.evidence.pending


def wait(
    f: Facts, verdict: str, text: str, needs_window: bool = False, seconds: float = 1.0, reason: str | None = None
) -> Verdict:
    """Look again; time alone can change the verdict after so many seconds."""
    return Verdict(verdict, f.reason if reason is None else reason, e.WAIT, text, needs_window, seconds)


def fail(f: Facts, verdict: str, text: str, reason: str | None = None) -> Verdict:
    """Nothing more can be done about it in this run."""
    return Verdict(verdict, f.reason if reason is None else reason, e.FAIL, text)


def patient(
    f: Facts, verdict: str, text: str, todo: str = "", *, server: bool = False, needs_window: bool = False
) -> Verdict:
    """Wait for what depends on the agent's next polls, then fail."""
    patience = f.patience - f.evidence.history.wait_started_ago
    if patience <= 0:
        return fail(f, verdict, f"{text}. {todo}".rstrip())
    return Verdict(verdict, f.reason, e.WAIT, text, needs_window, patience, "server" if server else "host")


def restart_to_ask(f: Facts, verdict: str, text: str, *, window: bool = True) -> Verdict:
    """Restart once so that it asks anew; a second time it is a failure, and where nobody could read what it says then.

    Args:
        window: open the window before. Not for an agent that may be asking right now under an ID that nobody knows:
            that request would stay listed beside the new one.
    """
    if not f.evidence.observation.log_readable:
        return without_log(f)
    if not f.evidence.history.asked_again:
        return Verdict(verdict, f.reason, e.RESTART, f"{text}; restarted once", window, f.settle_time)
    if f.uptime < f.policy.grace and f.running:
        return wait(f, verdict, f"{text}; restarted, waiting for it to ask", True)
    return fail(
        f,
        verdict,
        f"{text}, not even after a restart. Read its log: docker logs {f.evidence.observation.container}. If it asks in"
        " other words than expected, correct agents_log_patterns.",
    )


def without_log(f: Facts) -> Verdict:
    """Its pairing ID is nowhere to be read."""
    return fail(
        f,
        e.UNREADABLE,
        f"its log cannot be read because of the log driver {f.evidence.observation.log_driver!r}, so its pairing ID is"
        " unknown. Set log_driver to json-file, local or journald.",
    )
