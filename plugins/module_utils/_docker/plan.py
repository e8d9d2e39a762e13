# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done for each agent: specs and what is on the host -> plans. Asks the engine, changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Mapping, Optional, Tuple

from .._agents.spec import AgentSpec
from .._agents.text import printable
from .._errors import EngineError, EngineUnavailableError, SpecError
from . import drift as drift_module
from .certificates import fingerprint
from .container_report import identity
from .engine import Engine
from .image import Image, config_of, digest_of
from .inventory import ANOTHER, BUILTIN_NETWORKS, HostInventory
from .listed import agent_of, credentials_volume
from .marks import find_mark

CREATED, RECREATED, STARTED, REMOVED, NOTHING = "created", "recreated", "started", "removed", "none"
UP = ("running", "restarting")
BEYOND_START = ("dead", "removing")
Report = Optional[Mapping[str, Any]]
Leftovers = Tuple[Tuple[str, str], ...]
Found = Tuple[Report, Report, Report, Leftovers]
"""What is there of an agent: container, volume, mark, and what a killed run has left."""


@dataclass(frozen=True)
class Plan:
    """What is to be done for one agent.

    Attributes:
        action: one of the words above.
        drift: the options that differ, for a recreation.
        image: None where the agent is to be removed.
        container: the engine's full report before; None if there is none.
        leftovers: name and ID of each container that a killed run has left.
        want: the container as it will be, in the words of drift.py.
        mark: that the agent was never registered, where it has one; see marks.py.
        purge: the volume is deleted as well.
        unmark: the mark is deleted.
        previous_image: by digest if it has one, else by ID: what brings back the image that is replaced.
        foreign: what has the name of its container is somebody else's, and is not looked into.
    """

    spec: AgentSpec
    action: str
    drift: tuple[str, ...] = ()
    image: Image | None = None
    container: Mapping[str, Any] | None = None
    volume: Mapping[str, Any] | None = None
    mark: Mapping[str, Any] | None = None
    leftovers: Leftovers = ()
    want: Mapping[str, Any] | None = None
    purge: bool = False
    unmark: bool = False
    previous_image: str | None = None
    foreign: bool = False

    @property
    def changed(self) -> bool:
        return (
            self.action != NOTHING
            or self.purges
            or self.unmarks
            or bool(self.leftovers)
            or bool(self.image and self.image.pulled)
        )

    @property
    def purges(self) -> bool:
        return self.purge and self.volume is not None

    @property
    def unmarks(self) -> bool:
        return self.unmark and self.mark is not None

    @property
    def replaced_image(self) -> str | None:
        """The image before that of the container, as it is or as this plan makes it; None if there was none."""
        labels = (self.container or {"Config": {}})["Config"].get("Labels") or {}
        return self.previous_image or labels.get(drift_module.LABEL_REPLACED)

    @property
    def marks(self) -> bool:
        """The volume is made and gets a mark; an agent with a certificate never asks for a registration."""
        return self.action in (CREATED, RECREATED) and self.volume is None and not self.spec.by_certificate

    def before(self) -> dict[str, Any]:
        """For a diff: the container as it is, and what a killed run has left beside it."""
        left = {"leftovers": [name for name, _id in self.leftovers]} if self.leftovers else {}
        return {**self._as_it_is(), **left}

    def after(self) -> dict[str, Any]:
        """For a diff: the container as it will be."""
        if self.action == NOTHING and not self.purges and not self.unmarks:
            return self._as_it_is()
        if self.want is None:
            return _state(None, self.volume is not None and not self.purge, self.mark is not None and not self.unmark)
        about = _about(True, True, self.mark is not None or self.marks)
        return {**about, "image_name": self.image.reference if self.image else None, **drift_module.shown(self.want)}

    def _as_it_is(self) -> dict[str, Any]:
        return _state(self.container, self.volume is not None, self.mark is not None)


def _about(running: bool, volume: bool, mark: bool) -> dict[str, Any]:
    return {"running": running, "volume_exists": volume, "never_registered": mark}


def _state(container: Mapping[str, Any] | None, volume: bool, mark: bool) -> dict[str, Any]:
    if container is None:
        return _about(False, volume, mark)
    running = container["State"]["Status"] in UP
    have = drift_module.shown(drift_module.reported(container))
    return {**_about(running, volume, mark), "image_name": container["Config"].get("Image"), **have}


