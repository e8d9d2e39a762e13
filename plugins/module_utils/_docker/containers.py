# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Specs -> containers: plans for all agents of a host, and doing them all at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from .._agents.names import LABEL_AGENT
from .._agents.spec import AgentSpec
from .._errors import EngineError
from .answering import check_nobody_else_answers
from .certificates import check_certificates
from .container_report import name_of, stop_timeout
from .creation import create, end
from .engine import Engine
from .image import Image, Pull, provide
from .inventory import successor, take, take_for
from .listed import agent_of
from .marks import make_mark, remove_mark
from .overtaken import planned_anew, settled
from .plan import CREATED, RECREATED, REMOVED, STARTED, Plan, Planner
from .takeover import KEPT, take_over

# An engine that was killed can leave a task of containerd behind that it does not know any more, or the folder of one:
# then it can never start that container, but another one of the same name (observed with 20.10).
LOST_TASK = re.compile(r"\bid already in use\b|\btask \w+: already exists\b|\bstart shim: mkdir \S+: file exists\b")


@dataclass(frozen=True)
class Converger:
    """Brings the containers of a host to what the specs say.

    Attributes:
        check_mode: only plan.
        made: the IDs of the containers that were made.
    """

    engine: Engine
    pull: Pull = field(default_factory=Pull)
    check_mode: bool = False
    made: set[str] = field(default_factory=set)

    def plan_present(self, specs: Sequence[AgentSpec]) -> list[Plan]:
        """Check everything, bring the images, and find out what is to be done.

        Raises:
            SpecError: something on the host belongs to somebody else.
            ImageError: an image is not to be had.
        """
        inventory = take_for(self.engine, specs) if self.check_mode else settled(self.engine, specs)
        inventory.check(specs, self.engine.place)
        check_certificates(self.engine, specs)
        planner = Planner(self.engine, inventory)
        others = self.engine.in_parallel(planner.of_another, [spec for spec in specs if not spec.managed])
        image_of = self._images(specs)
        own = [spec for spec in specs if spec.managed]
        plans = self.engine.in_parallel(lambda spec: planner.present(spec, image_of[spec.image]), own)
        return _in_order(specs, [*plans, *others])

    def plan_pulled(self, specs: Sequence[AgentSpec]) -> list[Plan]:
        """Bring the images, and nothing else.

        Raises:
            SpecError, ImageError: as for plan_present.
        """
        inventory = take_for(self.engine, specs)
        inventory.check(specs, self.engine.place)
        planner, image_of = Planner(self.engine, inventory), self._images(specs)
        return self.engine.in_parallel(
            lambda spec: planner.only_image(spec, image_of[spec.image]) if spec.managed else planner.of_another(spec),
            list(specs),
        )

    def _images(self, specs: Sequence[AgentSpec]) -> dict[str, Image]:
        """Each image once, by its reference."""
        references = sorted({spec.image for spec in specs if spec.managed})
        images = self.engine.in_parallel(
            lambda reference: provide(self.engine, reference, self.pull, self.check_mode), references
        )
        return dict(zip(references, images))

    def plan_absent(self, specs: Sequence[AgentSpec], purge: bool) -> list[Plan]:
        """Find out what is to be removed.

        Raises:
            SpecError: a container or volume of that name belongs to somebody else, or an agent runs in another one.
        """
        inventory = take(self.engine, networks=False)
        inventory.check(specs, self.engine.place, volumes=purge, present=False)
        check_nobody_else_answers(self.engine, inventory, specs)
        planner = Planner(self.engine, inventory)
        return self.engine.in_parallel(lambda spec: planner.absent(spec, purge), list(specs))

    def apply(self, plans: Sequence[Plan]) -> tuple[list[Plan], dict[str, EngineError]]:
        """Do what is planned, for all agents at once. Check mode does nothing.

        Returns:
            The plans as they were carried out: what could not be started was made anew, and what another run has made
            meanwhile was not made again. And the errors by agent name.
        """

        def one(plan: Plan, again: bool = True) -> tuple[Plan, EngineError | None]:
            try:
                return self._apply(plan), None
            except EngineError as exc:
                anew = planned_anew(self.engine, plan, exc, self.made) if again else None
                if anew is not None:
                    return one(anew, again=False)
                told = exc if exc.todo else EngineError(exc.tried, where=exc.where, answered=exc.answered, todo=KEPT)
                return plan, told

        due = [] if self.check_mode else [plan for plan in plans if plan.changed]
        ended = self.engine.in_parallel(one, due)
        done = {plan.spec.name: plan for plan, _error in ended}
        errors = {plan.spec.name: error for plan, error in ended if error is not None}
        return [done.get(plan.spec.name, plan) for plan in plans], errors

    def _apply(self, plan: Plan) -> Plan:
        for name, container_id in plan.leftovers:
            end(self.engine, name, container_id, plan.spec.stop_timeout)
        if plan.action == REMOVED:
            self._remove(plan)
        elif plan.action in (CREATED, RECREATED):
            self._replace(plan)
        elif plan.action == STARTED:
            plan = self._start_again(plan)
        if plan.unmarks:
            remove_mark(self.engine, plan.spec.volume)
        if plan.purges:
            name = plan.spec.volume
            self.engine.find(f"remove the volume {name}", self.engine.client.remove_volume, name)
        return plan

    def _replace(self, plan: Plan) -> None:
        """The new container is made beside the old one, which goes only when the engine has started the new one."""
        spec, client, call = plan.spec, self.engine.client, self.engine.call
        self._provide_volume(plan)
        if plan.container is None:
            new = self._create(plan, spec.container)
            call(f"start the container {spec.container}", client.start, new)
            return
        if name_of(plan.container) == successor(spec):
            # Somebody has removed the other one.
            call(f"rename {successor(spec)} to {spec.container}", client.rename, plan.container["Id"], spec.container)
        new = self._create(plan, successor(spec))
        take_over(self.engine, plan, plan.container, new)

    def _create(self, plan: Plan, name: str) -> str:
        made = create(self.engine, plan, name)
        self.made.add(made)
        return made

    def _start_again(self, plan: Plan) -> Plan:
        name, client = plan.spec.container, self.engine.client
        paused = plan.container is not None and plan.container["State"]["Status"] == "paused"
        try:
            self.engine.call(f"start the container {name}", client.unpause if paused else client.start, name)
        except EngineError as exc:
            if not LOST_TASK.search(exc.answered):
                raise
            plan = replace(plan, action=RECREATED)
            self._replace(plan)
        return plan

    def _remove(self, plan: Plan) -> None:
        if plan.container is not None:
            patience = stop_timeout(plan.container, plan.spec.stop_timeout)
            end(self.engine, name_of(plan.container), plan.container["Id"], patience)

    def _provide_volume(self, plan: Plan) -> None:
        """Made by us, with our label; one that appeared meanwhile is checked once more."""
        if plan.volume is not None:
            return
        spec = plan.spec
        if plan.marks:
            make_mark(self.engine, spec.volume, spec.name)
        tried = f"create the volume {spec.volume}"
        made = self.engine.call(tried, self.engine.client.create_volume, spec.volume, labels={LABEL_AGENT: spec.name})
        if agent_of(made) not in (None, spec.name):
            raise EngineError(
                tried, where=self.engine.place, answered=f"it belongs to the agent {agent_of(made)} since a moment ago"
            )


def _in_order(specs: Sequence[AgentSpec], plans: Sequence[Plan]) -> list[Plan]:
    by_name = {plan.spec.name: plan for plan in plans}
    return [by_name[spec.name] for spec in specs]
