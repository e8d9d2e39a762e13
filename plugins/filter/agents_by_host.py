# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: the agents that an inventory names, by host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import AGENT_IDENTITY_OPTIONS

NO_LIST = "no list"


def agents_by_host(
    hostvars: Mapping[str, Mapping[str, Any]], hosts: Iterable[str], variable: str = "agents_list"
) -> dict[str, Any]:
    """What tells the agents of each host apart, and nothing else of them: their variables may be secret.

    What is no agent is passed on, so that whoever reads it can refuse it: left out, its user would look like a ghost.
    """
    known = ((str(host), hostvars[host]) for host in hosts)  # a look at the variables of a host takes a millisecond
    return {host: _identities(variables[variable]) for host, variables in known if variable in variables}


def _identities(agents_list: Any) -> Any:
    if agents_list is None:
        return []
    if not isinstance(agents_list, (list, tuple)):
        return NO_LIST
    return [
        {key: agent[key] for key in AGENT_IDENTITY_OPTIONS if key in agent} if isinstance(agent, Mapping) else None
        for agent in agents_list
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"agents_by_host": agents_by_host}
