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

# Network modes that name no network that somebody must have created.
BUILT_IN = ("bridge", "default", "host", "none")


@dataclass(frozen=True)
class HostInventory:
    """The engine's own lists, by name."""

    containers: Mapping[str, Mapping[str, Any]]
    volumes: Mapping[str, Mapping[str, Any]]
    networks: frozenset[str]

    def check(self, specs: Iterable[AgentSpec], place: str, *, volumes: bool = True) -> None:
        """Refuse what belongs to somebody else, before anything is touched.

        Args:
            volumes: look at volumes too; not where only containers are to be removed, which may be what mends it.

        Raises:
            SpecError: a container of that name is not ours, a volume is somebody else's, a network does not exist.
        """
        problems = []
        for spec in specs:
            problems += self._container_problems(spec) + self._network_problems(spec)
            problems += self._volume_problems(spec) if volumes else []
        if problems:
            raise SpecError(
                "use what is on the host",
                where=place,
                answered="; ".join(problems),
                todo="Nothing was started or changed.",
            )

    def _container_problems(self, spec: AgentSpec) -> list[str]:
        container = self.containers.get(spec.container)
        if container is None or _agent_of(container) == spec.name:
            return []
        owner = _agent_of(container)
        whose = f"belongs to the agent {owner}" if owner else "was not made by this collection"
        what = f"option 'container': the container {spec.container} {whose}"
        return [f"agent {spec.name}: {what}; remove or rename it, or set another name here"]

    def _volume_problems(self, spec: AgentSpec) -> list[str]:
        problems = []
        users = [
            name for name, other in self.containers.items() if name != spec.container and _mounts(other, spec.volume)
        ]
        if users:
            problems.append(
                f"agent {spec.name}: option 'volume': the volume {spec.volume} is mounted by the container"
                f" {', '.join(users)}; every agent needs a volume of its own: remove that container or set another"
                " volume here"
            )
        owner = _agent_of(self.volumes.get(spec.volume, {}))
        if owner not in (None, spec.name):
            problems.append(
                f"agent {spec.name}: option 'volume': the volume {spec.volume} belongs to the agent {owner};"
                " set another volume here"
            )
        return problems

    def _network_problems(self, spec: AgentSpec) -> list[str]:
        option, names = ("networks", spec.networks) if spec.networks else ("network_mode", _named_network(spec))
        return [
            f"agent {spec.name}: option '{option}': the network {name} does not exist; create it first"
            for name in names
            if name not in self.networks
        ]


def needs_networks(specs: Iterable[AgentSpec]) -> bool:
    """Whether anybody names a network that must exist."""
    return any(spec.networks or _named_network(spec) for spec in specs)


def _named_network(spec: AgentSpec) -> tuple[str, ...]:
    mode = spec.network_mode
    return () if mode is None or mode in BUILT_IN or mode.startswith("container:") else (mode,)


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
