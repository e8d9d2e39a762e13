# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: which agents of all hosts together would be registered anew, and whether they are too many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.rollout import HostOfRun, weighed
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError


def reregistrations(
    hostvars: Mapping[str, Mapping[str, Any]],
    hosts: Iterable[str],
    registered: str = "registered",
    limit: Any = "10%",
    url: str = "",
    on_conflict: str = "fail",
) -> dict[str, Any]:
    """See `weighed`; of each host what its variables tell, and else what was given."""
    try:
        return weighed([_of_run(hostvars[host], registered, url, on_conflict) for host in hosts], str(limit))
    except SpecError as exc:
        raise AnsibleFilterError(f"reregistrations: {exc.message}") from exc


def _of_run(known: Mapping[str, Any], registered: str, url: str, on_conflict: str) -> HostOfRun:
    """A look at the variables of another host costs Ansible about a millisecond each."""
    result = known.get(registered) or {}
    return HostOfRun(
        url=str(known.get("connectware_url", url) or ""),
        wanted=len(known.get("agents_list") or ()),
        agents=result.get("agents") or (),
        replaces=known.get("agents_on_conflict", on_conflict) == "replace",
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"reregistrations": reregistrations}
