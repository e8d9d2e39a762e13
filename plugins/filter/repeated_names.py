# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters: names of agents that stand on more than one host, and these hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import rollout


def repeated_names(hostvars: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> list[str]:
    """A sentence for each name."""
    return rollout.repeated_names(_agents(hostvars, hosts))


def namesakes(hostvars: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> list[str]:
    """The hosts."""
    return rollout.namesakes(_agents(hostvars, hosts))


def _agents(hostvars: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> list[tuple[str, Any]]:
    return [(str(host), agent) for host in hosts for agent in rollout.listed(hostvars[host].get("agents_list"))]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"namesakes": namesakes, "repeated_names": repeated_names}
