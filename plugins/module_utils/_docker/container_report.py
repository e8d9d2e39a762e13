# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine's full report of a container says, for whoever asks: its environment, its agent, its time to stop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_NAME, _USERNAME = "CYBUS_AGENT_NAME", "CYBUS_MQTT_USERNAME"  # documented


def variables(entries: Iterable[str] | None) -> dict[str, str]:
    """Environment variables as engines list them, of a container or of an image."""
    return dict(entry.partition("=")[::2] for entry in entries or [])


def name_of(container: Mapping[str, Any]) -> str:
    """Its name, as everybody but the engine's reports writes it."""
    return str(container["Name"]).lstrip("/")


def environment(container: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a container."""
    return variables((container.get("Config") or {}).get("Env"))


def identity(container: Mapping[str, Any], name: str | None) -> tuple[str | None, str | None]:
    """Name and username of the agent that runs in a container; both None for one that is no agent.

    Args:
        name: what it is called where its environment does not say.
    """
    env = environment(container)
    says = env.get(_NAME) or name
    return says, (env.get(_USERNAME) or says) if says else None


def stop_timeout(container: Mapping[str, Any], default: int) -> int:
    """Seconds that it gets to stop. Without them, the SDK overrides what the container itself says."""
    told = (container.get("Config") or {}).get("StopTimeout")
    return default if told is None else int(told)
