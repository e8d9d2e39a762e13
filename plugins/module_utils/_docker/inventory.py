# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is on a host before anything is done: containers, volumes and networks, with three questions to the engine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._agents.names import NEXT, PREVIOUS
from .._agents.observation import RUNS
from .._agents.spec import AgentSpec
from .._agents.text import printable
from .._errors import SpecError
from .engine import Engine
from .listed import agent_of, credentials_mount, credentials_volume, take_volumes

BUILTIN_NETWORKS = ("bridge", "default", "host", "none")
ANOTHER = "container:"
CREATED = "created"
ANOTHER_PLACE = "give this agent another one where its container is made"


@dataclass(frozen=True)
class HostInventory:
    """The engine's own lists, by name.

    Attributes:
        networks: ID by name; empty if nobody asked.
    """

    containers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    volumes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)

    def check(self, specs: Iterable[AgentSpec], place: str, *, volumes: bool = True, present: bool = True) -> None:
        """Refuse what belongs to somebody else, before anything is touched.

        Args:
            volumes: look at volumes too; not where only containers are to be removed, which may be what mends it.
            present: the agents are to run, so that a container of somebody else must exist.

        Raises:
            SpecError: a container of that name is not ours, a volume is somebody else's, a network does not exist.
        """
        problems = [
            f"agent {spec.name}: {problem}"
            for spec in specs
            for problem in (self._problems(spec, volumes) if spec.managed else self._problems_of_others(spec, present))
        ]
        refuse(problems, place)

    def container_of(self, spec: AgentSpec) -> Mapping[str, Any] | None:
        """The agent's container, under the name it should have or under another one.

        One that has the name but was never started, beside the one that made way for it, is what a killed run has left:
        nobody knows whether it can be started.
        """
        named = self.containers.get(spec.container)
        if not spec.managed:
            return named
        own = self._own_names(spec)
        if named is not None and (named.get("State") != CREATED or predecessor(spec) not in own):
            return named
        last = [predecessor(spec), spec.container, successor(spec)]
        own.sort(key=lambda name: last.index(name) if name in last else -1)
        return self.containers[own[0]] if own else None

    def leftovers_of(self, spec: AgentSpec) -> dict[str, Mapping[str, Any]]:
        """What a run that was killed has left, by name: what was to replace the agent's container, or was replaced."""
        container = self.container_of(spec)
        found = {name: self.containers.get(name) for name in (spec.container, successor(spec), predecessor(spec))}
        return {
            name: left
            for name, left in found.items()
            if left is not None and agent_of(left) == spec.name and left is not container
        }

    def is_replacing(self, spec: AgentSpec, since: float) -> bool:
        """Whether somebody has made a container of the agent since then, and another one of it is still there.

        Args:
            since: epoch seconds by the engine's clock.
        """
        made = [int(self.containers[name].get("Created") or 0) for name in self._own_names(spec)]
        return max(made, default=0) >= since and bool(self.leftovers_of(spec))

    def _own_names(self, spec: AgentSpec) -> list[str]:
        return sorted(name for name, container in self.containers.items() if agent_of(container) == spec.name)

    def _problems(self, spec: AgentSpec, volumes: bool) -> Iterator[str]:
        container = self.containers.get(spec.container)
        if container is not None and agent_of(container) != spec.name:
            owner = agent_of(container)
            whose = f"belongs to the agent {owner}" if owner else "was not made by this collection"
            what = f"option 'container': the container {spec.container} {whose}"
            yield f"{what}; remove or rename it, or set another name here"
        for name in (successor(spec), predecessor(spec)):
            if name in self.containers and agent_of(self.containers[name]) != spec.name:
                yield (
                    f"option 'container': there is a container {name}, and {spec.container} is replaced by way of that"
                    " name; remove or rename it, or set another name here"
                )
        own = [name for name in self._own_names(spec) if name not in (successor(spec), predecessor(spec))]
        if len(own) > 1:
            yield f"it has more than one container: {', '.join(own)}; remove all but one of them"
        if volumes:
            yield from self._volume_problems(spec, {*self._own_names(spec), spec.container})
        yield from self._network_problems(spec)

    def _problems_of_others(self, spec: AgentSpec, present: bool) -> Iterator[str]:
        """Of an agent whose container somebody else makes."""
        container = self.containers.get(spec.container)
        if container is None and present:
            yield (
                f"option 'container': the container {spec.container} does not exist, and with manage: false somebody"
                " else makes it; start it there first, or correct its name"
            )
        elif container is not None and agent_of(container) is not None:
            yield (
                f"option 'manage': the container {spec.container} was made by this collection; take manage: false off"
                " this agent"
            )
        elif container is not None and not present and container.get("State") in RUNS:
            yield (
                f"option 'manage': somebody else runs the container {spec.container}; stop and remove it there first,"
                " since an agent that still runs would ask to be registered again"
            )
        if container is not None and present:
            yield from self._volume_problems(replace(spec, volume=credentials_volume(container)), {spec.container})
            yield from self._folder_problems(spec, container)

    def _folder_problems(self, spec: AgentSpec, container: Mapping[str, Any]) -> Iterator[str]:
        """Of an agent whose credentials are in a folder of the host."""
        mount = credentials_mount(container)
        folder = None if mount.get("Name") else mount.get("Source")
        others = [name for name in sorted(self.containers) if name != spec.container]
        users = [name for name in others if folder and credentials_mount(self.containers[name]).get("Source") == folder]
        if users:
            yield (
                f"option 'container': the container {spec.container} has its credentials in the folder"
                f" {printable(str(folder), 200)} of the host, as has the container {', '.join(users)};"
                f" every agent needs a place of its own: {ANOTHER_PLACE}"
            )

    def _volume_problems(self, spec: AgentSpec, own: set[str]) -> Iterator[str]:
        todo = "set another volume here" if spec.managed else ANOTHER_PLACE
        users = [name for name, other in self.containers.items() if name not in own and _mounts(other, spec.volume)]
        if users:
            yield (
                f"option 'volume': the volume {spec.volume} is mounted by the container {', '.join(users)};"
                f" every agent needs a volume of its own: remove that container or {todo}"
            )
        owner = agent_of(self.volumes.get(spec.volume, {}))
        if owner not in (None, spec.name):
            yield f"option 'volume': the volume {spec.volume} belongs to the agent {owner}; {todo}"

    def _network_problems(self, spec: AgentSpec) -> Iterator[str]:
        for network in spec.networks:
            if network not in self.networks:
                yield f"option 'networks': the network {printable(network)} does not exist; create it first"
        mode = spec.network_mode or "default"
        if mode.startswith(ANOTHER):
            if self.id_of_other(spec) is None:
                yield f"option 'network_mode': the container {mode[len(ANOTHER) :]} does not exist; create it first"
        elif mode not in BUILTIN_NETWORKS and mode not in self.networks:
            yield f"option 'network_mode': the network {mode} does not exist; create it first"

    def id_of_other(self, spec: AgentSpec) -> str | None:
        """The ID of the container whose network the agent shares."""
        other = (spec.network_mode or "")[len(ANOTHER) :]
        known = self.containers.get(other)
        ids = [entry["Id"] for entry in self.containers.values()]
        return known["Id"] if known is not None else next((found for found in ids if found == other), None)


