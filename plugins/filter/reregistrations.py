# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: which agents of all hosts together would be registered anew, and whether they are too many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.rollout import HostOfRun, listed, weighed
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

READ = ("name", "username", "verdict", "reason", "registered", "actions")  # of each agent in a result


def reregistrations(
    hostvars: Mapping[str, Mapping[str, Any]],
    hosts: Iterable[str],
    registered: str = "registered",
    limit: Any = "10%",
    url: str = "",
    on_conflict: str = "fail",
) -> dict[str, Any]:
    """See `weighed`; of each host what its variables tell, and else what was given."""

    def of_run(host: str) -> HostOfRun:
        known = hostvars[host]  # what it gives is templated anew with each look, which takes a millisecond
        return HostOfRun(
            url=str(known.get("connectware_url", url) or ""),
            wanted=len(listed(known.get("agents_list"))),
            agents=_judged(known.get(registered) or {}, f"{registered} of host {host}"),
            replaces=known.get("agents_on_conflict", on_conflict) == "replace",
        )

    try:
        return weighed([of_run(host) for host in hosts], str(limit))
    except SpecError as exc:
        raise AnsibleFilterError(f"reregistrations: {exc.message}") from exc


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
