# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docker layer through its modules, run as on a host, with the docker SDK of the distribution.

test_docker_layer.py does it with the newest SDK. Both are checked with the docker command.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from integration.bed import docker, inspect
from integration.layer import (
    BASE,
    IMAGE,
    SAYS_PAIRING,
    CountedEngine,
    Layer,
    build_images,
    everything,
    provide_libraries,
)
from simulator.harness import until


@pytest.fixture(scope="module")
def interpreter(system_python: str) -> str:
    build_images()
    return system_python


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return provide_libraries(tmp_path_factory.mktemp("libraries"))


@pytest.fixture
def layer(interpreter: str, libraries: Path, request: pytest.FixtureRequest) -> Iterator[Layer]:
    made = Layer(interpreter, f"dl-{abs(hash(request.node.nodeid)) % 10**6}", libraries)
    yield made
    made.remove()


def host_config(container: str) -> dict[str, Any]:
    found = inspect("container", container)
    assert found is not None
    return dict(found["HostConfig"])


def config(container: str) -> dict[str, Any]:
    found = inspect("container", container)
    assert found is not None
    return dict(found["Config"])


def environment(container: str) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in config(container)["Env"])


def status(container: str) -> str:
    return docker("inspect", "--format", "{{.State.Status}}", container)


def container_id(container: str) -> str:
    return docker("inspect", "--format", "{{.Id}}", container)


# -------------------------------------------------------------------------------------------------------- every option

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


# ------------------------------------------------------------------------------------------------- the life of an agent


def test_life_cycle_in_check_mode_and_for_real(layer: Layer) -> None:
    agents: list[dict[str, Any]] = [{"name": "a"}, {"name": "b"}]
    layer.through_ansible = True

    def step(action: str, b_action: str, **options: Any) -> None:
        before = everything(layer.prefix)
        predicted = layer.agents(agents, "--check", **options).ok()
        assert everything(layer.prefix) == before
        done = layer.agents(agents, **options).ok()
        assert done.actions == predicted.actions == {layer.name("a"): action, layer.name("b"): b_action}
        assert done.changed == predicted.changed
        assert not layer.agents(agents, "--check", **options).changed
        assert not layer.agents(agents, **options).changed

    step("created", "created")
    volume = inspect("volume", layer.container("a"))
    assert volume is not None and volume["Labels"] == {"edgefleet.connectware.agent": layer.name("a")}
    docker("exec", layer.container("a"), "sh", "-c", "echo secret >/data/credentials")
    agents[0]["env"] = {"NEW": "1"}
    untouched = container_id(layer.container("b"))
    step("recreated", "none")
    assert container_id(layer.container("b")) == untouched
    assert docker("exec", layer.container("a"), "cat", "/data/credentials") == "secret"
    step("removed", "removed", state="absent")
    assert inspect("container", layer.container("a")) is None
    assert inspect("volume", layer.container("a")) is not None
    step("created", "created")
    assert docker("exec", layer.container("a"), "cat", "/data/credentials") == "secret"
    step("removed", "removed", state="absent", purge=True)
    assert everything(layer.prefix) == {"volumes": ""}


def test_purge_without_a_container(layer: Layer) -> None:
    layer.agents([{"name": "a"}]).ok()
    layer.agents([{"name": "a"}], state="absent").ok()
    predicted = layer.agents([{"name": "a"}], "--check", state="absent", purge=True).ok()
    assert predicted.changed
    assert inspect("volume", layer.container("a")) is not None
    assert layer.agents([{"name": "a"}], state="absent", purge=True).ok().changed
    assert inspect("volume", layer.container("a")) is None


def test_what_does_not_run_is_started(layer: Layer) -> None:
    agents = [{"name": "stopped"}, {"name": "killed"}, {"name": "paused"}, {"name": "created"}, {"name": "fine"}]
    layer.agents(agents).ok()
    docker("stop", layer.container("stopped"))
    docker("kill", layer.container("killed"))
    docker("pause", layer.container("paused"))
    ids = {agent["name"]: container_id(layer.container(agent["name"])) for agent in agents}
    started = {name: "none" if name == "fine" else "started" for name in ids}
    # Killed between creating and starting it: the same options, made by the docker command, would not be ours.
    docker("stop", layer.container("created"))
    before = everything(layer.prefix)
    predicted = layer.agents(agents, "--check").ok()
    assert everything(layer.prefix) == before
    done = layer.agents(agents).ok()
    assert done.actions == predicted.actions == {layer.name(name): action for name, action in started.items()}
    for name, container in ids.items():
        assert container_id(layer.container(name)) == container, name
        assert status(layer.container(name)) == "running"
    assert not layer.agents(agents).changed


