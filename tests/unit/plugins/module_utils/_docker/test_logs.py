# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logs of the engine as lines: frames, times, bounds."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.module_utils._docker.fake_engine import FakeEngine, report

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
