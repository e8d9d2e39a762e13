# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source as ansible-rulebook runs it: by its path, with a queue for one event, until it is cancelled."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[4]
PLUGIN = "edgefleet.connectware.registry"
SOURCE = ROOT / "extensions/eda/plugins/event_source/registry.py"


def loaded() -> dict[str, Any]:
    """What a fresh copy of the source defines; as runpy would, also where a loader of collections is in its way."""
    spec = importlib.util.spec_from_file_location("source_under_test", SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


DOCUMENTED = loaded()


@dataclass
class Running:
    """A source that runs, and what it has said so far."""

    task: asyncio.Task[None]
    queue: asyncio.Queue[dict[str, Any]]
    events: list[dict[str, Any]] = field(default_factory=list)

    async def next(self, seconds: float = 20) -> dict[str, Any]:
        """The next event; whatever ended the source is raised."""
        waiting = asyncio.ensure_future(self.queue.get())
        done, _rest = await asyncio.wait({waiting, self.task}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if waiting in done:
            self.events.append(waiting.result())
            return waiting.result()["connectware"]
        waiting.cancel()
        if self.task in done:
            await self.task
        raise AssertionError(f"no event within {seconds} s; so far: {self.events}")


@asynccontextmanager
async def running(args: dict[str, Any]) -> AsyncIterator[Running]:
    """A source with these arguments; it must have ended at once when it is cancelled."""
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1)
    source = Running(asyncio.create_task(loaded()["main"](queue, args)), queue)
    try:
        yield source
    finally:
        source.task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(source.task, 1)
