# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All agents at once: what the server shows of them, held against what the inventory names.

A ghost is an agent on the server that the inventory does not name; a missing one is named there and unknown to the
server. Users without evidence that they are agents are neither: they are those of people and other software.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .._errors import SpecError
from .text import NAME, printable

REGISTERED, PENDING, MISSING = "registered", "pending", "missing"
STATES = (REGISTERED, PENDING, MISSING)

BY_REGISTRATION = "registration"  # a registration made the user
BY_ROLE = "role"  # it has a role that only agents have
BY_INVENTORY = "inventory"  # nothing but that the inventory names it

EVERY_NAME = re.compile(".*", re.DOTALL)
UNFILLED = "a template that could not be filled in"  # in the place of a value that needs what nobody knows here
_TEMPLATE = ("{{", "{%")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")


@dataclass(frozen=True)
class ExpectedAgent:
    """An agent that the inventory names.

    Attributes:
        username: its user on the server.
        host: the factory host that has it.
    """

    name: str
    username: str
    host: str


@dataclass(frozen=True)
class ServerAgent:
    """An agent as the server shows it.

    Attributes:
        evidence: one of BY_*: why it is taken for an agent.
        registered: its user exists.
        pairing_ids: of the requests that are pending under its username; None for one that shows none.
        created_at: as the server writes it; None where it does not tell, or where there is no user.
        connected: whether it is connected now; None where the server does not tell.
    """

    username: str
    evidence: str
    registered: bool = True
    pairing_ids: tuple[str | None, ...] = ()
    roles: tuple[str, ...] = ()
    created_at: str | None = None
    connected: bool | None = None

    @property
    def state(self) -> str:
        """One of STATES."""
        if self.pairing_ids:
            return PENDING
        return REGISTERED if self.registered else MISSING


