# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the forked workers of one run know together of the registration window, in anonymous shared memory.

Like the tokens (see token_store): made when this module is imported, which Ansible does before it forks its workers.
"""

from __future__ import annotations

import mmap
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LOCK_TIMEOUT = 5.0  # nobody holds the lock longer than it takes to change two numbers
_HOLDERS, _OPENED = slice(0, 4), 4


class SharedWindow:
    """A WindowShare (see _agents/window) for all workers of a run.

    Args:
        memory: shared with the forked workers; at least five bytes of zeros.
        mutex: a lock shared with them as well.
    """

    def __init__(self, memory: Any, mutex: Any) -> None:
        self._memory = memory
        self._mutex = mutex

    def enter(self) -> bool:
        with self._exclusive():
            self._add(1)
            return bool(self._memory[_OPENED])

    def opened(self) -> None:
        with self._exclusive():
            self._memory[_OPENED] = 1

    def leave(self) -> bool:
        with self._exclusive() as usable:
            if self._add(-1) > 0 or not usable:
                return False
            opened = bool(self._memory[_OPENED])
            self._memory[_OPENED] = 0
            return opened

    def _add(self, change: int) -> int:
        holders = max(0, int.from_bytes(self._memory[_HOLDERS], "big") + change)
        self._memory[_HOLDERS] = holders.to_bytes(4, "big")
        return holders

    @contextmanager
    def _exclusive(self) -> Iterator[bool]:
        """The memory for one change. A worker that was killed may hold the lock for ever: then nobody closes."""
        taken = self._mutex.acquire(timeout=LOCK_TIMEOUT)
        try:
            yield taken
        finally:
            if taken:
                self._mutex.release()


def shared_window() -> SharedWindow | None:
    """Shared with every process forked from now on; None where the system has no shared memory or semaphores."""
    try:
        return SharedWindow(mmap.mmap(-1, 64), multiprocessing.get_context("fork").Lock())
    except (ImportError, OSError, ValueError):
        return None


SHARED_WINDOW = shared_window()
