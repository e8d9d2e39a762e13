# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that meet at one Client Registry, in memory and in a time of their own.

Each run is a thread, but only one of them goes on at a time: the one whose next moment comes first. Requests take time
to get to the registry and back, so that those of other runs come in between.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Requests
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window import WindowLease


@dataclass
class RunPlan:
    """One run: when it begins to need the window, for how long, and how often it looks."""

    begins: float
    needs: float
    pause: float = 1.0
    killed: bool = False
    draw: float = 0.5  # what it draws for the length of its window
    lease: float = 60.0


@dataclass
class Registry:
    """The window of a Connectware, and what was done to it.

    Attributes:
        extends: opening an open window keeps the later end.
        whole_seconds: moments are told without their fractions, and so is the server's time.
        tells: the answer to an opening tells the end.
        cap: seconds for which it opens at most; 0 for any.
    """

    extends: bool = False
    whole_seconds: bool = False
    tells: bool = True
    cap: float = 0.0
    until: float = 0.0
    log: list[tuple[float, str, str]] = field(default_factory=list)  # moment, run, what

    def remaining(self, now: float) -> float:
        if self.whole_seconds:
            return math.floor(self.until) - math.floor(now)
        return self.until - now

    def open(self, now: float, seconds: float, who: str) -> float | None:
        end = now + (min(seconds, self.cap) if self.cap else seconds)
        self.until = max(end, self.until) if self.extends else end
        self.log.append((now, who, "open"))
        return self.remaining(now) if self.tells else None

    def close(self, now: float, who: str) -> None:
        self.until = now
        self.log.append((now, who, "close"))


class Meeting:
    """Lets runs happen, and keeps what each of them met."""

    def __init__(self, registry: Registry, plans: list[RunPlan], latency: Callable[[], float] = lambda: 0.0) -> None:
        self.registry = registry
        self.plans = plans
        self.now = 0.0
        self.latency = latency
        self.closed_under: list[tuple[float, str]] = []  # a run that needed the window found it closed
        self.ended: dict[str, float] = {}
        self.needing: set[str] = set()
        self.closed_while_needed: list[tuple[float, str, set[str]]] = []
        self.windows: list[tuple[float, float]] = []  # moment, and the end after it

    def happen(self) -> Meeting:
        runs = [_Run(self, f"run{number}", plan) for number, plan in enumerate(self.plans)]
        while waiting := [run for run in runs if not run.over]:
            run = min(waiting, key=lambda each: each.wakes)
            self.now = max(self.now, run.wakes)
            run.go_on()
            self.windows.append((self.now, self.registry.until))
        for run in runs:
            if run.error is not None:
                raise run.error
        return self

    def took_back(self, who: str) -> None:
        self.registry.close(self.now, who)
        hurt = self.needing - {who}
        if hurt:
            self.closed_while_needed.append((self.now, who, hurt))


class _Run:
    """One run as a thread, and the port through which its lease sees the registry."""

    def __init__(self, meeting: Meeting, name: str, plan: RunPlan) -> None:
        self.meeting, self.name, self.plan = meeting, name, plan
        self.wakes, self.over = plan.begins, False
        self.error: BaseException | None = None
        self._mine, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def go_on(self) -> None:
        self._mine.release()
        self._back.acquire()

    def _pass(self, seconds: float) -> None:
        self.wakes = self.meeting.now + seconds
        self._back.release()
        self._mine.acquire()

    def _run(self) -> None:
        self._mine.acquire()
        try:
            for _round in self._rounds():
                self._pass(self.plan.pause)
        except BaseException as exc:  # noqa: BLE001  told by the thread of the test
            self.error = exc
        self.meeting.needing.discard(self.name)
        self.meeting.ended[self.name] = self.meeting.now
        self.over = True
        self._back.release()

    def _rounds(self) -> Iterator[None]:
        meeting, plan = self.meeting, self.plan
        lease = WindowLease(self, plan.lease, lambda: meeting.now, draw=lambda: plan.draw)
        held_once = False
        while meeting.now < plan.begins + plan.needs:
            requests = lease.look()
            if held_once and not requests.window_open:
                meeting.closed_under.append((meeting.now, self.name))
            assert lease.hold(requests).window_open
            held_once = True
            meeting.needing.add(self.name)
            yield
        meeting.needing.discard(self.name)
        if not plan.killed:
            lease.give_back()

    # the port

    def requests(self) -> Requests:
        self._travel()
        left = self.meeting.registry.remaining(self.meeting.now)
        found = Requests({}, left > 0, left if left > 0 else None)
        self._travel()
        return found

    def open_window(self, seconds: float) -> float | None:
        self._travel()
        told = self.meeting.registry.open(self.meeting.now, seconds, self.name)
        self._travel()
        return told

    def close_window(self) -> None:
        self._travel()
        self.meeting.took_back(self.name)
        self._travel()

    def _travel(self) -> None:
        seconds = self.meeting.latency()
        if seconds:
            self._pass(seconds)
