# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container's log as lines with the engine's time of each, bounded, since a time.

Of a log that is larger than the bound, its beginning and its end are read: an agent asks when it starts, and again and
again until it is let in, so what it said in between and then no more is over. That keeps ten talkative agents cheap.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any

from .container_report import name_of
from .engine import CHUNK, Engine, quoted
from .timeline import seconds_of

MOST_LOG = 2 * 1024 * 1024  # bytes of one start's log that are read from its beginning, and kept of its end
TAIL = 4000  # lines that are read from its end, if that was not reached
MOST_LINE = 64 * 1024  # bytes of a line of a terminal's log that are kept: far more than anybody looks at

_FRAME = struct.Struct(">BxxxL")


def read_lines(
    engine: Engine, container: Mapping[str, Any], start: float | None, most: int = MOST_LOG
) -> Iterator[tuple[float | None, bytes]]:
    """The lines since a time, oldest first.

    Args:
        container: the engine's full report.
        start: in epoch seconds; None reads all that is there.

    Raises:
        EngineError: the engine refused, for example because the log driver cannot be read back.
    """
    first = _Bounded(most)
    last: float | None = None
    for at, line in _read(engine, container, start, first):
        last = at if at is not None else last
        yield at, line
    if first.exceeded:
        end = _read(engine, container, start, _Bounded(inf), tail=TAIL)
        yield from _newest((line for line in end if line[0] is not None and (last is None or line[0] > last)), most)


def _read(
    engine: Engine, container: Mapping[str, Any], start: float | None, bound: _Bounded, tail: int | None = None
) -> Iterator[tuple[float | None, bytes]]:
    name = name_of(container)
    options: dict[str, object] = {"stdout": 1, "stderr": 1, "timestamps": 1, "since": int(start or 0)}
    if tail is not None:
        options["tail"] = tail
    with engine.answer(f"read the log of {name}", "GET", f"/containers/{quoted(name)}/logs", options) as answer:
        if answer is None:
            return
        chunks = bound.pass_on(answer.iter_content(CHUNK))
        texts = _lines(chunks) if (container.get("Config") or {}).get("Tty") else _messages(chunks, start)
        for text in texts:
            if bound.exceeded:  # this one was cut off
                return
            at, line = _stamped(text)
            if start is None or at is None or at >= start:
                yield at, line


def _stamped(text: bytes) -> tuple[float | None, bytes]:
    """The engine's time, and the line without it."""
    stamp, _unused, rest = text.partition(b" ")
    at = seconds_of(stamp.decode("ascii", errors="replace"))
    return at, rest if at is not None else text


class _Bounded:
    """Passes on so many bytes and then stops."""

    def __init__(self, most: float) -> None:
        self._left = most
        self.exceeded = False

    def pass_on(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self._left <= 0:
                self.exceeded = True
                return
            self._left -= len(chunk)
            yield chunk


def _newest(lines: Iterable[tuple[float | None, bytes]], most: int) -> Iterable[tuple[float | None, bytes]]:
    """The last lines, as many as are not more bytes together."""
    kept: deque[tuple[float | None, bytes]] = deque()
    size = 0
    for at, line in lines:
        kept.append((at, line))
        size += len(line)
        while size > most:
            size -= len(kept.popleft()[1])
    return kept


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        rest = rest[:MOST_LINE]
    if rest:
        yield rest


def _messages(chunks: Iterable[bytes], start: float | None = None) -> Iterator[bytes]:
    """The lines of a log of two streams in frames.

    A line that is longer than what the engine keeps together comes in several frames: only the first is passed on, so
    that nothing within a line is ever taken for a line of its own. What was being written when the container ended is
    no beginning of the first line of its next start.

    Args:
        start: of the container, in epoch seconds.
    """
    within: dict[int, bytes] = {}  # of a line that is not at its end yet, the frame before
    for stream, frame in _frames(chunks):
        before = within.pop(stream, None)
        if before is None or _is_since(frame, start) > _is_since(before, start):
            yield from frame.rstrip(b"\n").split(b"\n")
        if not frame.endswith(b"\n"):
            within[stream] = frame


def _is_since(frame: bytes, start: float | None) -> bool:
    at = _stamped(frame)[0]
    return start is not None and at is not None and at >= start


def _frames(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    buffer = b""
    for chunk in chunks:
        buffer += chunk
        position = 0
        while len(buffer) - position >= _FRAME.size:
            stream, size = _FRAME.unpack_from(buffer, position)
            end = position + _FRAME.size + size
            if end > len(buffer):
                break
            yield stream, buffer[position + _FRAME.size : end]
            position = end
        buffer = buffer[position:]
