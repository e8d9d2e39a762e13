# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A world in memory in which much goes wrong at once, all of it by a seed: strangers, lost answers, outages."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConnectwareError,
    EngineError,
    HostUnreachableError,
    LockedError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)

from .world import World

STORIES = ("first start", "user deleted", "credentials lost", "registered", "registered in this start")
SERVER: dict[str, tuple[Any, ...]] = {
    "pending_survives": (True, False),
    "conflict_first": (True, False),
    "deny_supported": (True, False),
    "authorizes_while_closed": (None, False),
    "refuses_while_closed": (True, False),
    "forgets_restarted": (True, True, False),
    "tells": (True, True, False),
    "tells_conflict": ("register", "register", "confirm", "confirm_and_drop"),
}
SAID = ("could not be deleted", "No user was made", "was authorized is unknown")  # where a stranger may be in
REFUSALS = ((NotFoundError, 404), (LockedError, 423), (RateLimitedError, 429))
CALL = 0.01  # seconds that anything asked of Connectware takes; else a run may wait for less than its clock can show
MOST_LATE = 20.0  # seconds that a run may take beyond its timeout, besides slow authorizations: a look, some calls


class Hostile(World):
    """One seed of it. It ends being hostile when `at_peace` is set.

    Attributes:
        taken: usernames under which a stranger has taken the place of an agent's request.
        disturbed: agents to which something happened that the run has not done.
        granted: whom an authorization of the run has let somebody in for, each time.
        slow: seconds that an authorization takes.
        dice: what the run draws from.
    """

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        super().__init__(seed, **{name: chance.choice(values) for name, values in SERVER.items()})
        self.at_peace = False
        self.taken: set[str] = set()
        self.disturbed: set[str] = set()
        self.granted: list[str] = []
        self._plan = random.Random(seed + 1)
        self._refusing = random.Random(seed + 3)
        self.dice = random.Random(seed + 4)
        self._refuses = self._refusing.choice((0.0, 0.0, 0.4))
        self._swaps = chance.choice((0.0, 0.0, 0.7))
        self._loses = chance.choice((0.0, 0.3))
        self.slow = chance.choice((0.0, 0.0, 5.0, 30.0))
        self._outages = [self._outage(chance) for _number in range(chance.choice((0, 0, 1, 2)))]
        self._away = self._outage(chance) if chance.random() < 0.3 else (0.0, 0.0)
        self._breaks = chance.random() < 0.1
        self._accidents = sorted(self.now + chance.uniform(0.0, 30.0) for _number in range(chance.choice((0, 0, 1, 3))))
        for number in range(chance.choice((1, 2, 3))):
            self._settle(f"agent-{number}", chance)
        self.well = {name for name, agent in self.agents.items() if self.works(name) and not agent.events}
        self.sleep(chance.choice((0.0, 0.6, 4.0)))
        if chance.random() < 0.2:
            self.window_until = self.now + 200.0

    def _outage(self, chance: random.Random) -> tuple[float, float]:
        begin = self.now + chance.uniform(0.5, 25.0)
        return begin, begin + chance.choice((2.0, 10.0, 300.0))

    def _settle(self, name: str, chance: random.Random) -> None:
        ways = {
            "boot": chance.choice((0.2, 0.5, 2.0)), "poll": chance.choice((0.3, 1.0, 4.0)),
            "saves": chance.choice(("before", "after")), "on_conflict": chance.choice(("poll", "exit", "silent")),
        }  # fmt: skip
        story = chance.choice(STORIES)
        if story == "first start":
            self.add(name, **ways)
            return
        agent = self.registered(name, **ways)
        if story == "user deleted":
            self.users.discard(name)
        elif story == "credentials lost":
            agent.credentials = False
        if story in ("user deleted", "credentials lost"):
            self.restart(name)
        elif story == "registered in this start":
            self.add(name, **ways)
            agent = self.agents[name]
            agent.credentials, agent.secret = True, self.secrets[name]
            self._poll(agent)
            agent.asks_at, agent.running_since = None, self.now - 500.0

    def works(self, name: str) -> bool:
        """Its agent is in, with the credentials that it has."""
        agent = self.agents[name]
        return agent.asks_at is None and agent.credentials and self.opens(name, agent.secret)

    def opens(self, name: str, secret: str) -> bool:
        return name in self.users and self.secrets.get(name) == secret

    def holding(self) -> set[str]:
        """The users by which strangers are in."""
        return {name for name in self.users if self.secrets.get(name) in self.strangers}

    # what goes wrong

    def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while not self.at_peace and self._accidents and self._accidents[0] <= end:
            super().sleep(max(0.0, self._accidents.pop(0) - self.now))
            name = self._plan.choice(sorted(self.agents))
            if self.tells and self._plan.random() < 0.4:  # else nobody can know that it was closed
                self.window_until = self.now
            else:
                self.disturbed.add(name)
                self.restart(name)
        super().sleep(max(0.0, end - self.now))

    def _is(self, outage: tuple[float, float]) -> bool:
        return not self.at_peace and outage[0] <= self.now < outage[1]

    def _answer(self, what: Callable[[], Any], loses: float = 0.0) -> Any:
        self.sleep(CALL)
        if any(self._is(outage) for outage in self._outages):
            self.sleep(1.0)
            raise UnreachableError("ask Connectware")
        answer = what()
        if not self.at_peace and self._plan.random() < loses:
            raise ServerError("ask Connectware", answered="HTTP 503", status=503)
        return answer

    def look(self, looks: Any, wait: float) -> Any:
        if self._is(self._away):
            self.sleep(1.0)
            raise (EngineError if self._breaks else HostUnreachableError)("look at the agents")
        return super().look(looks, wait)

    def requests(self) -> Any:
        return self._answer(super().requests)

    def existing(self, usernames: Any) -> Any:
        return self._answer(lambda: World.existing(self, usernames))

    def delete_user(self, username: str, *, ours: bool = False) -> None:
        def delete() -> None:
            World.delete_user(self, username, ours=ours)
            agent = self.agents[username]
            if agent.asks_at is None and not agent.events:  # its session is cut
                agent.asks_at = self.now + 0.1

        self._answer(delete)

    def authorize(self, username: str, pairing_id: str) -> None:
        def refuse() -> None:
            if (username, pairing_id) in self.pending and self._refusing.random() < 0.5:  # somebody else was faster
                World.authorize(self, username, pairing_id)
            self.sleep(self.slow)
            error, status = self._refusing.choice(REFUSALS)
            raise error(f"authorize {username}", answered=f"HTTP {status}", status=status)

        def let_in() -> None:
            if not self.at_peace and self._plan.random() < self._swaps:
                stranger = f"f{self._plan.randrange(16**5):05x}"
                self.strangers.add(stranger)
                self.pending.insert(0, (username, stranger))
                self.taken.add(username)
            if (username, pairing_id) not in self.pending:  # its agent was started anew while the call was under way
                raise NotFoundError(f"authorize {username}", answered="HTTP 404", status=404)
            World.authorize(self, username, pairing_id)
            self.granted.append(username)
            self.sleep(0.0 if self.at_peace else self.slow)

        if not self.at_peace and self._refusing.random() < self._refuses:
            self._answer(refuse)
        else:
            self._answer(let_in, self._loses)


