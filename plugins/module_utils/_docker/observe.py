# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container -> Observation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._agents.log import LogParser
from .._agents.observation import ABSENT, ASKS, CONFLICT, PAIRING, RESTARTING, Observation
from .._agents.patterns import LogPatterns
from .._agents.reach import names_of_connectware
from .._agents.spec import AgentSpec
from .._errors import EngineError, EngineUnavailableError
from .container_report import environment
from .credentials import has_credentials
from .engine import Engine
from .logs import read_lines
from .marks import Volumes, is_marked
from .timeline import log_start, seconds_of

YOUNG = 60.0  # seconds within which an agent that has not asked is still watched
MOST_FORMER = 20  # pairing IDs of earlier starts that are remembered
MOST_TRIES = 3  # of looks at a container that is restarted meanwhile


class Earlier(NamedTuple):
    """What a container's log holds of its earlier starts."""

    pairing_ids: tuple[str, ...] = ()
    last_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """An agent to observe.

    Attributes:
        report: the engine's report of its container, from a moment ago; None asks for it.
    """

    name: str
    username: str
    container: str
    volume: str
    report: Mapping[str, Any] | None = None


def unseen(agent: Target | AgentSpec, now: float, **known: Any) -> Observation:
    """Of an agent whose container shows nothing."""
    return Observation(agent.name, agent.username, agent.container, agent.volume, observed_at=now, **known)


def _of_volume(target: Target, volumes: Volumes) -> dict[str, Any]:
    return {
        "volume_created_at": seconds_of((volumes.get(target.volume) or {}).get("CreatedAt")),
        "never_registered": is_marked(volumes, target.volume, target.name),
    }


