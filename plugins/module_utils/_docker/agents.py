# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The use cases of the modules: converge the agents of a host, show them, look at them again."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Dict

from .._agents.observation import ABSENT, RUNS, Observation
from .._agents.patterns import LogPatterns, parse_patterns
from .._agents.spec import NEXT, PREVIOUS, AgentSpec, build_specs
from .._errors import EngineError, EngineUnavailableError
from .apart import Refusal, predict_each
from .container_report import environment, identity
from .containers import Converger
from .engine import Engine
from .image import Pull, digests_by_id, registry_of
from .inventory import HostInventory, agent_of, credentials_volume, intruders, take, take_volumes
from .look import HostLook, look
from .marks import Volumes, name_of_mark
from .observe import Observer, Target
from .plan import NOTHING, Plan

STILL_THERE = "the engine took the order, but it is still there, or is there again"
MADE_AGAIN = "Find out what makes it anew (docker events shows when), for example a Compose file, and run again."

Errors = Dict[str, Refusal]
"""By agent name."""

ENV_MUTUAL_TLS = ("CYBUS_USE_MUTUAL_TLS", "USE_MUTUAL_TLS")  # both spellings were observed


def converge(engine: Engine, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Module agents: bring all agents of the host to what is wanted, and observe them.

    Raises:
        SpecError: the input, or what is on the host, does not allow it; nothing was touched.
        EngineError: the engine failed as a whole; the failure of one agent is in the result instead.
    """
    patterns = parse_patterns(params["log_patterns"])
    state = params["state"]
    present = state != "absent"
    specs = build_specs(params, params["agents"], host=platform.node(), present=present)
    login = {key: params[f"registry_{key}"] for key in ("username", "password")}
    credentials = login if any(login.values()) else None
    registry = registry_of(params["image"]) if params["image"] else None
    pull = Pull(params["pull"], credentials, registry)
    if check_mode and state == "present" and params["predict_each"]:
        plans, errors = predict_each(engine, pull, specs)
    else:
        plans, errors = _done(Converger(engine, pull, check_mode), specs, state, params["purge"])
    seen = _observe(engine, patterns, plans, errors, check_mode)
    if present:
        seen = _with_digests(engine, plans, seen)
    starts = [state == "present" and plan.action != NOTHING for plan in plans]
    observations = [
        replace(observation, planned=check_mode, started_now=not check_mode) if start else observation
        for start, observation in zip(starts, seen)
    ]
    return _result(plans, observations, errors)


def _done(converger: Converger, specs: Sequence[AgentSpec], state: str, purge: bool) -> tuple[list[Plan], Errors]:
    """What was planned for all agents of the host, and done unless this is check mode."""
    plans = {
        "present": lambda: converger.plan_present(specs),
        "pulled": lambda: converger.plan_pulled(specs),
        "absent": lambda: converger.plan_absent(specs, purge),
    }[state]()
    plans, errors = converger.apply(plans)
    return plans, {**errors}


def _observe(
    engine: Engine, patterns: LogPatterns, plans: Sequence[Plan], errors: Errors, check_mode: bool
) -> list[Observation]:
    """All agents; one that cannot be looked at is added to the errors and does not hide the others."""
    touched = not check_mode and any(plan.changed for plan in plans)
    volumes: Volumes = take_volumes(engine) if touched else _volumes(plans)
    observer = Observer(engine, patterns)

    def one(plan: Plan) -> Observation:
        spec = plan.spec
        report = plan.container if check_mode or not plan.changed else None
        target = Target(spec.name, spec.username, spec.container, spec.volume, report)
        if plan.purges and not check_mode and spec.volume in volumes and spec.name not in errors:
            errors[spec.name] = EngineError(
                f"remove the volume {spec.volume}", where=engine.place, answered=STILL_THERE, todo=MADE_AGAIN
            )
        try:
            seen = observer.observe(target, volumes)
            return replace(seen, managed=spec.managed, by_certificate=_by_certificate(plan))
        except EngineError as exc:
            errors.setdefault(spec.name, exc)
            return Observation(spec.name, spec.username, spec.container, spec.volume, observed_at=engine.now())

    return engine.in_parallel(one, list(plans))


def _volumes(plans: Sequence[Plan]) -> Volumes:
    known = {plan.spec.volume: plan.volume for plan in plans}
    return {**known, **{name_of_mark(plan.spec.volume): plan.mark for plan in plans if plan.mark is not None}}


def _with_digests(engine: Engine, plans: Sequence[Plan], seen: Sequence[Observation]) -> list[Observation]:
    """The digests of the images, which bringing them has told; the engine is asked for containers of others only."""
    digests = {plan.image.image_id: plan.image.digest for plan in plans if plan.image and plan.image.image_id}
    if any(observation.image_id and observation.image_id not in digests for observation in seen):
        digests.update(digests_by_id(engine))
    return [replace(observation, image_digest=digests.get(observation.image_id or "")) for observation in seen]


def _by_certificate(plan: Plan) -> bool:
    """Of an agent that somebody else runs, its container tells."""
    if plan.spec.managed or plan.container is None:
        return plan.spec.by_certificate
    env = environment(plan.container)
    return any(env.get(name, "").lower() in ("true", "yes", "1", "on") for name in ENV_MUTUAL_TLS)


def _result(
    plans: Sequence[Plan], observations: Sequence[Observation], errors: Mapping[str, Refusal]
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
                "previous_image": plan.previous_image,
                "replaced_image": plan.replaced_image,
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
    """Module agents_info: the agents of the host, those that this collection made or all that there are."""
    del check_mode  # it only reads
    inventory = take(engine, networks=False)
    found, troubles = _found(engine, inventory, params["unmanaged"])
    targets = [
        target
        for target in found
        if (not params["names"] or target.name in params["names"])
        and (not params["usernames"] or target.username in params["usernames"])
    ]
    observations = Observer(engine, parse_patterns(params["log_patterns"])).observe_each(targets, inventory.volumes)
    return {
        "changed": False,
        "warnings": [*troubles.values()],
        "unreadable": [
            {"container": name, "state": _listed_state(inventory.containers[name]), "message": trouble}
            for name, trouble in troubles.items()
        ],
        "intruders": [{"container": name, "volume": volume} for name, volume in intruders(inventory, _owners(found))],
        "agents": [
            {
                "name": target.name,
                "username": target.username,
                "container": target.container,
                "volume": target.volume,
                "labels": dict(inventory.containers[target.container].get("Labels") or {}),
                "observation": _placed(observation, inventory.containers[target.container]).to_dict(),
            }
            for target, observation in zip(targets, observations)
        ],
    }


def _owners(found: Sequence[Target]) -> dict[str, set[str]]:
    owners: dict[str, set[str]] = {}
    for target in found:
        if target.volume:
            owners.setdefault(target.volume, set()).update((target.name, target.container))
    return owners


def _placed(seen: Observation, listed: Mapping[str, Any]) -> Observation:
    """With what the engine's list says of its container: all that is known of one that it cannot show."""
    seen = replace(seen, managed=agent_of(listed) is not None)
    return replace(seen, state=_listed_state(listed), container_id=listed["Id"]) if seen.trouble else seen


def _listed_state(listed: Mapping[str, Any]) -> str:
    return str(listed.get("State") or ABSENT)


def _is_ours(inventory: HostInventory, container: str) -> bool:
    return agent_of(inventory.containers[container]) is not None


def _found(engine: Engine, inventory: HostInventory, unmanaged: bool) -> tuple[list[Target], dict[str, str]]:
    """The agents of the host, each container that is one: by its label, else by its environment.

    Returns:
        The agents; and by its name why a container cannot be inspected, which may be one as well.
    """
    names = sorted(inventory.containers)
    candidates = [name for name in names if unmanaged or _is_ours(inventory, name)]
    troubles: dict[str, str] = {}

    def look_at(name: str) -> Target | None:
        try:
            return _found_target(engine, name, inventory)
        except EngineUnavailableError:
            raise
        except EngineError as exc:
            troubles[name] = exc.message
        agent = agent_of(inventory.containers[name])
        return Target(agent, agent, name, credentials_volume(inventory.containers[name])) if agent else None

    found = engine.in_parallel(look_at, candidates)
    targets = [target for target in found if target is not None]
    ours = [target for target in targets if _is_ours(inventory, target.container)]
    first: dict[str, Target] = {}
    more: list[Target] = []
    for target in sorted(ours, key=lambda target: _rank(target.container, inventory)):
        counts = first.setdefault(target.name, target)
        if target is not counts and not (_is_left(counts.container) or _is_left(target.container)):
            more.append(target)
    others = [target for target in targets if not _is_ours(inventory, target.container)]
    shown = [*first.values(), *(more if unmanaged else ())]
    return [*sorted(shown, key=lambda target: target.container), *others], dict(sorted(troubles.items()))


def _rank(container: str, inventory: HostInventory) -> tuple[bool, bool, str]:
    """Of several containers of one agent: the one that runs, then whichever is not what a killed run has left."""
    return (_listed_state(inventory.containers[container]) not in RUNS, _is_left(container), container)


def _is_left(container: str) -> bool:
    return container.endswith((NEXT, PREVIOUS))


def _found_target(engine: Engine, container: str, inventory: HostInventory) -> Target | None:
    report = engine.find(f"inspect the container {container}", engine.client.inspect_container, container)
    entry = inventory.containers[container]
    label = agent_of(entry)
    name, username = identity(report or {}, label)
    if not name or not username:
        return None
    return Target(label or name, username, container, credentials_volume(entry), report)


def look_again(engine: Engine, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The host's part of module agents_registered."""
    looks = [
        HostLook(
            Target(item["name"], item["username"], item["container"], item["volume"]),
            restart=bool(item["restart"]),
            seen=item["seen"] or "",
            unmark_after=item["unmark_after"],
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
    acted = any(item.restart or _went(item, seen) for item, seen in zip(looks, observations)) and not check_mode
    return {"changed": acted, "observations": [observation.to_dict() for observation in observations]}


def _went(asked: HostLook, seen: Observation) -> bool:
    return asked.unmark_after is not None and not seen.never_registered
