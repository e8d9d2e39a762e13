# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Specs -> containers: what is to be done for each agent, and doing it for all of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._agents.spec import LABEL_AGENT, AgentSpec
from .._errors import EngineError
from . import drift as drift_module
from .engine import Engine
from .image import Image, Pull, provide
from .inventory import HostInventory, needs_networks, take
from .making import creation

KEPT = (
    "Mend what the engine says and run again. The other agents are not affected, and the volume with the credentials is"
    " kept."
)
CREATED, RECREATED, STARTED, REMOVED, NOTHING = "created", "recreated", "started", "removed", "none"


@dataclass(frozen=True)
class Plan:
    """What is to be done for one agent.

    Attributes:
        action: one of the words above.
        drift: the options that differ, for a recreation.
        image: None where the agent is to be removed.
        container: the engine's full report before; None if there is none.
        purge: the volume is deleted as well.
    """

    spec: AgentSpec
    action: str
    drift: tuple[str, ...] = ()
    image: Image | None = None
    container: Mapping[str, Any] | None = None
    volume: Mapping[str, Any] | None = None
    purge: bool = False

    @property
    def changed(self) -> bool:
        return self.action != NOTHING or self.purges or bool(self.image and self.image.pulled)

    @property
    def purges(self) -> bool:
        return self.purge and self.volume is not None

    def before(self) -> dict[str, Any]:
        """For a diff: the container as it is."""
        return _state(self.container, self.volume is not None)

    def after(self) -> dict[str, Any]:
        """For a diff: the container as it will be."""
        if self.image is None:
            return _state(None, self.volume is not None and not self.purge)
        if self.action == NOTHING:
            return self.before()
        want = drift_module.wanted(self.spec, self.image)
        return {"running": True, "volume": True, "image_name": self.image.reference, **drift_module.shown(want)}


def _state(container: Mapping[str, Any] | None, volume: bool) -> dict[str, Any]:
    if container is None:
        return {"running": False, "volume": volume}
    running = container["State"]["Status"] in ("running", "restarting")
    name = container["Config"].get("Image")
    have = drift_module.reported(container)
    return {"running": running, "volume": volume, "image_name": name, **drift_module.shown(have)}


@dataclass(frozen=True)
class Converger:
    """Brings the containers of a host to what the specs say.

    Attributes:
        check_mode: only plan.
    """

    engine: Engine
    pull: Pull = field(default_factory=Pull)
    check_mode: bool = False

    def plan_present(self, specs: Sequence[AgentSpec]) -> list[Plan]:
        """Check everything, bring the images, and find out what is to be done.

        Raises:
            SpecError: something on the host belongs to somebody else.
            ImageError: an image is not to be had.
        """
        inventory = take(self.engine, networks=needs_networks(specs))
        inventory.check(specs, self.engine.place)
        references = sorted({spec.image for spec in specs})
        images = dict(
            zip(
                references,
                self.engine.in_parallel(
                    lambda reference: provide(self.engine, reference, self.pull, self.check_mode), references
                ),
            )
        )
        return self.engine.in_parallel(lambda spec: self._plan(spec, images[spec.image], inventory), list(specs))

    def _plan(self, spec: AgentSpec, image: Image, inventory: HostInventory) -> Plan:
        container = self._inspect(spec) if spec.container in inventory.containers else None
        volume = inventory.volumes.get(spec.volume)
        if container is None:
            return Plan(spec, CREATED, (), image, None, volume)
        if image.image_id is None:  # not pulled in check mode: what it brings is not known, so not compared
            image = replace(image, config=container["Config"])
        differs = drift_module.drift(drift_module.wanted(spec, image), drift_module.reported(container))
        differs = self._without_missing_limits(differs)
        status = container["State"]["Status"]
        if differs or status in ("dead", "removing"):
            return Plan(spec, RECREATED, differs, image, container, volume)
        action = NOTHING if status in ("running", "restarting") else STARTED
        return Plan(spec, action, (), image, container, volume)

    def _without_missing_limits(self, differs: tuple[str, ...]) -> tuple[str, ...]:
        """Without the limits that this engine cannot set: to try again at each run would help nobody."""
        if not set(differs) & set(drift_module.LIMITS):
            return differs
        info = self.engine.call("ask for the engine's abilities", self.engine.client.info)
        missing = {option for option, ability in drift_module.LIMITS.items() if info.get(ability) is False}
        return tuple(option for option in differs if option not in missing)

    def plan_absent(self, specs: Sequence[AgentSpec], purge: bool) -> list[Plan]:
        """Find out what is to be removed.

        Raises:
            SpecError: a container or volume of that name belongs to somebody else.
        """
        inventory = take(self.engine, networks=False)
        inventory.check(specs, self.engine.place, volumes=purge)
        plans = []
        for spec in specs:
            container = self._inspect(spec) if spec.container in inventory.containers else None
            action = NOTHING if container is None else REMOVED
            plans.append(Plan(spec, action, (), None, container, inventory.volumes.get(spec.volume), purge))
        return plans

    def apply(self, plans: Sequence[Plan]) -> dict[str, EngineError]:
        """Do what is planned, for all agents at once; returns the errors by agent name. Check mode does nothing."""
        if self.check_mode:
            return {}

        def one(plan: Plan) -> EngineError | None:
            try:
                self._apply(plan)
            except EngineError as exc:
                return exc if exc.todo else EngineError(exc.tried, where=exc.where, answered=exc.answered, todo=KEPT)
            return None

        errors = self.engine.in_parallel(one, list(plans))
        return {plan.spec.name: error for plan, error in zip(plans, errors) if error is not None}

    def _apply(self, plan: Plan) -> None:
        name, client = plan.spec.container, self.engine.client
        if plan.action in (RECREATED, REMOVED):
            self._remove(plan.spec)
        if plan.purges:
            self.engine.find(f"remove the volume {plan.spec.volume}", client.remove_volume, plan.spec.volume)
        if plan.action in (CREATED, RECREATED) and plan.image is not None:
            self._create(plan.spec, plan.volume is None)
        elif plan.action == STARTED:
            paused = plan.container is not None and plan.container["State"]["Status"] == "paused"
            self.engine.call(f"start the container {name}", client.unpause if paused else client.start, name)

    def _remove(self, spec: AgentSpec) -> None:
        """Stopped first, so that the agent can end in order; its volume stays."""
        client = self.engine.client
        self.engine.find(f"stop the container {spec.container}", client.stop, spec.container, timeout=spec.stop_timeout)
        self.engine.find(
            f"remove the container {spec.container}", client.remove_container, spec.container, v=False, force=True
        )

    def _create(self, spec: AgentSpec, new_volume: bool) -> None:
        client, call = self.engine.client, self.engine.call
        if new_volume:
            labels = {LABEL_AGENT: spec.name}
            call(f"create the volume {spec.volume}", client.create_volume, spec.volume, labels=labels)
        call(f"create the container {spec.container}", client.create_container, **creation(self.engine, spec))
        for network in spec.networks[1:]:
            call(
                f"attach {spec.container} to the network {network}",
                client.connect_container_to_network,
                spec.container,
                network,
            )
        call(f"start the container {spec.container}", client.start, spec.container)

    def _inspect(self, spec: AgentSpec) -> Mapping[str, Any] | None:
        return self.engine.find(
            f"inspect the container {spec.container}", self.engine.client.inspect_container, spec.container
        )
