# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file in which authorizations are recorded: one JSON object a line, appended by many processes at once."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._errors import EvidenceFileError, SpecError
from .text import printable

MODE = 0o600  # who asked, when and from where is nobody else's business
LOCK_TIMEOUT = 30.0  # seconds; a line takes others milliseconds
LOCK_PAUSE = 0.02


class EvidenceFile:
    """Appends whole lines, or nothing.

    Args:
        path: absolute, on the machine that this runs on.
        sleep, clock: replaced in tests.

    Raises:
        SpecError: the path is not absolute.
    """

    def __init__(
        self, path: str, *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not os.path.isabs(path):
            raise SpecError(
                f"use evidence_path {printable(path)!r}",
                answered="it is no absolute path",
                todo="Nothing was authorized. Give the whole path, for example with '{{ playbook_dir }}/' in front.",
            )
        self._path = path
        self._sleep = sleep
        self._clock = clock

    def check(self) -> None:
        """Find out, without writing anything, whether a line could be written.

        Raises:
            EvidenceFileError: it could not.
        """
        try:
            handle = self._opened(os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            self._check_folder()
        except OSError as exc:
            raise self._error(exc) from exc
        else:
            os.close(handle)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Write one line to the disk; when this returns it is there.

        Raises:
            EvidenceFileError: it is not; the file is as it was.
        """
        line = json.dumps(entry, sort_keys=False).encode("ascii") + b"\n"
        try:
            with self._locked() as handle:
                self._write(handle, line)
        except OSError as exc:
            raise self._error(exc) from exc

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, for this process alone; opened anew where it was moved away while the lock was waited for."""
        deadline = self._clock() + LOCK_TIMEOUT
        while True:
            handle, created = self._opened_or_created()
            try:
                self._lock(handle, deadline)
                if not self._is_current(handle):
                    continue
                if created:
                    self._sync_folder()
                yield handle
                return
            finally:
                os.close(handle)  # gives the lock back

    def _lock(self, handle: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as exc:
                if exc.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                if self._clock() >= deadline:
                    raise OSError(exc.errno, f"another process has locked it for {LOCK_TIMEOUT:g} s") from exc
                self._sleep(LOCK_PAUSE)
            else:
                return

    def _is_current(self, handle: int) -> bool:
        try:
            named = os.stat(self._path)
        except FileNotFoundError:
            return False
        own = os.fstat(handle)
        return (named.st_dev, named.st_ino) == (own.st_dev, own.st_ino)

    @staticmethod
    def _write(handle: int, line: bytes) -> None:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = b"\n" + line  # what a machine that crashed has left stays a line of its own
        try:
            while line:
                line = line[os.write(handle, line) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise

    def _opened_or_created(self) -> tuple[int, bool]:
        try:
            return self._opened(os.O_RDWR | os.O_APPEND), False
        except FileNotFoundError:
            try:
                return self._opened(os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL), True
            except FileExistsError:  # another process was faster
                return self._opened(os.O_RDWR | os.O_APPEND), False

    def _opened(self, flags: int) -> int:
        """A descriptor of a regular file; what is none, a pipe for example, must not make this wait."""
        handle = os.open(self._path, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, MODE)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, "it is no regular file")
        return handle

    def _check_folder(self) -> None:
        folder = os.path.dirname(self._path)
        if not os.path.isdir(folder):
            raise self._error(FileNotFoundError(errno.ENOENT, f"there is no folder {printable(folder)}"))
        if not os.access(folder, os.W_OK | os.X_OK):
            raise self._error(PermissionError(errno.EACCES, f"no file can be made in the folder {printable(folder)}"))

    def _sync_folder(self) -> None:
        """So that the new file's name survives a crash too, where folder and file system allow that."""
        try:
            handle = os.open(os.path.dirname(self._path), os.O_RDONLY | os.O_CLOEXEC)
        except PermissionError:
            return
        try:
            os.fsync(handle)
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.EBADF, errno.ENOTSUP):
                raise
        finally:
            os.close(handle)

    def _error(self, exc: OSError) -> EvidenceFileError:
        return EvidenceFileError(
            f"write to the evidence file {printable(self._path, 200)}",
            answered=exc.strerror or str(exc),
            todo="No authorization is asked for without its line there. Correct evidence_path (agents_evidence_path),"
            " or make that file writable for the user that runs ansible-playbook, and run again.",
        )
