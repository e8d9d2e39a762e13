# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An agent's log -> its registration events.

The log is hostile input: any process in the container can write to it. Lines are bounded, undecodable bytes are
replaced, terminal escapes are removed, nothing is ever evaluated. A pairing that names another username than the
agent's own is no event of this agent. Format: one JSON object a line (documented by example), keys in any order
(observed); plain lines with the same wording are understood as well, but only as long as the log has shown no line of
that format: what else in the container writes plain text cannot speak for an agent that writes JSON.
"""

from __future__ import annotations

import json
import re
from collections import deque

from .observation import ASKING_CACHED, ASKING_NEW, FAILURES, PAIRING, LogEvent
from .patterns import START, LogPatterns, parse_patterns

__all__ = ["LogParser", "message_of", "parse_patterns", "printable_line"]

MAX_LINE = 16 * 1024  # bytes of a line that are looked at: what the engine itself splits lines at
MAX_EVENTS = 200  # an agent may repeat its lines at each poll; the first and the last ones count
CONTRADICTION = 2  # pairing IDs of one request that contradict each other: of more nobody needs to know
MAX_SHOWN = 300  # characters of a line in a message
LAST_LINES = 12

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_PLAIN_PREFIX = re.compile(
    r"^(?:\[?\d[0-9TZ:.,/+ -]{7,39}\]?\s*)?(?:\[?(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\]?(?: ?\([^)]{0,40}\))?:?\s+)?",
    re.I,
)


class LogParser:
    """Collects the registration events of the current start from lines fed in order.

    Args:
        patterns: by which texts the log is understood.
        username: the agent's own; pairings of others are not its events.
    """

    def __init__(self, patterns: LogPatterns, username: str) -> None:
        self._patterns = patterns
        self._username = username
        self._events: list[LogEvent] = []
        self._structured = False
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    @property
    def events(self) -> tuple[LogEvent, ...]:
        """The registration events since the last start that the lines show, oldest first."""
        return tuple(self._events)

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines, printable and bounded."""
        return tuple(printable_line(message) for message in self._last)

    def feed(self, line: bytes, at: float | None = None) -> None:
        """Read one line.

        Args:
            line: raw bytes without a time stamp of the engine.
            at: when the engine got it, in epoch seconds; None takes the line's own `time`.
        """
        text = line[:MAX_LINE].decode("utf-8", errors="replace").strip("\r\n\0 ")
        if not text:
            return
        message, own_time, structured = message_of(text)
        self._last.append(message[: 4 * MAX_SHOWN])
        if structured and not self._structured:
            self._structured = True
            self._events.clear()  # plain lines before the agent's first own line were not the agent's
        found = self._patterns.kind_of(message)
        if found is None or structured is not self._structured:
            return
        kind, match = found
        if kind == START:
            self._events.clear()
            return
        event = self._event(kind, match, at if at is not None else own_time, message)
        if event is not None:
            self._add(event)

    def _event(self, kind: str, match: re.Match[str], at: float | None, message: str) -> LogEvent | None:
        if kind != PAIRING:
            return LogEvent(kind=kind, at=at, text=printable_line(message) if kind in FAILURES else "")
        if match["username"] != self._username:
            return None
        return LogEvent(kind=kind, at=at, username=match["username"], pairing_id=match["pairing_id"])

    def _add(self, event: LogEvent) -> None:
        """Append; a repetition of the last event only renews its time, so that endless polling stays bounded."""
        if self._events and _same(self._events[-1], event):
            self._events[-1] = event
            return
        self._events.append(event)
        if len(self._events) > MAX_EVENTS:
            del self._events[_superfluous(self._events)]


def _superfluous(events: list[LogEvent]) -> int:
    """The oldest but the first without which the pairing IDs that the agent claims are the same: none of them, or two.

    That is one from before it last began to ask; else none that tells of that, or of the first two IDs since.
    """
    asked = max((i for i, event in enumerate(events) if event.kind in (ASKING_NEW, ASKING_CACHED)), default=0)
    if asked > 1:
        return 1
    ids: set[str] = set()
    for i, event in enumerate(events[asked:], asked):
        if event.pairing_id and event.pairing_id not in ids and len(ids) < CONTRADICTION:
            ids.add(event.pairing_id)
        elif i > asked:
            return i
    return 1


def _same(one: LogEvent, other: LogEvent) -> bool:
    return (one.kind, one.username, one.pairing_id, one.text) == (
        other.kind,
        other.username,
        other.pairing_id,
        other.text,
    )


def message_of(text: str) -> tuple[str, float | None, bool]:
    """What a log line says, its own time in epoch seconds, and whether it is a line of the agent's format.

    Of a JSON object with a level (a number, as pino writes it) and a `msg`, that is the message; else the line itself.
    """
    if text.startswith("{"):
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError):
            return text, None, False
        if isinstance(entry, dict) and isinstance(entry.get("msg"), str):
            level = entry.get("level")
            structured = isinstance(level, int) and not isinstance(level, bool)
            return _ANSI.sub("", entry["msg"]), _seconds(entry.get("time")), structured
        return text, None, False
    return _PLAIN_PREFIX.sub("", _ANSI.sub("", text), count=1), None, False


def _seconds(milliseconds: object) -> float | None:
    """Epoch milliseconds (pino) as seconds; None for anything that is not a plausible time."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        return None
    return milliseconds / 1000 if 0 < milliseconds < 1e14 else None


def printable_line(text: str) -> str:
    """One line without escapes and control characters, bounded."""
    clean = "".join(char if char.isprintable() else " " for char in _ANSI.sub("", text[: 4 * MAX_SHOWN])).strip()
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 3] + "..."
