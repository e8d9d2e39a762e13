# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that was collected -> the report. Pure: it asks nobody and writes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._agents.evidence import IMPOSTOR, NONE, REGISTERED
from .._agents.fleet import BY_INVENTORY
from .._agents.text import shortlist
from .._agents.versions import differ
from .clones import names_in_two_places, own_containers, volumes_in_two_places
from .looks import LONGEST, HostLook, Judged, Named, Predicted, Seen, read_named, strings, text
from .rows import (
    ABSENT,
    ASKED,
    CLONE,
    DRIFT,
    FAILED,
    GHOST,
    HOST_UNREACHABLE,
    MISSING,
    NOT_ASKED,
    OTHER_VERSION,
    STOPPED,
    UNKNOWN,
    UNREACHABLE,
    AgentRow,
    HostRow,
    Report,
)

MOST_PLACES = 5  # in a sentence
_BARE_ID = re.compile(r"sha256:[0-9a-f]+\Z")


def evaluate(hosts: Sequence[HostLook], inventory: Mapping[str, Any], fleet: Mapping[str, Any]) -> Report:
    """The report.

    Args:
        hosts: the hosts of the play.
        inventory: host -> its agents_list, of the whole inventory.
        fleet: the result of module fleet_info, or of its failure with `msg`.
    """
    named = {str(host): read_named(agents) for host, agents in inventory.items()}
    hosts = [_with_agents(host, named) for host in hosts]
    asked = {host.name for host in hosts}
    named.update({host.name: host.named for host in hosts if host.named is not None})
    names = names_in_two_places(hosts, named)
    # Names are bounded there, so that two ghosts may look alike; those of an inventory never do.
    users = fleet.get("agents") or ()
    server = {str(agent["username"]): agent for agent in users}
    version = text(fleet.get("version") or "") or None
    error = "" if fleet.get("agents") is not None else text(fleet.get("msg") or "nobody asked", LONGEST)
    rows = [row for host in hosts for row in _rows_of(host, names, server, version)]
    return Report(
        agents=(*rows, *_ghosts(users, hosts)),
        hosts=tuple(_host_row(host) for host in hosts),
        server_error=error,
        server_version=version,
        untold=_untold(error, version, fleet),
        notices=strings(fleet.get("warnings") or (), LONGEST),
        strangers=tuple(
            {"username": text(each["username"]), "pairing_ids": [text(i) if i else None for i in each["pairing_ids"]]}
            for each in fleet.get("strangers") or ()
        ),
        left_out=tuple(sorted(host for host, agents in named.items() if host not in asked and agents)),
    )


def _untold(error: str, version: str | None, fleet: Mapping[str, Any]) -> dict[str, str]:
    """What nobody could look for, and why."""
    if error:
        why = f"Connectware could not be asked for all its agents: {error.rstrip('.')}"
        return dict.fromkeys((GHOST, MISSING, OTHER_VERSION), why)
    untold = {}
    if fleet.get("undecided") and all(agent.get("evidence") == BY_INVENTORY for agent in fleet["agents"]):
        untold[GHOST] = "Connectware does not say of any user whether a registration has made it"
    if version is None:
        untold[OTHER_VERSION] = "Connectware did not tell its version"
    return untold


def _with_agents(host: HostLook, named: Mapping[str, tuple[Named, ...]]) -> HostLook:
    """A host that was lost before it could tell its agents has those that the inventory names for it."""
    return replace(host, named=named[host.name]) if host.lost and host.name in named else host


def _host_row(host: HostLook) -> HostRow:
    status = ASKED
    if host.unreachable:
        status = HOST_UNREACHABLE
    elif host.error:
        status = FAILED
    elif host.named is None:
        status = NOT_ASKED
    return HostRow(host.name, host.factory, status, host.error, len(host.named or ()))


def _rows_of(
    host: HostLook,
    names: Mapping[str, list[str]],
    server: Mapping[str, Mapping[str, Any]],
    version: str | None,
) -> Iterable[AgentRow]:
    own = own_containers(host)
    volumes = volumes_in_two_places(host, own)
    for agent in host.named or ():
        predicted = host.predicted.get(agent.name)
        known = server.get(agent.username)
        found = [
            *_clone_findings(agent, predicted, names, volumes),
            *_container_findings(predicted),
            *_version_findings(predicted, known, version),
            *_server_findings(known),
        ]
        yield _row(host, agent, own.get(agent), known, found)


