# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a factory host shows of an agent (Observation), and the registration events of its log (LogEvent)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .forms import flag, listed, mapping, maybe, number, one_of, text, whole

ASKING_NEW = "asking_new"
ASKING_CACHED = "asking_cached"
PAIRING = "pairing"
CONFLICT = "conflict"
FAILURE = "failure"
UNREACHABLE = "unreachable"
FAILURES = (FAILURE, UNREACHABLE)
EVENT_KINDS = (ASKING_NEW, ASKING_CACHED, PAIRING, CONFLICT, *FAILURES)
ASKING = (ASKING_NEW, ASKING_CACHED)
ASKS = (*ASKING, PAIRING)  # kinds of what only an agent says that asks to be registered

ABSENT = "absent"
RUNNING = "running"
RESTARTING = "restarting"
CONTAINER_STATES = (ABSENT, "created", RUNNING, RESTARTING, "paused", "exited", "dead", "removing")
SLACK = 5.0  # seconds by which the engine's clock may be measured wrong: what lies further ahead is the future
RUNS = (RUNNING, RESTARTING, "paused")  # states of a container whose agent may use its user


MESSAGE = 10000  # characters of one, within which others may be quoted
MOST_EVENTS, MOST_IDS, MOST_LINES = 250, 500, 50  # of one agent; whoever reads its log keeps fewer
LINE = 500  # characters of a line of a log; the same
_LINES = listed(text(LINE), MOST_LINES)
_IDS = listed(text(), MOST_IDS)
_EVENT = mapping(
    {"kind": one_of(EVENT_KINDS)},
    {
        "at": maybe(number),
        "username": maybe(text()),
        "pairing_id": maybe(text()),
        "text": text(LINE),
        "since": maybe(number),
    },
)
_OBSERVATION = mapping(
    {"name": text(), "username": text(), "container": text(), "volume": text()},
    {
        "container_id": maybe(text()),
        "state": text(),
        "exit_code": maybe(whole),
        "restart_count": whole,
        "started_at": maybe(number),
        "created_at": maybe(number),
        "image": maybe(text()),
        "image_id": maybe(text()),
        "image_digest": maybe(text()),
        "credentials": maybe(flag),
        "volume_created_at": maybe(number),
        "never_registered": flag,
        "mark_trouble": text(MESSAGE),
        "events": listed(_EVENT, MOST_EVENTS),
        "log_driver": maybe(text()),
        "log_readable": flag,
        "last_lines": _LINES,
        "asked_after": maybe(number),
        "former_ids": _IDS,
        "former_lines": _LINES,
        "managed": flag,
        "by_certificate": flag,
        "connectware": _IDS,
        "planned": flag,
        "started_now": flag,
        "trouble": text(MESSAGE),
        "observed_at": number,
    },
)


@dataclass(frozen=True)
class LogEvent:
    """One thing an agent said about its registration.

    Attributes:
        kind: one of EVENT_KINDS.
        at: when, in epoch seconds on the clock of the host's engine; None if the line carried no time.
        username: who asks; only for a pairing.
        pairing_id: only for a pairing.
        text: the line, bounded and without control characters; only for FAILURES.
        since: when it was said first, where it was repeated at once until `at`; None if it was said once.
    """

    kind: str
    at: float | None = None
    username: str | None = None
    pairing_id: str | None = None
    text: str = ""
    since: float | None = None


def shown_ids(events: Iterable[LogEvent]) -> tuple[str, ...]:
    """All pairing IDs that a log shows, in order."""
    return tuple(dict.fromkeys(event.pairing_id for event in events if event.kind == PAIRING and event.pairing_id))


def ids_since_asking(events: Iterable[LogEvent]) -> tuple[str, ...]:
    """The pairing IDs that an agent has shown since it last began to ask; several contradict each other."""
    ids: dict[str, None] = {}
    for event in events:
        if event.kind in ASKING:
            ids.clear()
        elif event.kind == PAIRING and event.pairing_id:
            ids[event.pairing_id] = None
    return tuple(ids)