@dataclass(frozen=True)
class Stranger:
    """A request that is pending under a name which the inventory does not have; anybody can ask under any name."""

    username: str
    pairing_ids: tuple[str | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """For a result: bounded and without control characters."""
        return {"username": printable(self.username, NAME), "pairing_ids": _shown_ids(self.pairing_ids)}


@dataclass(frozen=True)
class Fleet:
    """What the server shows at one moment.

    Attributes:
        agents: by username; those of the inventory, and those with evidence of their own.
        strangers: pending requests of nobody among them.
        undecided: how many users there are of which the server does not tell whether a registration has made them.
    """

    agents: tuple[ServerAgent, ...]
    strangers: tuple[Stranger, ...] = ()
    undecided: int = 0

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, as the server showed it: hostile, and only to be read by `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Fleet:
        """The same again.

        Raises:
            KeyError, TypeError: this is not what `to_dict` has made.
        """
        return cls(
            agents=tuple(
                ServerAgent(**{**agent, "pairing_ids": tuple(agent["pairing_ids"]), "roles": tuple(agent["roles"])})
                for agent in values["agents"]
            ),
            strangers=tuple(
                Stranger(stranger["username"], tuple(stranger["pairing_ids"])) for stranger in values["strangers"]
            ),
            undecided=int(values["undecided"]),
        )


@dataclass(frozen=True)
class Entry:
    """An agent of the server, of the inventory, or of both.

    Attributes:
        expected: what the inventory says of it; None if it is not there.
        ghost: see `ghosts`.
    """

    agent: ServerAgent
    expected: ExpectedAgent | None = None
    ghost: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For a result: bounded, without control characters, and with the same keys in every state."""
        agent, expected = self.agent, self.expected
        return {
            "username": printable(agent.username, NAME),
            "name": None if expected is None else printable(expected.name, NAME),
            "host": None if expected is None else printable(expected.host, NAME),
            "state": agent.state,
            "ghost": self.ghost,
            "evidence": agent.evidence,
            "pairing_ids": _shown_ids(agent.pairing_ids),
            "roles": [printable(role, NAME) for role in agent.roles],
            "created_at": None if agent.created_at is None else printable(agent.created_at),
            "connected": agent.connected,
        }


def compare(
    seen: Fleet, expected: Sequence[ExpectedAgent] | None, concerns: re.Pattern[str] = EVERY_NAME
) -> tuple[Entry, ...]:
    """Server and inventory side by side, by username.

    Args:
        expected: the agents of the whole inventory; None where there is none to compare with: then nobody is a ghost.
        concerns: see `ghosts`.
    """
    named = {agent.username: agent for agent in reversed(expected or ())}
    unknown = () if expected is None else ghosts(seen.agents, names_of(expected), concerns)
    ghostly = {agent.username for agent in unknown}  # each has one user
    gone = {agent.username for agent in missing(seen.agents, expected or ())}
    there = [*seen.agents, *(ServerAgent(username, BY_INVENTORY, registered=False) for username in gone)]
    there.sort(key=lambda agent: agent.username)
    return tuple(Entry(agent, named.get(agent.username), agent.username in ghostly) for agent in there)


def ghosts(
    server_agents: Iterable[ServerAgent], inventory_names: Iterable[str], concerns: re.Pattern[str] = EVERY_NAME
) -> tuple[ServerAgent, ...]:
    """The agents that have a user on the server and are not in the inventory.

    Args:
        inventory_names: agent names and usernames of the whole inventory. One that differs in case alone counts: a
            server that does not tell them apart would take the one for the other.
        concerns: for whole names: only those that fit are this inventory's business.
    """
    known = {name.casefold() for name in inventory_names}
    return tuple(
        agent
        for agent in server_agents
        if agent.registered
        and agent.evidence != BY_INVENTORY
        and agent.username.casefold() not in known
        and concerns.fullmatch(agent.username)
    )


def missing(server_agents: Iterable[ServerAgent], expected: Iterable[ExpectedAgent]) -> tuple[ExpectedAgent, ...]:
    """The agents of the inventory that have neither a user nor a pending request on the server."""
    there = {agent.username for agent in server_agents if agent.state != MISSING}
    return tuple(agent for agent in expected if agent.username not in there)


def names_of(expected: Iterable[ExpectedAgent]) -> frozenset[str]:
    """Everything by which the agents of an inventory could be known to a server."""
    return frozenset(name for agent in expected for name in (agent.name, agent.username))


def compiled(pattern: str | None) -> re.Pattern[str]:
    """A pattern for whole agent names; none, or an empty one, fits every name.

    Raises:
        SpecError: it is no regular expression.
    """
    try:
        return re.compile(pattern) if pattern else EVERY_NAME
    except (re.error, RecursionError, OverflowError) as exc:
        raise SpecError(
            f"use the name pattern {printable(str(pattern))!r}",
            answered=f"it is no regular expression: {exc}",
            todo="Nothing was asked or changed. Give one that fits whole names, for example 'hh-.*'.",
        ) from exc


def expected_agents(host: str, agents_list: Any) -> tuple[ExpectedAgent, ...]:
    """The agents that one host of the inventory names.

    Args:
        agents_list: as the inventory has it; None is an empty list.

    Raises:
        SpecError: one without a name: what it means cannot be guessed, and its user would be taken for a ghost.
    """
    if agents_list is None:
        return ()
    if not isinstance(agents_list, (list, tuple)):
        raise _unreadable(host, f"it is {UNFILLED}" if is_unfilled(agents_list) else "it is no list")
    return tuple(_expected(host, number, item) for number, item in enumerate(agents_list, 1))


def is_unfilled(value: Any) -> bool:
    """It is a text with a template, as older ansible-core leaves it, or what our filters have put there."""
    return isinstance(value, str) and (value == UNFILLED or any(mark in value for mark in _TEMPLATE))


def _expected(host: str, number: int, item: Any) -> ExpectedAgent:
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), (str, int)) or item["name"] in ("", True):
        raise _unreadable(host, f"entry {number} has no name")
    name = str(item["name"])
    username = str(item.get("username") or name)
    if is_unfilled(name) or is_unfilled(username):
        raise _unreadable(host, f"entry {number} has {UNFILLED}")
    return ExpectedAgent(name, username, host)


def _unreadable(host: str, problem: str) -> SpecError:
    return SpecError(
        "read agents_list",
        where=f"the inventory's host {printable(host)}",
        answered=problem,
        todo="Nothing was asked or changed. Write each agent as a mapping, for example - name: hh-press-01.",
    )


def host_name(username: str, taken: Container[str]) -> str:
    """A name under which an agent can be a host of an inventory, and which no other host or group has.

    That is its username where it is plain text and free. A username can be anything, also a template or the name of a
    host that exists; then it is made from a hash of it: from the whole one where somebody has the short one for a name,
    since that is longer than a plain name can be.
    """
    if _PLAIN_NAME.match(username) and username not in taken:
        return username
    digest = hashlib.sha256(username.encode("utf-8", "surrogatepass")).hexdigest()
    short = f"connectware-agent-{digest[:16]}"
    return f"connectware-agent-{digest}" if short in taken else short


def _shown_ids(pairing_ids: Iterable[str | None]) -> list[str | None]:
    return [None if each is None else printable(each, NAME) for each in pairing_ids]
