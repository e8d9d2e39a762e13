# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: which agents of all hosts together would be registered anew, and whether they are too many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.limits import DEFAULT_LIMIT
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.rollout import HostOfRun, listed, weighed
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.facts_of_host import false_facts

READ = ("name", "username", "verdict", "reason", "registered", "actions")  # of each agent in a result


def reregistrations(
    hostvars: Mapping[str, Mapping[str, Any]],
    hosts: Iterable[str],
    registered: str = "registered",
    limit: Any = DEFAULT_LIMIT,
    asking: str | None = None,
    url: str = "",
    on_conflict: str = "fail",
) -> dict[str, Any]:
    """See `weighed`; of each host what its variables tell, and else what was given."""
    own = None if asking is None else hostvars[asking]
    limit_of = _what_counts(own, "agents_max_reregistrations", limit, DEFAULT_LIMIT)
    url_of = _what_counts(own, "connectware_url", url, "")
    on_conflict_of = _what_counts(own, "agents_on_conflict", on_conflict, "fail")

    def of_run(host: str) -> HostOfRun:
        known = hostvars[host]  # what it gives is templated anew with each look, which takes a millisecond
        return HostOfRun(
            url=url_of(known),
            wanted=0 if "agents_list" in false_facts(known) else len(listed(known.get("agents_list"))),
            agents=_judged(known.get(registered) or {}, f"{registered} of host {host}"),
            replaces=on_conflict_of(known) == "replace",
            limit=limit_of(known),
            name=str(host),
        )

    try:
        return weighed([of_run(host) for host in hosts], limit_of({}))
    except SpecError as exc:
        raise AnsibleFilterError(f"reregistrations: {exc.message}") from exc


def _what_counts(
    own: Mapping[str, Any] | None, name: str, given: Any, default: str
) -> Callable[[Mapping[str, Any]], str]:
    """How the variables of a host tell what counts there.

    Only a play, a role or the command line can have given what the asking host's own variables do not have; it then
    counts for all hosts. What is that host's own counts for no other one.
    """
    of_play = own is not None and _text(own.get(name), default) != _text(given, default)
    if of_play:
        return lambda known: _text(given, default)
    fallback = default if own is not None else _text(given, default)
    return lambda known: _text(known.get(name), fallback)


def _text(value: Any, fallback: str) -> str:
    return fallback if value is None else str(value)


def _judged(result: Any, what: str) -> Sequence[Mapping[str, Any]]:
    """The agents of a result; none of a task that did not get that far."""
    agents = result.get("agents") or [] if isinstance(result, Mapping) else None
    if isinstance(agents, list) and all(isinstance(agent, Mapping) and set(READ) <= set(agent) for agent in agents):
        return agents
    raise AnsibleFilterError(
        f"reregistrations: {what} is no result of edgefleet.connectware.agents_registered; give the name that register"
        " has in that task"
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"reregistrations": reregistrations}