@dataclass(frozen=True)
class Observation:
    """One agent as its factory host shows it at one moment. All times are epoch seconds on its engine's clock.

    Attributes:
        state: one of CONTAINER_STATES, as the engine reports it.
        exit_code: of the last end of the container; None while it never ended.
        image_digest: the image by its repository and digest; None where it did not come from a registry, and where the
            deployment has not looked it up.
        restart_count: how often the engine restarted it by its restart policy since it was created or started by hand.
        credentials: whether the volume has a non-empty regular file; None where nobody could look.
        volume_created_at: None if the volume does not exist.
        never_registered: our mark stands beside the volume: we made both, and the agent was never seen registered.
        mark_trouble: why that mark could not be removed; empty where nobody has tried, or it could be.
        events: the registration events of the log since started_at, oldest first.
        log_readable: False where the log driver cannot be read back.
        last_lines: the end of the log, bounded and without control characters, for messages.
        asked_after: seconds from the container's creation to the first registration event that its log still shows:
            how long such an agent takes to ask. None if unknown; looked up only for containers that started just now.
        former_ids: pairing IDs that earlier starts of this container have left in its log, oldest first; looked up only
            for a container that asks and was started before.
        managed: False where somebody else makes and removes the container.
        by_certificate: it logs in with a certificate of the host, so that its volume needs no credentials.
        connectware: by what a line of the log names its Connectware, as far as its environment tells; see reach.py.
        former_lines: the last lines of the start before, where the engine has started it again by its restart policy.
        planned: True in check mode, where the container would only now be created, recreated or started.
        started_now: the deployment of this run has started it.
        trouble: what the engine could not do or show, in words; nothing else here was seen then.
        observed_at: when this was seen.
    """

    name: str
    username: str
    container: str
    volume: str
    container_id: str | None = None
    state: str = ABSENT
    exit_code: int | None = None
    restart_count: int = 0
    started_at: float | None = None
    created_at: float | None = None
    image: str | None = None
    image_id: str | None = None
    image_digest: str | None = None
    credentials: bool | None = None
    volume_created_at: float | None = None
    never_registered: bool = False
    mark_trouble: str = ""
    events: tuple[LogEvent, ...] = ()
    log_driver: str | None = None
    log_readable: bool = True
    last_lines: tuple[str, ...] = ()
    asked_after: float | None = None
    former_ids: tuple[str, ...] = ()
    former_lines: tuple[str, ...] = ()
    managed: bool = True
    by_certificate: bool = False
    connectware: tuple[str, ...] = ()
    planned: bool = False
    started_now: bool = False
    trouble: str = ""
    observed_at: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """For the result of a task."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Observation:
        """From the result of a task, which a factory host has answered.

        Raises:
            MisfitError: it is something else.
        """
        fit: dict[str, Any] = _OBSERVATION(values, "the observation")
        events = tuple(LogEvent(**event) for event in fit.pop("events", ()))
        texts: dict[str, Any] = {key: tuple(found) for key, found in fit.items() if isinstance(found, list)}
        return cls(**{**fit, **texts, "events": events})

    def fingerprint(self) -> str:
        """Changes when something changed that can change a verdict; not with time alone.

        Nor with a failure that is repeated: an agent may do that every second, and each look costs the host a process.
        """
        last = self.events[-1] if self.events else None
        said = None if last is None else (last.kind, last.pairing_id, last.text or last.at)
        return "|".join(
            str(part)
            for part in (
                self.state,
                self.started_at,
                self.credentials,
                len(self.events),
                said,
                shown_ids(self.events),
                self.planned,
                self.never_registered,
            )
        )

    @property
    def registration_events(self) -> tuple[LogEvent, ...]:
        """The events that are about registration.

        An agent that has not asked cannot have met a conflict: then something else was answered with 409, by a machine
        for example. Without credentials it must have asked, so that the line which tells is only gone from the log.
        """
        needs_none = self.by_certificate or self.credentials is not False
        first = next((i for i, event in enumerate(self.events) if event.kind in ASKS), len(self.events))
        return tuple(
            event
            for i, event in enumerate(self.events)
            if event.kind not in FAILURES and not (event.kind == CONFLICT and needs_none and i < first)
        )

    @property
    def uptime(self) -> float:
        """Seconds since the container's start, by the engine's own clock."""
        return max(0.0, self.observed_at - self.started_at) if self.started_at is not None else 0.0

    @property
    def asks(self) -> bool:
        """Its log tells of a registration since its start."""
        return bool(self.registration_events)

    @property
    def starts_in_future(self) -> bool:
        """The clock of the engine was set back since its start, so that nobody knows how long it has run."""
        return self.started_at is not None and self.started_at > self.observed_at + SLACK

    def came_back(self, seconds: float) -> bool:
        """It has run for so long with credentials, without asking for a registration."""
        return self.state == RUNNING and bool(self.credentials) and not self.asks and self.uptime >= seconds
