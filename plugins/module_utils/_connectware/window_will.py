# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Closes the registration window when a run ends between two turns, where no worker holds a conversation.

A worker that ends its turn leaves here how Connectware is reached. The process that has forked it reads that at its own
end, after an interrupt too, and closes the window if the run has left it open. What is left here is in anonymous shared
memory like the tokens (see token_store), never on a disk.
"""

from __future__ import annotations

import atexit
import json
import mmap
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from .._agents.interrupts import interrupted_for_sure, terminated_in_order
from .._agents.window import WindowLease
from .._argspec import CONNECTWARE_OPTIONS
from .._errors import ConnectwareError
from .connect import connect
from .server import ConnectwareServer
from .token_store import SHARED
from .window_share import PLACES, SHARED_WINDOWS, WindowShelf

SIZE = 65536  # bytes for one Connectware; memory that is not written to costs nothing
_HEADER = 4


class WindowWill:
    """What is to be done at the end of a run, for each of its Connectwares.

    Args:
        memory: LENGTH bytes of zeros, shared with the forked workers.
        shelf: what the workers know together of the windows.
    """

    LENGTH = PLACES * SIZE

    def __init__(self, memory: Any, shelf: WindowShelf) -> None:
        self._memory = memory
        self._shelf = shelf

    def write(self, args: Mapping[str, Any]) -> None:
        """Leave how a Connectware is reached; too much of it is left out, and its window then ends with its lease.

        Args:
            args: those of CONNECTWARE_OPTIONS, and perhaps others.
        """
        data = json.dumps({name: args.get(name) for name in CONNECTWARE_OPTIONS}).encode()
        place = self._shelf.place(str(args["connectware_url"]))
        if place is not None and len(data) <= SIZE - _HEADER:
            start = place * SIZE
            self._memory[start : start + _HEADER + len(data)] = len(data).to_bytes(_HEADER, "big") + data

    def execute(self, warn: Callable[[str], None]) -> None:
        """Close each window that this run has opened, that nobody else needs and that is still open.

        Args:
            warn: is told which could not be closed, and why.
        """
        for place in range(PLACES):
            book = self._shelf.at(place)
            length = int.from_bytes(self._memory[place * SIZE : place * SIZE + _HEADER], "big")
            if not length or not book.read().opened:
                continue
            start = place * SIZE + _HEADER
            try:
                session = connect(json.loads(bytes(self._memory[start : start + length])), token_store=SHARED)
                # Nothing is opened any more, so the length of the lease does not matter.
                WindowLease(ConnectwareServer(session), 0.0, time.monotonic, book).close_left_open()
            except ConnectwareError as exc:
                warn(f"{exc.message} The registration window closes by itself when its lease ends.")


def shared_will(warn: Callable[[str], None]) -> WindowWill | None:
    """One that is shared with every process forked from now on, and is executed when this process ends.

    Returns:
        None where the system has no shared memory.
    """
    if SHARED_WINDOWS is None:
        return None
    will, owner = WindowWill(mmap.mmap(-1, WindowWill.LENGTH), SHARED_WINDOWS), os.getpid()

    def at_exit() -> None:
        if os.getpid() == owner:
            will.execute(warn)

    atexit.register(at_exit)
    interrupted_for_sure()
    terminated_in_order()
    return will
