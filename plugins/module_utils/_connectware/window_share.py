# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forked workers of one run share what they know of each Connectware's registration window, in anonymous memory.

Like the tokens (see token_store): made when this module is imported, which Ansible does before it forks its workers.
"""

from __future__ import annotations

import hashlib
import mmap
import multiprocessing
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from .._agents.window_book import LOCK_TIMEOUT, SIZE, WindowBook

PLACES = 32  # Connectwares of one run; the hosts of others see each other as separate runs do
_KEY = 16
_PORTS = {"https": 443, "http": 80}


class WindowShelf:
    """One book for each Connectware, found by its address.

    Args:
        memory: LENGTH bytes of zeros, shared with the forked workers.
        mutex: a lock shared with them as well.
    """

    LENGTH = PLACES * (_KEY + SIZE)

    def __init__(self, memory: Any, mutex: Any) -> None:
        self._memory = memoryview(memory)
        self._mutex = mutex

    def place(self, url: str) -> int | None:
        """The number of a Connectware in this run; None where none can be had."""
        key = hashlib.sha256(_normalised(url).encode()).digest()[:_KEY]
        if not self._mutex.acquire(timeout=LOCK_TIMEOUT):
            return None
        try:
            for place in range(PLACES):
                start = place * _KEY
                if not any(self._memory[start : start + _KEY]):
                    self._memory[start : start + _KEY] = key
                if self._memory[start : start + _KEY] == key:
                    return place
            return None
        finally:
            self._mutex.release()

    def at(self, place: int) -> WindowBook:
        """The book of that number."""
        start = PLACES * _KEY + place * SIZE
        return WindowBook(self._memory[start : start + SIZE], self._mutex)

    def book(self, url: str) -> WindowBook | None:
        """The book of a Connectware; None where the host has to be as a run of its own."""
        place = self.place(url)
        return None if place is None else self.at(place)


def _normalised(url: str) -> str:
    """The same for two spellings of one address; what is no address stands for itself."""
    parts = urlsplit(url.strip())
    port = None
    with suppress(ValueError):
        port = parts.port
    scheme = parts.scheme.lower()
    return f"{scheme}://{parts.hostname or ''}:{port or _PORTS.get(scheme, '')}{parts.path.rstrip('/')}"


def shared_windows() -> WindowShelf | None:
    """Shared with every process forked from now on; None where the system has no shared memory or semaphores."""
    try:
        return WindowShelf(mmap.mmap(-1, WindowShelf.LENGTH), multiprocessing.get_context("fork").Lock())
    except (ImportError, OSError, ValueError):
        return None


SHARED_WINDOWS = shared_windows()
