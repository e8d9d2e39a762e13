# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and volumes in two places: agents that overwrite each other's credentials or take each other's place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .looks import HostLook, Named, Seen


def names_in_two_places(hosts: Iterable[HostLook], inventory: Mapping[str, tuple[Named, ...]]) -> dict[str, list[str]]:
    """Agent names and usernames, and where each of them is: a host that names it, or a container that runs under it.

    A container on a host that names the agent is the agent's own. Two hosts of the inventory may be one engine; its
    containers have one ID and count once.

    Args:
        inventory: the agents of every host of the whole inventory, also of those that were not asked.
    """
    places: dict[str, list[str]] = {}
    for host, agents in sorted(inventory.items()):
        for agent in agents:
            for key in agent.keys:
                places.setdefault(key, []).append(host)
    naming = {key: frozenset(found) for key, found in places.items()}
    for key, found in _containers(hosts).items():
        for by_host in found:
            own = naming.get(key, frozenset()) & set(by_host)
            if not own:
                host, container = sorted(by_host.items())[0]
                places.setdefault(key, []).append(f"{host} (container {container})")
        places[key] = places.get(key, []) + _more_than_one(found, naming.get(key, frozenset()))
    return {key: found for key, found in places.items() if len(found) > 1}


def _containers(hosts: Iterable[HostLook]) -> dict[str, list[dict[str, str]]]:
    """For each name the running containers under it; each as host -> container, since one engine may be two hosts."""
    by_id: dict[str, dict[str, dict[str, str]]] = {}
    for host in hosts:
        for seen in host.seen:
            if seen.runs:
                for key in sorted({seen.name, seen.username}):
                    identity = seen.container_id or f"{host.name}/{seen.container}"
                    by_id.setdefault(key, {}).setdefault(identity, {})[host.name] = seen.container
    return {key: list(found.values()) for key, found in by_id.items()}


def _more_than_one(found: Iterable[Mapping[str, str]], naming: frozenset[str]) -> list[str]:
    """Containers beyond the first on a host that names the agent."""
    own = [{host: container for host, container in by_host.items() if host in naming} for by_host in found]
    extra = []
    for host in sorted(naming):
        containers = sorted(by_host[host] for by_host in own if host in by_host)
        extra += [f"{host} (container {container})" for container in containers[1:]]
    return extra


def volumes_in_two_places(host: HostLook, own: Mapping[Named, Seen]) -> dict[str, list[str]]:
    """The volumes of one host that two of its agents use, or another container too, and who these are.

    Args:
        own: see `own_containers`.
    """
    users: dict[str, dict[str, None]] = {}
    for agent in host.named or ():
        for volume in {agent.volume, *_real_volume(host, agent)} - {""}:
            users.setdefault(volume, {})[f"agent {agent.name}"] = None
    meant = set(own.values())
    for seen in host.seen:
        if seen.volume:
            itself = f"agent {seen.name}"
            known = itself in users.get(seen.volume, {}) and seen in meant
            users.setdefault(seen.volume, {})[itself if known else f"container {seen.container}"] = None
    for volume, container in host.intruders:
        users.setdefault(volume, {})[f"container {container}"] = None
    return {volume: list(found) for volume, found in users.items() if len(found) > 1}


def _real_volume(host: HostLook, agent: Named) -> Iterator[str]:
    predicted = host.predicted.get(agent.name)
    if predicted is not None:
        yield predicted.seen.volume


def own_containers(host: HostLook) -> dict[Named, Seen]:
    """The containers that the inventory means: of its names, or else those of ours that have another name still."""
    by_name: dict[str, list[Seen]] = {}
    for seen in host.seen:
        by_name.setdefault(seen.name, []).append(seen)
    found = {agent: _meant(agent, by_name.get(agent.name, [])) for agent in host.named or ()}
    return {agent: seen for agent, seen in found.items() if seen is not None}


def _meant(agent: Named, seen: Iterable[Seen]) -> Seen | None:
    exact = [each for each in seen if each.container == agent.container]
    return next(iter(exact or [each for each in seen if each.managed]), None)
