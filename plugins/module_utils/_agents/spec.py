# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user names (AgentSpec): defaults, validation, uniqueness.

All problems of all agents of a host are collected into one SpecError, so that a user mends the inventory once.
Sources: the required environment, the ports and "one volume for each agent" are documented by the vendor; the names'
alphabet is the one Docker accepts for containers and volumes, which the documented agent names fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import SpecError

CREDENTIALS_PATH = "/data"
DEFAULT_PREFIX = "connectware-agent-"
DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
FORBIDDEN_LABELS = {"io.cybus.connectware": "the vendor's installer removes every container that has it"}
LABEL_AGENT = "edgefleet.connectware.agent"
MIN_NAME, MAX_NAME = 3, 63

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@-]*\Z")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CAPABILITY = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_SIZE = re.compile(r"(\d+)([bkmg]?)b?\Z", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_NAMED_ENV = {
    "CYBUS_AGENT_MODE": "it is always 'distributed'",
    "CYBUS_AGENT_NAME": "use the option 'name'",
    "CYBUS_MQTT_HOST": "use the option 'mqtt_host'",
    "CYBUS_MQTT_PORT": "use the option 'mqtt_port'",
    "CYBUS_MQTT_SCHEME": "use the option 'mqtt_scheme'",
    "CYBUS_MQTT_USERNAME": "use the option 'username'",
}


@dataclass(frozen=True)
class Mount:
    """A file or directory of the host inside the agent's container."""

    source: str
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class AgentSpec:
    """One agent as the user wants it, with all defaults filled in. None means: leave it to the engine.

    Attributes:
        image: full reference with tag or digest; empty only where the agent is to be absent.
        memory: limit in bytes.
        cpus: limit in cores.
        stop_timeout: seconds between SIGTERM and SIGKILL.
        capabilities: Linux capabilities added after all were dropped.
    """

    name: str
    username: str
    container: str
    volume: str
    image: str = ""
    mqtt_host: str = ""
    mqtt_port: int = 1883
    mqtt_scheme: str = "mqtt"
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network_mode: str | None = None
    networks: tuple[str, ...] = ()
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    dns: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    restart_policy: str = "unless-stopped"
    memory: int | None = None
    cpus: float | None = None
    pids_limit: int | None = 512
    user: str | None = None
    capabilities: tuple[str, ...] = ()
    security_opts: tuple[str, ...] = ("no-new-privileges:true",)
    read_only: bool = False
    init: bool = True
    stop_timeout: int = 10
    log_driver: str = "json-file"
    log_options: Mapping[str, str] = field(default_factory=lambda: {"max-size": "10m", "max-file": "3"})

    def environment(self) -> dict[str, str]:
        """The container's whole environment: the documented variables, then the user's own. Never a secret of ours."""
        named = {
            "CYBUS_AGENT_MODE": "distributed",
            "CYBUS_AGENT_NAME": self.name,
            "CYBUS_MQTT_USERNAME": self.username,
            "CYBUS_MQTT_HOST": self.mqtt_host,
            "CYBUS_MQTT_PORT": str(self.mqtt_port),
            "CYBUS_MQTT_SCHEME": self.mqtt_scheme,
        }
        return {**named, **self.env}

    def all_labels(self) -> dict[str, str]:
        """The user's labels and the one that marks the container as ours."""
        return {**self.labels, LABEL_AGENT: self.name}


def build_specs(
    defaults: Mapping[str, Any], agents: Sequence[Mapping[str, Any]], *, host: str, present: bool = True
) -> tuple[AgentSpec, ...]:
    """Turn what the user wrote for one host into specs.

    Args:
        defaults: options for all agents of the host; None or a missing key means not set.
        agents: one mapping an agent; what is set there wins, `env` and `labels` are merged.
        host: the factory host's name, for messages.
        present: False where the agents are to be removed; then only their identity is needed.

    Raises:
        SpecError: naming the host and, for every problem, the agent, the option, what is wrong and what is right.
    """
    problems: list[str] = []
    specs = [_build(defaults, agent, problems, present) for agent in agents]
    problems += _clashes(specs)
    if problems:
        raise SpecError(
            "accept the agents",
            where=f"host {host}",
            answered="; ".join(problems),
            todo="Nothing was started or changed. Correct the inventory and run again.",
        )
    return tuple(specs)


