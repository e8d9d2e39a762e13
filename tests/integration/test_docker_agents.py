# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docker layer through its modules, run as on a host, with the docker SDK of the distribution.

test_docker_layer.py does it with the newest SDK. Both are checked with the docker command. Here: the life of an agent,
what is not touched, images, and diffs; files beside this one have each option, failures, and observations.
"""

from __future__ import annotations

from typing import Any

import pytest
from integration.bed import docker, inspect
from integration.layer import (
    BASE,
    IMAGE,
    Layer,
    container_id,
    environment,
    everything,
    status,
)
from simulator.harness import until

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
    layer.through_ansible = False  # it passes on what the module says of the other steps as well
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
