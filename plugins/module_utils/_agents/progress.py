# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a long task says meanwhile: a job that is silent for minutes is taken for dead, by people and by job runners."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from .record import AgentRecord
from .text import printable, shortlist

TELL_EVERY = 20.0  # seconds between two lines: no silence of 30 s, even where a machine is busy
MOST_NAMED = 5


@contextmanager
def telling(say: Callable[[str], None], text: Callable[[float], str]) -> Iterator[None]:
    """Say something now and then, as long as the block takes; by a thread, because the block may be held up anywhere.

    Args:
        say: gets the line.
        text: makes it, from the seconds that have passed. It must not fail, and change nothing.
    """
    done, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not done.wait(TELL_EVERY):
            say(text(time.monotonic() - began))

    thread = threading.Thread(target=tell, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(1.0)  # an interrupt does not wait for a terminal that takes no line


def of_agents(records: Sequence[AgentRecord], now: float, outage: str = "") -> str:
    """How far the agents of one host are.

    Args:
        now: by the clock of the records.
        outage: what does not answer at the moment.
    """
    waiting = [record for record in records if not record.final]
    failed = sum(record.failed for record in records)
    registered = len(records) - len(waiting) - failed
    line = f"{registered} of {len(records)} registered"
    if failed:
        line += f", {failed} failed"
    if waiting:
        line += f", waiting for {shortlist([_of_one(record, now) for record in waiting], MOST_NAMED)}"
    return f"{line}; {outage}" if outage else line


def _of_one(record: AgentRecord, now: float) -> str:
    if record.verdict is None:
        return f"{printable(record.name)}: not judged yet"
    return f"{printable(record.name)}: {record.verdict.verdict} since {record.waiting_since(now):.0f} s"
