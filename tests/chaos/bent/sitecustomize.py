# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""For a Python whose clock is bent by libfaketime: 0.9.10 refuses every sleep until a moment of the monotonic clock,
which is how `time.sleep` sleeps since Python 3.11, if that clock is to stay the true one."""

from __future__ import annotations

import select
import time


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
