# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: names of agents that stand on more than one host, with these hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import rollout
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.agents_of_hosts import readable_agents


def namesakes(hostvars: Mapping[str, Mapping[str, Any]], hosts: Iterable[str]) -> dict[str, list[str]]:
    """The hosts of each such name."""
    return rollout.namesakes(readable_agents("namesakes", hostvars, hosts))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"namesakes": namesakes}
