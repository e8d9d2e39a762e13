# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another run that is at work on the same host right now: what it makes counts, and is not fought over.

A run that was killed leaves the same names as one that is at work (inventory.py); only time tells them apart.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from .._agents.spec import AgentSpec
from .._errors import EngineError, EngineUnavailableError, SpecError
from .engine import Engine
from .image import Image
from .inventory import HostInventory, take_for
from .plan import Plan, Planner

LATELY = 2.0  # seconds that the replacement of a container may take, beside those that the old one gets to stop
PAUSE = 0.2  # seconds
TAKEN = "is already in use"  # of a name, which an engine keeps for a container before it lists that


def settled(engine: Engine, specs: Sequence[AgentSpec]) -> HostInventory:
    """What is on the host when no other run is replacing the container of one of these agents any more.

    What was begun earlier than LATELY counts as left by a run that was killed.
    """
    for inventory in _looks(engine, specs, LATELY):
        since = engine.now() - LATELY
        if not any(inventory.is_replacing(spec, since) for spec in specs):
            break
    return inventory


def planned_anew(engine: Engine, plan: Plan, failure: EngineError, own: set[str]) -> Plan | None:
    """What is left to be done for an agent whose container another run has made since this was planned.

    Args:
        plan: what has failed.
        own: the IDs of the containers that this run has made.

    Returns:
        None where there is no such container, so that the failure has another cause.
    """
    if plan.image is None or isinstance(failure, EngineUnavailableError):
        return None
    try:
        return _watched(engine, plan, plan.image, TAKEN in failure.answered, own)
    except (SpecError, EngineError):  # the failure itself says more
        return None


def _watched(engine: Engine, plan: Plan, image: Image, taken: bool, own: set[str]) -> Plan | None:
    spec, known = plan.spec, {*own, plan.container["Id"] if plan.container else ""}
    patience = spec.stop_timeout + LATELY
    for inventory in _looks(engine, [spec], patience):
        found = inventory.container_of(spec)
        busy = inventory.is_replacing(spec, engine.now() - patience)
        if found is not None and found["Id"] not in known and not busy:
            inventory.check([spec], engine.place)
            anew = Planner(engine, inventory).present(spec, image)
            if anew.container is not None:  # an engine lists it a moment before it can be inspected
                return anew
        elif not (busy or taken):
            return None
    return None


def _looks(engine: Engine, specs: Sequence[AgentSpec], patience: float) -> Iterator[HostInventory]:
    """What is on the host now, again and again for so many seconds, and once at least."""
    deadline = time.monotonic() + patience
    while True:
        yield take_for(engine, specs)
        if time.monotonic() >= deadline:
            return
        time.sleep(PAUSE)
