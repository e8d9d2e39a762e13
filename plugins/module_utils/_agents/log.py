# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An agent's log -> its registration events.

The log is hostile input: any process in the container can write to it. Lines are bounded, undecodable bytes are
replaced, terminal escapes are removed, nothing is ever evaluated. A pairing that names another username than the
agent's own is no event of this agent. Format: one JSON object a line (documented by example), keys in any order
(observed); plain lines with the same wording are understood as well. Nobody says in which of the two formats an agent
writes, so it is the one that speaks of a registration, and what else is in the log is noise. Where both do, both are
heard: one of them is forged, nothing shows which, and so they contradict each other.
"""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import replace

from .observation import ASKING, FAILURES, PAIRING, LogEvent
from .patterns import START, LogPatterns

MAX_LINE = 16 * 1024  # bytes of a line that are looked at: what the engine itself splits lines at
MAX_EVENTS = 200  # an agent may repeat its lines at each poll; the first and the last ones count
CONTRADICTION = 2  # pairing IDs of one request that contradict each other: of more nobody needs to know
MAX_SHOWN = 300  # characters of a line in a message
LAST_LINES = 12

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_STAMP = re.compile(r"^\[?\d[0-9TZ:.,/+ -]{7,39}\]?\s+")
_PLAIN_PREFIX = re.compile(
    r"^(?:\[?\d[0-9TZ:.,/+ -]{7,39}\]?\s*)?(?:\[?(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\]?(?: ?\([^)]{0,40}\))?:?\s+)?",
    re.I,
)


class LogParser:
    """Collects the registration events of the current start from lines fed in order.

    Args:
        patterns: by which texts the log is understood.
        username: the agent's own; pairings of others are not its events.
        one_start: the lines are those of one start of the container: only the first line that tells of a start is
            believed, because whoever could write another one could make what the agent has said before go.
    """

    def __init__(self, patterns: LogPatterns, username: str, *, one_start: bool = False) -> None:
        self._patterns = patterns
        self._username = username
        self._one_start = one_start
        self._plain = _Voice()
        self._structured = _Voice()
        self._lines = 0
        self._started = False
        self._events: tuple[LogEvent, ...] | None = ()
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    @property
    def events(self) -> tuple[LogEvent, ...]:
        """The registration events since the last start that the lines show, oldest first."""
        if self._events is None:
            self._events = tuple(event for _line, event in self._heard())
        return self._events

    def _heard(self) -> list[tuple[int, LogEvent]]:
        """The events of the format that speaks of a registration; of both where both do."""
        plain, structured = self._plain, self._structured
        if plain.speaks and structured.speaks:
            return _bounded(sorted(plain.said + structured.said, key=lambda said: said[0]))
        return plain.said if plain.speaks or not structured.heard else structured.said

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines, printable and bounded."""
        return tuple(printable_line(message) for message in self._last)

    def feed(self, line: bytes, at: float | None = None) -> LogEvent | None:
        """Read one line; returns what it tells by itself, whatever the others say.

        Args:
            line: raw bytes without a time stamp of the engine.
            at: when the engine got it, in epoch seconds; None takes the line's own `time`.
        """
        text = line[:MAX_LINE].decode("utf-8", errors="replace").strip("\r\n\0 ")
        if not text:
            return None
        message, own_time, structured = message_of(text)
        self._last.append(message[: 4 * MAX_SHOWN])
        self._lines += 1
        voice = self._structured if structured else self._plain
        voice.heard = True
        found = self._patterns.kind_of(message)
        if found is None:
            return None
        kind, match = found
        self._events = None
        if kind == START:
            self._start(voice)
            return None
        event = self._event(kind, match, at if at is not None else own_time, message)
        if event is not None:
            # A pairing line alone, among the lines of the other format, is noise: an agent says first that it asks.
            among_others = voice is self._plain and self._structured.heard
            voice.say(self._lines, event, kind in ASKING or (kind == PAIRING and not among_others))
        return event

    def _start(self, voice: _Voice) -> None:
        """What stands before is of an earlier start, but for what the other format has said meanwhile."""
        first, self._started = not self._started, True
        if not first and self._one_start:
            return
        voice.forget()
        if first and voice is self._structured and not self._plain.asks:
            self._plain.forget()

    def _event(self, kind: str, match: re.Match[str], at: float | None, message: str) -> LogEvent | None:
        if kind != PAIRING:
            return LogEvent(kind=kind, at=at, text=printable_line(message) if kind in FAILURES else "")
        if match["username"] != self._username:
            return None
        return LogEvent(kind=kind, at=at, username=match["username"], pairing_id=match["pairing_id"])


class _Voice:
    """What the lines of one format say.

    Attributes:
        heard: there were lines of this format.
        said: its events, each with the number of its line.
        speaks: of a registration, so that it may be the agent's.
        asks: it has said that it asks for one.
    """

    def __init__(self) -> None:
        self.heard = False
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.said: list[tuple[int, LogEvent]] = []
        self.speaks = self.asks = False

    def say(self, line: int, event: LogEvent, speaks: bool) -> None:
        """Append; a repetition of the last event only renews its time, so that endless polling stays bounded."""
        self.speaks = self.speaks or speaks
        self.asks = self.asks or event.kind in ASKING
        if self.said and _same(self.said[-1][1], event):
            before = self.said.pop()[1]
            event = replace(event, since=before.at if before.since is None else before.since)
        self.said.append((line, event))
        _bounded(self.said)


def _bounded(said: list[tuple[int, LogEvent]]) -> list[tuple[int, LogEvent]]:
    """Drop what stands in the middle: the first event stays, and so does what two pairing IDs contradict by."""
    while len(said) > MAX_EVENTS:
        del said[_spare(said)]
    return said


def _spare(said: list[tuple[int, LogEvent]]) -> int:
    """The oldest one without which the log shows the same pairing IDs: in all, and since the agent last asked."""
    asked = max((index for index, (_line, event) in enumerate(said) if event.kind in ASKING), default=0)
    kept = {0, asked, *_first_ids(said, 0), *_first_ids(said, asked)}
    return next((index for index in range(len(said)) if index not in kept), len(said) - 1)


def _first_ids(said: list[tuple[int, LogEvent]], begin: int) -> list[int]:
    """Where the first pairing IDs stand from there on, as many as make a contradiction."""
    found: dict[str, int] = {}
    for index in range(begin, len(said)):
        pairing_id = said[index][1].pairing_id
        if pairing_id and pairing_id not in found and len(found) < CONTRADICTION:
            found[pairing_id] = index
    return list(found.values())


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


def unwrapped(line: bytes) -> bytes:
    """A line as the agent has written it, of a log as a tool shows it: without time stamp, colours and byte order mark.

    Not for what an engine gives, which has no such things of its own: there they are the words of the agent, and what
    stands behind them may be somebody else's that it only repeats.
    """
    text = _ANSI.sub("", line[: 2 * MAX_LINE].decode("utf-8", errors="replace")).strip("\ufeff\t\r\n ")
    return _STAMP.sub("", text, count=1).encode("utf-8", errors="replace")


def _seconds(milliseconds: object) -> float | None:
    """Epoch milliseconds (pino) as seconds; None for anything that is not a plausible time."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, (int, float)):
        return None
    return milliseconds / 1000 if 0 < milliseconds < 1e14 else None


def printable_line(text: str) -> str:
    """One line without escapes and control characters, bounded."""
    clean = "".join(char if char.isprintable() else " " for char in _ANSI.sub("", text[: 4 * MAX_SHOWN])).strip()
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 3] + "..."