def _build(defaults: Mapping[str, Any], agent: Mapping[str, Any], problems: list[str], present: bool) -> AgentSpec:
    own = {key: value for key, value in agent.items() if value is not None}
    common = {key: value for key, value in defaults.items() if value is not None}
    values: dict[str, Any] = {**common, **own}
    for merged in ("env", "labels"):
        values[merged] = {**common.get(merged, {}), **own.get(merged, {})}
    name = str(own.get("name", ""))
    check = _Checker(name, problems)

    check.identity("name", name)
    username = str(own.get("username", name))
    container = str(own.get("container", DEFAULT_PREFIX + name))
    volume = str(own.get("volume", DEFAULT_PREFIX + name))
    if "username" in own:
        check.identity("username", username)
    check.docker_name("container", container)
    check.docker_name("volume", volume)
    identity = AgentSpec(name=name, username=username, container=container, volume=volume)
    if not present:
        return identity

    scheme = str(values.get("mqtt_scheme", "mqtt"))
    optional: dict[str, Any] = {
        key: values[key]
        for key in ("network_mode", "restart_policy", "cpus", "pids_limit", "user", "read_only", "init",
                    "stop_timeout", "log_driver")
        if key in values
    }  # fmt: skip
    if "security_opts" in values:
        optional["security_opts"] = tuple(str(option) for option in values["security_opts"])
    if "log_options" in values:
        optional["log_options"] = check.strings("log_options", values["log_options"])
    elif optional.get("log_driver", "json-file") != "json-file":
        optional["log_options"] = {}
    return AgentSpec(
        name=name,
        username=username,
        container=container,
        volume=volume,
        image=check.image(values.get("image"), values.get("version")),
        mqtt_host=check.required("mqtt_host", values.get("mqtt_host")),
        mqtt_port=check.port("mqtt_port", values.get("mqtt_port", DEFAULT_PORTS.get(scheme, 1883))),
        mqtt_scheme=scheme,
        env=check.env(values["env"]),
        labels=check.labels(values["labels"]),
        networks=check.networks(values.get("networks", ()), optional.get("network_mode")),
        extra_hosts=check.strings("extra_hosts", values.get("extra_hosts", {})),
        dns=tuple(str(server) for server in values.get("dns", ())),
        mounts=check.mounts(values.get("mounts", ())),
        memory=check.size("memory", values.get("memory")),
        capabilities=check.capabilities(values.get("capabilities", ())),
        **optional,
    )


