# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a request is repeated, and how long that waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from .operation import REPEAT_ALWAYS, REPEAT_UNSENT
from .transport import TIMEOUT, TLS, TOO_LARGE, Failure


@dataclass(frozen=True)
class RetryPolicy:
    """Bounded repetition with exponential backoff and full jitter. Times in seconds.

    Attributes:
        attempts: how often a request is sent at most.
        timeout_attempts: the same for time-outs, each of which has cost a long wait already.
        longest: no wait is longer, whatever the server asks for.
    """

    attempts: int = 4
    timeout_attempts: int = 2
    base: float = 0.5
    cap: float = 8.0
    longest: float = 30.0
    jitter: Callable[[], float] = random.random

    def delay(self, attempt: int, asked: float | None = None) -> float:
        """How long to wait after the given attempt (1 is the first)."""
        if asked is not None:
            return min(max(asked, 0.0), self.longest)
        return min(self.cap, self.base * 2.0 ** (attempt - 1)) * (0.5 + self.jitter() / 2)

    def after_failure(self, failure: Failure, repeat: str, attempt: int) -> bool:
        """Whether a request that got no answer is sent again."""
        attempts = self.timeout_attempts if failure.kind == TIMEOUT else self.attempts
        if failure.kind in (TLS, TOO_LARGE) or attempt >= attempts:
            return False
        return repeat == REPEAT_ALWAYS or (repeat == REPEAT_UNSENT and failure.unsent)

    def after_answer(self, kind: str | None, repeat: str, attempt: int) -> bool:
        """Whether a request is sent again after an error of this kind (a key of the contract's error statuses)."""
        if attempt >= self.attempts:
            return False
        if kind == "rate_limited":
            return repeat in (REPEAT_ALWAYS, REPEAT_UNSENT)
        return kind == "unavailable" and repeat == REPEAT_ALWAYS


def moment(text: str | None) -> float | None:
    """An HTTP date as epoch seconds; None for anything else."""
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def retry_after(text: str | None, now: float) -> float | None:
    """The seconds that a Retry-After header asks for, given as seconds or as a date."""
    if not text:
        return None
    if text.isascii() and text.strip().isdigit() and len(text) < 10:
        return float(text)
    until = moment(text)
    return None if until is None else max(until - now, 0.0)
