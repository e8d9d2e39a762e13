# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times of the engine, and where the log of a start begins."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.timeline import (
    log_start,
    nanoseconds_of,
    seconds_of,
)

NEVER = "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01T00:00:01.5Z", 1.5),
        ("1970-01-01T01:00:01.123456789+01:00", 1.123456789),
        ("1969-12-31T23:00:01-01:00", 1.0),
        (NEVER, None),
        ("", None),
        (None, None),
        ("yesterday", None),
        ("2026-99-01T00:00:00Z", None),
        ("0000-00-00T00:00:00Z", None),
    ],
)
def test_seconds(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == (seconds if seconds is None else pytest.approx(seconds, abs=1e-6))


def test_nanoseconds_are_exact() -> None:
    assert nanoseconds_of("2026-11-24T02:43:56.907555954Z") == 1795488236907555954
    assert nanoseconds_of("2026-11-24T03:43:56.9+01:00") == 1795488236900000000
    assert nanoseconds_of("2026-11-24T02:43:56Z") == 1795488236000000000
    assert nanoseconds_of("never") is None
    assert nanoseconds_of("2026-99-01T00:00:00Z") is None


def at(second: float) -> str:
    return f"2026-01-01T00:00:{second:09.6f}Z"


def start_of(started: str, finished: str, created: str = NEVER, now: float = 59.0) -> float | None:
    state: dict[str, Any] = {"StartedAt": started, "FinishedAt": finished}
    return log_start({"State": state, "Created": created}, (seconds_of(at(0)) or 0.0) + now)


def test_first_start_has_the_whole_log() -> None:
    assert start_of(NEVER, NEVER) is None
    assert start_of(at(5), NEVER) is None


def test_the_cut_lies_between_two_runs() -> None:
    """Lines come a little before the start that the engine notes, and a little after the end that it notes."""
    start = start_of(at(5.0), at(4.8))
    first, last = seconds_of(at(4.95)), seconds_of(at(4.82))
    assert start is not None and first is not None and last is not None
    assert last < start <= first


def test_one_that_has_ended_shows_its_last_run() -> None:
    start, first = start_of(at(5.0), at(9.0)), seconds_of(at(4.95))
    assert start is not None and first is not None and start <= first


@pytest.mark.parametrize(
    ("finished", "created", "start"),
    [
        (at(20.0), at(10.0), 20.0),
        (at(48.0), at(10.0), 10.0),  # that end lies in the future too
        (at(48.0), at(49.0), None),
        (at(10.0), at(20.0), 20.0),
    ],
)
def test_a_start_that_lies_in_the_future_cuts_nothing_off(finished: str, created: str, start: float | None) -> None:
    """The clock was set back since: whatever is said now seems to have been said before the start."""
    expected = None if start is None else seconds_of(at(start))
    assert start_of(at(50.0), finished, created, now=30.0) == expected


def test_a_clock_that_is_measured_a_little_wrong_was_not_set_back() -> None:
    assert start_of(at(31.0), at(29.0), at(10.0), now=30.0) == seconds_of(at(30.0))
