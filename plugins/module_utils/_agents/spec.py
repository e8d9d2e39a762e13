# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user names (AgentSpec): defaults, validation, uniqueness.

All problems of all agents of a host are collected into one SpecError, so that a user mends the inventory once.
Sources: the required environment, the ports and "one volume for each agent" are documented by the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._errors import SpecError
from .checker import Checker, names_version
from .mounts import Certificates, Mount
from .names import LABEL_AGENT, NEXT, PREVIOUS
from .text import printable

DEFAULT_PREFIX = "connectware-agent-"
DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}  # documented


@dataclass(frozen=True)
class AgentSpec:
    """One agent as the user wants it, with all defaults filled in. None means: leave it to the engine.

    Attributes:
        image: full reference with tag or digest; empty only where the agent is to be absent.
        memory: limit in bytes.
        cpus: limit in cores.
        stop_timeout: seconds between SIGTERM and SIGKILL.
        capabilities: Linux capabilities added after all were dropped.
        managed: False where somebody else makes the container; then only its identity means anything, and volume is
            empty until it was looked at.
        mounts: those of the certificates included.
    """

    name: str
    username: str
    container: str
    volume: str
    managed: bool = True
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
    certificates: Certificates = field(default_factory=Certificates)
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
        return {**named, **self.certificates.environment(), **self.env}

    @property
    def by_certificate(self) -> bool:
        """It logs in with a certificate and asks for no registration."""
        return bool(self.certificates.certificate)

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
    problems += [text for _agents, text in _clashes(specs)]
    if problems:
        raise _refusal(host, problems)
    return tuple(specs)


def build_each(
    defaults: Mapping[str, Any], agents: Sequence[Mapping[str, Any]], *, host: str
) -> tuple[tuple[AgentSpec, ...], dict[str, SpecError]]:
    """The same for whoever only wants to know: what is wrong with one agent hides no other.

    Returns:
        The specs, and by agent name why one cannot be used; of such a spec only its identity means anything.

    Raises:
        SpecError: an identity cannot be used, or two entries have one name: nobody could tell what is whose.
    """
    unknown: list[str] = []
    identities = [_identity(_given(agent), unknown) for agent in agents]
    unknown += [text for _agents, text in _shared("name", identities)]
    if unknown:
        raise _refusal(host, unknown)
    problems: dict[str, list[str]] = {identity.name: [] for identity in identities}
    specs = [_build(defaults, agent, problems[own.name], True) for agent, own in zip(agents, identities)]
    for names, text in _clashes(specs):
        for name in names:
            problems[name].append(text)
    return tuple(specs), {name: _refusal(host, texts) for name, texts in problems.items() if texts}


