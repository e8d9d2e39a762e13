# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever bytes a container writes, the log parser reads them without an error, in bounded time and memory."""

from __future__ import annotations

import json
import re
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.generated import examples

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import log as log_module
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.log import LogParser
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import EVENT_KINDS, PAIRING
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns

NAME = "hh-press-01"
PATTERNS = parse_patterns()
PAIRING_TEXT = f"Username: {NAME}, pairing ID (should match in UI): "
MEGABYTE = 1_000_000
# What lines of an agent are made of, and what breaks parsers, terminals and templates.
PARTS = [
    b"Starting in distributed (edge) mode", b"Asking for Connectware registration at ", b"1.2.3.4",
    b" with newly generated credentials...", b" with cached credentials...", PAIRING_TEXT.encode(), b"a82123",
    b"Registration failed: 409 Conflict", b"connect ECONNREFUSED", b'{"level":30,"msg":"', b'"}', b'{"msg":', b"[",
    b"{", b'"', b"\\", b"\\u001b[2J", b"\\ud800", b"\x1b[31m", b"\x1b]0;title\x07", b"\x1b]", b"\x9b", b"\0", b"\r",
    b"\n", b"\xff\xfe", b"\xc3\x28", "\u202e\u2028\u0085".encode(), b"{{ lookup('pipe', 'id') }}", b"{% raw %}", b" ",
    b"\t", b"2026-01-02T03:04:05.678Z ", b"[INFO] (x/1): ", b"1e999", b"-" * 50, b"NaN", b"null", b'"time":1e400,',
]  # fmt: skip
LINES = st.lists(st.sampled_from(PARTS) | st.binary(max_size=30), max_size=12).map(b"".join)


def shown_without_harm(parser: LogParser) -> None:
    assert len(parser.events) <= log_module.MAX_EVENTS
    assert len(parser.last_lines) <= log_module.LAST_LINES
    for line in (*parser.last_lines, *(event.text for event in parser.events)):
        assert line.isprintable() and len(line) <= log_module.MAX_SHOWN
    for event in parser.events:
        assert event.kind in EVENT_KINDS
        if event.kind == PAIRING:
            assert event.username == NAME
            assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", event.pairing_id or "")
        json.dumps(event.__dict__, allow_nan=False).encode()


@settings(max_examples=examples(400))
@given(st.lists(LINES, max_size=25), st.sampled_from([None, 1.5]))
def test_any_lines_are_read(lines, at):
    parser = LogParser(PATTERNS, NAME)
    for line in lines:
        parser.feed(line, at)
    shown_without_harm(parser)


@settings(max_examples=examples(100))
@given(
    st.lists(LINES.filter(lambda line: not any(part in line for part in (b'"level":30', b"Asking"))), max_size=10),
    st.binary(max_size=40),
)
def test_text_among_log_entries_is_no_event(noise, tail):
    """Once the agent writes log entries, nothing else in its container speaks for it by a line alone."""
    entry = json.dumps({"level": 30, "time": 1000, "msg": PAIRING_TEXT + "a82123"}).encode()
    parser = LogParser(PATTERNS, NAME)
    forged = PAIRING_TEXT.encode() + b"ffffff"
    before = [line for line in noise if b"pairing ID" not in line]  # after it, nobody knows yet who writes how
    for line in [*before, entry, *noise, forged, forged + tail, b"INFO " + forged]:
        parser.feed(line)
    assert [event.pairing_id for event in parser.events if event.kind == PAIRING] == ["a82123"]


FORGED = [
    json.dumps({"level": 30, "msg": text}).encode() if structured else text.encode()
    for structured in (True, False)
    for text in (
        "Starting in distributed (edge) mode",
        "Asking for Connectware registration at 1.2.3.4 with newly generated credentials...",
        PAIRING_TEXT + "ffffff",
        "Registration failed: 409 Conflict",
    )
]


@settings(max_examples=examples(400))
@given(st.booleans(), st.lists(st.lists(st.sampled_from(FORGED) | LINES, max_size=6), min_size=4, max_size=4))
def test_whatever_else_is_written_never_stands_for_an_agent_of_either_format(structured, others):
    """An agent that has said its own ID: it is shown, or nothing is, or a contradiction; never another one alone."""
    texts = [
        "Starting in distributed (edge) mode",
        "Asking for Connectware registration at 1.2.3.4 with newly generated credentials...",
        PAIRING_TEXT + "a82123",
    ]
    own = [json.dumps({"level": 30, "msg": text}).encode() if structured else text.encode() for text in texts]
    parser = LogParser(PATTERNS, NAME, one_start=True)
    for line in [*others[0], own[0], *others[1], own[1], *others[2], own[2], *others[3]]:
        parser.feed(line)
    assert "a82123" in [event.pairing_id for event in parser.events if event.kind == PAIRING]


@pytest.mark.parametrize(
    "line",
    [
        b"A" * MEGABYTE,
        b"[" * MEGABYTE,
        b'{"a":' * (MEGABYTE // 5),
        b'{"level":30,"msg":"' + b"\\u001b[" * (MEGABYTE // 7),
        b"\x1b]" * (MEGABYTE // 2),
        b"\x1b[" + b"0;" * (MEGABYTE // 2),
        b"1" + b" " * MEGABYTE,
        b"2026-01-02" + b"-" * MEGABYTE,
        b"Asking for Connectware registration at " + b"with " * (MEGABYTE // 5),
        PAIRING_TEXT.encode() + b"a" * MEGABYTE,
        PAIRING_TEXT.encode() + b"a82123" + b" " * MEGABYTE,
        b"\xff" * MEGABYTE,
        b"\0" * MEGABYTE,
        b"1" * MEGABYTE,
        b'{"level":' + b"9" * MEGABYTE + b"}",
    ],
    ids=lambda line: repr(line[:12]),
)
def test_a_million_characters_in_a_line(line):
    parser = LogParser(PATTERNS, NAME)
    began = time.process_time()
    for _unused in range(20):
        parser.feed(line)
    assert time.process_time() - began < 2.0
    shown_without_harm(parser)


def test_what_each_line_tells_costs_no_more_in_a_log_of_both_formats():
    """Earlier starts are read for all their pairing IDs; a container may write any number of events in both formats."""
    texts = (b"409 Conflict", b"ENOSPC")
    lines = [*texts, *(b'{"level":30,"msg":"%s"}' % text for text in texts)]
    parser = LogParser(PATTERNS, NAME)
    for text in (b"Asking for Connectware registration at x with newly generated credentials",):
        parser.feed(text)
        parser.feed(b'{"level":30,"msg":"%s"}' % text)
    began = time.process_time()
    told = [parser.feed(lines[number % len(lines)], float(number)) for number in range(20_000)]
    assert time.process_time() - began < 10, "a second here; by all that was heard, ten minutes"
    assert all(event is not None for event in told)


def test_memory_stays_bounded():
    parser = LogParser(PATTERNS, NAME)
    entry = json.dumps({"level": 30, "msg": "connect ECONNREFUSED " + "\u00e9" * 15_000}).encode()
    tracemalloc.start()
    try:
        for number in range(3000):
            parser.feed(entry + b" " * (number % 3))
            parser.feed(PAIRING_TEXT.encode() + str(number).encode())
        assert tracemalloc.get_traced_memory()[0] < 2 * MEGABYTE
    finally:
        tracemalloc.stop()
