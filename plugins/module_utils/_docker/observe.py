# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container -> Observation."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._agents.log import LogParser
from .._agents.observation import ABSENT, Observation
from .._agents.patterns import LogPatterns
from .._agents.spec import CREDENTIALS_PATH
from .._errors import EngineError
from .engine import Engine
from .timeline import log_start, seconds_of

MOST_LOG = 64 * 1024 * 1024  # bytes of one start's log that are read
YOUNG = 60.0  # seconds within which an agent that has not asked is still watched
CHUNK = 4096  # bytes of an archive read at a time: the first file's header is among the first


@dataclass(frozen=True)
class Target:
    """An agent to observe."""

    name: str
    username: str
    container: str
    volume: str


class Observer:
    """Observes agents through the engine, without changing anything.

    Args:
        patterns: by which texts the logs are understood.
    """

    def __init__(self, engine: Engine, patterns: LogPatterns) -> None:
        self._engine = engine
        self._patterns = patterns

    def observe_all(self, targets: list[Target], volumes: Mapping[str, Mapping[str, Any]]) -> list[Observation]:
        """All agents at once.

        Args:
            volumes: the engine's volumes by name.
        """
        return self._engine.in_parallel(lambda target: self.observe(target, volumes.get(target.volume)), targets)

    def observe(self, target: Target, volume: Mapping[str, Any] | None) -> Observation:
        """One agent."""
        client = self._engine.client
        container = self._engine.find(
            f"inspect the container {target.container}", client.inspect_container, target.container
        )
        volume_created_at = seconds_of(volume.get("CreatedAt")) if volume else None
        if container is None:
            return Observation(
                target.name,
                target.username,
                target.container,
                target.volume,
                state=ABSENT,
                volume_created_at=volume_created_at,
                observed_at=time.time(),
            )
        state = container["State"]
        started_at = seconds_of(state.get("StartedAt"))
        parser, readable = self._read_log(target, container)
        return Observation(
            target.name,
            target.username,
            target.container,
            target.volume,
            state=state["Status"],
            exit_code=state.get("ExitCode") if seconds_of(state.get("FinishedAt")) else None,
            restart_count=container.get("RestartCount", 0),
            started_at=started_at,
            created_at=seconds_of(container.get("Created")),
            image=container["Config"].get("Image"),
            image_id=container.get("Image"),
            credentials=self._credentials(target.container),
            volume_created_at=volume_created_at,
            events=parser.events,
            log_driver=((container["HostConfig"].get("LogConfig")) or {}).get("Type"),
            log_readable=readable,
            last_lines=parser.last_lines,
            asked_after=self._asked_after(target, container) if readable and not parser.events else None,
            observed_at=time.time(),
        )

    def _credentials(self, container: str) -> bool | None:
        """Whether the volume has a non-empty file. Reads headers only; None if the container has no such folder."""
        tried = f"look for credentials in {CREDENTIALS_PATH} of {container}"
        found = self._engine.find(tried, self._engine.client.get_archive, container, CREDENTIALS_PATH, chunk_size=CHUNK)
        if found is None:
            return None
        chunks, _stat = found
        try:
            return self._engine.call(tried, _has_file, chunks)
        finally:
            chunks.close()

    def _read_log(self, target: Target, container: Mapping[str, Any]) -> tuple[LogParser, bool]:
        parser = LogParser(self._patterns, target.username)
        start = log_start(container)
        try:
            for at, line in self._lines(target.container, start):
                parser.feed(line, at)
        except EngineError as exc:
            if _is_unreadable(exc):
                return parser, False
            raise
        return parser, True

    def _asked_after(self, target: Target, container: Mapping[str, Any]) -> float | None:
        """How long such an agent takes to ask, from what an earlier start of this container left in the log."""
        state = container["State"]
        started, created = seconds_of(state.get("StartedAt")), seconds_of(container.get("Created"))
        earlier = seconds_of(state.get("FinishedAt")) is not None
        if started is None or created is None or not earlier or time.time() - started > YOUNG:
            return None
        parser = LogParser(self._patterns, target.username)
        for at, line in self._lines(target.container, None):
            parser.feed(line, at)
            if parser.events:
                return max(0.0, at - created) if at is not None else None
        return None

    def _lines(self, container: str, start: float | None) -> Iterator[tuple[float | None, bytes]]:
        """The lines since a time, with the engine's time of each."""
        tried = f"read the log of {container}"
        options = {} if start is None else {"since": int(start)}
        chunks = self._engine.call(
            tried, self._engine.client.logs, container, stream=True, follow=False, timestamps=True, **options
        )
        try:
            yield from _timed(self._guarded(tried, chunks), start)
        finally:
            chunks.close()

    def _guarded(self, tried: str, chunks: Any) -> Iterator[bytes]:
        iterator = iter(chunks)
        read = 0
        while read < MOST_LOG:
            chunk = self._engine.call(tried, next, iterator, None)
            if chunk is None:
                return
            read += len(chunk)
            yield chunk


def _timed(chunks: Iterable[bytes], start: float | None) -> Iterator[tuple[float | None, bytes]]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            stamp, _, text = line.partition(b" ")
            at = seconds_of(stamp.decode("ascii", errors="replace"))
            if start is None or at is None or at >= start:
                yield at, text if at is not None else line
    if rest:
        stamp, _, text = rest.partition(b" ")
        yield seconds_of(stamp.decode("ascii", errors="replace")), text


def _is_unreadable(exc: EngineError) -> bool:
    text = exc.answered.lower()
    return "does not support reading" in text or "logs_not_supported" in text or "not support" in text


class _Reader:
    """The chunks of an archive as a file that can only be read forward."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


def _has_file(chunks: Iterator[bytes]) -> bool:
    with tarfile.open(fileobj=_Reader(chunks), mode="r|", bufsize=512) as archive:  # type: ignore[call-overload]
        return any(member.isreg() and member.size > 0 for member in archive)