def _row(
    host: HostLook, agent: Named, own: Seen | None, known: Mapping[str, Any] | None, found: list[tuple[str, str]]
) -> AgentRow:
    predicted, judged = host.predicted.get(agent.name), host.judged.get(agent.name)
    seen = predicted.seen if predicted else own
    verdict, message = UNKNOWN, host.error or "the tasks that look at it gave no answer"
    if host.unreachable:
        verdict = UNREACHABLE
    elif judged is not None and judged.verdict:
        verdict, message = judged.verdict, judged.message
    return AgentRow(
        name=text(agent.name),
        username=text(agent.username),
        verdict=verdict,
        factory=host.factory,
        host=host.name,
        reason=(judged.reason if judged else "") or NONE,
        would_register=judged is not None and judged.verdict == verdict and _would_register(judged),
        message=message,
        findings=tuple(dict.fromkeys(finding for finding, _note in found)),
        notes=tuple(note for _finding, note in found),
        registered_since=_since(known),
        connected=known.get("connected") if known else None,
        drift=predicted.drift if predicted else (),
        last_lines=judged.last_lines if judged else (),
        **_of_container(seen, agent.container, agent.volume),
    )


def _would_register(judged: Judged) -> bool:
    """Not where it would only be restarted, or where somebody else asks under its name."""
    return judged.changed and judged.reason != NONE and judged.verdict not in (REGISTERED, IMPOSTOR)


def _of_container(seen: Seen | None, container: str = "", volume: str = "") -> dict[str, Any]:
    """What a row says of a container: as it was seen, else what the inventory calls it."""
    if seen is not None:
        container, volume = seen.container or container, seen.volume or volume
    image, version = _image(seen)
    return {
        "container": text(container) or None,
        "volume": text(volume) or None,
        "container_state": text(seen.state) if seen else None,
        "image": image,
        "version": version,
    }


def _clone_findings(
    agent: Named, predicted: Predicted | None, names: Mapping[str, list[str]], volumes: Mapping[str, list[str]]
) -> Iterable[tuple[str, str]]:
    for key in agent.keys:
        if key in names:
            yield CLONE, f"The name {text(key)} is in {len(names[key])} places: {_listed(names[key])}"
    for volume in dict.fromkeys((agent.volume, predicted.seen.volume if predicted else "")):
        if volume in volumes:
            yield CLONE, f"The volume {text(volume)} is used by {_listed(volumes[volume])}"


def _listed(places: Sequence[str]) -> str:
    return shortlist([text(place) for place in places], MOST_PLACES)


def _container_findings(predicted: Predicted | None) -> Iterable[tuple[str, str]]:
    if predicted is None:
        return
    if predicted.seen.state == "absent":
        yield ABSENT, "It has no container on this host"
    elif not predicted.seen.works:
        code = "" if predicted.seen.exit_code is None else f", exit code {predicted.seen.exit_code}"
        yield STOPPED, f"Its container does not run ({text(predicted.seen.state)}{code})"
    if predicted.drift:
        yield DRIFT, f"Its container differs from the inventory in {', '.join(predicted.drift)}"


def _version_findings(
    predicted: Predicted | None, known: Mapping[str, Any] | None, version: str | None
) -> Iterable[tuple[str, str]]:
    """Agents of another version cannot communicate, says the vendor; of one that is connected, that is not so."""
    _name, has = _image(predicted.seen) if predicted else (None, None)
    if known is not None and known.get("connected"):
        return
    if differ(has, version):
        yield OTHER_VERSION, f"Its image has version {has}, Connectware has {version}: such agents cannot communicate"


def _server_findings(known: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    if known is not None and known.get("state") == "missing":
        yield MISSING, "Connectware has neither a user nor a request of it"


def _ghosts(users: Iterable[Mapping[str, Any]], hosts: Sequence[HostLook]) -> Iterable[AgentRow]:
    """Agents of the server that no host of the inventory names, and the container of each if one was seen."""
    places = _places(hosts)
    for agent in users:
        if not agent.get("ghost"):
            continue
        username = str(agent["username"])
        found = places.get(username)
        host, seen = found if found else (None, None)
        where = f"; its container {text(seen.container)} is on {host.name}" if host and seen else ""
        yield AgentRow(
            name=text(username),
            username=text(username),
            verdict=GHOST,
            factory=host.factory if host else None,
            host=host.name if host else None,
            message=f"It is registered in Connectware, and no host of the inventory names it{where}",
            registered_since=_since(agent),
            connected=agent.get("connected"),
            **_of_container(seen),
        )


def _places(hosts: Sequence[HostLook]) -> dict[str, tuple[HostLook, Seen]]:
    """The first container that was seen under each name and username, and its host."""
    places: dict[str, tuple[HostLook, Seen]] = {}
    for host in hosts:
        for seen in host.seen:
            for key in (seen.username, seen.name):
                places.setdefault(key, (host, seen))
    return places


def _since(known: Mapping[str, Any] | None) -> str | None:
    created = known.get("created_at") if known else None
    return None if created is None else text(created)


def _image(seen: Seen | None) -> tuple[str | None, str | None]:
    """The image and its version: the digest, else the tag; the colon of a port is none of a tag.

    An ID alone is of an image without a name: then it is the version.
    """
    if seen is None or not seen.image:
        return None, None
    reference = text(seen.image, 512)
    if _BARE_ID.match(reference):  # the container was made of an image without a name
        return None, reference
    name, at, digest = reference.partition("@")
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        return head, digest or tag
    return name, digest if at else None
