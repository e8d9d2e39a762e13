# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as the simulator tells it; it can be stopped, and put to another moment."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import formatdate

LATEST_MS = 200 * 366 * 24 * 3_600_000  # from 1970 on; later ends of windows and tokens still have a date


class _Clock:
    stopped_at: int | None = None


def now_ms() -> int:
    """Return the milliseconds since the epoch."""
    return time.time_ns() // 1_000_000 if _Clock.stopped_at is None else _Clock.stopped_at


def stop_at(moment_ms: int | None) -> None:
    """Let it be this moment until told otherwise; None: time goes on by itself.

    Raises:
        ValueError: a moment that has no date.
    """
    if moment_ms is not None and not 0 <= moment_ms <= LATEST_MS:
        raise ValueError(f"the moment must be from 0 to {LATEST_MS} milliseconds")
    _Clock.stopped_at = moment_ms


def http_date() -> str:
    """Return now as a header of HTTP has it."""
    return formatdate(now_ms() / 1000, usegmt=True)


def iso(moment_ms: int) -> str:
    """Return a moment as Connectware writes it in JSON."""
    moment = datetime.fromtimestamp(moment_ms / 1000, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def formatted(moment_ms: int | None, style: str) -> str | int | None:
    """Return a moment in the format that a switch names."""
    if moment_ms is None:
        return None
    if style == "epoch_ms":
        return moment_ms
    if style == "epoch_s":
        return moment_ms // 1000
    if style == "remaining_ms":
        return max(0, moment_ms - now_ms())
    return iso(moment_ms)