@dataclass(frozen=True)
class Planner:
    """Finds out what is to be done on a host."""

    engine: Engine
    inventory: HostInventory

    def present(self, spec: AgentSpec, image: Image) -> Plan:
        """For an agent that should run."""
        spec = self._with_network_id(spec)
        container, volume, mark, leftovers = self._found(spec)
        certificates = fingerprint(self.engine, spec)
        want = drift_module.wanted(spec, image.image_id, image.config, certificates)
        if container is None:
            return Plan(spec, CREATED, (), image, None, volume, mark, leftovers, want)
        differs = self._drift(spec, image, container, certificates)
        status = container["State"]["Status"]
        action = NOTHING if status in UP else STARTED
        if differs or status in BEYOND_START:
            action = RECREATED
        previous = self._lasting_reference(container) if "image" in differs else None
        return Plan(spec, action, differs, image, container, volume, mark, leftovers, want, previous_image=previous)

    def only_image(self, spec: AgentSpec, image: Image) -> Plan:
        """For an agent whose image alone is to be brought to the host."""
        container, volume, mark, _leftovers = self._found(spec)
        return Plan(spec, NOTHING, (), image, container, volume, mark)

    def of_another(self, spec: AgentSpec) -> Plan:
        """For an agent whose container somebody else makes: nothing is done, and it must be the agent that is meant.

        Raises:
            SpecError: its container says another name.
        """
        container = self._inspect(spec)
        if container is None:
            return Plan(spec, NOTHING)
        says = zip(("name", "username"), identity(container, spec.name))
        wrong = [f"its {key} is {printable(str(value))}" for key, value in says if value != getattr(spec, key)]
        if wrong:
            raise SpecError(
                f"use the container {spec.container} for the agent {spec.name}",
                where=self.engine.place,
                answered=" and ".join(wrong),
                todo="Nothing was started or changed. Correct name and username of this agent, or its container.",
            )
        volume = credentials_volume(self.inventory.containers[spec.container])
        found = self.inventory.volumes.get(volume)
        return Plan(replace(spec, volume=volume), NOTHING, container=container, volume=found)

    def refused(self, spec: AgentSpec) -> Plan:
        """For an agent for which nothing can be planned: nothing is done."""
        entry = self.inventory.containers.get(spec.container)
        if not spec.managed and entry is not None:
            spec = replace(spec, volume=credentials_volume(entry))
        foreign = entry is not None and not self._is_its_own(spec, entry)
        return Plan(spec, NOTHING, volume=self.inventory.volumes.get(spec.volume), foreign=foreign)

    def _is_its_own(self, spec: AgentSpec, entry: Mapping[str, Any]) -> bool:
        """The container is that of the agent; one that cannot be inspected is not known to be."""
        if spec.managed:
            return agent_of(entry) == spec.name
        try:
            says = identity(self._inspect(spec) or {}, None)
        except EngineUnavailableError:
            raise
        except EngineError:
            return False
        return agent_of(entry) is None and says == (spec.name, spec.username)

    def _lasting_reference(self, container: Mapping[str, Any]) -> str:
        """A tag can be moved; a digest, and what is on the host under its ID, cannot."""
        image_id = str(container["Image"])
        found = self.engine.find(f"inspect the image {image_id}", self.engine.client.inspect_image, image_id)
        return digest_of(found or {}, str(container["Config"].get("Image"))) or image_id

    def absent(self, spec: AgentSpec, purge: bool) -> Plan:
        """For an agent that should not be there.

        Its mark goes in any case: whether it was registered is not known here, and somebody has put it out on purpose.
        """
        container, volume, mark, leftovers = self._found(spec)
        action = NOTHING if container is None or not spec.managed else REMOVED
        purge = purge and spec.managed
        return Plan(spec, action, (), None, container, volume, mark, leftovers, purge=purge, unmark=spec.managed)

    def _drift(
        self, spec: AgentSpec, image: Image, container: Mapping[str, Any], certificates: str | None
    ) -> tuple[str, ...]:
        """What another image brings by itself is no drift of its own: all else is compared over the present image."""
        config: Mapping[str, Any] | None = image.config
        image_id = image.image_id
        if image_id is None and container["Config"].get("Image") == spec.image:
            image_id = container["Image"]  # check mode: whether the pull brings another image is not known
        if image_id != container["Image"] or image.image_id is None:
            config = config_of(self.engine, container["Image"])
        want = drift_module.wanted(spec, image_id, image.config if config is None else config, certificates)
        differs = self._without_missing_limits(drift_module.drift(want, drift_module.reported(container)))
        if "networks" not in differs and self._has_stale_network(container):
            differs = (*differs, "networks")
        return differs

    def _without_missing_limits(self, differs: tuple[str, ...]) -> tuple[str, ...]:
        """Without the limits that this engine cannot set: to try again at each run would help nobody."""
        if not set(differs) & set(drift_module.LIMITS):
            return differs
        info = self.engine.call("ask for the engine's abilities", self.engine.client.info)
        missing = {option for option, ability in drift_module.LIMITS.items() if info.get(ability) is False}
        return tuple(option for option in differs if option not in missing)

    def _has_stale_network(self, container: Mapping[str, Any]) -> bool:
        """A network that was removed and made anew under its name: this container could not be started again.

        Those of the engine itself it makes anew each time it starts, and finds them by their names.
        """
        attached = (container.get("NetworkSettings") or {}).get("Networks") or {}
        return any(
            network.get("NetworkID") and self.inventory.networks.get(name, network["NetworkID"]) != network["NetworkID"]
            for name, network in attached.items()
            if name not in BUILTIN_NETWORKS
        )

    def _with_network_id(self, spec: AgentSpec) -> AgentSpec:
        """The engine reports the container whose network is shared by its ID."""
        other = self.inventory.id_of_other(spec) if (spec.network_mode or "").startswith(ANOTHER) else None
        return spec if other is None else replace(spec, network_mode=ANOTHER + other)

    def _inspect(self, spec: AgentSpec) -> Mapping[str, Any] | None:
        found = self.inventory.container_of(spec)
        if found is None:
            return None
        return self.engine.find(
            f"inspect the container {spec.container}", self.engine.client.inspect_container, found["Id"]
        )

    def _found(self, spec: AgentSpec) -> Found:
        volumes = self.inventory.volumes
        mark = find_mark(volumes, spec.volume, spec.name)
        return self._inspect(spec), volumes.get(spec.volume), mark, self._leftovers(spec)

    def _leftovers(self, spec: AgentSpec) -> Leftovers:
        return tuple((name, str(left["Id"])) for name, left in self.inventory.leftovers_of(spec).items())
