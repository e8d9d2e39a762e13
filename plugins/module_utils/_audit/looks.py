# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was collected of a host, from the results of the tasks of the role audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._agents.fleet import is_unfilled
from .._agents.observation import RUNS
from .._agents.passed_on import passed_on
from .._agents.spec import DEFAULT_PREFIX
from .._agents.text import printable

LONGEST = 2000  # characters of a message
NO_FACTORY = "ungrouped"
_NO_FACTORIES = ("all", NO_FACTORY)
_OF_CONNECTWARE = "connectware_"  # groups of the inventory plugin: what Connectware knows of a host


@dataclass(frozen=True)
class Named:
    """An agent that the inventory names for a host."""

    name: str
    username: str
    container: str
    volume: str


@dataclass(frozen=True)
class Seen:
    """A container of an agent, as its host shows it.

    Attributes:
        container_id: None if there is no container.
        volume: empty for one that keeps its credentials in no volume.
    """

    name: str
    username: str
    container: str
    volume: str
    state: str
    container_id: str | None = None
    exit_code: int | None = None
    image: str | None = None

    @property
    def runs(self) -> bool:
        """It can talk to the server now, or in a moment."""
        return self.state in RUNS


@dataclass(frozen=True)
class Predicted:
    """What a rollout would do about an agent's container."""

    drift: tuple[str, ...]
    seen: Seen


@dataclass(frozen=True)
class Judged:
    """What a rollout would say of an agent."""

    verdict: str
    reason: str
    message: str
    last_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostLook:
    """One host of the play.

    Attributes:
        named: the agents of its inventory; None if it names none, not even an empty list.
        unreachable: Ansible could not log in.
        error: why it could not be asked, or not wholly.
        seen: all containers of agents that it shows; empty if it could not be asked.
        intruders: volume and name of each other container that can write to the volume of an agent.
        predicted, judged: by the agent's name.
    """

    name: str
    factory: str
    named: tuple[Named, ...] | None = None
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
        return Named(name, name, "", "")
    name = str(item["name"])
    default = "" if item.get("manage", True) in (False, "false", "no") else DEFAULT_PREFIX + name
    return Named(
        name,
        str(item.get("username") or name),
        str(item.get("container") or default),
        str(item.get("volume") or default),
    )


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
    )


def _predicted(entry: Mapping[str, Any]) -> Predicted:
    return Predicted(strings(entry.get("drift") or ()), _seen(entry))


def _judged(entry: Mapping[str, Any]) -> Judged:
    return Judged(
        verdict=text(entry["verdict"] or ""),
        reason=text(entry["reason"] or ""),
        message=text(entry["message"] or "", LONGEST),
        last_lines=strings(entry.get("last_lines") or (), LONGEST),
    )


def text(value: Any, limit: int = 256) -> str:
    """Text of others: without control characters and bounded."""
    shown = str(value)
    # Nearly all are plain and short; a fleet has a hundred thousand of them.
    return shown if len(shown) <= limit and shown.isprintable() else printable(shown, limit)


def strings(values: Iterable[Any], limit: int = 256) -> tuple[str, ...]:
    """Texts of others."""
    return tuple(text(value, limit) for value in values)
