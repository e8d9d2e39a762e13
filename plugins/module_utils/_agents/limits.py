# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many agents something may happen to at once, before it counts as no accident."""

from __future__ import annotations

import math
import re

DEFAULT_LIMIT = "10%"
ALL = 100  # percent
LEAST = 3  # that a percentage allows: a small site must be able to heal
_LIMIT = re.compile(r"\s*(?:(?P<number>\d+)|(?P<percentage>\d+(?:\.\d+)?)\s*%)\s*\Z", re.ASCII)


def most_of(limit: str, agents: int) -> int:
    """How many of so many agents a limit allows.

    Args:
        limit: a number, or a percentage of at most 100, which is rounded up.

    Raises:
        ValueError: it is neither.
    """
    match = _LIMIT.match(limit)
    if match is None or float(match["percentage"] or 0) > ALL:
        raise ValueError(limit)
    if match["number"]:
        return int(match["number"])
    return max(LEAST, math.ceil(agents * float(match["percentage"]) / ALL))
