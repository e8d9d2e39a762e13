# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each option of a container through the module agents: whether it drifts and settles."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from integration.bed import docker, inspect
from integration.layer import (
    BASE,
    IMAGE,
    Layer,
    config,
    container_id,
    environment,
    everything,
    host_config,
    status,
)

# Option: a first value, a second one, what drifts, and how the docker command shows the second.
Look = Callable[[str], Any]
OPTIONS: dict[str, tuple[Any, Any, str, Look, Any]] = {
    "version": ("1", "2", "image", lambda c: config(c)["Image"], f"{IMAGE}:2"),
    "image": (f"{IMAGE}:1", f"{IMAGE}:2", "image", lambda c: config(c)["Image"], f"{IMAGE}:2"),
    "mqtt_host": ("a.example", "b.example", "env", lambda c: environment(c)["CYBUS_MQTT_HOST"], "b.example"),
    "mqtt_port": (1884, 1885, "env", lambda c: environment(c)["CYBUS_MQTT_PORT"], "1885"),
    "mqtt_scheme": ("mqtts", "mqtt", "env", lambda c: environment(c)["CYBUS_MQTT_SCHEME"], "mqtt"),
    "username": ("somebody", "somebody-else", "env", lambda c: environment(c)["CYBUS_MQTT_USERNAME"], "somebody-else"),
    "env": ({"A": 1, "B": True}, {"A": 2, "B": True}, "env", lambda c: environment(c)["A"], "2"),
    "labels": ({"line": "1"}, {"line": "2"}, "labels", lambda c: config(c)["Labels"]["line"], "2"),
    "network_mode": ("none", "host", "networks", lambda c: host_config(c)["NetworkMode"], "host"),
    "extra_hosts": (
        {"plc": "10.0.0.1", "gw": "host-gateway"}, {"plc": "::1"}, "extra_hosts",
        lambda c: host_config(c)["ExtraHosts"], ["plc:::1"],
    ),
    "dns": (["10.0.0.1"], ["10.0.0.2", "10.0.0.1"], "dns", lambda c: host_config(c)["Dns"], ["10.0.0.2", "10.0.0.1"]),
    "mounts": (
        [{"source": "/etc/hostname", "target": "/x"}],
        [{"source": "/etc/hostname", "target": "/x", "read_only": False}],
        "mounts", lambda c: [m["RW"] for m in inspect("container", c)["Mounts"] if m["Destination"] == "/x"], [True],
    ),
    "restart_policy": ("always", "no", "restart_policy", lambda c: host_config(c)["RestartPolicy"]["Name"], "no"),
    "memory": ("64m", "128M", "memory", lambda c: host_config(c)["Memory"], 128 * 1024**2),
    "cpus": (0.5, 1.1, "cpus", lambda c: host_config(c)["NanoCpus"], 1_100_000_000),
    "pids_limit": (100, 0, "pids_limit", lambda c: host_config(c)["PidsLimit"], None),
    "user": ("1", "2:3", "user", lambda c: config(c)["User"], "2:3"),
    "capabilities": (["NET_RAW"], ["cap_chown", "net_raw"], "capabilities",
                     lambda c: sorted(host_config(c)["CapAdd"]), ["CHOWN", "NET_RAW"]),
    "security_opts": ([], ["seccomp=unconfined"], "security_opts",
                      lambda c: host_config(c)["SecurityOpt"], ["seccomp=unconfined"]),
    "read_only": (True, False, "read_only", lambda c: host_config(c)["ReadonlyRootfs"], False),
    "init": (False, True, "init", lambda c: host_config(c)["Init"], True),
    "stop_timeout": (3, 4, "stop_timeout", lambda c: config(c)["StopTimeout"], 4),
    "log_driver": ("local", "none", "log_driver", lambda c: host_config(c)["LogConfig"]["Type"], "none"),
    "log_options": ({"max-size": "1m"}, {"max-size": "2m", "compress": False}, "log_options",
                    lambda c: host_config(c)["LogConfig"]["Config"], {"max-size": "2m", "compress": "false"}),
}  # fmt: skip
# Back to the default: nothing changes where the second value is the default, and more where defaults hang together.
BACK = {
    "mqtt_scheme": [], "read_only": [], "init": [],
}  # fmt: skip


def option_agents(number: int | None) -> list[dict[str, Any]]:
    """An agent for each option, with its first or second value, or without it."""
    agents = []
    for option, values in OPTIONS.items():
        agent: dict[str, Any] = {"name": option}
        if number is not None:
            agent[option] = values[number]
        if option == "image":
            agent.setdefault("image", f"{IMAGE}:1")
        agents.append(agent)
    return agents


