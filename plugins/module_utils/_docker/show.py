# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The use case of module agents_info: the agents of a host, those that this collection made or all that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._agents.names import NEXT, PREVIOUS
from .._agents.observation import ABSENT, RUNS, Observation
from .._agents.patterns import parse_patterns
from .._errors import EngineError, EngineUnavailableError
from .container_report import identity
from .engine import Engine
from .inventory import HostInventory, intruders, take
from .listed import agent_of, credentials_volume
from .observe import Observer, Target


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
