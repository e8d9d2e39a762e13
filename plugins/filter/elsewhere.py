# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: what on other hosts answers to usernames, by what agents_info has found there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import ABSENT, RUNS


def elsewhere(
    hosts: Iterable[str], usernames: Iterable[str], results: Sequence[Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """The entries of option `elsewhere` of agents_registered; a host that was not asked may run anything."""
    names, asked = [str(host) for host in hosts], [str(username) for username in usernames]
    answers: Sequence[Mapping[str, Any]] = [{}] * len(names) if results is None else results
    if len(answers) != len(names):
        raise AnsibleFilterError(
            f"elsewhere: there are {len(names)} hosts and {len(answers)} results. Give the results of a loop of"
            " edgefleet.connectware.agents_info over these hosts, one for each."
        )
    return [entry for host, answer in zip(names, answers, strict=True) for entry in _of_host(host, asked, answer)]


def _of_host(host: str, usernames: Iterable[str], answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if "agents" not in answer or any(_may_run(found["state"]) for found in answer.get("unreadable", ())):
        for username in usernames:
            yield {"username": username, "host": host}
    for agent in answer.get("agents", ()):
        seen = agent["observation"]
        if seen.get("trouble") and seen["state"] == ABSENT:
            yield {"username": agent["username"], "host": host}
        elif seen["state"] in RUNS:
            yield {
                "username": agent["username"],
                "host": host,
                "container": agent["container"],
                "container_id": agent["observation"]["container_id"],
            }


def _may_run(state: str) -> bool:
    """Of a container that the engine cannot show; its list may not tell the state either."""
    return state in RUNS or state == ABSENT


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"elsewhere": elsewhere}
