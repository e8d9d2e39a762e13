# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The use case of module agents: bring the agents of a host to what is wanted, and observe them."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Dict

from .._agents.mounts import ENV_MUTUAL_TLS
from .._agents.observation import ABSENT, RUNS, Observation
from .._agents.patterns import LogPatterns, parse_patterns
from .._agents.spec import AgentSpec, build_each, build_specs
from .._errors import EngineError
from .apart import Refusal, predict_each
from .container_report import environment, name_of
from .containers import Converger
from .engine import Engine
from .image import Pull, digests_by_id, registry_of
from .listed import take_volumes
from .marks import Volumes, name_of_mark
from .observe import Observer, Target, unseen
from .plan import BEYOND_START, NOTHING, RECREATED, REMOVED, STARTED, Plan, Report
from .timeline import seconds_of

STILL_THERE = "the engine took the order, but it is still there, or is there again"
MADE_AGAIN = "Find out what makes it anew (docker events shows when), for example a Compose file, and run again."

Errors = Dict[str, Refusal]
"""By agent name."""


def converge(engine: Engine, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Module agents: bring all agents of the host to what is wanted, and observe them.

    Raises:
        SpecError: the input, or what is on the host, does not allow it; nothing was touched.
        EngineError: the engine failed as a whole; the failure of one agent is in the result instead.
    """
    patterns = parse_patterns(params["log_patterns"])
    state = params["state"]
    present = state != "absent"
    login = {key: params[f"registry_{key}"] for key in ("username", "password")}
    credentials = login if any(login.values()) else None
    registry = registry_of(params["image"]) if params["image"] else None
    pull = Pull(params["pull"], credentials, registry)
    converger = Converger(engine, pull, check_mode)
    host = platform.node()
    if check_mode and state == "present" and params["predict_each"]:
        plans, errors = predict_each(engine, pull, *build_each(params, params["agents"], host=host))
    else:
        specs = build_specs(params, params["agents"], host=host, present=present)
        plans, errors = _done(converger, specs, state, params["purge"])
    failed = set() if check_mode else {*errors}
    seen = _observe(engine, patterns, plans, errors, check_mode)
    warnings: list[str] = []
    if present:
        seen = _with_digests(engine, plans, seen, warnings)
    made = converger.made
    done = [
        _done_in_spite(plan, look, made) if plan.spec.name in failed else _all(plan) for plan, look in zip(plans, seen)
    ]
    starts = [state == "present" and did.action != NOTHING for did in done]
    observations = [
        replace(observation, planned=check_mode, started_now=not check_mode) if start else observation
        for start, observation in zip(starts, seen)
    ]
    return {**_result(plans, done, observations, errors), "warnings": warnings}


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
    """All agents; one that cannot be looked at is added to the errors and does not hide the others.

    Nor does an engine that has gone meanwhile hide what was done before, and why that has failed.
    """
    touched = not check_mode and any(plan.changed for plan in plans)
    try:
        volumes: Volumes = take_volumes(engine) if touched else _volumes(plans)
    except EngineError as exc:
        for plan in plans:
            errors.setdefault(plan.spec.name, exc)
        return [unseen(plan.spec, engine.now()) for plan in plans]
    observer = Observer(engine, patterns)

    def one(plan: Plan) -> Observation:
        spec = plan.spec
        if plan.foreign:
            return unseen(spec, engine.now())
        report = None if touched else plan.container
        target = Target(spec.name, spec.username, spec.container, spec.volume, report)
        if plan.purges and not check_mode and spec.volume in volumes and spec.name not in errors:
            errors[spec.name] = EngineError(
                f"remove the volume {spec.volume}", where=engine.place, answered=STILL_THERE, todo=MADE_AGAIN
            )
        try:
            look = observer.without_container if check_mode and _is_going(plan) else observer.observe
            seen = look(target, volumes)
            left = _left_of(engine, plan) if spec.name in errors and seen.state == ABSENT else None
            if left is not None:
                seen = look(replace(target, report=left), volumes)
            if check_mode and "volume" in plan.drift:  # it was looked into the one that the container has now
                seen = replace(seen, credentials=None)
            return replace(seen, managed=spec.managed, by_certificate=_by_certificate(plan))
        except EngineError as exc:
            errors.setdefault(spec.name, exc)
            return unseen(spec, engine.now())

    return engine.in_parallel(one, list(plans))


def _left_of(engine: Engine, plan: Plan) -> Report:
    """The container that a failed agent had before: it may be there still, or again, under another name."""
    if plan.container is None:
        return None
    found = engine.client.inspect_container
    return engine.find(f"inspect the container {name_of(plan.container)}", found, plan.container["Id"])


def _is_going(plan: Plan) -> bool:
    """Its container goes, and is beyond start: an engine does not show its log any more."""
    dead = plan.container is not None and plan.container["State"]["Status"] in BEYOND_START
    return dead and plan.action in (RECREATED, REMOVED)


def _volumes(plans: Sequence[Plan]) -> Volumes:
    known = {plan.spec.volume: plan.volume for plan in plans}
    return {**known, **{name_of_mark(plan.spec.volume): plan.mark for plan in plans if plan.mark is not None}}


def _with_digests(
    engine: Engine, plans: Sequence[Plan], seen: Sequence[Observation], warnings: list[str]
) -> list[Observation]:
    """The digests of the images, which bringing them has told; the engine is asked for containers of others only.

    Args:
        warnings: gets one if the engine does not tell them: only records of authorizations have them.
    """
    digests = {plan.image.image_id: plan.image.digest for plan in plans if plan.image and plan.image.image_id}
    if any(observation.image_id and observation.image_id not in digests for observation in seen):
        try:
            digests.update(digests_by_id(engine))
        except EngineError as exc:
            warnings.append(f"This result is without the digests of images. {exc.message}")
    return [replace(observation, image_digest=digests.get(observation.image_id or "")) for observation in seen]


def _by_certificate(plan: Plan) -> bool:
    """Of an agent that somebody else runs, its container tells."""
    if plan.spec.managed or plan.container is None:
        return plan.spec.by_certificate
    env = environment(plan.container)
    return any(env.get(name, "").lower() in ("true", "yes", "1", "on") for name in ENV_MUTUAL_TLS)


@dataclass(frozen=True)
class _Done:
    """What became of a plan."""

    action: str
    changed: bool
    after: Mapping[str, Any]


def _all(plan: Plan) -> _Done:
    return _Done(plan.action, plan.changed, plan.after())


def _done_in_spite(plan: Plan, look: Observation, own: Collection[str]) -> _Done:
    """What was done about an agent that could not be brought to what is wanted, by what is there now.

    Args:
        own: the IDs of the containers that this run has made; another one is somebody else's.
    """
    before = plan.container
    known = before["Id"] if before else None
    action = plan.action
    if look.container_id not in (None, known, *own):
        action = NOTHING
    elif look.container_id == known:
        same = before is None or look.started_at == seconds_of(before["State"].get("StartedAt"))
        action = NOTHING if same else STARTED
    ran = before is not None and before["State"]["Status"] in RUNS
    ended = ran and look.container_id == known and look.state not in RUNS
    made = plan.volume is None and look.volume_created_at is not None
    changed = action != NOTHING or ended or made or bool(plan.image and plan.image.pulled)
    return _Done(action, changed, plan.before() if action in (NOTHING, STARTED) else plan.after())


def _result(
    plans: Sequence[Plan], done: Sequence[_Done], observations: Sequence[Observation], errors: Mapping[str, Refusal]
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "changed": any(did.changed for did in done),
        "agents": [
            {
                "name": plan.spec.name,
                "username": plan.spec.username,
                "container": plan.spec.container,
                "volume": plan.spec.volume,
                "action": did.action,
                "changed": did.changed,
                "drift": list(plan.drift),
                "pulled": bool(plan.image and plan.image.pulled),
                "purged": plan.purges and plan.spec.name not in errors,
                "previous_image": plan.previous_image,
                "replaced_image": plan.replaced_image,
                "replaced_container": plan.container["Id"] if did.action == RECREATED and plan.container else None,
                "error": errors[plan.spec.name].message if plan.spec.name in errors else "",
                "observation": observation.to_dict(),
            }
            for plan, did, observation in zip(plans, done, observations)
        ],
        "diff": {
            "before": {plan.spec.name: plan.before() for plan in plans},
            "after": {plan.spec.name: did.after for plan, did in zip(plans, done)},
        },
    }
    if errors:
        texts = "; ".join(f"agent {name}: {error.message}" for name, error in errors.items())
        result.update(failed=True, msg=f"{len(errors)} of {len(plans)} agents could not be converged: {texts}")
    return result
