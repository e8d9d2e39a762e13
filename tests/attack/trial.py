# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One trial: a run of the real conversation for one agent, with an attacker between any two of its calls.

ATTACK_TRIALS says how many trials there are, ATTACK_SEED repeats a single one.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Any

from attack.attacker import KINDS, STOLEN_ID, Attacker, Stranger
from attack.field import STEP, Client, Container, Field, Ways, Wire
from attack.guards import Attacked
from simulator.harness import Simulator

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.facts import PATIENCE
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import ServerPort
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
    "confirm_ambiguous": ("first", "last", "all", "reject"),
    "create_user_on": ("confirm", "poll"),
    "pending_survives_relock": (True, False),
    "confirm_while_locked": (True, False),
    "answer_order": ("locked_first", "conflict_first"),
    "conflict_told_by": ("register", "register", "confirm"),
    "deny_supported": (True, False),
    "grant_repeatable": (True, False),
    "grant_while_locked": (True, False),
    "pending_ttl_ms": (0, 0, 1500),
    "max_window_ms": (0, 0, 3000),
}
POLL, SETTLE, GRACE = 1.0, 2.0, 5.0  # seconds, of the agent and of the policy
# For so long a stranger may be in who was let in by mistake: our agent has three polls to show that it is not the one
# (PATIENCE), three more where what is listed comes and goes with the window, and one restart. And what is looked at.
LONGEST_STAY = 2 * PATIENCE * POLL + SETTLE + 3 * STEP
FORMATS = ("json", "text")
STORIES = ("first start", "user deleted", "credentials lost")


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes:
        registered: our agent is, as the run says and the broker confirms.
        strangers: all of them, with what became of each.
        holding: how many of them the broker still lets in at the end.
    """

    seed: int
    kind: str
    verdict: str
    registered: bool
    strangers: tuple[Stranger, ...]
    holding: int
    settings: dict[str, Any]
    actions: tuple[str, ...]
    message: str

    @property
    def listed(self) -> bool:
        """A stranger was among the pending requests at any time."""
        return any(stranger.listed for stranger in self.strangers)

    @property
    def granted(self) -> list[Stranger]:
        """Those who were answered 201 at any time, or let in by the broker."""
        return [stranger for stranger in self.strangers if stranger.since is not None]

    @property
    def admitted(self) -> list[Stranger]:
        """Those whom the broker let in at any time."""
        return [stranger for stranger in self.strangers if stranger.admitted]

    @property
    def stays(self) -> list[float]:
        """Seconds for which each of those whom the broker let in was in; infinite where his user was never deleted."""
        return [inf if each.until is None or each.since is None else each.until - each.since for each in self.admitted]

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
        return bool(self.settings["on_conflict"] == "replace")

    @property
    def has_our_id(self) -> bool:
        """Who knows our pairing ID was listed before the authorization that could be taken: one was refused before."""
        told_late = self.settings["conflict_told_by"] == "confirm" and self.settings["story"] == "credentials lost"
        return self.kind == STOLEN_ID and told_late

    def joined(self, phase: str) -> bool:
        """A stranger who came in that phase was among the pending requests."""
        return any(stranger.phase == phase and stranger.listed for stranger in self.strangers)

    def __str__(self) -> str:
        return (
            f"seed {self.seed} ({self.kind}): {len(self.granted)} strangers answered 201 or let in, for {self.stays} s,"
            f" {len(self.admitted)} of them let in by the broker, {self.holding} in at the end; verdict {self.verdict},"
            f" actions {list(self.actions)}, with {self.settings}"
        )


def run_trial(
    simulator: Simulator,
    seed: int,
    guard: type[Attacked] = Attacked,
    *,
    can_close: bool = False,
    contract: Mapping[str, Any] = MappingProxyType({}),
    behind: float = 1.0,
    patient: bool = False,
) -> Outcome:
    """The seed decides everything but the time that the machine takes.

    Args:
        patient: strangers wait for the end of the run once something was authorized.
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
    prepare(story, simulator, container)
    field = Field(container)
    attacker = Attacker(kind, wire, chance, field, patient)
    attacker.prepare()
    opened_by_others = chance.random() < 0.4 and not can_close
    if opened_by_others:
        simulator.control("POST", "window", {"open_ms": 3_600_000})
    field.between = attacker.between
    attacker.between("begin")
    field.sleep(chance.choice((0.0, 0.6, 3.0)))
    policy = Policy(
        on_conflict=chance.choice(("fail", "replace", "replace")), proof=chance.choice(("restart", "watch")),
        settle=SETTLE, poll_interval=POLL, grace=GRACE,
    )  # fmt: skip
    server = guard(ConnectwareServer(session_of(simulator, field, contract)), attacker, field)
    record, trouble = converse(field, server, policy)
    attacker.patient = False
    simulator.control("POST", "window", {"open_ms": 60_000})  # somebody opens the window once more
    for _unused in range(2):
        attacker.poll_all()
        field.sleep(2.0)
    holding = attacker.holding()
    registered = bool(outcome(record)["registered"]) and container.stored is not None and wire.opens(container.stored)
    return Outcome(
        seed, kind, outcome(record)["verdict"] + trouble, registered, tuple(attacker.strangers), len(holding),
        {
            **settings, "story": story, "opened_by_others": opened_by_others, "on_conflict": policy.on_conflict,
            "proof": policy.proof, "ways": container.ways,
        },
        tuple(record.actions), str(outcome(record)["message"]),
    )  # fmt: skip


def ways_of(chance: random.Random) -> Ways:
    """Of an agent."""
    return Ways(
        poll=POLL,
        saves=chance.choice(("before", "after")),
        on_conflict=chance.choice(("poll", "silent")),
        announce=chance.choice(("before", "before", "after")),
        repeats=chance.random() < 0.3,
        writes=chance.choice(FORMATS),
    )


def prepare(story: str, simulator: Simulator, container: Container) -> None:
    """What was before the run: one of STORIES."""
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


def converse(field: Field, server: ServerPort, policy: Policy) -> tuple[AgentRecord, str]:
    """The run itself; with what ended it, if anything did."""
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
