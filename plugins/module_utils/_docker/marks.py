# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Marks: volumes without content that say of the credentials volume beside them that its agent was never registered.

A volume gets its labels when it is made and never again, so the mark is one of its own, with a label of ours. It says
too little rather than too much: without it, and where the credentials volume is not one that we made, an agent counts
as one that may have been registered before.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from .._agents.names import LABEL_UNREGISTERED, MARK
from .engine import Engine
from .listed import agent_of

Volumes = Mapping[str, Optional[Mapping[str, Any]]]


def name_of_mark(volume: str) -> str:
    """The name of the mark of a credentials volume."""
    return volume + MARK


def find_mark(volumes: Volumes, volume: str, agent: str) -> Mapping[str, Any] | None:
    """The mark of a credentials volume, which may be gone itself; None for somebody else's volume of that name."""
    found = volumes.get(name_of_mark(volume)) or {}
    return found if (found.get("Labels") or {}).get(LABEL_UNREGISTERED) == agent else None


def is_marked(volumes: Volumes, volume: str, agent: str) -> bool:
    """The agent was never seen registered with this volume, and it is one that we made."""
    return agent_of(volumes.get(volume) or {}) == agent and find_mark(volumes, volume, agent) is not None


def make_mark(engine: Engine, volume: str, agent: str) -> None:
    """Before the credentials volume is made, so that no kill leaves that without it. One that exists stays as it is.

    Raises:
        EngineError: the engine refused or failed.
    """
    name, create = name_of_mark(volume), engine.client.create_volume
    engine.call(f"create the volume {name}", create, name, driver="local", labels={LABEL_UNREGISTERED: agent})


def remove_mark(engine: Engine, volume: str) -> None:
    """Remove it; one that is gone already is no error.

    Raises:
        EngineError: the engine refused or failed.
    """
    name = name_of_mark(volume)
    engine.find(f"remove the volume {name}", engine.client.remove_volume, name)
