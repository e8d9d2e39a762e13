# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: which agents of all hosts together would be registered anew, and whether they are too many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.rollout import (
    DEFAULT_LIMIT,
    HostOfRun,
    listed,
    weighed,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

LIMIT = "agents_max_reregistrations"
READ = ("name", "username", "verdict", "reason", "registered", "actions")  # of each agent in a result


def reregistrations(
    hostvars: Mapping[str, Mapping[str, Any]],
    hosts: Iterable[str],
    registered: str = "registered",
    limit: Any = DEFAULT_LIMIT,
    limit_of: str | None = None,
    url: str = "",
    on_conflict: str = "fail",
) -> dict[str, Any]:
    """See `weighed`; of each host what its variables tell, and else what was given."""
    # Beside what that host has of its own, only a play can say what counts there, and then it does so for all hosts.
    of_play = limit_of is not None and str(hostvars[limit_of].get(LIMIT, DEFAULT_LIMIT)) != str(limit)
    fallback = limit if limit_of is None or of_play else DEFAULT_LIMIT

    def of_run(host: str) -> HostOfRun:
        known = hostvars[host]  # what it gives is templated anew with each look, which takes a millisecond
        most = None if of_play else known.get(LIMIT)
        return HostOfRun(
            url=str(known.get("connectware_url", url) or ""),
            wanted=len(listed(known.get("agents_list"))),
            agents=_judged(known.get(registered) or {}, f"{registered} of host {host}"),
            replaces=known.get("agents_on_conflict", on_conflict) == "replace",
            limit=None if most is None else str(most),
        )

    try:
        return weighed([of_run(host) for host in hosts], str(fallback))
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
