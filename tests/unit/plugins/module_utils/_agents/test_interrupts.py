# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A conversation that is interrupted comes to an end, and closes the window on its way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interrupts import ended_in_order


@pytest.fixture
def passed_on() -> Iterator[list[int]]:
    """The signals that Ansible's own handler gets."""
    got: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: got.append(number))
    yield got
    signal.signal(signal.SIGINT, before)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_that_gets_lost_is_followed_by_the_next(passed_on: list[int]) -> None:
    lost = []

    @ended_in_order(lambda: False)
    def interrupted() -> None:
        try:
            interrupt()
        except KeyboardInterrupt as exc:  # as Python does where an object is cleared away
            lost.append(exc)
        interrupt()

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(lost) == 1
    assert passed_on == [signal.SIGINT]


def test_what_is_done_on_the_way_out_is_not_interrupted(passed_on: list[int]) -> None:
    ending, closed = [], []

    @ended_in_order(lambda: bool(ending))
    def interrupted() -> None:
        try:
            interrupt()
        finally:
            ending.append(True)
            interrupt()
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert closed
    assert passed_on == [signal.SIGINT]