def test_removing_a_paused_agent(layer: Layer) -> None:
    layer.agents([{"name": "a", "stop_timeout": 1}]).ok()
    docker("pause", layer.container("a"))
    layer.agents([{"name": "a"}], state="absent").ok()
    assert inspect("container", layer.container("a")) is None


def test_an_agent_that_the_engine_restarts(layer: Layer) -> None:
    crashing = {"DL_RUN": "echo Starting in distributed mode; echo gone; exit 3"}
    agents = [{"name": "a", "env": crashing}]
    layer.agents(agents).ok()
    until(lambda: int(docker("inspect", "--format", "{{.RestartCount}}", layer.container("a"))) >= 2, "it restarts")
    again = layer.agents(agents).ok()
    assert not again.changed, "starting it once more would not help"
    seen = again.seen(layer.name("a"))
    assert seen["restart_count"] >= 2
    assert seen["exit_code"] in (0, 3), "the engine forgets it while it runs"
    assert seen["last_lines"].count("gone") <= 1, "of this start, that may have said nothing yet"
    assert "gone" in [*seen["last_lines"], *seen["former_lines"]]


# ------------------------------------------------------------------------------------------------ what is not touched


def test_foreign_container_and_volume_are_refused(layer: Layer) -> None:
    docker("create", "--name", layer.container("a"), BASE, "true")
    layer.agents([{"name": "other"}]).ok()
    docker("create", "--name", layer.name("stranger"), "-v", f"{layer.container('c')}:/x", BASE, "true")
    before = everything(layer.prefix)
    agents = [
        {"name": "fine"},
        {"name": "a"},
        {"name": "b", "volume": layer.container("other")},
        {"name": "c"},
        {"name": "d", "container": layer.container("other")},
    ]
    for options in ({}, {"state": "absent", "purge": True}):
        refused = layer.agents(agents, **options).failed("Nothing was started", "not made by this collection")
        message = refused.result["msg"]
        assert f"agent {layer.name('b')}: option 'volume'" in message
        assert f"agent {layer.name('c')}: option 'volume'" in message
        assert layer.name("stranger") in message
        assert f"agent {layer.name('d')}: option 'container'" in message
        assert layer.name("fine") not in message
        assert everything(layer.prefix) == before


def test_volume_of_a_removed_agent_is_not_given_to_another(layer: Layer) -> None:
    layer.agents([{"name": "a"}]).ok()
    layer.agents([{"name": "a"}], state="absent").ok()
    before = everything(layer.prefix)
    layer.agents([{"name": "b", "volume": layer.container("a")}]).failed("belongs to the agent", layer.name("a"))
    assert everything(layer.prefix) == before


def test_two_containers_of_one_agent_are_refused(layer: Layer) -> None:
    layer.agents([{"name": "a"}]).ok()
    label = f"edgefleet.connectware.agent={layer.name('a')}"
    docker("create", "--name", layer.name("copy"), "--label", label, BASE, "true")
    layer.agents([{"name": "a"}]).failed(layer.name("a"), layer.name("copy"), "more than one container")


# ------------------------------------------------------------------------------------------------------------- failures


def test_one_of_three_fails_and_the_others_converge(layer: Layer) -> None:
    agents: list[dict[str, Any]] = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    layer.agents(agents).ok()
    kept = container_id(layer.container("b"))
    for agent in agents:
        agent["env"] = {"NEW": "1"}
    agents[1]["mounts"] = [{"source": "/nowhere/at/all", "target": "/x"}]
    done = layer.agents(agents).failed("1 of 3", f"agent {layer.name('b')}", "/nowhere/at/all")
    assert layer.name("a") not in done.result["msg"] and layer.name("c") not in done.result["msg"]
    for name in ("a", "c"):
        assert environment(layer.container(name))["NEW"] == "1"
    assert (container_id(layer.container("b")), status(layer.container("b"))) == (kept, "running"), "it was not lost"
    assert inspect("container", layer.container("b") + ".next") is None
    del agents[1]["mounts"]
    assert set(layer.agents(agents).ok().actions.values()) == {"none", "recreated"}
    assert not layer.agents(agents).changed


