# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A conversation that is interrupted comes to an end, and closes the window on its way."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interrupts import (
    ended_in_order,
    terminated_in_order,
)


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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_interrupt_ends_a_conversation_also_where_it_gets_lost(passed_on: list[int]) -> None:
    class ClearedAway:
        def __del__(self) -> None:
            interrupt()  # what is raised here is dropped

    @ended_in_order(lambda: False)
    def interrupted() -> None:
        del [ClearedAway()][:]
        threading.Event().wait(20)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
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


def wait_for_a_signal() -> None:
    """In slices: what Python notes right before a call that blocks is not handled until that call returns."""
    signal.alarm(30)
    while True:
        threading.Event().wait(0.05)


def ends_by_sigterm(prepare: Callable[[], object]) -> str:
    """What a process has said that SIGTERM is sent to while it waits."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            prepare()
            os.write(tell, b"waits")
            wait_for_a_signal()
        except KeyboardInterrupt:
            os.write(tell, b", is interrupted")
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(told) as said:
        first = said.read(5)
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        return first + said.read()


def test_a_process_that_is_terminated_ends_as_by_an_interrupt() -> None:
    assert ends_by_sigterm(lambda: None) == "waits"
    assert ends_by_sigterm(terminated_in_order) == "waits, is interrupted"


def test_workers_end_as_they_would_without() -> None:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        terminated_in_order()
        ready, tell = os.pipe()
        worker = os.fork()
        if worker == 0:
            os.write(tell, b"!")
            wait_for_a_signal()
        os.read(ready, 1)
        os.kill(worker, signal.SIGTERM)
        _pid, status = os.waitpid(worker, 0)
        os._exit(os.WTERMSIG(status))
    _pid, status = os.waitpid(child, 0)
    assert os.WEXITSTATUS(status) == signal.SIGTERM


def test_who_ignores_it_goes_on_to_ignore_it() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        terminated_in_order()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
