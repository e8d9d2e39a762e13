# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs of the engine as lines: frames, times, bounds."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.module_utils._docker.fake_engine import FakeEngine, report

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.log import MAX_LINE
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import logs
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import Engine, connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.timeline import seconds_of
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import EngineError

LOG = "/containers/connectware-agent-press-1/logs"


def frame(text: bytes, stream: int = 1) -> bytes:
    return struct.pack(">BxxxL", stream, len(text)) + text


def stamped(second: int, text: bytes) -> bytes:
    return b"2026-01-01T00:00:%02d.000000000Z " % second + text


def split(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[start : start + size] for start in range(0, len(raw), size))


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=20), st.integers(1, 700))
def test_frames_cut_anywhere(frames: list[tuple[int, bytes]], size: int) -> None:
    raw = b"".join(frame(text, stream) for stream, text in frames)
    assert list(logs._frames(split(raw, size))) == frames


def test_a_line_in_pieces_is_one_line() -> None:
    """Else a log line that quotes another one could be taken for it."""
    pieces = [(1, b"long..."), (2, b"other\n"), (1, b"Username: x\n"), (1, b"next\n")]
    raw = b"".join(frame(text, stream) for stream, text in pieces)
    assert list(logs._messages(iter([raw]))) == [b"long...", b"other", b"next"]


def test_what_was_being_written_when_it_ended_swallows_no_line_of_the_next_start(
    fake: FakeEngine, engine: Engine
) -> None:
    """An agent that is killed leaves a line without its end."""
    pieces = [stamped(1, b"half a li"), stamped(2, b"Starting\n"), stamped(3, b"Asking\n")]
    fake.say("GET", LOG, b"".join(frame(text) for text in pieces))
    assert [line for _unused, line in read(engine, seconds_of("2026-01-01T00:00:02Z"))] == [b"Starting", b"Asking"]


@pytest.fixture
def engine(fake: FakeEngine) -> Engine:
    return connect({"docker_host": fake.address, "docker_timeout": 5})


def read(engine: Engine, start: float | None = None, **container: Any) -> list[tuple[float | None, bytes]]:
    return list(logs.read_lines(engine, report(**container), start))


def test_times_and_the_start(fake: FakeEngine, engine: Engine) -> None:
    lines = [frame(stamped(second, b'{"msg": "\xff %d"}\r\n' % second)) for second in (1, 2, 3)]
    fake.say("GET", LOG, b"".join(lines))
    one, two, three = (seconds_of(f"2026-01-01T00:00:0{second}Z") for second in (1, 2, 3))
    assert [at for at, _unused in read(engine)] == [one, two, three]
    assert [at for at, _unused in read(engine, two)] == [two, three]
    assert read(engine)[0][1] == b'{"msg": "\xff 1"}\r'


def test_terminal_without_frames(fake: FakeEngine, engine: Engine) -> None:
    fake.say("GET", LOG, stamped(1, b"one\r\n") + stamped(2, b"two"))
    assert [line for _unused, line in read(engine, Config__Tty=True)] == [b"one\r", b"two"]


def test_no_log_and_a_broken_one(fake: FakeEngine, engine: Engine) -> None:
    assert read(engine) == []
    fake.say("GET", LOG, b"")
    assert read(engine) == []
    fake.say("GET", LOG, frame(stamped(1, b"one\n")) + frame(b"cut off in the middle")[:-5])
    assert [line for _unused, line in read(engine)] == [b"one"]
    fake.say("GET", LOG, {"message": "configured logging driver does not support reading"}, status=501)
    with pytest.raises(EngineError, match="does not support reading"):
        read(engine)


def test_of_a_large_log_beginning_and_end_are_read(fake: FakeEngine, engine: Engine) -> None:
    raw = b"".join(frame(stamped(second, b"x" * 50_000 + b"\n")) for second in range(60))
    fake.say("GET", LOG, raw)
    begin = [at for at, _unused in logs.read_lines(engine, report(), None, most=200_000)]
    assert len(begin) == len(set(begin)) < 20
    assert len([request for request in fake.asked if request[2] == LOG]) == 2


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("size", [30, 700, 16_000])
def test_of_a_large_log_the_newest_lines_are_read_however_long_they_are(
    size: int, terminal: bool, fake: FakeEngine, engine: Engine
) -> None:
    """What an agent asks now stands at the very end, behind all that it has told since it started."""
    count, most = 4 * 1024 * 1024 // size, 256 * 1024
    times = [datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=number / 50) for number in range(count)]
    stamps = [at.isoformat("T", "microseconds") for at in times]
    lines = [b"%sZ %d %s\n" % (stamp.encode(), number, b"x" * size) for number, stamp in enumerate(stamps)]
    entries = lines if terminal else [frame(line) for line in lines]
    fake.say("GET", LOG, lambda asked: b"".join(entries[-int(asked.get("tail", count)) :]))

    read = [line for _at, line in logs.read_lines(engine, report(Config__Tty=terminal), None, most)]

    numbers = [int(line.split()[0]) for line in read]
    assert numbers[0] == 0 and numbers[-1] == count - 1
    assert numbers == sorted(set(numbers))
    assert all(line.endswith(b"x" * size) for line in read)
    assert sum(map(len, read)) < 3 * most


def test_of_a_line_without_an_end_the_beginning_is_kept() -> None:
    chunks = (b"x" * 1_000 for _unused in range(1_000))
    (line,) = logs._lines(chunks)
    assert MAX_LINE <= len(line) <= logs.MOST_LINE
