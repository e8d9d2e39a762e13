# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine's lists of containers and volumes say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._agents.names import CREDENTIALS_PATH, LABEL_AGENT
from .engine import Engine


def take_volumes(engine: Engine) -> dict[str, Mapping[str, Any]]:
    """The volumes by name."""
    volumes = engine.call("list volumes", engine.client.volumes).get("Volumes") or []
    return {entry["Name"]: entry for entry in volumes}


def agent_of(thing: Mapping[str, Any]) -> str | None:
    """The agent to which a container or volume belongs; None if it is not ours."""
    return (thing.get("Labels") or {}).get(LABEL_AGENT)


def credentials_volume(container: Mapping[str, Any]) -> str:
    """The name of the volume that is mounted for the credentials; empty for a folder of the host, or nothing."""
    return str(credentials_mount(container).get("Name") or "")


def credentials_mount(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is mounted for the credentials; empty for nothing."""
    mounts = container.get("Mounts") or []
    return next((mount for mount in mounts if mount.get("Destination") == CREDENTIALS_PATH), {})
