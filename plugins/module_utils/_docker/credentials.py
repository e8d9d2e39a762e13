# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a volume holds credentials: a regular file that is not empty. Names and sizes are looked at, never content.

The engine's archive of a folder answers for every container, stopped ones too, and is read only up to the header of
the first such file. But an engine starts a process for each archive, so where the volume lies on the very machine
that we run on and may be read by us, its folder is listed instead. That it is the same folder, and not one of the same
path on another machine, is proven by its time of change, which the engine tells to the nanosecond.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import tarfile
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .._agents.mounts import lies_in
from .._agents.names import CREDENTIALS_PATH
from .._errors import EngineError
from .container_report import name_of
from .engine import Engine, quoted
from .timeline import nanoseconds_of

MOST_ENTRIES = 2000  # of a folder that are looked at one by one; what is larger is left to the engine
MOST_HEADERS = 8 * 1024 * 1024  # bytes of an archive without any credentials that are read before giving up
CHUNK = 4096  # bytes of an archive read at a time: the first file's header is among the first


def has_credentials(engine: Engine, container: Mapping[str, Any]) -> bool | None:
    """Look into the volume of a container.

    Args:
        container: the engine's full report.

    Returns:
        None if the container has no such folder, or nothing but folders and more of them than can be looked at.
    """
    folder = _local_folder(engine, container)
    if folder is not None:
        try:
            return _holds_file(folder)
        except OSError:  # it may not be read by us, is being changed, or is too large
            pass
    return _archive_holds_file(engine, container)


def _local_folder(engine: Engine, container: Mapping[str, Any]) -> str | None:
    """The folder of the volume on this machine; None unless it is proven to be the one that the engine means."""
    sources = [m.get("Source") for m in container.get("Mounts") or [] if m.get("Destination") == CREDENTIALS_PATH]
    if not sources or not engine.is_local:
        return None
    try:
        changed_here = os.stat(str(sources[0]), follow_symlinks=False).st_mtime_ns
    except OSError:
        return None
    tried = f"look at {CREDENTIALS_PATH} of {name_of(container)}"
    with engine.answer(tried, "HEAD", *_archive(container)) as answer:
        if answer is None:
            return None
        told = answer.headers.get("X-Docker-Container-Path-Stat", "")
    try:
        changed_there = nanoseconds_of(str(json.loads(base64.b64decode(told))["mtime"]))
    except (ValueError, KeyError, TypeError):
        return None
    return str(sources[0]) if changed_there == changed_here else None


def _holds_file(folder: str) -> bool:
    """Whether there is a non-empty regular file below; links are not followed.

    Raises:
        OSError: a folder may not be read, or there are too many entries.
    """
    folders, entries = [folder], 0
    while folders:
        with os.scandir(folders.pop()) as found:
            for entry in found:
                entries += 1
                if entries > MOST_ENTRIES:
                    raise OSError(f"more than {MOST_ENTRIES} entries below {folder}")
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_size > 0:
                    return True
                if stat.S_ISDIR(status.st_mode):
                    folders.append(entry.path)
    return False


def _archive(container: Mapping[str, Any]) -> tuple[str, Mapping[str, object]]:
    return f"/containers/{quoted(name_of(container))}/archive", {"path": CREDENTIALS_PATH}


def _archive_holds_file(engine: Engine, container: Mapping[str, Any]) -> bool | None:
    tried = f"look for credentials in {CREDENTIALS_PATH} of {name_of(container)}"
    with engine.answer(tried, "GET", *_archive(container)) as answer:
        if answer is None:
            return None
        try:
            return first_file(answer.iter_content(CHUNK), _others(container))
        except tarfile.TarError as exc:
            raise EngineError(tried, where=engine.place, answered=f"no archive that can be read ({exc})") from exc


def _others(container: Mapping[str, Any]) -> list[str]:
    """Where other things are mounted than the volume: files there are in its archive, and not in it."""
    places = [str(mount.get("Destination")) for mount in container.get("Mounts") or []]
    return [place for place in places if place != CREDENTIALS_PATH] if CREDENTIALS_PATH in places else []


def first_file(chunks: Iterator[bytes], others: Collection[str] = ()) -> bool | None:
    """Whether an archive holds a non-empty regular file; reads no further than the header of the first one.

    Args:
        others: paths at and below which none counts.

    Raises:
        tarfile.TarError: it is no archive, or ends in the middle.
    """
    reader = _Reader(chunks)
    size = tarfile.BLOCKSIZE
    with tarfile.open(fileobj=reader, mode="r|", bufsize=size) as archive:  # type: ignore[call-overload]  # reads alone
        for member in archive:
            if member.isreg() and member.size > 0 and not any(lies_in(member.name, other) for other in others):
                return True
            archive.members = []  # an archive remembers all, however many
            if reader.taken > MOST_HEADERS:
                return None
    return False


class _Reader:
    """The chunks of an archive as a file that can only be read forward."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self.taken = 0

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        self.taken += len(data)
        return data
