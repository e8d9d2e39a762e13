# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changed since the server was looked at before: one event for each change, not for each look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._agents.fleet import ExpectedAgent
from .._agents.limits import DEFAULT_LIMIT, most_of
from .._errors import ConnectwareError
from . import events
from .events import NOT_CONNECTED, USER_MISSING

MAX_STRANGERS = 5  # new ones told of after one look; whoever floods the server with requests must not flood the rules


@dataclass(frozen=True)
class Sighting:
    """What the server shows at one moment.

    Attributes:
        registered: the usernames of the inventory that have a user.
        pending: the pairing IDs of the requests that are pending, by username; None for one that shows none.
        connected: who is connected, by agent name or username; None where the server does not tell.
    """

    registered: frozenset[str]
    pending: Mapping[str, frozenset[str | None]]
    connected: frozenset[str] | None = None

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(name.casefold() for name in self.connected or ())

    def works_as(self, *names: str) -> bool:
        """Whether somebody is connected under one of these names, in upper or lower case."""
        return any(name.casefold() in self._folded for name in names)


@dataclass(frozen=True)
class Patience:
    """What the user decides; times in seconds.

    Attributes:
        grace: so long an agent must be gone, or ask, before that is told: a rollout in between is no news.
        remind: after so long it is told again; 0 for never.
        max_disappeared: how many may be gone at once, see `most_of`.
    """

    grace: float = 30.0
    remind: float = 1800.0
    max_disappeared: str = DEFAULT_LIMIT

    def again(self, told: float, now: float) -> bool:
        """Whether it is time to tell again what was told then."""
        return 0 < self.remind <= now - told


class Memory:
    """All agents of the inventory as they were last seen."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._agents: dict[ExpectedAgent, _Agent] = {}
        self._strangers: dict[str, frozenset[str | None]] = {}
        self._known: set[str] = set()  # usernames that Connectware has shown
        self._many_told: float | None = None
        self._away_told: float | None = None

    def expect(self, agents: Iterable[ExpectedAgent]) -> None:
        """The agents of the inventory, which may have changed; of those that stay nothing is forgotten."""
        self._agents = {agent: self._agents.get(agent) or _Agent(agent) for agent in agents}

    def saw(self, sighting: Sighting, now: float) -> list[dict[str, Any]]:
        """What is new."""
        told = [] if self._away_told is None else [events.reachable()]
        self._away_told = None
        self._known |= sighting.registered
        for agent in self._agents.values():
            agent.note(sighting, now)
        told += [events.returned(agent.expected) for agent in self._agents.values() if agent.came_back()]
        gone = [agent for agent in self._agents.values() if agent.reason is not None]
        most = most_of(self._patience.max_disappeared, len(self._agents))
        if len(gone) > most:
            told += self._many([agent for agent in gone if agent.long_gone(self._patience, now)], most, now)
        else:
            self._many_told = None
            told += self._single(sighting, now)
        return told + self._asking_strangers(sighting.pending)

    def lost_sight(self, error: ConnectwareError, now: float) -> list[dict[str, Any]]:
        """The server cannot be asked. Nobody has disappeared for that, and the time of the outage does not count."""
        for agent in self._agents.values():
            agent.lose_sight()
        reminder = self._away_told is not None
        if self._away_told is not None and not self._patience.again(self._away_told, now):
            return []
        self._away_told = now
        return [events.unreachable(error, reminder=reminder)]

    def _many(self, agents: list[_Agent], most: int, now: float) -> list[dict[str, Any]]:
        if len(agents) <= most:
            return []
        reminder = self._many_told is not None
        if self._many_told is not None and not self._patience.again(self._many_told, now):
            return []
        self._many_told = now
        gone = [agent.expected for agent in agents]
        new = sum(agent.username not in self._known for agent in gone)
        return [events.many_disappeared(gone, most, new=new, reminder=reminder)]

    def _single(self, sighting: Sighting, now: float) -> list[dict[str, Any]]:
        found = []
        for agent in self._agents.values():
            found += agent.disappearance(self._patience, now)
            found += agent.request(sighting, self._patience, now)
        return found

    def _asking_strangers(self, pending: Mapping[str, frozenset[str | None]]) -> list[dict[str, Any]]:
        known = {agent.username for agent in self._agents}
        there = {username: ids for username, ids in pending.items() if username not in known}
        told = {username: ids & there[username] for username, ids in self._strangers.items() if username in there}
        news = [username for username in sorted(there) if there[username] - told.get(username, frozenset())]
        news = news[:MAX_STRANGERS]
        self._strangers = {**told, **{username: there[username] for username in news}}
        return [events.request_of_stranger(username, there[username]) for username in news]


class _Agent:
    """One agent of the inventory as it was last seen.

    Attributes:
        reason: why it counts as gone; None if it is there.
    """

    def __init__(self, expected: ExpectedAgent) -> None:
        self.expected = expected
        self.reason: str | None = None
        self._since = 0.0
        self._told: float | None = None
        self._told_reason: str | None = None
        self._was_connected = False
        self._asks_since: float | None = None
        self._asked: frozenset[str | None] = frozenset()
        self._asked_told: float | None = None

    def note(self, sighting: Sighting, now: float) -> None:
        """Remember what was seen of it."""
        reason = self._judged(sighting)
        if reason is not None and self.reason is None:
            self._since = now
        self.reason = reason
        if self.expected.username not in sighting.pending:
            self._asks_since, self._asked, self._asked_told = None, frozenset(), None
        elif self._asks_since is None:
            self._asks_since = now

    def _judged(self, sighting: Sighting) -> str | None:
        if self.expected.username not in sighting.registered:
            return USER_MISSING
        if sighting.connected is None:  # what is not told has not changed
            return NOT_CONNECTED if self.reason == NOT_CONNECTED else None
        # Whether the server's list has agent names or usernames is not documented, nor whether it keeps their case.
        if sighting.works_as(self.expected.username, self.expected.name):
            self._was_connected = True
            return None
        return NOT_CONNECTED if self._was_connected else None

    def came_back(self) -> bool:
        """Whether it was told of as gone, and is there."""
        if self.reason is not None or self._told is None:
            return False
        self._told = self._told_reason = None
        return True

    def long_gone(self, patience: Patience, now: float) -> bool:
        """Whether it is gone, and no rollout of this moment is the reason."""
        return self.reason is not None and now - self._since >= patience.grace

    def disappearance(self, patience: Patience, now: float) -> list[dict[str, Any]]:
        """What is to be told of its absence."""
        if self.reason is None or not self.long_gone(patience, now):
            return []
        worse = self.reason == USER_MISSING != self._told_reason
        if self._told is not None and not worse and not patience.again(self._told, now):
            return []
        reminder = self._told is not None and not worse
        self._told, self._told_reason = now, self.reason
        return [events.disappeared(self.expected, self.reason, reminder=reminder)]

    def request(self, sighting: Sighting, patience: Patience, now: float) -> list[dict[str, Any]]:
        """What is to be told of the requests under its name."""
        if self._asks_since is None or now - self._asks_since < patience.grace:
            return []
        ids = sighting.pending[self.expected.username]
        news = ids - self._asked
        if self._asked_told is not None and not news and not patience.again(self._asked_told, now):
            return []
        reminder = not news
        self._asked, self._asked_told = ids, now
        registered = self.expected.username in sighting.registered
        return [events.request_of_agent(self.expected, ids, registered=registered, reminder=reminder)]

    def lose_sight(self) -> None:
        """Forget what was only just beginning."""
        if self._told is None:
            self.reason = None
        if self._asked_told is None:
            self._asks_since = None
