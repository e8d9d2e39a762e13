# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work that blocks, beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable


async def in_thread(work: Callable[[], Any]) -> Any:
    """What the work returns or raises.

    Not asyncio.to_thread: its threads hold up the end of the process, here until Connectware has answered. Whoever does
    not wait any more leaves this one behind.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as exc:  # noqa: BLE001 (whoever waits gets it)
            error = exc
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the loop has ended: nobody waits any more
            return

    threading.Thread(target=run, name="edgefleet.connectware", daemon=True).start()
    return await done
