# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log parser on what agents are documented to say, and on everything else that can stand in a log."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import log as log_module
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.log import LogParser
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import (
    Observation,
    ids_since_asking,
    shown_ids,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

NAME = "cybus-sample-agent"
DOCUMENTED = [
    "Starting in distributed (edge) mode",
    "Asking for Connectware registration at 1.2.3.4 with newly generated credentials...",
    "The registration process must be finished using the web-interface.",
    'Navigate to "User Management -> Client Registry", click unlock and authorize this client.',
    f"Username: {NAME}, pairing ID (should match in UI): a82123",
]


def pino(message, *, reverse=False, at=1_600_000_000_000, v=True):
    fields = [("level", 30), ("time", at), ("pid", 1), ("hostname", "x"), ("msg", message)]
    if v:
        fields.append(("v", 1))
    return json.dumps(dict(reversed(fields) if reverse else fields)).encode()


def parse(*lines, username=NAME, patterns=None, one_start=False):
    parser = LogParser(parse_patterns(patterns), username, one_start=one_start)
    for line in lines:
        parser.feed(line if isinstance(line, bytes) else line.encode())
    return parser


def kinds(parser):
    return [event.kind for event in parser.events]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("v", [False, True])
def test_documented_first_start_in_both_key_orders(reverse, v):
    parser = parse(*[pino(line, reverse=reverse, v=v) for line in DOCUMENTED])
    assert kinds(parser) == ["asking_new", "pairing"]
    pairing = parser.events[-1]
    assert (pairing.username, pairing.pairing_id, pairing.at) == (NAME, "a82123", 1_600_000_000.0)


def test_plain_text_with_the_same_wording():
    assert kinds(parse(*DOCUMENTED)) == ["asking_new", "pairing"]
    assert kinds(parse(*[f"[2026-01-02T03:04:05.678Z] INFO (protocol-mapper/1): {line}" for line in DOCUMENTED])) == [
        "asking_new",
        "pairing",
    ]
    assert kinds(parse(*[f"INFO {line}" for line in DOCUMENTED])) == ["asking_new", "pairing"]


def test_cached_credentials_and_conflict():
    parser = parse(
        pino("Asking for Connectware registration at h with cached credentials..."),
        pino("Registration failed: 409 Conflict"),
    )
    assert kinds(parser) == ["asking_cached", "conflict"]


def test_only_the_current_start_counts():
    old = [pino(line) for line in DOCUMENTED] + [pino("409 Conflict")]
    new = [pino(line.replace("a82123", "b00001")) for line in DOCUMENTED]
    parser = parse(*old, *new)
    assert kinds(parser) == ["asking_new", "pairing"]
    assert parser.events[-1].pairing_id == "b00001"


def test_a_log_that_was_rotated_away_says_nothing_of_before():
    rotated = [*[pino(line) for line in DOCUMENTED][3:], pino("polling again")]
    assert kinds(parse(*rotated)) == ["pairing"]
    assert kinds(parse(rotated[1][40:], pino("polling again"))) == []


def test_the_engines_time_wins_over_the_lines_own():
    parser = LogParser(parse_patterns(), NAME)
    parser.feed(pino(DOCUMENTED[4]), at=42.5)
    assert parser.events[0].at == 42.5


def test_pairing_of_another_username_is_not_this_agents():
    assert kinds(parse(f"Username: {NAME}-2, pairing ID (should match in UI): a82123")) == []


@pytest.mark.parametrize(
    "line",
    [
        pino(DOCUMENTED[4])[:-20],  # truncated
        b"\xff\xfe\x00\x01" + DOCUMENTED[4].encode(),
        json.dumps({"level": 30, "msg": {"text": DOCUMENTED[4]}}).encode(),
        json.dumps({"level": 30, "msg": "device says: " + DOCUMENTED[4]}).encode(),
        json.dumps({"level": 30, "msg": "ok", "payload": DOCUMENTED[4]}).encode(),
        (DOCUMENTED[4] + " and more").encode(),
        (DOCUMENTED[4][:-6] + "{{ lookup('pipe', 'id') }}").encode(),
        (DOCUMENTED[4] + "0" * 100).encode(),
        b"[" * 100_000,
        b'{"msg":' * 20_000,
    ],
)
def test_what_only_looks_like_a_pairing_is_none(line):
    assert kinds(parse(line)) == []


def test_ansi_escapes_are_removed():
    parser = parse(b"\x1b[32mINFO\x1b[39m: \x1b[36m" + DOCUMENTED[4].encode() + b"\x1b[39m\r\n")
    assert kinds(parser) == ["pairing"]
    assert all("\x1b" not in line for line in parser.last_lines)


def test_a_megabyte_of_lines_keeps_the_pairing_and_bounds_the_rest():
    parser = LogParser(parse_patterns(), NAME)
    for line in DOCUMENTED:
        parser.feed(pino(line))
    noise = pino("x" * 180)
    for _line in range(1_048_576 // len(noise) + 1):
        parser.feed(noise)
    assert kinds(parser) == ["asking_new", "pairing"]
    assert len(parser.last_lines) == log_module.LAST_LINES


def test_endless_polling_is_bounded_and_keeps_first_and_last():
    parser = LogParser(parse_patterns(), NAME)
    for number in range(5000):
        parser.feed(pino(DOCUMENTED[4].replace("a82123", f"{number:06x}")))
    assert len(parser.events) == log_module.MAX_EVENTS
    assert parser.events[0].pairing_id == "000000"
    assert parser.events[-1].pairing_id == f"{4999:06x}"


def test_a_repeated_line_is_one_event_with_the_latest_time():
    parser = parse(pino(DOCUMENTED[4], at=1000), pino(DOCUMENTED[4], at=2000))
    assert kinds(parser) == ["pairing"]
    assert parser.events[0].at == 2.0


def test_long_and_binary_lines_are_bounded_in_messages():
    parser = parse(b"\x07\x00\x9b" + b"y" * 1_000_000)
    assert len(parser.last_lines[0]) <= log_module.MAX_SHOWN
    assert parser.last_lines[0].isprintable()


def test_corrected_pattern_is_used():
    parser = parse(
        "REG agent=agent-1 code=zz9",
        username="agent-1",
        patterns={"pairing": r"^REG agent=(?P<username>\S+) code=(?P<pairing_id>\w+)$"},
    )
    assert parser.events[0].pairing_id == "zz9"


@pytest.mark.parametrize(
    ("corrections", "named"),
    [
        ({"pairng": "x"}, "pairng"),
        ({"pairing": "("}, "pairing"),
        ({"pairing": "x"}, "pairing_id"),
        ({"start": 3}, "start"),
        ({"start": ""}, "start would match any line"),
        ({"failure": " *"}, "failure would match any line"),
        ({"failure": "."}, "failure would match any line"),
        ({"failure": "a{99999999999999999999}"}, "failure is no regular expression: the repetition number is too"),
        ({"failure": "(" * 2000 + ")" * 2000}, "failure is no regular expression"),
    ],
)
def test_wrong_correction_is_named(corrections, named):
    with pytest.raises(SpecError, match=named):
        parse_patterns(corrections)


@pytest.mark.parametrize("nothing", ["(?!)", "^$"])
def test_a_pattern_can_be_switched_off(nothing):
    assert kinds(parse("409 Conflict", patterns={"conflict": nothing})) == []


@pytest.mark.parametrize("many", ["^[^:]*$", r"^\W*$", "^(?!.*debug)"])
def test_a_pattern_may_match_many_lines(many):
    parse_patterns({"failure": many})


WRAPPED = [
    b"2026-11-30T22:45:10.123456789Z ", b"2026-11-30T22:45:10.123+01:00 ", b"[2026-11-30 22:45:10] ", b"\x1b[32m",
    b"\xef\xbb\xbf", b"\t",
]  # fmt: skip


@pytest.mark.parametrize("before", WRAPPED)
def test_what_a_tool_or_a_terminal_sets_before_a_line_is_no_part_of_it(before):
    for line in (pino(DOCUMENTED[-1]), DOCUMENTED[-1].encode()):
        assert log_module.unwrapped(before + line + b"\x1b[0m") == line


@pytest.mark.parametrize("before", [*WRAPPED, b"INFO ", b"2026-11-30 22:45:10 INFO ", b"DEBUG (mqtt): "])
def test_what_an_agent_repeats_is_not_taken_for_its_own_words(before):
    """A line of JSON is one from its beginning: else what somebody sends it would be what it says of itself."""
    assert parse("Asking for Connectware registration at x with newly generated credentials...",
                 before + pino(DOCUMENTED[-1])).events[1:] == ()  # fmt: skip


@given(st.lists(st.binary(max_size=200), max_size=30))
def test_any_bytes_are_read_without_an_error(lines):
    parser = LogParser(parse_patterns(), NAME)
    for line in lines:
        parser.feed(line)
    assert all(text.isprintable() for text in parser.last_lines)


@given(st.lists(st.binary(max_size=80).filter(lambda b: b"Starting" not in b and b"pairing" not in b), max_size=10))
def test_noise_around_does_not_hide_the_pairing(noise):
    parser = parse(*noise, *[pino(line) for line in DOCUMENTED], *noise)
    assert [e.pairing_id for e in parser.events if e.kind == "pairing"] == ["a82123"]


FORGED = f"Username: {NAME}, pairing ID (should match in UI): ffffff"


@pytest.mark.parametrize("where", [0, 2, 4, 5])
def test_plain_lines_cannot_speak_for_an_agent_that_writes_json(where):
    lines = [pino(line) for line in DOCUMENTED]
    lines.insert(where, FORGED.encode())
    lines.append(b"Starting in distributed (edge) mode")
    parser = parse(*lines)
    assert kinds(parser) == ["asking_new", "pairing"]
    assert parser.events[-1].pairing_id == "a82123"


OWN_FORGED = ["a82123", "ffffff"]
FORGED_START = [*DOCUMENTED[:2], FORGED]


def ids(parser):
    return sorted({event.pairing_id for event in parser.events if event.kind == "pairing"})


def plain(line):
    return line.encode()


@pytest.mark.parametrize("one_start", [False, True])
@pytest.mark.parametrize("forged", [[FORGED], FORGED_START], ids=["a line", "a start"])
@pytest.mark.parametrize("where", range(len(DOCUMENTED) + 1))
def test_entries_contradict_an_agent_that_writes_plain_text(where, forged, one_start):
    """And they do not silence it: what it says later counts all the same."""
    lines = [plain(line) for line in DOCUMENTED]
    lines[where:where] = [pino(line) for line in forged]
    parser = parse(*lines, b"Registration failed: 409 Conflict", one_start=one_start)
    assert "a82123" in ids(parser) and kinds(parser)[-1] == "conflict"
    assert ids(parser) == OWN_FORGED or where == 0, "only what comes before its start is forgotten"


@pytest.mark.parametrize(("own", "other"), [(pino, plain), (plain, pino), (pino, pino), (plain, plain)])
@pytest.mark.parametrize("where", [2, 4, 5])
def test_a_start_that_something_else_writes_hides_nothing(own, other, where):
    lines = [own(line) for line in DOCUMENTED]
    lines[where:where] = [other(line) for line in FORGED_START]
    assert ids(parse(*lines, one_start=True)) == OWN_FORGED


def test_what_a_run_before_has_left_is_forgotten_with_the_first_start():
    old = pino(DOCUMENTED[4].replace("a82123", "b00001"))
    assert ids(parse(old, *[pino(line) for line in DOCUMENTED], one_start=True)) == ["a82123"]
    assert ids(parse(old[9:], *[plain(line) for line in DOCUMENTED], one_start=True)) == ["a82123"]


def test_entries_of_something_else_do_not_silence_an_agent_that_writes_plain_text():
    noise = [pino("a library says hello"), pino("connect ECONNREFUSED"), pino("answer: 409 Conflict")]
    assert kinds(parse(*noise, *DOCUMENTED, *noise)) == ["asking_new", "pairing"]
    assert kinds(parse(*DOCUMENTED[:2], *noise, *DOCUMENTED[2:])) == ["asking_new", "pairing"]


def test_a_flood_does_not_hide_a_contradiction():
    flood = [pino(FORGED), pino("Registration failed: 409 Conflict")] * log_module.MAX_EVENTS
    own = [pino(line) for line in DOCUMENTED]
    assert ids(parse(*own, *flood)) == OWN_FORGED
    assert ids(parse(*own[:2], pino(FORGED), *own[4:], *flood)) == OWN_FORGED
    other = [plain(line) for line in [*FORGED_START[1:], *["409 Conflict", FORGED] * log_module.MAX_EVENTS]]
    assert len(parse(*own, *other, *flood).events) == log_module.MAX_EVENTS
    assert ids(parse(*own, *other, *flood)) == OWN_FORGED


def test_a_repeated_line_tells_since_when_it_is_there():
    event = parse(pino(DOCUMENTED[4], at=1000), pino(DOCUMENTED[4], at=2000), pino(DOCUMENTED[4], at=3000)).events[0]
    assert (event.since, event.at) == (1.0, 3.0)


def test_an_object_without_a_level_does_not_make_an_agent_a_writer_of_json():
    lines = ['{"msg": "a device says hello"}', '{"level": "odd", "msg": "x"}', *DOCUMENTED]
    assert kinds(parse(*lines)) == ["asking_new", "pairing"]


def test_a_second_pairing_id_is_an_event_of_its_own():
    parser = parse(*[pino(line) for line in [*DOCUMENTED, FORGED]])
    assert [event.pairing_id for event in parser.events if event.kind == "pairing"] == ["a82123", "ffffff"]


@pytest.mark.parametrize(
    "said",
    [
        "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)",
        "ssl3_read_bytes:sslv3 alert handshake failure:ssl/record/rec_layer_s3.c:1586:SSL alert number 40",
        "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "ssl/tls alert access denied",
    ],
)
def test_alerts_of_tls_are_failures(said):
    assert kinds(parse(f"Cannot reach broker: {said}")) == ["failure"]
    assert kinds(parse("The alert list of this device is empty")) == []


def test_what_is_dropped_invents_no_second_pairing_id():
    """What an agent said before it asked is over; without that line it would belong to the same request."""
    failed, paired = "Cannot reach broker: ssl alert", DOCUMENTED[4].replace("a82123", "b00002")
    parser = parse(DOCUMENTED[4], DOCUMENTED[1], *[paired, failed] * 150, paired)
    assert len(parser.events) == log_module.MAX_EVENTS
    assert ids_since_asking(parser.events) == ("b00002",)


def test_nor_does_it_hide_one():
    failed = "Cannot reach broker: ssl alert"
    parser = parse(*DOCUMENTED, *[failed, FORGED] * 150)
    assert ids_since_asking(parser.events) == shown_ids(parser.events) == ("a82123", "ffffff")


PAIRED = st.sampled_from([DOCUMENTED[4], FORGED])
OTHERS = st.lists(st.sampled_from(["ssl alert", "409 Conflict"]), min_size=6, max_size=20)


@given(st.lists(PAIRED, max_size=3), st.booleans(), st.lists(PAIRED, max_size=3), OTHERS, st.lists(PAIRED, max_size=1))
def test_what_is_dropped_changes_nothing_about_the_pairing_ids(before, asks, first, others, last):
    """Of more than two nobody needs to know."""
    lines = [*before, *DOCUMENTED[1 : 1 + asks], *first, *others, *last]
    few = parse(*lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_module, "MAX_EVENTS", 8)
        bounded = parse(*lines)
    assert len(bounded.events) <= 8
    assert ids_since_asking(bounded.events) == ids_since_asking(few.events)
    assert set(shown_ids(few.events)) == set(shown_ids(bounded.events))
    assert bounded.events[-1:] == few.events[-1:] and bounded.events[:1] == few.events[:1]


@pytest.mark.parametrize(
    "more", ["Asking for Connectware registration at x with cached credentials...", "409 Conflict"]
)
def test_a_look_tells_what_the_number_of_events_does_not(more):
    """A look ends when something has changed, also where as many events are known as are kept."""

    def mark(*lines):
        return Observation("a", "a", "c", "v", events=parse(*lines).events).fingerprint()

    start, asks, paired = DOCUMENTED[0], DOCUMENTED[1], DOCUMENTED[4]
    anew = (start, asks, paired, start, asks, FORGED)
    assert mark(start, asks, paired) != mark(*anew)
    many = [asks, *[paired, FORGED] * 300]
    assert mark(*many) != mark(*many, more)
    first, second = pino(paired, at=1000), pino(paired, at=2000)
    assert mark(first) != mark(first, second)


def test_an_agent_that_repeats_a_failure_does_not_end_each_look():
    once, twice = parse(pino("ssl alert", at=1000)), parse(pino("ssl alert", at=1000), pino("ssl alert", at=2000))
    marks = [Observation("a", "a", "c", "v", events=parser.events).fingerprint() for parser in (once, twice)]
    assert marks[0] == marks[1]
