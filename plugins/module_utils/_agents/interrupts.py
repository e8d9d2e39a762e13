# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an interrupt may do to a run: to a conversation that a worker holds, and to what is done at the end."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

INSIST_EVERY = 0.5  # seconds


@contextmanager
def ended_in_order(ending: Callable[[], bool]) -> Iterator[None]:
    """Let an interrupt unwind the conversation, so that it closes the window, before it ends this worker.

    Ansible's own handler ends a worker at once, without any clean-up; it is called afterwards. What is raised while
    Python clears away an object is dropped, and the collector does that anywhere: so one signal is raised again and
    again, by a thread, because the block may be held up anywhere; but not while the window is closed.

    Args:
        ending: whether the conversation is on its way out.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    over = threading.Event()

    def unwind(number: int, _frame: Any) -> None:
        caught.append(number)
        if not (ending() or over.is_set()):
            raise KeyboardInterrupt

    def insist() -> None:
        while not over.wait(INSIST_EVERY):
            if caught and not ending():
                os.kill(os.getpid(), caught[0])

    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in previous:
        signal.signal(number, unwind)
    insisting = threading.Thread(target=insist, name="interrupts", daemon=True)
    insisting.start()
    try:
        yield
    finally:
        over.set()
        insisting.join()
        for number, handler in previous.items():
            signal.signal(number, handler)
        if caught:
            os.kill(os.getpid(), caught[0])


def interrupted_for_sure() -> None:
    """Let an interrupt end this process also where Python drops what the handler of the signal raises.

    It drops that in a hook of os.fork, and Ansible forks for each host and task: the run would go on, and the next
    interrupt would end it at once, as Ansible's handler is gone by then. So that handler is put back and the signal is
    sent again. Forked workers are left as they are.
    """
    handler, owner, told = signal.getsignal(signal.SIGINT), os.getpid(), sys.unraisablehook
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        return

    def again() -> None:
        time.sleep(INSIST_EVERY)
        os.kill(owner, signal.SIGINT)

    def dropped(unraisable: Any) -> None:
        ours = os.getpid() == owner and threading.current_thread() is threading.main_thread()
        if not ours or not issubclass(unraisable.exc_type, KeyboardInterrupt):
            told(unraisable)
            return
        signal.signal(signal.SIGINT, handler)
        _thread.start_new_thread(again, ())  # takes none of the locks that may be held here

    sys.unraisablehook = dropped


def terminated_in_order() -> None:
    """Let SIGTERM end this process as an interrupt does, so that what is registered for its end is still done.

    Ansible's own handler passes the signal on to the workers and ends the process at once. Workers are left as they
    are.
    """
    previous, owner = signal.getsignal(signal.SIGTERM), os.getpid()
    if threading.current_thread() is not threading.main_thread() or previous in (signal.SIG_IGN, None):
        return

    def interrupt(number: int, _frame: Any) -> None:
        if os.getpid() == owner:
            os.kill(owner, signal.SIGINT)
        else:
            signal.signal(number, previous)
            os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, interrupt)
