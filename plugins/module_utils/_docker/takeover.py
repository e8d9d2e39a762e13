# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a new container takes the place of an old one, which runs again if the engine cannot start the new one.

Many mistakes show only then: a user that the image does not know, a profile that the host does not have, a file that is
mounted where the image has a directory. Two containers of one agent never run at once: they would have one identity and
one volume. And the new one has its name before it starts, because log drivers write down the name of that moment.

Each point at which a run can be killed leaves names from which the next one goes on; see inventory.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import EngineError
from .container_report import name_of, stop_timeout
from .creation import delete, end, stop
from .engine import Engine
from .inventory import CREATED, predecessor, successor
from .plan import BEYOND_START, UP, Plan

KEPT = (
    "Mend what the engine says and run again. The other agents are not affected, and the volume with the credentials is"
    " kept."
)
RUNS_AGAIN = f"The container that the agent had before runs again. {KEPT}"
STILL_DOWN = f"The agent did not run before, and does not run now. {KEPT}"
NOT_BACK = f"The container that the agent had before could not be brought back, so that the agent may not run. {KEPT}"


def take_over(engine: Engine, plan: Plan, old: Mapping[str, Any], new: str) -> None:
    """Stop the old container, start the new one under its name, and delete the old one.

    Args:
        old: the engine's report of it; it has the agent's name, or one that is nobody's place.
        new: the ID of the container that was made as the successor.

    Raises:
        EngineError: the engine refused or failed; it says whether the old container runs again.
    """
    spec, client, call = plan.spec, engine.client, engine.call
    old_id, name, patience = old["Id"], name_of(old), stop_timeout(old, spec.stop_timeout)
    try:
        policy = _meanwhile(plan, old)
        if policy is not None:
            tried = f"change the restart policy of the container {name}"
            call(tried, client.update_container, old_id, restart_policy={"Name": policy})
        stop(engine, name, old_id, patience)
        if name != predecessor(spec):
            call(f"rename {name} to {predecessor(spec)}", client.rename, old_id, predecessor(spec))
        call(f"rename {successor(spec)} to {spec.container}", client.rename, new, spec.container)
        call(f"start the container {spec.container}", client.start, new)
    except EngineError as exc:
        raise _put_back(engine, plan, old, new, exc) from exc
    delete(engine, name, old_id)


def _put_back(engine: Engine, plan: Plan, old: Mapping[str, Any], new: str, failure: EngineError) -> EngineError:
    """The error to raise: what has failed, and whether the agent runs as before.

    The new container goes first. That it could not be started may be known here only: an answer can be lost.
    """
    ran = _ran(plan, old)
    try:
        end(engine, plan.spec.container, new, plan.spec.stop_timeout)
        _bring_back(engine, plan, old, start=ran)
    except EngineError as exc:
        said = f"{EngineError(exc.tried, answered=exc.answered).message} {NOT_BACK}"
    else:
        said = RUNS_AGAIN if ran else STILL_DOWN
    todo = f"{failure.todo} {said}" if failure.todo else said
    return EngineError(failure.tried, where=failure.where, answered=failure.answered, todo=todo)


def _bring_back(engine: Engine, plan: Plan, old: Mapping[str, Any], *, start: bool) -> None:
    spec, client, call, old_id = plan.spec, engine.client, engine.call, old["Id"]
    if _meanwhile(plan, old) is not None:
        tried = f"change the restart policy of the container {spec.container}"
        call(tried, client.update_container, old_id, restart_policy=old["HostConfig"]["RestartPolicy"])
    now = call(f"inspect the container {spec.container}", client.inspect_container, old_id)
    if name_of(now) == predecessor(spec):
        name = spec.container if name_of(old) in (predecessor(spec), successor(spec)) else name_of(old)
        call(f"rename {predecessor(spec)} to {name}", client.rename, old_id, name)
    if start:
        call(f"start the container {spec.container}", client.start, old_id)


def _ran(plan: Plan, old: Mapping[str, Any]) -> bool:
    """It ran before, or would have if no run had been killed in the middle of this."""
    killed = bool(plan.leftovers) or name_of(old) == predecessor(plan.spec)
    return killed or old["State"]["Status"] in (*UP, "paused")


def _meanwhile(plan: Plan, old: Mapping[str, Any]) -> str | None:
    """The restart policy until it is deleted: were the engine started anew before that, both would run.

    An engine starts what is to run always, also if it was stopped; what is to be restarted on failure and has not ended
    with 0, as whoever ends on SIGTERM; and, unless it was stopped, what has ended by itself. None: its own will do.
    """
    policy = (old["HostConfig"].get("RestartPolicy") or {}).get("Name") or "no"
    if policy == "no" or old["State"]["Status"] in (*BEYOND_START, CREATED):
        return None
    if not _ran(plan, old):
        return "no"
    return None if policy == "unless-stopped" else "unless-stopped"