def test_a_name_that_is_needed_for_a_moment_is_taken(layer: Layer) -> None:
    layer.agents([{"name": "a"}, {"name": "b"}]).ok()
    docker("create", "--name", layer.container("a") + ".next", BASE, "true")
    agents = [{"name": "a", "env": {"NEW": "1"}}, {"name": "b", "env": {"NEW": "1"}}]
    layer.agents(agents).failed(f"agent {layer.name('a')}", "is replaced by way of that name")
    assert status(layer.container("a")) == "running"
    assert "NEW" not in environment(layer.container("b")), "nothing was touched"
    docker("rm", layer.container("a") + ".next")
    layer.agents(agents).ok()


STARTS_NOT = {
    "user": ({"user": "no-such-user"}, "unable to find user"),
    "mount": ({"mounts": [{"source": "/etc/hostname", "target": "/etc"}]}, "a directory"),
}


@pytest.mark.parametrize("wrong", STARTS_NOT)
@pytest.mark.parametrize("policy", ["unless-stopped", "always"])
def test_what_the_engine_finds_only_at_the_start_leaves_the_old_container_running(
    layer: Layer, policy: str, wrong: str
) -> None:
    agents = [{"name": "a", "restart_policy": policy}]
    layer.agents(agents).ok()
    kept = container_id(layer.container("a"))
    change, says = STARTS_NOT[wrong]
    for _again in range(2):
        failed = layer.agents([{**agents[0], **change}])
        failed.failed("1 of 1", says, "start the container", "The container that the agent had before runs again")
        assert failed.seen(layer.name("a"))["container_id"] == kept
        assert failed.actions == {layer.name("a"): "started"}, "and not made anew"
        assert (container_id(layer.container("a")), status(layer.container("a"))) == (kept, "running")
        assert set(everything(layer.prefix)) == {layer.container("a"), "volumes"}
    assert host_config(layer.container("a"))["RestartPolicy"]["Name"] == policy
    assert not layer.agents(agents).changed
    layer.agents([{**agents[0], "env": {"NEW": "1"}}]).ok()
    assert container_id(layer.container("a")) != kept
    assert host_config(layer.container("a"))["RestartPolicy"]["Name"] == policy


def test_one_that_did_not_run_is_not_started_with_its_old_options(layer: Layer) -> None:
    layer.agents([{"name": "a"}]).ok()
    docker("stop", layer.container("a"))
    before = everything(layer.prefix)
    failed = layer.agents([{"name": "a", "user": "no-such-user"}]).failed("unable to find user", "did not run before")
    assert failed.actions == {layer.name("a"): "none"} and not failed.changed
    assert everything(layer.prefix) == before


def test_the_engine_writes_logs_under_the_name_that_the_container_has(layer: Layer) -> None:
    """Log drivers note the name at the start, so it must be the right one by then."""
    agent = {"name": "a", "log_options": {"tag": "{{.Name}}"}, "env": {"DL_RUN": "echo first"}}
    layer.agents([agent]).ok()
    layer.agents([{**agent, "env": {"DL_RUN": "echo second"}}]).ok()
    said = until(lambda: docker("logs", "--details", layer.container("a")), "it has said something")
    assert said.split() == [f"tag={layer.container('a')}", "second"]


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize(
    "killed", ["before creating", "before renaming", "before starting", "before deleting", "while it is put back"]
)
def test_killed_while_a_container_takes_the_place_of_another(layer: Layer, killed: str, wrong: bool) -> None:
    """Whether the new one starts then or not: one container of the agent is there afterwards, and it runs."""
    layer.agents([{"name": "a"}]).ok()
    name = layer.container("a")
    docker("exec", name, "touch", "/data/kept")
    old = container_id(name)
    if killed != "before creating":
        docker("stop", name)
        docker("rename", name, f"{name}.previous")
    if killed != "while it is put back":
        new = name if killed in ("before starting", "before deleting") else f"{name}.next"
        label = f"edgefleet.connectware.agent={layer.name('a')}"
        docker("create", "--name", new, "--label", label, "-v", f"{name}:/data", f"{IMAGE}:1")
        if killed == "before deleting":
            docker("start", new)
    running = container_id(name) if killed == "before deleting" else old
    agents = [{"name": "a", "env": {"NEW": "1"}, **({"user": "no-such-user"} if wrong else {})}]
    predicted = layer.agents(agents, "--check").ok()
    done = layer.agents(agents)
    assert predicted.actions == {layer.name("a"): "recreated"}
    assert done.actions == {layer.name("a"): "started" if wrong else "recreated"}
    assert done.status == ("FAILED" if wrong else "SUCCESS"), done.output
    assert (container_id(name) == running) is wrong
    assert set(everything(layer.prefix)) == {name, "volumes"}
    assert status(name) == "running" and docker("exec", name, "ls", "/data") == "kept"
    assert layer.agents(agents).changed is wrong


