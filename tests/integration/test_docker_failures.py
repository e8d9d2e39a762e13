# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module agents leaves where an agent fails or a run is killed, and how the next run goes on from there."""

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
    host_config,
    status,
)
from simulator.harness import until


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
