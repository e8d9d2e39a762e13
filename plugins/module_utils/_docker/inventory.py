# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is on a host before anything is done: containers, volumes and networks, with three questions to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .._agents.spec import LABEL_AGENT, AgentSpec
from .._errors import SpecError
from .engine import Engine


@dataclass(frozen=True)
class HostInventory:
    """The engine's own lists, by name."""

    containers: Mapping[str, Mapping[str, Any]]
    volumes: Mapping[str, Mapping[str, Any]]
    networks: frozenset[str]

    def check(self, specs: Iterable[AgentSpec], place: str) -> None:
        """Refuse what belongs to somebody else, before anything is touched.

        Raises:
            SpecError: a container of that name is not ours, a volume is somebody else's, a network does not exist.
        """
        problems = [problem for spec in specs for problem in self._problems(spec)]
        if problems:
            raise SpecError(
                "use what is on the host",
                where=place,
                answered="; ".join(problems),
                todo="Nothing was started or changed.",
            )

    def _problems(self, spec: AgentSpec) -> list[str]:
        problems = []
        container = self.containers.get(spec.container)
        if container is not None and _agent_of(container) != spec.name:
            owner = _agent_of(container)
            whose = f"belongs to the agent {owner}" if owner else "was not made by this collection"
            problems.append(
                f"agent {spec.name}: option 'container': the container {spec.container} {whose};"
                " remove it or set another name"
            )
        users = [
            name for name, other in self.containers.items() if name != spec.container and _mounts(other, spec.volume)
        ]
        if users:
            problems.append(
                f"agent {spec.name}: option 'volume': the volume {spec.volume} is mounted by the container"
                f" {', '.join(users)}; every agent needs a volume of its own"
            )
        owner = _agent_of(self.volumes.get(spec.volume, {}))
        if owner not in (None, spec.name):
            problems.append(
                f"agent {spec.name}: option 'volume': the volume {spec.volume} belongs to the agent {owner}"
            )
        for network in spec.networks:
            if network not in self.networks:
                problems.append(
                    f"agent {spec.name}: option 'networks': the network {network} does not exist; create it first"
                )
        return problems


def take(engine: Engine, *, networks: bool) -> HostInventory:
    """Ask the engine; for networks only where somebody wants to know."""
    containers = engine.call("list containers", engine.client.containers, all=True)
    volumes = engine.call("list volumes", engine.client.volumes).get("Volumes") or []
    known = engine.call("list networks", engine.client.networks) if networks else []
    return HostInventory(
        {name.lstrip("/"): entry for entry in containers for name in entry.get("Names") or []},
        {entry["Name"]: entry for entry in volumes},
        frozenset(entry["Name"] for entry in known),
    )


def _agent_of(thing: Mapping[str, Any]) -> str | None:
    return (thing.get("Labels") or {}).get(LABEL_AGENT)


def _mounts(container: Mapping[str, Any], volume: str) -> bool:
    return any(mount.get("Type") == "volume" and mount.get("Name") == volume for mount in container.get("Mounts") or [])