def refuse(problems: Sequence[str], place: str) -> None:
    """What is on a host does not go with the agents that are wanted there.

    Raises:
        SpecError: there are problems.
    """
    if problems:
        raise SpecError(
            "use containers and volumes",
            where=place,
            answered="; ".join(problems),
            todo="Nothing was started or changed.",
        )


def successor(spec: AgentSpec) -> str:
    """The name under which a container is made that will replace another one."""
    return f"{spec.container}{NEXT}"


def predecessor(spec: AgentSpec) -> str:
    """The name that a container has while another one takes its place."""
    return f"{spec.container}{PREVIOUS}"


def asks_for_networks(spec: AgentSpec) -> bool:
    """Whether the networks of the host matter."""
    mode = spec.network_mode or "default"
    return bool(spec.networks) or not (mode in BUILTIN_NETWORKS or mode.startswith(ANOTHER))


def take_for(engine: Engine, specs: Iterable[AgentSpec]) -> HostInventory:
    """All that matters for these agents."""
    return take(engine, networks=any(asks_for_networks(spec) for spec in specs))


def take(engine: Engine, *, networks: bool) -> HostInventory:
    """Ask the engine; for networks only where somebody wants to know."""
    containers = engine.call("list containers", engine.client.containers, all=True)
    known = engine.call("list networks", engine.client.networks) if networks else []
    return HostInventory(
        {name.lstrip("/"): entry for entry in containers for name in _names(entry)},
        take_volumes(engine),
        {entry["Name"]: entry["Id"] for entry in known},
    )


def intruders(inventory: HostInventory, owners: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    """Containers that can write to the volume of an agent and have no business there, each with that volume.

    Args:
        owners: by volume, the containers and agents that keep their credentials there.
    """
    for name, container in sorted(inventory.containers.items()):
        for mount in container.get("Mounts") or []:
            volume = str(mount.get("Name")) if mount.get("Type") == "volume" and mount.get("RW", True) else ""
            agents = {*owners.get(volume, ()), agent_of(inventory.volumes.get(volume, {}))} - {None}
            if agents and name not in agents and agent_of(container) not in agents:
                yield name, volume


def _names(container: Mapping[str, Any]) -> list[str]:
    """Without the names under which linked containers know it (/other/alias)."""
    return [name for name in container.get("Names") or [] if "/" not in name.lstrip("/")]


def _mounts(container: Mapping[str, Any], volume: str) -> bool:
    return any(mount.get("Type") == "volume" and mount.get("Name") == volume for mount in container.get("Mounts") or [])
