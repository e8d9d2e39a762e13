# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only all hosts of a rollout together show: names that stand twice, and how many agents would be registered anew.

So many of them at once as no accident takes away mean that the run talks to the wrong Connectware, or that somebody has
revoked them; then none may be registered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import SpecError
from .evidence import (
    AWAITING_AUTHORIZATION,
    CONFLICT_REASON,
    CONFLICTED,
    CREDENTIALS_MISSING,
    CREDENTIALS_REJECTED,
    RETIRED,
    UNPROVEN,
    UNSAVED,
)
from .fleet import is_unfilled
from .limits import most_of
from .text import printable

ANEW = (CREDENTIALS_MISSING, CREDENTIALS_REJECTED, CONFLICT_REASON)  # reasons of agents that were registered before
IN_CONFLICT = (CONFLICTED, UNSAVED, UNPROVEN)  # verdicts after which `on_conflict: replace` may delete a user
_SHOWN = 10


@dataclass(frozen=True)
class HostOfRun:
    """One host of a rollout, and what its agents were found to be.

    Attributes:
        url: of its Connectware; empty where the environment names it.
        wanted: how many agents it shall have.
        agents: results of agents_registered, as far as this run has any of this host.
        replaces: it has `on_conflict: replace`.
        limit: its agents_max_reregistrations, if it has one of its own.
        name: as the inventory has it.
    """

    url: str
    wanted: int
    agents: Sequence[Mapping[str, Any]] = ()
    replaces: bool = False
    limit: str | None = None
    name: str = ""


@dataclass
class _Total:
    """Of the hosts of one Connectware that have the same limit."""

    wanted: int = 0
    judged: int = 0
    anew: list[str] = field(default_factory=list)


def weighed(hosts: Sequence[HostOfRun], limit: str) -> dict[str, Any]:
    """Who would be registered anew, whether these are too many at one of the Connectwares, and who is on two hosts.

    There, hosts with the same limit are counted together: a limit that one factory has raised lets no agents of others
    in, and one that it has lowered holds for its own alone.

    Args:
        hosts: all of the play; those of earlier batches too, whose agents may have been registered anew by now.
        limit: that of hosts without one of their own, a number or a percentage of the agents that they shall have.

    Returns:
        `anew` (names of agents that were registered before and are not, or were registered anew in this run),
        `too_many` (a sentence for each Connectware and limit, where they are more), `to_replace` (usernames in
        conflict whose user may be deleted), `twice` (as `repeated_names`: those of a play's own variables, or of facts,
        are known here only).

    Raises:
        SpecError: the limit cannot be read, and there are agents to be counted.
    """
    totals: dict[tuple[str, str], _Total] = {}
    to_replace: list[str] = []
    for host in hosts:
        total = totals.setdefault((host.url, limit if host.limit is None else host.limit), _Total())
        total.wanted += host.wanted
        total.judged += len(host.agents)
        total.anew += [str(agent["name"]) for agent in host.agents if _is_anew(agent)]
        if host.replaces:
            to_replace += [str(agent["username"]) for agent in host.agents if _may_lose_its_user(agent)]
    complaints = [_complaint(url, total, most) for (url, most), total in totals.items()]
    return {
        "anew": [name for total in totals.values() for name in total.anew],
        "too_many": [text for text in complaints if text],
        "to_replace": to_replace,
        "twice": repeated_names((host.name, agent) for host in hosts for agent in host.agents if _is_wanted(agent)),
    }


def listed(agents_list: Any) -> Sequence[Any]:
    """The entries of a list of agents; what is none is left to the check of that host's options."""
    return agents_list if isinstance(agents_list, (list, tuple)) else ()


def _is_anew(agent: Mapping[str, Any]) -> bool:
    return agent["reason"] in ANEW and (not agent["registered"] or "authorized" in agent["actions"])


def _is_wanted(agent: Mapping[str, Any]) -> bool:
    """Not of a host that it was taken off in an earlier play."""
    return bool(agent["verdict"] != RETIRED)


def _may_lose_its_user(agent: Mapping[str, Any]) -> bool:
    """Connectware can tell of a conflict as late as at the authorization, if the agent was registered before."""
    return agent["verdict"] in IN_CONFLICT or (agent["verdict"] == AWAITING_AUTHORIZATION and agent["reason"] in ANEW)


def _complaint(url: str, total: _Total, limit: str) -> str:
    """That they are too many; empty if they are not."""
    if not total.anew:
        return ""
    most = _most(limit, max(total.wanted, total.judged))
    if len(total.anew) <= most:
        return ""
    names = ", ".join(printable(name, 64) for name in total.anew[:_SHOWN])
    more = " and more" if len(total.anew) > _SHOWN else ""
    return (
        f"{len(total.anew)} of {total.judged} agents would be registered anew, and agents_max_reregistrations"
        f" ({limit}) allows {most}: {names}{more}. So many at once usually mean that connectware_url"
        f" ({printable(url, 200) or 'from the environment'}) is another Connectware"
    )


def _most(limit: str, agents: int) -> int:
    """How many of so many agents may be registered anew."""
    try:
        return most_of(limit, agents)
    except ValueError as exc:
        raise SpecError(
            "tell how many agents may be registered anew",
            answered=f"agents_max_reregistrations is {printable(limit, 40) or 'empty'}",
            todo="It takes a number such as 4, or a percentage such as 10%, up to 100%. No agent was registered or"
            " restarted.",
        ) from exc


def repeated_names(agents: Iterable[tuple[str, Any]]) -> list[str]:
    """The names and usernames that stand on more than one host, as sentences; Connectware knows agents by nothing else.

    Args:
        agents: each with its host; whatever is not yet known to be an agent is left to the check of its options.
    """
    return [f"{printable(name, 64)} is on {' and '.join(hosts)}" for name, hosts in namesakes(agents).items()]


def namesakes(agents: Iterable[tuple[str, Any]]) -> dict[str, list[str]]:
    """The names and usernames that stand on more than one host, each with these hosts; arguments as above."""
    return {name: list(hosts) for name, hosts in _places(agents) if len(hosts) > 1}


def _places(agents: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, dict[str, None]]]:
    """The hosts of each name and username; what older ansible-core could not fill in is the same text everywhere."""
    places: dict[str, dict[str, None]] = {}
    for host, agent in agents:
        if isinstance(agent, Mapping) and agent.get("name") is not None:
            for name in {str(agent["name"]): None, str(agent.get("username") or agent["name"]): None}:
                if not is_unfilled(name):
                    places.setdefault(name, {})[host] = None
    return places.items()