def versioned(agents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every agent names its version, but those whose image does."""
    return [agent if "image" in agent else {"version": "1", **agent} for agent in agents]


@pytest.mark.long
def test_every_option_drifts_alone_and_settles(layer: Layer) -> None:
    def run(number: int | None, *arguments: str) -> Any:
        return layer.agents(versioned(option_agents(number)), *arguments, version=None)

    def step(number: int | None, expected: dict[str, list[str]]) -> None:
        before = everything(layer.prefix)
        predicted = run(number, "--check").ok()
        assert everything(layer.prefix) == before
        done = run(number).ok()
        assert done.actions == predicted.actions
        assert done.drift == predicted.drift == expected
        again = run(number).ok()
        assert not again.changed, again.drift

    names = {option: layer.name(option) for option in OPTIONS}
    step(0, {name: [] for name in names.values()})
    step(1, {names[option]: [values[2]] for option, values in OPTIONS.items()})
    for option, (_unused, _unused, _unused, look, expected) in OPTIONS.items():
        assert look(layer.container(option)) == expected, option
    step(None, {names[option]: BACK.get(option, [values[2]]) for option, values in OPTIONS.items()})


def test_another_container_name_and_another_volume(layer: Layer) -> None:
    layer.agents([{"name": "a"}]).ok()
    moved = {"name": "a", "container": layer.container("moved")}
    before = everything(layer.prefix)
    assert layer.agents([moved], "--check").ok().drift == {layer.name("a"): ["container"]}
    assert everything(layer.prefix) == before
    assert layer.agents([moved]).ok().drift == {layer.name("a"): ["container"]}
    assert inspect("container", layer.container("a")) is None
    assert status(layer.container("moved")) == "running"
    assert not layer.agents([moved]).changed

    moved["volume"] = layer.name("other-volume")
    assert layer.agents([moved]).ok().drift == {layer.name("a"): ["volume"]}
    assert not layer.agents([moved]).changed
    assert inspect("volume", layer.container("a")) is not None, "the old volume is kept"

    # Renamed by hand: ours all the same.
    docker("rename", layer.container("moved"), layer.container("by-hand"))
    assert layer.agents([moved]).ok().drift == {layer.name("a"): ["container"]}
    assert not layer.agents([moved]).changed
    gone = layer.agents([{"name": "a"}], state="absent").ok()
    assert gone.actions == {layer.name("a"): "removed"}, "found by its label, whatever its name"


def test_certificates_that_were_renewed(layer: Layer, tmp_path: Path) -> None:
    """The file is another one under its name, and the container has the old one mounted until it is made anew."""
    path, new = tmp_path / "ca.pem", tmp_path / "new.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    agents = [{"name": "a", "mqtt_scheme": "mqtts", "certificates": {"ca": str(path)}}, {"name": "b"}]
    layer.agents(agents).ok()
    assert not layer.agents(agents).changed
    kept = container_id(layer.container("b"))
    trustme.CA().cert_pem.write_to_path(str(new))
    os.replace(new, path)
    expected = {layer.name("a"): ["certificates"], layer.name("b"): []}
    assert layer.agents(agents, "--check").ok().drift == expected
    assert layer.agents(agents).ok().drift == expected
    inside = docker("exec", layer.container("a"), "cat", "/connectware_certs/cybus_ca.crt")
    assert inside == path.read_text().strip()
    assert container_id(layer.container("b")) == kept
    assert not layer.agents(agents).changed


def test_networks(layer: Layer) -> None:
    one, two = layer.name("net1"), layer.name("net2")
    layer.agents([{"name": "a", "networks": [one]}]).failed(layer.name("a"), "networks", one, "does not exist")
    layer.agents([{"name": "a", "network_mode": one}]).failed(layer.name("a"), "network_mode", one, "does not exist")
    assert everything(layer.prefix) == {"volumes": ""}
    for network in (one, two):
        docker("network", "create", network)

    def networks() -> set[str]:
        found = inspect("container", layer.container("a"))
        assert found is not None
        return set(found["NetworkSettings"]["Networks"])

    for options, expected in (
        ({"networks": [one]}, {one}),
        ({"networks": [two, one]}, {one, two}),
        ({"network_mode": two}, {two}),
        ({"network_mode": "default"}, {"bridge"}),
    ):
        done = layer.agents([{"name": "a", **options}]).ok()
        assert done.drift[layer.name("a")] in (["networks"], [])
        assert networks() == expected
        assert not layer.agents([{"name": "a", **options}]).changed, options

    docker("network", "connect", one, layer.container("a"))
    assert layer.agents([{"name": "a"}]).drift == {layer.name("a"): ["networks"]}
    assert networks() == {"bridge"}


def test_network_of_another_container(layer: Layer) -> None:
    other = layer.name("other")
    docker("create", "--name", other, BASE, "sleep", "600")
    docker("start", other)
    agent = {"name": "a", "network_mode": f"container:{other}"}
    layer.agents([agent]).ok()
    assert not layer.agents([agent]).changed
    assert host_config(layer.container("a"))["NetworkMode"] == f"container:{container_id(other)}"
    layer.agents([{**agent, "network_mode": "container:nowhere"}]).failed("network_mode", "nowhere", "does not exist")


def test_network_made_anew_under_its_name(layer: Layer) -> None:
    network = layer.name("net")
    docker("network", "create", network)
    agent = {"name": "a", "networks": [network]}
    layer.agents([agent]).ok()
    docker("stop", layer.container("a"))
    docker("network", "rm", network)
    docker("network", "create", network)
    assert layer.agents([agent]).ok().drift == {layer.name("a"): ["networks"]}
    assert status(layer.container("a")) == "running"
    assert not layer.agents([agent]).changed
