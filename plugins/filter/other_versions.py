# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: what makes agents have another version than Connectware."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import versions
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import kind_of


def other_versions(agents: Iterable[Any], version: str) -> list[str]:
    """A phrase for each version and image of an agent that is not of this version."""
    found = list(agents)
    for agent in found:
        if not isinstance(agent, Mapping):
            raise AnsibleFilterError(f"other_versions: an agent must be a dictionary, not {kind_of(agent)}")
    return versions.other_versions(found, str(version))


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"other_versions": other_versions}