class _Checker:
    """Validates the options of one agent and writes what it finds into the shared list of problems."""

    def __init__(self, name: str, problems: list[str]) -> None:
        self._name = name
        self._problems = problems

    def _refuse(self, option: str, text: str) -> None:
        self._problems.append(f"agent {printable(self._name) or '(without a name)'}: option '{option}': {text}")

    def identity(self, option: str, value: str) -> None:
        if not _NAME.match(value) or not MIN_NAME <= len(value) <= MAX_NAME:
            self._refuse(
                option,
                f"{printable(value)!r} is not usable; {MIN_NAME} to {MAX_NAME} characters are allowed, a letter or"
                " digit first, then letters, digits, '-', '_' and '.'",
            )

    def docker_name(self, option: str, value: str) -> None:
        if "/" in value:
            self._refuse(
                option, f"{printable(value)!r} looks like a path; a name is needed here, not a path of the host"
            )
        elif not _NAME.match(value) or len(value) > 128:
            self._refuse(
                option, f"{printable(value)!r} is no name that Docker accepts; use letters, digits, '-', '_', '.'"
            )

    def required(self, option: str, value: Any) -> str:
        text = "" if value is None else str(value).strip()
        if not text:
            self._refuse(option, "is missing; set it for the agent or for all agents of the host")
        elif not text.isprintable() or " " in text:
            self._refuse(option, f"{printable(text)!r} is no host name or address")
        return text

    def port(self, option: str, value: Any) -> int:
        if isinstance(value, int) and 0 < value < 65536:
            return value
        self._refuse(option, f"{printable(str(value))!r} is no port; 1 to 65535 are allowed")
        return 0

    def image(self, image: Any, version: Any) -> str:
        reference = "" if image is None else str(image)
        tagged = "@" in reference or ":" in reference.rpartition("/")[2]
        if not _IMAGE.match(reference):
            self._refuse("image", f"{printable(reference)!r} is no image; give a repository such as registry/name")
        elif tagged and version is not None:
            self._refuse("version", f"the image {reference} names its version already; say it only once")
        elif not tagged and not version:
            self._refuse("version", f"is missing for image {reference}; it must equal Connectware's own version")
        elif version is not None and not re.match(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z", str(version)):
            self._refuse("version", f"{printable(str(version))!r} is no image tag")
        return reference if tagged else f"{reference}:{version}"

    def env(self, value: Mapping[str, Any]) -> dict[str, str]:
        for key in value:
            if str(key) in _NAMED_ENV:
                self._refuse("env", f"{key} does not belong here; {_NAMED_ENV[str(key)]}")
            elif not _ENV_NAME.match(str(key)):
                self._refuse("env", f"{printable(str(key))!r} is no name of an environment variable")
        return self.strings("env", value)

    def labels(self, value: Mapping[str, Any]) -> dict[str, str]:
        for key, why in FORBIDDEN_LABELS.items():
            if key in value:
                self._refuse("labels", f"{key} must never be on an agent: {why}")
        if LABEL_AGENT in value:
            self._refuse("labels", f"{LABEL_AGENT} is set by this collection")
        return self.strings("labels", value)

    def strings(self, option: str, value: Mapping[str, Any]) -> dict[str, str]:
        result = {}
        for key, item in value.items():
            if isinstance(item, (dict, list)) or item is None:
                self._refuse(option, f"the value of {printable(str(key))} must be a single text, number or boolean")
            elif "\0" in str(item):
                self._refuse(option, f"the value of {printable(str(key))} contains a NUL character")
            else:
                result[str(key)] = str(item).lower() if isinstance(item, bool) else str(item)
        return result

    def networks(self, value: Iterable[Any], network_mode: Any) -> tuple[str, ...]:
        names = tuple(str(name) for name in value)
        if names and network_mode is not None:
            self._refuse("networks", f"cannot be combined with network_mode {network_mode!r}; use one of the two")
        if len(set(names)) != len(names):
            self._refuse("networks", "names a network twice")
        for name in names:
            self.docker_name("networks", name)
        return names

    def mounts(self, value: Iterable[Mapping[str, Any]]) -> tuple[Mount, ...]:
        mounts = tuple(Mount(str(m["source"]), str(m["target"]), bool(m.get("read_only", True))) for m in value)
        for mount in mounts:
            for end, path in (("source", mount.source), ("target", mount.target)):
                if not path.startswith("/"):
                    self._refuse("mounts", f"the {end} {printable(path)!r} must be an absolute path")
            if mount.target.rstrip("/") == CREDENTIALS_PATH:
                self._refuse("mounts", f"the target {CREDENTIALS_PATH} belongs to the agent's own volume; use 'volume'")
        if len({mount.target for mount in mounts}) != len(mounts):
            self._refuse("mounts", "names a target twice")
        return mounts

    def size(self, option: str, value: Any) -> int | None:
        if value is None:
            return None
        match = _SIZE.match(str(value))
        if match is None:
            self._refuse(option, f"{printable(str(value))!r} is no size; write for example 512m or 2g")
            return None
        return int(match.group(1)) * _UNITS[match.group(2).lower()]

    def capabilities(self, value: Iterable[Any]) -> tuple[str, ...]:
        names = tuple(str(name).upper() for name in value)
        names = tuple(name[4:] if name.startswith("CAP_") else name for name in names)
        for name in names:
            if not _CAPABILITY.match(name):
                self._refuse("capabilities", f"{printable(name)!r} is no capability; write for example NET_ADMIN")
        return tuple(sorted(set(names)))


def _clashes(specs: Sequence[AgentSpec]) -> list[str]:
    """Everything that two agents of one host must not share."""
    problems = []
    for option in ("name", "username", "container", "volume"):
        owners: dict[str, list[str]] = {}
        for number, spec in enumerate(specs, start=1):
            owners.setdefault(getattr(spec, option), []).append(f"{printable(spec.name)} (entry {number})")
        for value, names in owners.items():
            if len(names) > 1 and not (option != "name" and len({name.split(" ")[0] for name in names}) == 1):
                problems.append(
                    f"option '{option}': {printable(value)!r} is used by {' and '.join(names)};"
                    f" every agent needs a {option} of its own"
                )
    return problems


def printable(text: str, limit: int = 80) -> str:
    """The text without control characters and bounded, fit for a message."""
    clean = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."