def held(world: Hostile, policy: Policy, timeout: float) -> tuple[dict[str, AgentRecord], str]:
    """One run, and what it says besides the results of its agents."""
    records = {name: AgentRecord(world.observe(name)) for name in world.agents}
    course = Conversation(
        list(records.values()), world, world, policy, timeout=timeout, clock=Clock(lambda: world.now, world.sleep),
        book=own_book(), draw=world.dice.random,
    )  # fmt: skip
    said = ""
    try:
        course.run()
    except ConnectwareError as exc:
        said = exc.message
    return records, " ".join((said, *course.warnings))


def lived(seed: int) -> list[str]:
    """What is wrong in the end, with one seed; nothing as a rule."""
    world, chance = Hostile(seed), random.Random(seed + 2)
    policy = Policy(
        on_conflict=chance.choice(("fail", "replace")), proof=chance.choice(("restart", "restart", "watch"))
    )
    timeout, began = chance.choice((8.0, 20.0, 60.0, 180.0)), world.now
    records, said = held(world, policy, timeout)
    found = []
    if world.now - began > timeout + MOST_LATE + world.slow * len(records):
        found.append(f"it took {world.now - began:.0f} s of {timeout:.0f}")
    for name, record in records.items():
        told, restarts = outcome(record), world.restarts.get(name, 0)
        if name in world.holding() and not any(text in f"{told['message']} {said}" for text in SAID):
            found.append(f"{name}: a stranger is in, and nobody says so: {told['message']} {said}")
        if told["registered"] and name not in world.disturbed and not world.works(name):
            found.append(f"{name}: it is told to be registered, and is not")
        if name in world.well - world.disturbed and (restarts or f"delete {name}" in world.calls):
            found.append(f"{name}: it was well, and {told['actions']}")
        if told["actions"].count("authorized") > world.granted.count(name):
            found.append(f"{name}: it is told to be authorized once too often: {told['actions']}")
        if "taken_back" in told["actions"] and name not in world.granted:
            found.append(f"{name}: whom somebody else has let in was thrown out")
        if restarts > 3 + ("user_deleted" in record.actions):
            found.append(f"{name}: restarted {restarts} times")
        if policy.on_conflict == "fail" and name not in world.taken and "user_deleted" in record.actions:
            found.append(f"{name}: its user was deleted, which is not allowed")
    return [f"seed {seed}: {what}" for what in found]
