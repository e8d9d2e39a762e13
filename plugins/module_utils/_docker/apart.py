# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of each agent by itself, for whoever only wants to know: what forbids it for one agent hides no other.

A deployment refuses all agents of a host together, before anything is touched (containers.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, Union

from .._agents.spec import AgentSpec
from .._errors import EngineError, EngineUnavailableError, SpecError
from .certificates import check_certificates
from .engine import Engine
from .image import Image, Pull, provide
from .inventory import HostInventory, take_for
from .plan import Plan, Planner

Refusal = Union[SpecError, EngineError]
Result = TypeVar("Result")


def predict_each(
    engine: Engine, pull: Pull, specs: Sequence[AgentSpec], refused: Mapping[str, SpecError]
) -> tuple[list[Plan], dict[str, Refusal]]:
    """What would be done for each agent, if that were all that is wanted of the host.

    Args:
        refused: why one of them cannot be used, by its name.

    Returns:
        The plans, and the errors by agent name; for an agent with an error, nothing would be done.

    Raises:
        EngineUnavailableError: the engine is away.
        EngineError: it cannot list what is on the host.
    """
    usable = [spec for spec in specs if spec.name not in refused]
    inventory = take_for(engine, usable)
    planner = Planner(engine, inventory)
    references = sorted({spec.image for spec in usable if spec.managed})
    found = engine.in_parallel(
        lambda reference: _tried(lambda: provide(engine, reference, pull, check_mode=True)), references
    )
    images = dict(zip(references, found))
    planned = engine.in_parallel(lambda spec: _tried(lambda: _plan(engine, inventory, planner, images, spec)), usable)
    outcomes: dict[str, Plan | Refusal] = {**refused, **{spec.name: plan for spec, plan in zip(usable, planned)}}
    plans: list[Plan] = []
    errors: dict[str, Refusal] = {}
    for spec in specs:
        outcome = outcomes[spec.name]
        if isinstance(outcome, Plan):
            plans.append(outcome)
        else:
            plans.append(planner.refused(spec))
            errors[spec.name] = outcome
    return plans, errors


def _plan(
    engine: Engine,
    inventory: HostInventory,
    planner: Planner,
    images: Mapping[str, Image | Refusal],
    spec: AgentSpec,
) -> Plan:
    inventory.check([spec], engine.place)
    check_certificates(engine, [spec])
    if not spec.managed:
        return planner.of_another(spec)
    image = images[spec.image]
    if not isinstance(image, Image):
        raise image
    return planner.present(spec, image)


def _tried(do: Callable[[], Result]) -> Result | Refusal:
    try:
        return do()
    except EngineUnavailableError:
        raise
    except (SpecError, EngineError) as exc:
        return exc
