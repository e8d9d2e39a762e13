# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tells the agents of hosts apart, for filters. It may need facts, which hosts outside of --limit do not have.

Then ansible-core up to 2.18 leaves the template as it is, and later ones raise an error, or return what is undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleUndefinedVariable
from ansible.utils.display import Display
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Undefined

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import UNFILLED, is_unfilled
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import printable
from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import AGENT_IDENTITY_OPTIONS

AGENTS = "agents_list"
NO_LIST = "no list"
_SHOWN = 10

HostVars = Mapping[str, Mapping[str, Any]]


def identities(hostvars: HostVars, hosts: Iterable[str], variable: str = AGENTS) -> dict[str, Any]:
    """What tells the agents of each host apart, and nothing else of them: their variables may be secret.

    What is no agent is passed on, so that whoever reads it can refuse it: left out, its user would look like a ghost.
    So it is with what cannot be filled in, as UNFILLED.
    """
    known = ((str(host), hostvars[host]) for host in hosts)  # a look at the variables of a host takes a millisecond
    return {host: _identities(variables, variable) for host, variables in known if variable in variables}


def readable_agents(filter_name: str, hostvars: HostVars, hosts: Iterable[str]) -> list[tuple[str, Any]]:
    """The agents of these hosts, each with its host; warns of those whose names cannot be filled in."""
    found = {host: agents for host, agents in identities(hostvars, hosts).items() if agents != NO_LIST}
    dark = [host for host, agents in found.items() if agents == UNFILLED or any(map(_is_nameless, agents))]
    if dark:
        named = ", ".join(printable(host, 64) for host in dark[:_SHOWN]) + (" and more" if dark[_SHOWN:] else "")
        Display().warning(
            f"{filter_name}: names of agents on {named} could not be filled in, and were not compared with those of"
            " other hosts. They need what is not known of these hosts in this run, such as facts of hosts outside of"
            " --limit."
        )
    return [(host, agent) for host, agents in found.items() if agents != UNFILLED for agent in agents]


def _is_nameless(agent: Any) -> bool:
    return isinstance(agent, Mapping) and UNFILLED in (agent.get("name"), agent.get("username"))


def _identities(variables: Mapping[str, Any], variable: str) -> Any:
    agents = _filled(lambda: variables[variable])
    if agents is None:
        return []
    if not isinstance(agents, (list, tuple)):
        return UNFILLED if agents == UNFILLED else NO_LIST
    return [_identity(agent) for agent in (_filled(lambda at=at: agents[at]) for at in range(len(agents)))]


def _identity(agent: Any) -> Any:
    if not isinstance(agent, Mapping):
        return UNFILLED if agent == UNFILLED else None
    values = ((key, _filled(lambda key=key: agent[key])) for key in AGENT_IDENTITY_OPTIONS if key in agent)
    return {key: value for key, value in values if not _is_omitted(value)}


def _is_omitted(value: Any) -> bool:
    """It is what `omit` stands for: filters see it, and Ansible drops it only before a module gets it.

    Before ansible-core 2.19 it is a text of that beginning, from then on the only object of a type without a public
    name.
    """
    return str(value).startswith("__omit_place_holder__") or repr(value) == "<<Omit>>"


def _filled(look: Callable[[], Any]) -> Any:
    """What is there, or UNFILLED."""
    try:
        value = look()
    except (AnsibleUndefinedVariable, UndefinedError):
        return UNFILLED
    return UNFILLED if isinstance(value, Undefined) or is_unfilled(value) else value