def _refusal(host: str, problems: Sequence[str]) -> SpecError:
    return SpecError(
        "use the agents",
        where=f"host {host}",
        answered="; ".join(problems),
        todo="Nothing was started or changed. Correct the inventory and run again.",
    )


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is null. Nor is an empty text a driver: the engine would take its own, which differs ever after."""
    return {key: value for key, value in options.items() if value is not None and (key, value) != ("log_driver", "")}


def _identity(own: Mapping[str, Any], problems: list[str]) -> AgentSpec:
    """By what an agent is known, and nothing else."""
    name = str(own.get("name", ""))
    username = str(own.get("username", name))
    container = str(own.get("container", DEFAULT_PREFIX + name))
    volume = str(own.get("volume", DEFAULT_PREFIX + name))
    check = Checker(name, problems)
    check.identity("name", name)
    if "username" in own:
        check.identity("username", username)
    # The others are made from the name, and as good as that.
    for option, value in (("container", container), ("volume", volume)):
        if option in own:
            check.docker_name(option, value)
    return AgentSpec(name=name, username=username, container=container, volume=volume)


def _build(defaults: Mapping[str, Any], agent: Mapping[str, Any], problems: list[str], present: bool) -> AgentSpec:
    own, common = _given(agent), _given(defaults)
    common = {key: value for key, value in common.items() if not _is_replaced(key, own, common)}
    values: dict[str, Any] = {**common, **own}
    for merged in ("env", "labels"):
        values[merged] = {**common.get(merged, {}), **own.get(merged, {})}
    identity = _identity(own, problems)
    check = Checker(identity.name, problems)
    if not own.get("manage", True):
        check.required("container", own.get("container"))
        return replace(identity, volume="", managed=False)
    if not present:
        return identity
    check.unlike_a_mark("volume", identity.volume)

    scheme = str(values.get("mqtt_scheme", "mqtt"))
    optional: dict[str, Any] = {
        key: values[key]
        for key in ("network_mode", "restart_policy", "pids_limit", "user", "read_only", "init", "log_driver")
        if key in values
    }  # fmt: skip
    if "cpus" in values:
        optional["cpus"] = check.cores("cpus", values["cpus"])
    if "stop_timeout" in values:
        optional["stop_timeout"] = check.seconds("stop_timeout", values["stop_timeout"])
    if "security_opts" in values:
        optional["security_opts"] = check.security_opts(values["security_opts"])
    if "log_options" in values:
        optional["log_options"] = check.strings("log_options", values["log_options"])
    elif optional.get("log_driver", AgentSpec.log_driver) != AgentSpec.log_driver:
        optional["log_options"] = {}
    certificates = check.certificates(values.get("certificates") or {}, scheme)
    return replace(
        identity,
        image=check.image(values.get("image"), values.get("version")),
        mqtt_host=check.host("mqtt_host", values.get("mqtt_host")),
        mqtt_port=check.port("mqtt_port", values.get("mqtt_port", DEFAULT_PORTS.get(scheme, 1883))),
        mqtt_scheme=scheme,
        env=check.env(values["env"]),
        labels=check.labels(values["labels"]),
        networks=check.networks(values.get("networks", ()), optional.get("network_mode")),
        extra_hosts=check.strings("extra_hosts", values.get("extra_hosts", {})),
        dns=check.name_servers(values.get("dns", ())),
        mounts=check.mounts(values.get("mounts", ()), certificates),
        certificates=certificates,
        memory=check.size("memory", values.get("memory")),
        capabilities=check.capabilities(values.get("capabilities", ())),
        **optional,
    )


def _is_replaced(option: str, own: Mapping[str, Any], common: Mapping[str, Any]) -> bool:
    """What an agent says instead of it takes it off this agent."""
    if option == "log_options":  # those of another driver
        driver = common.get("log_driver", AgentSpec.log_driver)
        return bool(own.get("log_driver", driver) != driver)
    if option in ("network_mode", "networks"):
        return bool(own.get("networks") if option == "network_mode" else own.get("network_mode"))
    return option == "version" and names_version(str(own.get("image", "")))


def _clashes(specs: Sequence[AgentSpec]) -> list[tuple[set[str], str]]:
    """Everything that two agents of one host must not share, each with the names of these agents."""
    found = [clash for option in ("name", "username", "container", "volume") for clash in _shared(option, specs)]
    replaced = {spec.container + end: spec for spec in specs for end in (NEXT, PREVIOUS)}
    for spec in specs:
        if spec.container in replaced:
            other = replaced[spec.container]
            text = (
                f"agent {printable(spec.name)}: option 'container': by way of the name {printable(spec.container)!r}"
                f" the container of {printable(other.name)} is replaced; set another name"
            )
            found.append(({spec.name, other.name}, text))
    for spec in specs:
        mode = spec.network_mode
        shared = [other for other in specs if other.managed and mode == f"container:{other.container}"]
        for other in shared:
            text = (
                f"agent {printable(spec.name)}: option 'network_mode': the network of the container"
                f" {printable(other.container)!r} goes whenever the agent {printable(other.name)} is made anew; give"
                " both a network of the host, see option 'networks'"
            )
            found.append(({spec.name, other.name}, text))
    return found


def _shared(option: str, specs: Sequence[AgentSpec]) -> list[tuple[set[str], str]]:
    """Of one option."""
    owners: dict[str, list[tuple[int, str]]] = {}
    for number, spec in enumerate(specs, start=1):
        if getattr(spec, option):
            owners.setdefault(getattr(spec, option), []).append((number, spec.name))
    found = []
    for value, entries in owners.items():
        names = {name for _number, name in entries}
        if len(entries) > 1 and (option == "name" or len(names) > 1):
            users = " and ".join(f"{printable(name)} (entry {number})" for number, name in entries)
            text = (
                f"option '{option}': {printable(value)!r} is used by {users}; every agent needs a {option} of its own"
            )
            found.append((names, text))
    return found
