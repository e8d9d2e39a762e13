# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an interrupt may and may not do to a conversation that a worker of Ansible holds."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def ended_in_order(ending: Callable[[], bool]) -> Iterator[None]:
    """Let an interrupt unwind the conversation, so that it closes the window, before it ends this worker.

    Ansible's own handler ends a worker at once, without any clean-up; it is called afterwards. Another signal raises
    once more, because Python drops what is raised while it clears away an object; but not while the window is closed.

    Args:
        ending: whether the conversation is on its way out.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []

    def unwind(number: int, _frame: Any) -> None:
        caught.append(number)
        if not ending():
            raise KeyboardInterrupt

    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in previous:
        signal.signal(number, unwind)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if caught:
            os.kill(os.getpid(), caught[0])
