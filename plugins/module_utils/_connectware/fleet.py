# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All agents of one Connectware: which of its users and pending requests are agents, and by what evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._agents import fleet
from .._agents.fleet import ExpectedAgent, Fleet, ServerAgent, Stranger
from .._errors import ContractError, ForbiddenError, NotFoundError
from .registry import Registry
from .session import Session
from .system import System
from .users import User, Users

NOTHING_TOLD = (
    "Connectware does not say of any user whether a registration has made it, so ghosts cannot be told from people and"
    " other software. Correct the entry list_users.fields.by_registration in connectware_contract, or name the roles"
    " that only agents have in its settings.agent_roles."
)


def look_at_fleet(
    session: Session,
    expected: Sequence[ExpectedAgent],
    *,
    connected: bool = False,
    notices: list[str] | None = None,
) -> Fleet:
    """What Connectware shows of all its agents, and of those that the inventory names.

    Costs one request for the pending requests, one for each 100 users, and one for who is connected; where the users
    are on several pages, one more for each 100 of those that are named and on no page.

    Args:
        connected: whether to ask which agents are connected.
        notices: gets why nobody can tell that, where the answer cannot be read; else that is an error.

    Raises:
        ApiError: Connectware did not answer, or not as the contract says.
    """
    # The requests first: one that is authorized in between shows up twice; the other way round it would not at all.
    pending = Registry(session).state().by_username()
    named = {agent.username: agent.name for agent in expected}
    users = {user.username: user for user in Users(session).all(named)}
    working = _working(session, notices) if connected else None
    roles = frozenset(session.contract.setting("agent_roles"))
    agents = []
    for username in sorted({*users, *(set(named) & set(pending))}):
        user = users.get(username)
        evidence = _evidence(user, roles) or (fleet.BY_INVENTORY if username in named else None)
        if evidence is not None:
            is_connected = _connected(working, {username, named.get(username, username)})
            agents.append(_agent(username, user, evidence, pending.get(username, ()), is_connected))
    known = {agent.username for agent in agents}
    return Fleet(
        agents=tuple(agents),
        strangers=tuple(Stranger(name, pending[name]) for name in sorted(set(pending) - known)),
        undecided=sum(user.by_registration is None and _evidence(user, roles) is None for user in users.values()),
    )


def _working(session: Session, notices: list[str] | None) -> frozenset[str] | None:
    try:
        return System(session).connected_agents()
    except ContractError as exc:
        if notices is None:
            raise
        notices.append(exc.message)
        return None


def told_version(session: Session, notices: list[str]) -> str | None:
    """Connectware's version; None where it does not tell, or not this account.

    Args:
        notices: gets why nobody can tell that, where the answer cannot be read.
    """
    try:
        return System(session).version()
    except (ForbiddenError, NotFoundError):
        return None
    except ContractError as exc:
        notices.append(exc.message)
        return None


def nothing_told(seen: Fleet) -> bool:
    """Whether the server gives no evidence of any agent, although it has users: its ghosts cannot be told then."""
    return seen.undecided > 0 and all(agent.evidence == fleet.BY_INVENTORY for agent in seen.agents)


def _evidence(user: User | None, agent_roles: frozenset[str]) -> str | None:
    if user is None:
        return None
    if user.by_registration:
        return fleet.BY_REGISTRATION
    return fleet.BY_ROLE if agent_roles & set(user.roles) else None


def _connected(working: frozenset[str] | None, names: set[str]) -> bool | None:
    """Whether one of its names is there: whether the list has agent names or usernames is not documented.

    Nor is whether the server tells upper and lower case apart, so that this does not.
    """
    return None if working is None else not {name.casefold() for name in working}.isdisjoint(map(str.casefold, names))


def _agent(
    username: str,
    user: User | None,
    evidence: str,
    pairing_ids: tuple[str | None, ...],
    connected: bool | None,
) -> ServerAgent:
    return ServerAgent(
        username=username,
        evidence=evidence,
        registered=user is not None,
        pairing_ids=pairing_ids,
        roles=() if user is None else user.roles,
        created_at=None if user is None else user.created_at,
        connected=connected,
    )


def read_expected(inventory: Mapping[str, Any]) -> tuple[ExpectedAgent, ...]:
    """The agents of all hosts of an inventory, from the agents_list of each host.

    Raises:
        SpecError: an entry has no name.
    """
    return tuple(agent for host, agents in inventory.items() for agent in fleet.expected_agents(str(host), agents))