class Observer:
    """Observes agents through the engine, without changing anything.

    Args:
        patterns: by which texts the logs are understood.
    """

    def __init__(self, engine: Engine, patterns: LogPatterns) -> None:
        self._engine = engine
        self._patterns = patterns
        self._earlier: dict[tuple[str, float], Earlier] = {}

    def observe_each(self, targets: list[Target], volumes: Volumes) -> list[Observation]:
        """All agents at once; what the engine cannot show of one agent is that agent's trouble alone.

        Args:
            volumes: the engine's volumes by name.

        Raises:
            EngineUnavailableError: the engine itself is away.
        """

        def one(target: Target) -> Observation:
            try:
                return self._engine.asked_again(lambda: self.observe(target, volumes))
            except EngineUnavailableError:
                raise
            except EngineError as exc:
                return unseen(target, self._engine.now(), trouble=exc.message)

        return self._engine.in_parallel(one, targets)

    def observe(self, target: Target, volumes: Volumes) -> Observation:
        """One agent.

        Args:
            volumes: by name; its own and its mark's are enough.
        """
        container = target.report or self._inspect(target)
        if container is None:
            return self.without_container(target, volumes)
        for _unused in range(MOST_TRIES):
            looked_at = self._engine.now()  # what is said from now on is not part of it, however long the rest takes
            parser, readable = self._read_log(target, container)
            if not parser.events:
                break  # what the container was is as good as before: there is nothing to ascribe to one of its starts
            again = self._inspect(target) or container
            unchanged = again["State"].get("StartedAt") == container["State"].get("StartedAt")
            container = again
            if unchanged:
                break
        state = container["State"]
        former = self._former(target, container, parser) if readable else Earlier()
        return Observation(
            target.name,
            target.username,
            target.container,
            target.volume,
            container_id=container["Id"],
            state=state["Status"],
            exit_code=state.get("ExitCode") if seconds_of(state.get("FinishedAt")) else None,
            restart_count=container.get("RestartCount", 0),
            started_at=seconds_of(state.get("StartedAt")),
            created_at=seconds_of(container.get("Created")),
            image=container["Config"].get("Image"),
            image_id=container.get("Image"),
            credentials=has_credentials(self._engine, container),
            **_of_volume(target, volumes),
            events=parser.events,
            log_driver=((container["HostConfig"].get("LogConfig")) or {}).get("Type"),
            log_readable=readable,
            last_lines=parser.last_lines,
            asked_after=self._asked_after(target, container) if readable and not _asks(parser) else None,
            former_ids=former.pairing_ids,
            connectware=names_of_connectware(environment(container)),
            former_lines=former.last_lines,
            observed_at=looked_at,
        )

    def without_container(self, target: Target, volumes: Volumes) -> Observation:
        """One agent that has none."""
        return unseen(target, self._engine.now(), state=ABSENT, **_of_volume(target, volumes))

    def _inspect(self, target: Target) -> Mapping[str, Any] | None:
        return self._engine.find(
            f"inspect the container {target.container}",
            self._engine.client.inspect_container,
            target.report["Id"] if target.report else target.container,
        )

    def _read_log(self, target: Target, container: Mapping[str, Any]) -> tuple[LogParser, bool]:
        parser = LogParser(self._patterns, target.username, one_start=True)
        try:
            for at, line in read_lines(self._engine, container, log_start(container, self._engine.now())):
                parser.feed(line, at)
        except EngineError as exc:
            if _is_unreadable(exc):
                return parser, False
            raise
        return parser, True

    def _asked_after(self, target: Target, container: Mapping[str, Any]) -> float | None:
        """How long such an agent takes to ask, from what an earlier start of this container left in the log."""
        state = container["State"]
        started, created = seconds_of(state.get("StartedAt")), seconds_of(container.get("Created"))
        earlier = seconds_of(state.get("FinishedAt")) is not None
        if started is None or created is None or not earlier or not self._is_young(container):
            return None
        parser = LogParser(self._patterns, target.username)
        for at, line in read_lines(self._engine, container, None):
            parser.feed(line, at)
            if _asks(parser):
                return max(0.0, at - created) if at is not None else None
        return None

    def _former(self, target: Target, container: Mapping[str, Any], now: LogParser) -> Earlier:
        """What earlier starts left: looked up for an agent that asks, or has crashed just now."""
        start = log_start(container, self._engine.now())
        crashed = container.get("RestartCount", 0) > 0 and self._is_young(container)
        if start is None or not (crashed or _may_have_asked_before(now)):
            return Earlier()
        known = container["Id"], start
        if known not in self._earlier:  # it changes no more, and is large: read once, however often one looks
            self._earlier[known] = self._read_earlier(target, container, start)
        earlier = self._earlier[known]
        return earlier if crashed else earlier._replace(last_lines=())

    def _read_earlier(self, target: Target, container: Mapping[str, Any], start: float) -> Earlier:
        parser = LogParser(self._patterns, target.username)
        found: dict[str, None] = {}
        for at, line in read_lines(self._engine, container, None):
            if at is None or at >= start:
                continue
            event = parser.feed(line, at)
            if event is not None and event.pairing_id:
                found[event.pairing_id] = None
        return Earlier(tuple(found)[-MOST_FORMER:], parser.last_lines)

    def _is_young(self, container: Mapping[str, Any]) -> bool:
        """It was started just now; one that waits for its next start has been, too."""
        started = seconds_of(container["State"].get("StartedAt"))
        lately = started is None or self._engine.now() - started <= YOUNG
        return lately or container["State"]["Status"] == RESTARTING


def _asks(parser: LogParser) -> bool:
    return any(event.kind in ASKS for event in parser.events)


def _may_have_asked_before(parser: LogParser) -> bool:
    """A 409 can come before the pairing ID is shown, and be the answer to an earlier request of the agent's own."""
    return any(event.kind in (PAIRING, CONFLICT) for event in parser.events)


def _is_unreadable(exc: EngineError) -> bool:
    text = exc.answered.lower()
    return "does not support reading" in text or "logs_not_supported" in text or "not support" in text
