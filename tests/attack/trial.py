# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One trial: a run of the real conversation for one agent, with an attacker between any two of its calls.

ATTACK_TRIALS says how many trials there are, ATTACK_SEED repeats a single one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from attack.attacker import KINDS, Attacker
from attack.field import Client, Container, Field, Ways, Wire
from simulator.harness import Simulator

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Requests, ServerPort
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.server import ConnectwareServer
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConnectwareError

TRIALS = int(os.environ.get("ATTACK_TRIALS", "1000"))
SEEDS = [int(os.environ["ATTACK_SEED"])] if "ATTACK_SEED" in os.environ else list(range(TRIALS))
NAME = "hh-press-01"
CHOICES: dict[str, tuple[Any, ...]] = {
    "same_username": ("append", "replace", "reject"),
    "confirm_ambiguous": ("first", "last", "all"),
    "create_user_on": ("confirm", "poll"),
    "pending_survives_relock": (True, False),
    "confirm_while_locked": (True, False),
    "answer_order": ("locked_first", "conflict_first"),
}
FORMATS = ("json", "text")
STORIES = ("first start", "user deleted", "credentials lost")


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        registered: our agent is, as the run says and the broker confirms.
        listed: a stranger was among the pending requests at any time.
        granted: how many strangers were answered 201 at any time.
        admitted: how many of them the broker let in at any time.
        holding: how many strangers it still lets in at the end.
    """

    seed: int
    kind: str
    verdict: str
    registered: bool
    listed: bool
    granted: int
    admitted: int
    holding: int
    settings: dict[str, Any]
    actions: tuple[str, ...]

    @property
    def could_close(self) -> bool:
        """The window could be closed before an authorization, so that nothing can be exchanged meanwhile."""
        allowed = self.settings["pending_survives_relock"] and self.settings["confirm_while_locked"]
        return bool(allowed) and not self.settings["opened_by_others"]

    @property
    def could_register(self) -> bool:
        """Nothing but the attacker keeps our agent from being registered."""
        if self.settings["story"] != "credentials lost":
            return True
        return self.settings["on_conflict"] == "replace" and self.settings["ways"].on_conflict != "silent"

    def __str__(self) -> str:
        return (
            f"seed {self.seed} ({self.kind}): {self.granted} strangers answered 201, {self.admitted} let in,"
            f" {self.holding} in at the end;"
            f" verdict {self.verdict}, actions {list(self.actions)}, with {self.settings}"
        )


class Attacked:
    """A ServerPort with the attacker in front of and behind every call."""

    title = "Username and pairing ID are checked"

    def __init__(self, server: ServerPort, attacker: Attacker, field: Field) -> None:
        self._server = server
        self._attacker = attacker
        self._field = field
        self.authorizes_while_closed = server.authorizes_while_closed
        self._opened_until: float | None = None

    def _between(self, point: str) -> None:
        self._attacker.between(point)

    def requests(self) -> Requests:
        self._between("list")
        return self._in_time(self._server.requests())

    def _in_time(self, requests: Requests) -> Requests:
        """The end of a window that we have opened, by the clock that is stepped; the server's own goes on by itself."""
        if not requests.window_open or self._opened_until is None:
            return requests
        return replace(requests, remaining=self._opened_until - self._field.now)

    def existing(self, usernames: Iterable[str]) -> Mapping[str, str | None]:
        self._between("users")
        return self._server.existing(usernames)

    def open_window(self, seconds: float) -> None:
        self._server.open_window(seconds)
        self._opened_until = self._field.now + seconds
        self._between("opened")

    def close_window(self) -> None:
        self._between("close")
        self._server.close_window()

    def authorize(self, username: str, pairing_id: str) -> None:
        self._between("authorize")
        self._server.authorize(username, pairing_id)
        self._between("authorized")

    def delete_user(self, username: str, *, ours: bool = False) -> None:
        self._server.delete_user(username, ours=ours)
        container = self._field.container
        if container.asks_as is None and container.due is None:
            container.due = self._field.now + 0.1  # its session is cut
        self._between("deleted")

    def undeletable(self, usernames: Iterable[str]) -> Mapping[str, str]:
        return self._server.undeletable(usernames)

    def deny(self, username: str) -> bool:
        self._between("deny")
        return self._server.deny(username)


class NameOnly(Attacked):
    """Makes of ours a check of the name alone: whoever asks under our agent's name is taken for our agent."""

    title = "Only the username is checked"

    def __init__(self, server: ServerPort, attacker: Attacker, field: Field) -> None:
        super().__init__(server, attacker, field)
        field.container.shows_others = False  # whoever does not look at the ID is not led astray by the log either

    def requests(self) -> Requests:
        found = super().requests()
        own = self._field.container.asks_as
        if own is None or own.username not in found.pending:
            return found
        return replace(found, pending={**found.pending, own.username: (own.pairing_id,)})


