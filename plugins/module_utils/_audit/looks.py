# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was collected of a host, from the results of the tasks of the role audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._agents.fleet import UNFILLED, is_unfilled
from .._agents.observation import RESTARTING, RUNNING, RUNS
from .._agents.passed_on import passed_on
from .._agents.spec import DEFAULT_PREFIX
from .._agents.text import printable

LONGEST = 2000  # characters of a message
NO_FACTORY = "ungrouped"
_NO_FACTORIES = ("all", NO_FACTORY)
_OF_CONNECTWARE = "connectware_"  # groups of the inventory plugin: what Connectware knows of a host


@dataclass(frozen=True)
class Named:
    """An agent that the inventory names for a host.

    Attributes:
        nameless: its name is only what it is shown under.
    """

    name: str
    username: str
    container: str
    volume: str
    nameless: bool = False

    @property
    def keys(self) -> list[str]:
        """Name and username, as far as they are known: what stands in the place of others tells no agents apart."""
        return [] if self.nameless else sorted({key for key in (self.name, self.username) if not is_unfilled(key)})


@dataclass(frozen=True)
class Seen:
    """A container of an agent, as its host shows it.

    Attributes:
        container_id: None if there is no container.
        volume: empty for one that keeps its credentials in no volume.
        managed: this collection has made it.
    """

    name: str
    username: str
    container: str
    volume: str
    state: str
    container_id: str | None = None
    exit_code: int | None = None
    image: str | None = None
    managed: bool = True

    @property
    def runs(self) -> bool:
        """It can talk to the server now, or in a moment."""
        return self.state in RUNS

    @property
    def works(self) -> bool:
        """It is as a rollout wants it; one that is paused does nothing."""
        return self.state in (RUNNING, RESTARTING)


@dataclass(frozen=True)
class Predicted:
    """What a rollout would do about an agent's container."""

    drift: tuple[str, ...]
    seen: Seen


@dataclass(frozen=True)
class Judged:
    """What a rollout would say of an agent.

    Attributes:
        changed: it would do something about it in Connectware.
    """

    verdict: str
    reason: str
    message: str
    last_lines: tuple[str, ...] = ()
    changed: bool = False


@dataclass(frozen=True)
class HostLook:
    """One host of the play.

    Attributes:
        named: the agents of its inventory; None if it names none, not even an empty list.
        lost: the run has lost it before it could tell its agents.
        unreachable: Ansible could not log in.
        error: why it could not be asked, or not wholly.
        seen: all containers of agents that it shows; empty if it could not be asked.
        intruders: volume and name of each other container that can write to the volume of an agent.
        predicted, judged: by the agent's name.
    """

    name: str
    factory: str
    named: tuple[Named, ...] | None = None
    lost: bool = False
    unreachable: bool = False
    error: str = ""
    seen: tuple[Seen, ...] = ()
    intruders: tuple[tuple[str, str], ...] = ()
    predicted: Mapping[str, Predicted] = field(default_factory=dict)
    judged: Mapping[str, Judged] = field(default_factory=dict)


def read_host(values: Mapping[str, Any]) -> HostLook:
    """One entry of the option hosts.

    Raises:
        SpecError: it is something else.
    """
    with passed_on(
        "hosts",
        "an entry is not what the role edgefleet.connectware.audit collects",
        todo="Run the role, or the playbook edgefleet.connectware.audit.",
    ):
        return HostLook(
            name=text(values["name"]),
            factory=_factory(values.get("factory"), values.get("groups") or ()),
            named=None if values.get("named") in (None, False) else read_named(values["named"]),
            lost=bool(values.get("lost")),
            unreachable=bool(values.get("unreachable")),
            error=text(values.get("error") or "", LONGEST),
            seen=tuple(_seen(entry) for entry in values.get("seen") or ()),
            intruders=tuple((str(each["volume"]), str(each["container"])) for each in values.get("intruders") or ()),
            predicted={str(entry["name"]): _predicted(entry) for entry in values.get("deployed") or ()},
            judged={str(entry["name"]): _judged(entry) for entry in values.get("judged") or ()},
        )


def _factory(said: Any, groups: Iterable[Any]) -> str:
    """What the inventory says, else the first of its groups that may be one."""
    if said and not is_unfilled(said):
        return text(said)
    named = sorted(str(group) for group in groups)
    fitting = (group for group in named if group not in _NO_FACTORIES and not group.startswith(_OF_CONNECTWARE))
    return text(next(fitting, NO_FACTORY))


def read_named(agents_list: Any) -> tuple[Named, ...]:
    """The agents of one host of the inventory. An entry without a name is shown under its number."""
    if not isinstance(agents_list, Sequence) or isinstance(agents_list, str):
        return ()
    return tuple(_named(number, item) for number, item in enumerate(agents_list, 1))


def _named(number: int, item: Any) -> Named:
    if not isinstance(item, Mapping) or not item.get("name"):
        name = f"(entry {number} has no name)"
        return Named(name, name, "", "", nameless=True)
    name = str(item["name"])
    default = DEFAULT_PREFIX + name
    managed = _is_managed(item.get("manage"))
    # Where somebody else makes the container, its volume is whatever that has.
    volume = str(item.get("volume") or (UNFILLED if is_unfilled(name) else default)) if managed else ""
    return Named(
        name,
        str(item.get("username") or name),
        str(item.get("container") or (default if managed else "")),
        "" if is_unfilled(volume) else volume,
    )


def _is_managed(given: Any) -> bool:
    """In all words that a module takes for it; what is null was not given."""
    return given is None or bool(boolean(given, strict=False))


def _seen(entry: Mapping[str, Any]) -> Seen:
    look = entry["observation"]
    return Seen(
        name=str(entry["name"]),
        username=str(entry["username"]),
        container=str(entry["container"]),
        volume=str(entry["volume"] or ""),
        state=str(look["state"]),
        container_id=look.get("container_id"),
        exit_code=look.get("exit_code"),
        image=look.get("image"),
        managed=bool(look.get("managed", True)),
    )


def _predicted(entry: Mapping[str, Any]) -> Predicted:
    return Predicted(strings(entry.get("drift") or ()), _seen(entry))


def _judged(entry: Mapping[str, Any]) -> Judged:
    return Judged(
        verdict=text(entry["verdict"] or ""),
        reason=text(entry["reason"] or ""),
        message=text(entry["message"] or "", LONGEST),
        last_lines=strings(entry.get("last_lines") or (), LONGEST),
        changed=entry.get("changed") is True,
    )


def text(value: Any, limit: int = 256) -> str:
    """Text of others: without control characters and bounded."""
    shown = str(value)
    # Nearly all are plain and short; a fleet has a hundred thousand of them.
    return shown if len(shown) <= limit and shown.isprintable() else printable(shown, limit)


def strings(values: Iterable[Any], limit: int = 256) -> tuple[str, ...]:
    """Texts of others."""
    return tuple(text(value, limit) for value in values)
