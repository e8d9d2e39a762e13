# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A conversation that is interrupted comes to an end, and closes the window on its way."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interrupts import (
    ended_in_order,
    interrupted_for_sure,
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


def test_one_interrupt_ends_a_conversation_also_where_it_gets_lost(
    passed_on: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = []
    # Of this process itself; in a worker nothing but the block sees to it.
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: lost.append(unraisable.exc_type))

    class ClearedAway:
        def __del__(self) -> None:
            interrupt()  # what is raised here is dropped

    @ended_in_order(lambda: False)
    def interrupted() -> None:
        del [ClearedAway()][:]
        threading.Event().wait(20)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert lost == [KeyboardInterrupt]
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


def interrupted_while_it_forks(prepare: Callable[[], object]) -> str:
    """What a process has said that is interrupted in a hook of os.fork, as Ansible's main process may be."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        handled = []

        def handler(number: int, _frame: object) -> None:
            """As Ansible's own: it is good for one signal."""
            signal.signal(number, signal.SIG_DFL)
            handled.append(number)
            raise KeyboardInterrupt

        def hook() -> None:
            if not handled:
                interrupt()

        signal.signal(signal.SIGINT, handler)
        sys.unraisablehook = lambda unraisable: os.write(tell, b"dropped ")
        try:
            prepare()
            os.register_at_fork(after_in_parent=hook)
            if os.fork() == 0:
                os._exit(0)
            os.write(tell, b"goes on")
            for _slice in range(60):
                threading.Event().wait(0.05)
        except KeyboardInterrupt:
            os.write(tell, b" until it is interrupted")
        finally:
            os._exit(0)
    os.close(tell)
    os.waitpid(child, 0)
    with os.fdopen(told) as said:
        return said.read()


def test_an_interrupt_while_it_forks_is_not_lost() -> None:
    assert interrupted_while_it_forks(lambda: None) == "dropped goes on"
    assert interrupted_while_it_forks(interrupted_for_sure) == "goes on until it is interrupted"


def test_what_else_is_dropped_is_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_value))
    interrupted_for_sure()
    trouble = ValueError("trouble")

    class ClearedAway:
        def __del__(self) -> None:
            raise trouble

    del [ClearedAway()][:]
    assert told == [trouble]


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
