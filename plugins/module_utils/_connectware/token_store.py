# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One login for all forked workers of one play: tokens in anonymous shared memory, never on a disk.

`SHARED` is made when this module is imported. Ansible's strategies load an action plugin in the parent before they fork
the worker that runs it, so that all workers inherit the same memory and the same lock.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIZE = 16384
LOCK_TIMEOUT = 60.0  # longer than a slow login
_HEADER = 4


def store_key(url: str, username: str, password: str) -> str:
    """Under which name the token of a login is kept; says nothing about the password."""
    parts = json.dumps([url, username, password]).encode("ascii")
    return hashlib.sha256(parts).hexdigest()


class SharedTokenStore:
    """Where sessions share what one of them got by logging in: a piece of shared memory.

    Args:
        memory: shared with the forked workers.
        mutex: a lock shared with them as well.
    """

    def __init__(self, memory: Any, mutex: Any, *, lock_timeout: float = LOCK_TIMEOUT) -> None:
        self._memory = memory
        self._mutex = mutex
        self._lock_timeout = lock_timeout
        self._held = False
        self._usable = True

    def __repr__(self) -> str:
        return "SharedTokenStore()"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Within, nobody else logs in. A holder that was killed never releases: then this process stops sharing."""
        taken = self._usable and self._mutex.acquire(timeout=self._lock_timeout)
        self._usable = taken
        self._held = taken
        try:
            yield
        finally:
            self._held = False
            if taken:
                self._mutex.release()

    def get(self, key: str) -> str | None:
        """The token, None if there is none or it has expired."""
        with self._exclusive() as usable:
            token, expires_at = self._read().get(key, (None, 0.0)) if usable else (None, 0.0)
        return token if expires_at > time.time() else None

    def put(self, key: str, token: str, expires_at: float) -> None:
        """Keep a token until then (epoch seconds of the local clock)."""
        with self._exclusive() as usable:
            if usable:
                now = time.time()
                kept = {name: entry for name, entry in self._read().items() if entry[1] > now}
                self._write({**kept, key: (token, expires_at)})

    def drop(self, key: str, token: str) -> None:
        """Forget the token, unless another one has replaced it already."""
        with self._exclusive() as usable:
            entries = self._read() if usable else {}
            if entries.get(key, (None, 0.0))[0] == token:
                del entries[key]
                self._write(entries)

    @contextmanager
    def _exclusive(self) -> Iterator[bool]:
        """The memory for one access: by the lock that is held already, or by taking it."""
        if self._held or not self._usable:
            yield self._held
            return
        with self.lock():
            yield self._held

    def _read(self) -> dict[str, tuple[str, float]]:
        length = int.from_bytes(self._memory[:_HEADER], "big")
        if not 0 < length <= SIZE - _HEADER:
            return {}
        try:
            entries = json.loads(bytes(self._memory[_HEADER : _HEADER + length]))
            return {str(key): (str(token), float(expires_at)) for key, (token, expires_at) in entries.items()}
        except (ValueError, TypeError, AttributeError):
            return {}  # a writer was killed in the middle

    def _write(self, entries: dict[str, tuple[str, float]]) -> None:
        data = json.dumps(entries).encode("ascii")
        if len(data) > SIZE - _HEADER:
            return
        self._memory[:_HEADER] = b"\0" * _HEADER
        self._memory[_HEADER : _HEADER + len(data)] = data
        self._memory[:_HEADER] = len(data).to_bytes(_HEADER, "big")


def shared_store() -> SharedTokenStore | None:
    """A store shared with every process forked from now on; None where the system has nothing to make one of."""
    try:
        return SharedTokenStore(mmap.mmap(-1, SIZE), multiprocessing.get_context("fork").Lock())
    except (ImportError, OSError, ValueError):
        return None


SHARED = shared_store()