class IdOnly(Attacked):
    """Takes for our agent whoever shows its pairing ID, and authorizes the name under which that is listed."""

    title = "Only the pairing ID is checked"

    def requests(self) -> Requests:
        found = super().requests()
        own = self._field.container.asks_as
        names = [name for name, ids in found.pending.items() if own is not None and own.pairing_id in ids]
        self._listed_as = dict(zip([NAME], names, strict=False))
        return replace(found, pending={**found.pending, NAME: (own.pairing_id,)}) if own and names else found

    def authorize(self, username: str, pairing_id: str) -> None:
        super().authorize(self._listed_as[username], pairing_id)


def run_trial(
    simulator: Simulator,
    seed: int,
    guard: type[Attacked] = Attacked,
    *,
    can_close: bool = False,
    contract: Mapping[str, Any] = MappingProxyType({}),
    behind: float = 1.0,
) -> Outcome:
    """The seed decides everything but the time that the machine takes.

    Args:
        behind: seconds for which a pairing line that is forged ahead of our agent's own one stands alone.
        can_close: of a Connectware that lets the window be closed before an authorization, and nobody else opens it.
        contract: corrections.
    """
    chance = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    settings = {name: chance.choice(values) for name, values in CHOICES.items()}
    if can_close:
        settings.update(pending_survives_relock=True, confirm_while_locked=True)
    simulator.control("POST", "reset")
    simulator.switch(**settings)
    wire = Wire(simulator)
    container = Container(NAME, wire, chance, ways_of(chance), behind=behind)
    story = chance.choice(STORIES)
    _prepare(story, simulator, container)
    field = Field(container)
    attacker = Attacker(kind, wire, chance, container)
    attacker.prepare()
    opened_by_others = chance.random() < 0.4 and not can_close
    if opened_by_others:
        simulator.control("POST", "window", {"open_ms": 3_600_000})
    field.between = attacker.between
    field.sleep(chance.choice((0.0, 0.6, 3.0)))
    policy = Policy(
        on_conflict=chance.choice(("fail", "replace", "replace")), proof=chance.choice(("restart", "watch")),
        settle=2.0, poll_interval=container.ways.poll, grace=5.0,
    )  # fmt: skip
    server = guard(ConnectwareServer(session_of(simulator, field, contract)), attacker, field)
    record, trouble = _converse(field, server, policy)
    simulator.control("POST", "window", {"open_ms": 60_000})  # somebody opens the window once more
    for _unused in range(2):
        attacker.poll_all()
        field.sleep(2.0)
    holding = attacker.holding()
    registered = bool(outcome(record)["registered"]) and container.stored is not None and wire.opens(container.stored)
    return Outcome(
        seed, kind, outcome(record)["verdict"] + trouble, registered, attacker.listed, len(attacker.granted),
        len(attacker.admitted), len(holding),
        {
            **settings, "story": story, "opened_by_others": opened_by_others, "on_conflict": policy.on_conflict,
            "proof": policy.proof, "ways": container.ways,
        },
        tuple(record.actions),
    )  # fmt: skip


def ways_of(chance: random.Random) -> Ways:
    """Of an agent."""
    return Ways(
        saves=chance.choice(("before", "after")),
        on_conflict=chance.choice(("poll", "silent")),
        announce=chance.choice(("before", "before", "after")),
        repeats=chance.random() < 0.3,
        writes=chance.choice(FORMATS),
    )


def _prepare(story: str, simulator: Simulator, container: Container) -> None:
    if story == "user deleted":
        container.stored = Client(NAME, "000000", "the password of a user that was deleted")
    elif story == "credentials lost":
        lost = {"username": NAME, "password": "the password that was lost", "created_by": "client-registry"}
        simulator.control("POST", "users", lost)


def session_of(simulator: Simulator, field: Field, contract: Mapping[str, Any] = MappingProxyType({})) -> Session:
    """Logged in as a rollout."""
    end = simulator.endpoints
    params = {
        "connectware_url": end["url"],
        "connectware_username": "rollout",
        "connectware_password": simulator.passwords()["rollout"],
        "connectware_ca_path": end["ca_path"],
        "connectware_contract": dict(contract),
    }
    return connect(params, sleep=field.sleep)


def _converse(field: Field, server: ServerPort, policy: Policy) -> tuple[AgentRecord, str]:
    record = AgentRecord(field.container.observe(field.now))
    conversation = Conversation(
        [record], field, server, policy, timeout=60.0, lease=60.0, clock=Clock(field.clock, field.sleep)
    )
    try:
        conversation.run()
    except ConnectwareError as exc:
        return record, f" ({exc.message})"
    return record, ""


def bad(outcomes: Sequence[Outcome]) -> str:
    """The first of those that went wrong."""
    return f"{len(outcomes)} trials:\n" + "\n".join(str(outcome) for outcome in outcomes[:5])
