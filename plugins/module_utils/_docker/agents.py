# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The use cases of the modules: converge the agents of a host, show them, look at them again."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._agents.observation import Observation
from .._agents.patterns import LogPatterns, parse_patterns
from .._agents.spec import CREDENTIALS_PATH, build_specs
from .._errors import EngineError
from .containers import Converger
from .engine import Engine
from .image import Pull
from .inventory import HostInventory, agent_of, take, take_volumes
from .look import HostLook, look
from .observe import Observer, Target
from .plan import NOTHING, Plan


def converge(engine: Engine, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Module agents: bring all agents of the host to what is wanted, and observe them.

    Raises:
        SpecError: the input, or what is on the host, does not allow it; nothing was touched.
        EngineError: the engine failed as a whole; the failure of one agent is in the result instead.
    """
    patterns = parse_patterns(params["log_patterns"])
    present = params["state"] == "present"
    specs = build_specs(params, params["agents"], host=platform.node(), present=present)
    login = {key: params[f"registry_{key}"] for key in ("username", "password")}
    credentials = login if any(login.values()) else None
    converger = Converger(engine, Pull(params["pull"], credentials), check_mode)
    plans = converger.plan_present(specs) if present else converger.plan_absent(specs, params["purge"])
    errors = converger.apply(plans)
    seen = _observe(engine, patterns, plans, errors, check_mode)
    planned = check_mode and present
    observations = [
        replace(observation, planned=True) if planned and plan.action != NOTHING else observation
        for plan, observation in zip(plans, seen)
    ]
    return _result(plans, observations, errors)


def _observe(
    engine: Engine, patterns: LogPatterns, plans: Sequence[Plan], errors: dict[str, EngineError], check_mode: bool
) -> list[Observation]:
    """All agents; one that cannot be looked at is added to the errors and does not hide the others."""
    touched = not check_mode and any(plan.changed for plan in plans)
    volumes = take_volumes(engine) if touched else {plan.spec.volume: plan.volume for plan in plans}
    observer = Observer(engine, patterns)

    def one(plan: Plan) -> Observation:
        spec = plan.spec
        report = plan.container if check_mode or not plan.changed else None
        target = Target(spec.name, spec.username, spec.container, spec.volume, report)
        try:
            return observer.observe(target, volumes.get(spec.volume))
        except EngineError as exc:
            errors.setdefault(spec.name, exc)
            return Observation(spec.name, spec.username, spec.container, spec.volume, observed_at=time.time())

    return engine.in_parallel(one, list(plans))


def _result(
    plans: Sequence[Plan], observations: Sequence[Observation], errors: Mapping[str, EngineError]
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "changed": any(plan.changed for plan in plans),
        "agents": [
            {
                "name": plan.spec.name,
                "username": plan.spec.username,
                "container": plan.spec.container,
                "volume": plan.spec.volume,
                "action": plan.action,
                "changed": plan.changed,
                "drift": list(plan.drift),
                "pulled": bool(plan.image and plan.image.pulled),
                "error": errors[plan.spec.name].message if plan.spec.name in errors else "",
                "observation": observation.to_dict(),
            }
            for plan, observation in zip(plans, observations)
        ],
        "diff": {
            "before": {plan.spec.name: plan.before() for plan in plans},
            "after": {plan.spec.name: plan.after() for plan in plans},
        },
    }
    if errors:
        texts = "; ".join(f"agent {name}: {error.message}" for name, error in errors.items())
        result.update(failed=True, msg=f"{len(errors)} of {len(plans)} agents could not be converged: {texts}")
    return result


def show(engine: Engine, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Module agents_info: the agents that this collection made on the host."""
    del check_mode  # it only reads
    wanted = params["names"]
    inventory = take(engine, networks=False)
    found: dict[str, str] = {}
    for container, entry in sorted(inventory.containers.items()):
        agent = agent_of(entry)
        if agent is not None and (not wanted or agent in wanted):
            found.setdefault(agent, container)  # what a killed run left beside it comes after it
    targets = engine.in_parallel(lambda item: _found_target(engine, *item, inventory), list(found.items()))
    observations = Observer(engine, parse_patterns(params["log_patterns"])).observe_all(targets, inventory.volumes)
    return {
        "changed": False,
        "agents": [
            {
                "name": target.name,
                "username": target.username,
                "container": target.container,
                "volume": target.volume,
                "labels": dict(inventory.containers[target.container].get("Labels") or {}),
                "observation": observation.to_dict(),
            }
            for target, observation in zip(targets, observations)
        ],
    }


def _found_target(engine: Engine, agent: str, container: str, inventory: HostInventory) -> Target:
    report = engine.find(f"inspect the container {container}", engine.client.inspect_container, container)
    variables = report["Config"].get("Env") or [] if report else []
    env = dict(entry.partition("=")[::2] for entry in variables)
    mounts = inventory.containers[container].get("Mounts") or []
    volumes = [mount.get("Name", "") for mount in mounts if mount.get("Destination") == CREDENTIALS_PATH]
    return Target(agent, env.get("CYBUS_MQTT_USERNAME") or agent, container, volumes[0] if volumes else "", report)


def look_again(engine: Engine, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The host's part of module agents_registered."""
    looks = [
        HostLook(
            Target(item["name"], item["username"], item["container"], item["volume"]),
            restart=bool(item["restart"]),
            seen=item["seen"] or "",
        )
        for item in params["looks"]
    ]
    observations = look(
        engine,
        Observer(engine, parse_patterns(params["log_patterns"])),
        looks,
        wait=params["wait"],
        linger=params["linger"],
        check_mode=check_mode,
    )
    restarted = any(item.restart for item in looks) and not check_mode
    return {"changed": restarted, "observations": [observation.to_dict() for observation in observations]}