@pytest.mark.parametrize("killed", ["after removing", "before removing", "before renaming", "before starting"])
def test_killed_between_removing_and_creating(layer: Layer, killed: str) -> None:
    agents: list[dict[str, Any]] = [{"name": "a"}]
    layer.agents(agents).ok()
    docker("exec", layer.container("a"), "touch", "/data/kept")
    left = layer.container("a") + ".next"
    if killed == "after removing":
        docker("rm", "-f", layer.container("a"))
    elif killed == "before removing":
        label = f"edgefleet.connectware.agent={layer.name('a')}"
        docker("create", "--name", left, "--label", label, "-v", f"{layer.container('a')}:/data", BASE, "true")
    elif killed == "before renaming":
        docker("stop", layer.container("a"))
        docker("rename", layer.container("a"), left)
    else:
        docker("stop", layer.container("a"))
    predicted = layer.agents(agents, "--check").ok()
    assert predicted.changed
    assert layer.agents(agents).ok().actions == predicted.actions
    assert status(layer.container("a")) == "running"
    assert inspect("container", left) is None
    assert docker("exec", layer.container("a"), "ls", "/data") == "kept"
    assert not layer.agents(agents).changed


# --------------------------------------------------------------------------------------------------------------- images


def test_a_tag_that_moved(layer: Layer) -> None:
    tag = layer.name("image") + ":1"
    docker("tag", f"{IMAGE}:1", tag)
    try:
        agent = {"name": "a", "image": tag}
        layer.agents([agent], version=None).ok()
        docker("tag", f"{IMAGE}:2", tag)
        for arguments in (["--check"], []):
            assert layer.agents([agent], *arguments, version=None).ok().drift == {layer.name("a"): ["image"]}
        assert environment(layer.container("a"))["FROM_IMAGE"] == "two"
        assert not layer.agents([agent], version=None).changed
        assert not layer.agents([agent], version=None, pull="missing").changed
        assert not layer.agents([agent], "--check", version=None, pull="always").changed, "nobody can know"
    finally:
        layer.remove()
        docker("rmi", tag)


def test_an_image_that_is_nowhere(layer: Layer) -> None:
    agents = [{"name": "a"}, {"name": "b", "version": "9"}]
    layer.agents(agents).failed(f"{IMAGE}:9", "not on the host", "pull is never")
    layer.agents([{"name": "a", "image": "127.0.0.1:9/x/y", "version": "2"}], pull="missing").failed(
        "127.0.0.1:9/x/y:2", "without a login", "refused", "registry_username"
    )
    login = {"registry_username": "license", "registry_password": "0123-geheim"}
    layer.through_ansible = True
    there = {"image": "127.0.0.1:9/x", "version": "2"}
    denied = layer.agents([{"name": "a"}], "-vvvv", pull="always", **there, **login)
    denied.failed("with the given login")
    layer.agents([{"name": "a", **there}], pull="always", **login).failed("127.0.0.1:9/x:2 (without a login)")
    assert "0123-geheim" not in denied.output
    assert everything(layer.prefix) == {"volumes": ""}


def test_check_mode_of_an_upgrade_to_an_image_that_is_not_here(layer: Layer) -> None:
    layer.agents([{"name": "a"}]).ok()
    predicted = layer.agents([{"name": "a", "version": "9"}], "--check", pull="missing").ok()
    assert predicted.drift == {layer.name("a"): ["image"]}


# -------------------------------------------------------------------------------------------------------- observations


