# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of which host and which agents a message is: the words before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import shortlist

MOST_NAMED = 10


def whose(host: str, names: Sequence[str]) -> str:
    """The host, and the agents that the message is about; a long list is cut."""
    if not names:
        return f"Host {host}"
    return f"Host {host} (agents: {shortlist(names, MOST_NAMED)})"


def names_in(agents: Any) -> list[str]:
    """The names in what a task was given as its agents, as far as they can be told; the module judges the rest."""
    entries = agents if isinstance(agents, list) else []
    return [str(agent.get("name", "?")) if isinstance(agent, dict) else str(agent) for agent in entries]
