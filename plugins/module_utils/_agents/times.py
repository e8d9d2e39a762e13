# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that are times: what they may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import SpecError

# With less, agents are given up before they can have asked, what is forged into a log is believed at once, and a window
# closes before anybody has seen it open.
LEAST = {"timeout": 0, "settle": 0, "grace": 0, "poll_interval": 1, "window_lease": 5, "duration": 5}
MOST = 86400


def check_times(options: Mapping[str, Any], *, of_role: bool = False) -> None:
    """Check those of the options that are times, in seconds.

    Args:
        of_role: variables of the role give them, which are named too.

    Raises:
        SpecError: one is too short, too long or no number at all; the message names it.
    """
    for name, least in LEAST.items():
        seconds = options.get(name)
        if seconds is not None and not least <= seconds <= MOST:  # a number that is none is not between any
            raise SpecError(
                f"use {name} (agents_{name})" if of_role else f"use {name}",
                answered=f"{seconds:.12g} is not between {least} and {MOST} seconds",
                todo="Nothing was asked or changed.",
            )
