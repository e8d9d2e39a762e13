# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work that blocks, beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Any, Callable


async def in_thread(work: Callable[[], Any]) -> Any:
    """What the work returns or raises.

    Not asyncio.to_thread: its threads hold up the end of the process, here until Connectware has answered. Whoever does
    not wait any more leaves this one behind.
    """
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()  # from now on only this thread settles it

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as exc:  # noqa: BLE001 (as in an executor: whoever waits gets it)
            future.set_exception(exc)

    threading.Thread(target=run, name="edgefleet.connectware", daemon=True).start()
    return await asyncio.wrap_future(future)