def test_credentials_are_seen_in_every_state(layer: Layer) -> None:
    fill = {
        "nothing": ("true", False),
        "empty": (": >/data/file", False),
        "folder": ("mkdir -p /data/a/b", False),
        "symlink": ("ln -s /etc/passwd /data/link", False),
        "deep": ("mkdir -p /data/a/b; echo x >/data/a/b/c", True),
        "file": ("echo x >/data/file", True),
    }
    agents = [{"name": name, "env": {"DL_RUN": run}} for name, (run, _unused) in fill.items()]
    layer.agents(agents).ok()

    def seen(**options: Any) -> dict[str, bool]:
        answer = layer.module("agents_info", names=[layer.name(name) for name in fill], **options).ok()
        return {name: answer.seen(layer.name(name))["credentials"] for name in fill}

    expected = {name: credentials for name, (_unused, credentials) in fill.items()}
    until(lambda: seen() == expected, "they have written")
    for name in fill:
        docker("stop", layer.container(name))
    assert seen() == expected
    for name in fill:  # created, never started
        docker("rm", "-f", layer.container(name))
        label = f"edgefleet.connectware.agent={layer.name(name)}"
        volume = f"{layer.container(name)}:/data"
        docker("create", "--name", layer.container(name), "--label", label, "-v", volume, BASE, "true")
    assert seen() == expected
    assert {status(layer.container(name)) for name in fill} == {"created"}


def test_a_container_without_the_folder(layer: Layer) -> None:
    label = f"edgefleet.connectware.agent={layer.name('a')}"
    docker("create", "--name", layer.container("a"), "--label", label, BASE, "true")
    seen = layer.module("agents_info", names=[layer.name("a")]).ok().seen(layer.name("a"))
    assert (seen["credentials"], seen["volume"], seen["state"]) == (None, "", "created")


def test_a_large_volume_is_not_pulled_and_nothing_is_asked_twice(layer: Layer, tmp_path: Path) -> None:
    agents = [{"name": str(number)} for number in range(3)]
    layer.agents(agents).ok()
    docker("exec", layer.container("0"), "dd", "if=/dev/zero", "of=/data/a", "bs=1M", "count=200", "status=none")
    engine = CountedEngine(tmp_path / "engine.sock")
    answer = layer.agents(agents, docker_host=engine.address).ok()
    engine.close()
    assert answer.seen(layer.name("0"))["credentials"] is True
    assert not answer.changed
    assert engine.received < 3 * 1024 * 1024, "a socket's worth, not the volume"
    # version, containers, volumes and image once; for each agent its report, its log and its archive
    assert len(engine.requests) <= 4 + 3 * len(agents), engine.requests
    assert all(request.startswith(("GET ", "HEAD ")) for request in engine.requests)


def test_only_the_current_start_counts(layer: Layer) -> None:
    once = f"test -e /data/seen || {{ {SAYS_PAIRING}; }}; touch /data/seen"
    agents = [{"name": "again", "env": {"DL_RUN": SAYS_PAIRING}}, {"name": "once", "env": {"DL_RUN": once}}]
    layer.agents(agents).ok()

    def events(name: str) -> list[str]:
        return [event["kind"] for event in layer.agents(agents).seen(layer.name(name))["events"]]

    for name in ("again", "once"):
        until(lambda name=name: "pairing" in docker("logs", layer.container(name)), f"{name} has spoken")
        assert events(name) == ["asking_new", "pairing"]
        docker("restart", layer.container(name))
    until(lambda: docker("logs", layer.container("again")).count("pairing") == 2, "it asks again")
    answer = layer.agents(agents).ok()
    assert not answer.changed
    assert answer.seen(layer.name("once"))["events"] == [], "an old pairing line means nothing"
    assert answer.seen(layer.name("once"))["asked_after"] is not None
    last = docker("logs", layer.container("again")).splitlines()[-1].rpartition(" ")[2]
    found = answer.seen(layer.name("again"))["events"]
    assert [event["kind"] for event in found] == ["asking_new", "pairing"]
    assert found[-1]["pairing_id"] == last


