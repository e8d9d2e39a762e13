# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agents that events may lead to a rollout for: each must have a host that a run can be limited to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._agents.fleet import ExpectedAgent, expected_agents
from .._agents.text import printable
from .._errors import SpecError


def of_list(agents: Iterable[Mapping[str, Any]]) -> tuple[ExpectedAgent, ...]:
    """The agents that the rulebook names itself.

    Raises:
        SpecError: see `checked`.
    """
    return checked([found for agent in agents for found in expected_agents(str(agent["host"]), [agent])])


def checked(agents: Sequence[ExpectedAgent]) -> tuple[ExpectedAgent, ...]:
    """The same agents, if events about them can be told apart and acted on.

    Raises:
        SpecError: there is none, a host could not be used as a limit, or a username is there twice.
    """
    if not agents:
        raise _refused("no host has any agent", "Set agents_list for hosts or groups, or give agents.")
    hosts: dict[str, str] = {}
    for agent in agents:
        if not fit_for_limit(agent.host):
            raise _refused(
                f"the name of the host {printable(repr(agent.host))} could mean more than one host where a run is"
                " limited to it",
                "Rename it: letters, digits, dots, hyphens and underscores, or an address.",
            )
        if agent.username in hosts:
            raise _refused(
                f"{printable(agent.username)} is on {hosts[agent.username]} and on {agent.host}",
                "Connectware knows an agent by its username alone: rename one of them.",
            )
        hosts[agent.username] = agent.host
    return tuple(agents)


def fit_for_limit(host: str) -> bool:
    """Whether a limit of this text can only mean the host of this name: no pattern, list, file or built-in group.

    A group that has the name of a host is not known here.
    """
    if host in ("all", "ungrouped"):
        return False
    try:
        ipaddress.ip_address(host)
        return "%" not in host  # Ansible splits the zone off, or takes what is in it for further patterns
    except ValueError:
        return all(char.isalnum() or char in "._-" for char in host) and (host[:1].isalnum() or host[:1] == "_")


def _refused(answered: str, todo: str) -> SpecError:
    return SpecError("tell which agents to watch", answered=answered, todo=f"Nothing was asked of Connectware. {todo}")
