# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times of the engine (RFC 3339 with nanoseconds) as epoch seconds, and where in a log a container's run begins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from .._agents.observation import SLACK

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)\Z")
_NEVER = "0001-01-01T00:00:00"


def seconds_of(text: str | None) -> float | None:
    """Epoch seconds; None for no time, the engine's zero time, and anything else."""
    match = _TIME.match(text or "")
    whole = None if match is None or match[1] == _NEVER else _whole_seconds(match[1])
    if match is None or whole is None:
        return None
    return whole + float(match[2] or 0) - _offset(match[3])


def nanoseconds_of(text: str) -> int | None:
    """Like seconds_of, exactly."""
    match = _TIME.match(text)
    whole = None if match is None else _whole_seconds(match[1])
    if match is None or whole is None:
        return None
    fraction = (match[2] or ".")[1:10].ljust(9, "0")
    return (whole - _offset(match[3])) * 10**9 + int(fraction)


@lru_cache(maxsize=4096)
def _whole_seconds(text: str) -> int | None:
    """None for what is no date: month 99, for example."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())
    except ValueError:
        return None


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    sign = -1 if zone[0] == "-" else 1
    return sign * (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60)


def log_start(container: Mapping[str, Any], now: float) -> float | None:
    """From when on the lines of a container's log belong to its current start; None: all of them.

    The engine notes a start a little after the process has begun to write, and it may get the last lines of the run
    before a little after that has ended. So the cut lies in the middle between that end and this start.

    A start that lies in the future cuts nothing off: the clock was set back since, and the lines of now carry its time.
    What may be of an earlier run then is told apart by what the agent says when it starts.

    Args:
        now: by the engine's clock.
    """
    state = container["State"]
    started, finished = seconds_of(state.get("StartedAt")), seconds_of(state.get("FinishedAt"))
    if started is None or finished is None:
        return None
    if started > now + SLACK:
        known = (finished, seconds_of(container.get("Created")))
        return max((at for at in known if at is not None and at <= now + SLACK), default=None)
    return (started + finished) / 2 if finished < started else started - 0.2