def test_logs_of_every_kind(layer: Layer) -> None:
    noise = r"printf '\000\001\377\033[31mred\033[0m\n{\n'; head -c 100000 /dev/urandom; echo; "
    agents: list[dict[str, Any]] = [
        {"name": "binary", "env": {"DL_RUN": noise + SAYS_PAIRING}},
        {"name": "local", "env": {"DL_RUN": SAYS_PAIRING}, "log_driver": "local"},
        {"name": "none", "env": {"DL_RUN": SAYS_PAIRING}, "log_driver": "none"},
    ]
    layer.agents(agents).ok()
    label = f"edgefleet.connectware.agent={layer.name('tty')}"
    run = ["-t", "--name", layer.container("tty"), "--label", label]
    docker(
        "run",
        "-d",
        *run,
        "-e",
        f"CYBUS_MQTT_USERNAME={layer.name('tty')}",
        "-e",
        f"DL_RUN={SAYS_PAIRING}",
        f"{IMAGE}:1",
    )
    names = ("binary", "local", "none", "tty")

    def seen() -> dict[str, dict[str, Any]]:
        answer = layer.module("agents_info", names=[layer.name(name) for name in names]).ok()
        return {name: answer.seen(layer.name(name)) for name in names}

    until(lambda: all(seen()[name]["events"] for name in ("binary", "local", "tty")), "they have spoken")
    found = seen()
    for name in ("binary", "local", "tty"):
        assert found[name]["log_readable"], name
        assert [event["kind"] for event in found[name]["events"]] == ["asking_new", "pairing"], name
        assert found[name]["events"][-1]["username"] == layer.name(name)
    assert not found["none"]["log_readable"]
    assert (found["none"]["log_driver"], found["none"]["events"], found["none"]["state"]) == ("none", [], "running")
    assert all(line.isprintable() for line in found["binary"]["last_lines"])


def test_agents_info_shows_ours_only_and_changes_nothing(layer: Layer) -> None:
    layer.agents([{"name": "a", "username": "somebody"}, {"name": "b"}]).ok()
    docker("create", "--name", layer.name("stranger"), BASE, "true")
    before = everything(layer.prefix)
    every = layer.module("agents_info").ok()
    assert not every.changed
    assert {name for name in every.agents if name.startswith(layer.prefix + "-")} == {layer.name("a"), layer.name("b")}
    one = layer.module("agents_info", names=[layer.name("a")]).ok()
    assert [(a["name"], a["username"], a["container"], a["volume"]) for a in one.result["agents"]] == [
        (layer.name("a"), "somebody", layer.container("a"), layer.container("a"))
    ]
    assert one.seen(layer.name("a"))["state"] == "running"
    assert everything(layer.prefix) == before


# ----------------------------------------------------------------------------------------------- diffs and addresses


def test_diff_shows_what_changes_and_no_secret(layer: Layer) -> None:
    env = {"CYBUS_PASSWORD": "old-geheim", "PROXY": "http://me:proxy-geheim@proxy", "PLAIN": "old"}
    created = layer.agents([{"name": "a", "env": env}], "--diff", "--check").ok().result["diff"]
    assert "geheim" not in str(created)
    assert created["before"] == {layer.name("a"): {"running": False, "volume_exists": False, "never_registered": False}}
    assert created["after"][layer.name("a")]["env"]["PLAIN"] == "old"
    layer.agents([{"name": "a", "env": env}]).ok()
    new = {**env, "CYBUS_PASSWORD": "new-geheim", "PLAIN": "new"}
    for modes in (["--check", "--diff"], ["--diff"]):
        diff = layer.agents([{"name": "a", "env": new}], *modes).ok().result["diff"]
        assert "geheim" not in str(diff)
        before, after = diff["before"][layer.name("a")], diff["after"][layer.name("a")]
        assert {option for option in after if after[option] != before[option]} == {"env"}
        assert (before["env"]["PLAIN"], after["env"]["PLAIN"]) == ("old", "new")
    assert environment(layer.container("a"))["CYBUS_PASSWORD"] == "new-geheim"
    same = layer.agents([{"name": "a", "env": new}], "--diff").ok().result["diff"]
    assert same["before"] == same["after"]
    gone = layer.agents([{"name": "a"}], "--diff", state="absent").ok().result["diff"]
    assert gone["after"] == {layer.name("a"): {"running": False, "volume_exists": True, "never_registered": False}}
    assert "diff" not in layer.agents([{"name": "a"}], state="absent").ok().result


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("unix:///nowhere/docker.sock", ["/nowhere/docker.sock", "no such socket"]),
        ("tcp://127.0.0.1:9", ["127.0.0.1:9", "Nothing listens there"]),
        ("ssh://root@localhost", ["not supported", "unix://"]),
        ("nonsense", ["nonsense", "not supported"]),
    ],
)
def test_addresses_where_no_engine_is(layer: Layer, address: str, says: list[str]) -> None:
    layer.module("agents_info", docker_host=address).failed("host", *says)
    layer.module("agents_info", env={"DOCKER_HOST": address}).failed(*says)
