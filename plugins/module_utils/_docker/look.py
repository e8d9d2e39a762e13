# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's part of the conversation: restart what is to be restarted, then look until there is news."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._agents.observation import Observation
from .._agents.patterns import parse_patterns
from .._errors import EngineError, EngineUnavailableError
from .container_report import stop_timeout
from .engine import Engine
from .listed import take_volumes
from .marks import remove_mark
from .observe import Observer, Target

PAUSE = 0.25  # seconds between two looks
STOP_TIMEOUT = 10  # seconds an agent gets to stop whose container does not say how many


@dataclass(frozen=True)
class TargetLook:
    """One agent to look at.

    Attributes:
        restart: restart it first.
        seen: the fingerprint of the last observation; empty does not wait for this agent.
        unmark_after: see ports.Look.
    """

    target: Target
    restart: bool = False
    seen: str = ""
    unmark_after: float | None = None


def look_again(engine: Engine, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The host's part of module agents_registered."""
    looks = [
        TargetLook(
            Target(item["name"], item["username"], item["container"], item["volume"]),
            restart=bool(item["restart"]),
            seen=item["seen"] or "",
            unmark_after=item["unmark_after"],
        )
        for item in params["looks"]
    ]
    observations = look(
        engine,
        Observer(engine, parse_patterns(params["log_patterns"])),
        looks,
        wait=params["wait"],
        linger=params["linger"],
        check_mode=check_mode,
    )
    acted = any(item.restart or _went(item, seen) for item, seen in zip(looks, observations)) and not check_mode
    return {"changed": acted, "observations": [observation.to_dict() for observation in observations]}


def _went(asked: TargetLook, seen: Observation) -> bool:
    return asked.unmark_after is not None and not seen.never_registered


def look(
    engine: Engine,
    observer: Observer,
    looks: Sequence[TargetLook],
    *,
    wait: float,
    linger: float,
    check_mode: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> list[Observation]:
    """Observe; return as soon as all that are waited for have changed, or `linger` seconds after the first of them.

    An agent that was restarted is waited for as well: its news is what it does after the restart. Marks that are to go
    are removed at the end, by what the agents show then; why one could not be removed is in its observation. So is what
    the engine could not do or show of one agent: the others have nothing to do with that.

    Args:
        wait: seconds to wait at most.
        check_mode: restart and remove nothing.

    Raises:
        EngineError: the engine is away, or failed in what concerns all of them.
    """
    troubles = {} if check_mode else _restarted(engine, [item.target for item in looks if item.restart])
    volumes = engine.asked_again(lambda: take_volumes(engine))
    targets = [item.target for item in looks]
    end = now() + wait
    lingering = False
    known: list[str] = []
    while True:
        looked_at = now()
        observations = observer.observe_each(targets, volumes)
        observations = [replace(seen, trouble=troubles.get(seen.name, seen.trouble)) for seen in observations]
        now_seen = [observation.fingerprint() for observation in observations]
        known = known or [mark if item.restart else item.seen for item, mark in zip(looks, now_seen)]
        news = [
            mark != before or bool(seen.trouble)
            for mark, before, seen in zip(now_seen, known, observations)
            if before or seen.trouble
        ]
        if all(news) or now() >= end:
            return observations if check_mode else _unmarked(engine, looks, observations)
        if any(news) and not lingering:
            end, lingering = min(end, now() + linger), True
        pause = max(PAUSE, now() - looked_at)  # a slow engine is not kept busy with being looked at
        sleep(max(0.0, min(pause, end - now())))


def _unmarked(engine: Engine, looks: Sequence[TargetLook], observations: Sequence[Observation]) -> list[Observation]:
    """The same, without the marks that are to go."""

    def one(seen: Observation) -> Observation:
        try:
            remove_mark(engine, seen.volume)
        except EngineError as exc:
            return replace(seen, mark_trouble=exc.message)
        return replace(seen, never_registered=False)

    due = [seen for item, seen in zip(looks, observations) if seen.never_registered and _shows(seen, item.unmark_after)]
    by_name = dict(zip((seen.name for seen in due), engine.in_parallel(one, due)))
    return [by_name.get(seen.name, seen) for seen in observations]


def _shows(seen: Observation, unmark_after: float | None) -> bool:
    """The agent has come back; or that is known already."""
    return not seen.trouble and unmark_after is not None and (unmark_after == 0 or seen.came_back(unmark_after))


def _restarted(engine: Engine, targets: Sequence[Target]) -> dict[str, str]:
    """Restart them; returns why one could not be restarted, by the name of its agent."""

    def one(target: Target) -> tuple[str, str]:
        try:
            _restart(engine, target)
        except EngineUnavailableError:
            raise
        except EngineError as exc:
            return target.name, exc.message
        return target.name, ""

    return {name: trouble for name, trouble in engine.in_parallel(one, list(targets)) if trouble}


def _restart(engine: Engine, target: Target) -> None:
    """Restart it, or start it if it has ended. One that does not exist is left for the observation to tell."""
    name, client = target.container, engine.client
    report = engine.find(f"inspect the container {name}", client.inspect_container, name) or {}
    patience = stop_timeout(report, STOP_TIMEOUT)
    engine.find(f"restart the container {name}", client.restart, name, timeout=patience)
