# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A factory host and a Connectware in memory with a clock of their own, for tests of the conversation.

Not the simulator: only what the two ports show, so that thousands of courses of events can be tried in seconds. The
agents' ways that nobody documents are parameters.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent, Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Requests
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConflictError,
    LockedError,
    ProtectedUserError,
)


@dataclass
class FakeAgent:
    name: str
    boot: float = 0.5
    poll: float = 1.0
    saves: str = "after"  # before or after the grant
    on_conflict: str = "poll"  # poll, exit or silent
    drops_credentials: bool = False
    credentials: bool = False
    secret: str = ""  # what is in its volume, or would be stored there
    running_since: float = 0.0
    asks_at: float | None = None
    pairing_id: str = ""
    events: list = field(default_factory=list)
    granted: bool = False
    silent: bool = False
    marked: bool = False
    starts: int = 1
    exits: int = 0
    down_until: float | None = None
    former: list = field(default_factory=list)


class World:
    """Time passes only by `sleep` and by a look at the host."""

    def __init__(self, seed: int = 0, **server) -> None:
        self.now = 1000.0
        self.random = random.Random(seed)
        self.agents: dict[str, FakeAgent] = {}
        self.users: set[str] = set()
        self.secrets: dict[str, str] = {}  # of the users, and of the requests by pairing ID
        self.pending: list[tuple[str, str]] = []
        self.window_until = 0.0
        self.pending_survives = server.get("pending_survives", False)
        self.conflict_first = server.get("conflict_first", True)
        self.deny_supported = server.get("deny_supported", False)
        self.authorizes_while_closed = server.get("authorizes_while_closed", False)  # so the contract says
        self.tells = server.get("tells", True)  # its list says whether the window is open
        self.refuses_while_closed = server.get("refuses_while_closed", False)
        self.forgets_restarted = server.get("forgets_restarted", True)  # the request of an agent that was restarted
        # Where a user of that name exists: told to whoever asks, or only to who authorizes; then the request may go.
        self.tells_conflict = server.get("tells_conflict", "register")  # register, confirm or confirm_and_drop
        self.refused: set[str] = set()
        self.since: str | None = None
        self.protected: set[str] = set()
        self.calls: list[str] = []
        self.strangers: set[str] = set()
        self.let_in: list[tuple[str, str]] = []
        self.restarts: dict[str, int] = {}
        self.looks = 0
        self.unmarked: list[str] = []  # with whether a user of that name existed then
        self.mark_trouble = ""
        self.restart_trouble: dict[str, str] = {}

    def add(self, name: str, **ways) -> FakeAgent:
        agent = self.agents[name] = FakeAgent(name, **ways)
        self._start(agent)
        agent.starts = 1
        return agent

    # the passing of time

    def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            due = [a for a in self.agents.values() if a.asks_at is not None and a.asks_at <= end]
            if not due:
                break
            agent = min(due, key=lambda a: a.asks_at)
            self.now = max(self.now, agent.asks_at)
            self._expire()
            self._poll(agent)
        self.now = end
        self._expire()

    def _expire(self) -> None:
        if self.now >= self.window_until and not self.pending_survives:
            self.pending.clear()

    def _start(self, agent: FakeAgent) -> None:
        agent.starts += 1
        agent.running_since = self.now
        agent.events = []
        agent.granted = agent.silent = False
        agent.down_until = None
        if self.forgets_restarted:
            self.pending = [p for p in self.pending if p[0] != agent.name or p[1] in self.strangers]
        else:
            agent.former += [agent.pairing_id] if agent.pairing_id else []
        works = agent.credentials and agent.name in self.users and self.secrets.get(agent.name) == agent.secret
        agent.asks_at = None if works else self.now + agent.boot

    def _poll(self, agent: FakeAgent) -> None:
        if agent.down_until is not None:
            self._start(agent)
            return
        if not agent.events:
            kind = "asking_cached" if agent.credentials else "asking_new"
            agent.pairing_id = f"{self.random.randrange(16**6):06x}"
            agent.secret = agent.secret if agent.credentials else agent.pairing_id
            self.secrets[agent.pairing_id] = agent.secret
            agent.events += [LogEvent(kind, self.now), LogEvent("pairing", self.now, agent.name, agent.pairing_id)]
            if agent.saves == "before":
                agent.credentials = True
        agent.asks_at = self.now + agent.poll
        if agent.granted:
            agent.credentials = not agent.drops_credentials
            agent.asks_at = None
            return
        locked = self.now >= self.window_until
        early = self.tells_conflict == "register" and (self.conflict_first or not locked)
        if agent.pairing_id in self.refused or (agent.name in self.users and early):
            self._conflict(agent)
        elif not locked and (agent.name, agent.pairing_id) not in self.pending:
            self.pending.append((agent.name, agent.pairing_id))

    def _conflict(self, agent: FakeAgent) -> None:
        agent.events.append(LogEvent("conflict", self.now))
        if agent.on_conflict == "silent":
            agent.asks_at = None
        elif agent.on_conflict == "exit":
            agent.exits += 1
            agent.asks_at = agent.down_until = self.now + min(60.0, 0.1 * 2**agent.exits)

    # the host

    def observe(self, name: str) -> Observation:
        agent = self.agents[name]
        return Observation(
            name, name, f"c-{name}", f"v-{name}", state="running" if agent.down_until is None else "restarting",
            started_at=agent.running_since, created_at=1000.0, volume_created_at=1000.0, credentials=agent.credentials,
            events=tuple(agent.events), observed_at=self.now, restart_count=agent.exits,
            former_ids=tuple(agent.former), never_registered=agent.marked,
        )  # fmt: skip

    def look(self, looks, wait):
        self.looks += 1
        for look in looks:
            if look.restart and look.observation.name not in self.restart_trouble:
                name = look.observation.name
                self.restarts[name] = self.restarts.get(name, 0) + 1
                self._start(self.agents[name])
        self.sleep(0.3)
        waited = 0.0
        known = [self.observe(look.observation.name).fingerprint() if look.restart else look.seen for look in looks]
        while wait and waited < wait:
            marks = [self.observe(look.observation.name).fingerprint() for look in looks]
            troubled = any(look.restart and look.observation.name in self.restart_trouble for look in looks)
            if troubled or any(mark != before for mark, before in zip(marks, known) if before):
                break
            self.sleep(0.25)
            waited += 0.25
        seen = [self._unmark(self.observe(look.observation.name), look.unmark_after) for look in looks]
        return [
            replace(one, trouble=self.restart_trouble.get(one.name, "") if look.restart else "")
            for one, look in zip(seen, looks)
        ]

    def _unmark(self, seen: Observation, after: float | None) -> Observation:
        silent = not seen.events and seen.credentials and seen.observed_at - seen.started_at >= (after or 0.0)
        if after is None or not seen.never_registered or not (silent or after == 0):
            return seen
        if self.mark_trouble:
            return replace(seen, mark_trouble=self.mark_trouble)
        self.agents[seen.name].marked = False
        self.unmarked.append(f"{seen.name} {seen.name in self.users}")
        return replace(seen, never_registered=False)

    # the server

    def requests(self) -> Requests:
        self.calls.append("requests")
        self._expire()
        pending: dict[str, tuple] = {}
        for username, pairing_id in self.pending:
            pending[username] = (*pending.get(username, ()), pairing_id)
        left = self.window_until - self.now
        if not self.tells:
            return Requests(pending, False, None, known=False)
        return Requests(pending, left > 0, left if left > 0 else None)

    def existing(self, usernames):
        self.calls.append("existing")
        return {name: self.since for name in usernames if name in self.users}

    def open_window(self, seconds):
        self.calls.append("open")
        self.window_until = self.now + seconds

    def close_window(self):
        self.calls.append("close")
        self.window_until = self.now
        self._expire()

    def authorize(self, username, pairing_id):
        self.calls.append(f"authorize {username}")
        if self.refuses_while_closed and self.now >= self.window_until:
            raise LockedError(f"authorize {username}", answered="the window is closed", status=423)
        assert (username, pairing_id) in self.pending
        if username in self.users:
            self._refuse(username, pairing_id)
        found = [p for p in self.pending if p[0] == username]
        for request in found[:1]:
            self.pending.remove(request)
            self.users.add(username)
            self.secrets[username] = self.secrets.get(request[1], request[1])
            self.let_in.append(request)
            if request[1] == self.agents[username].pairing_id:
                self.agents[username].granted = True

    def _refuse(self, username, pairing_id):
        if self.tells_conflict == "confirm_and_drop":
            self.pending.remove((username, pairing_id))
            self.refused.add(pairing_id)
        raise ConflictError(f"authorize {username}", answered="409, a user of that name exists", status=409)

    def delete_user(self, username, *, ours=False):
        self.calls.append(f"delete {username}" + (" (ours)" if ours else ""))
        if username in self.protected and not ours:
            raise ProtectedUserError(f"delete the user {username}", answered="it is an administrator")
        self.users.discard(username)

    def undeletable(self, usernames):
        self.calls.append("undeletable")
        return {name: f"{name} is an administrator" for name in usernames if name in self.protected}

    def deny(self, username):
        self.calls.append(f"deny {username}")
        if self.deny_supported:
            self.pending = [p for p in self.pending if p[0] != username]
        return "" if self.deny_supported else "POST /deny: HTTP 404"

    def stranger(self, username: str, pairing_id: str = "ffffff") -> None:
        self.strangers.add(pairing_id)
        self.pending.append((username, pairing_id))

    def restart(self, name: str) -> None:
        self._start(self.agents[name])

    def registered(self, name: str, **ways) -> FakeAgent:
        agent = self.add(name, **ways)
        self.users.add(name)
        agent.credentials = True
        agent.secret = self.secrets[name] = f"secret of {name}"
        self._start(agent)
        agent.starts = 1
        agent.running_since = self.now - 500.0
        return agent
