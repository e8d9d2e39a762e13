# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents whose container somebody else makes: registered and watched, never made anew or removed."""

from __future__ import annotations

import pytest
from integration.bed import IMAGE, NEXT_VERSION, VERSION, docker, inspect
from simulator.harness import until


@pytest.fixture
def adopted(factory, tmp_path):
    """A factory with one agent of its own and one that runs by hand; makes the latter with other options."""
    site = factory(2)
    agent = site.agents[1]
    agent.update(manage=False, container=f"connectware-agent-{agent['name']}-by-hand")

    def start(*options, mount=None, **env):
        variables = {
            "CYBUS_AGENT_MODE": "distributed",
            "CYBUS_AGENT_NAME": agent["name"],
            "CYBUS_MQTT_HOST": "127.0.0.1",
            "CYBUS_MQTT_PORT": str(site.variables["agents_mqtt_port"]),
            **site.variables["agents_env"],
            **env,
        }
        given = [option for item in variables.items() for option in ("--env", "=".join(item))]
        volume = mount or f"connectware-agent-{agent['name']}-by-hand"
        docker(
            "run", "--detach", "--network", "host", "--restart", "unless-stopped", "--name", agent["container"],
            "--volume", f"{volume}:/data", *given, *options, f"{IMAGE}:{VERSION}",
        )  # fmt: skip
        return site

    start.folder = tmp_path / "data"
    return start


def container_of(site):
    return inspect("container", site.agents[1]["container"])


def test_registered_and_watched_without_being_made_anew(adopted):
    site = adopted()
    own, other = site.names()
    made = container_of(site)
    run = site.rollout("--diff").ok()
    assert run.agents[other]["verdict"] == "registered" and run.agents[other]["reason"] == "first_start"
    assert run.agents[other]["actions"] == ["authorized", "restarted"]
    for name in (own, other):
        until(lambda name=name: site.connected(name), f"{name} is connected")
    now = container_of(site)
    assert (now["Id"], now["Config"], now["HostConfig"]) == (made["Id"], made["Config"], made["HostConfig"])
    started = now["State"]["StartedAt"]
    assert site.rollout(agents_env={"ANOTHER": "1", **site.variables["agents_env"]}).ok().changed > 0
    assert container_of(site)["State"]["StartedAt"] == started, "the options of containers are not for this one"

    site.simulator.control("DELETE", f"users/{other}")
    healed = site.rollout(agents_env={"ANOTHER": "1", **site.variables["agents_env"]}).ok()
    assert healed.agents[other]["reason"] == "credentials_rejected"
    assert container_of(site)["Id"] == made["Id"]
    until(lambda: site.connected(other), "it is connected again")


def test_a_folder_of_the_host_serves_for_its_credentials(adopted):
    adopted.folder.mkdir(mode=0o777)
    adopted.folder.chmod(0o777)
    site = adopted(mount=str(adopted.folder))
    site.rollout().ok()
    assert site.rollout().ok().changed == 0
    until(lambda: site.connected(site.names()[1]), "it is connected")


def test_what_is_not_that_agent_is_refused_before_anything_is_touched(adopted):
    site = adopted(CYBUS_AGENT_NAME="somebody-else")
    own, other = site.names()
    site.rollout().failed(other, "its name is somebody-else", "Nothing was started")
    assert site.container(own) is None


@pytest.mark.long
def test_a_container_that_is_missing_or_ours_is_refused(factory):
    site = factory(1)
    name = site.names()[0]
    site.rollout().ok()
    agent = site.agents[0]
    agent["manage"] = False
    site.rollout().failed(name, "option 'container'", "is missing")
    agent["container"] = f"connectware-agent-{name}"
    site.rollout().failed(name, "was made by this collection", "take manage: false off")
    agent["container"] = f"connectware-agent-{name}-nowhere"
    site.rollout().failed(name, "does not exist", "start it there first")


@pytest.mark.long
def test_an_upgrade_of_its_host_leaves_it_alone(adopted):
    site = adopted()
    own, other = site.names()
    site.rollout().ok()
    for name in (own, other):
        until(lambda name=name: site.connected(name), f"{name} is connected")
    theirs, ours = container_of(site), site.container(own)
    site.simulator.control("POST", "version", {"version": NEXT_VERSION})
    site.count_from_now()
    run = site.play("upgrade", agents_version="auto").ok()
    assert {agent["verdict"] for agent in run.agents.values()} == {"registered"}
    now = container_of(site)
    assert (now["Id"], now["Image"], now["State"]["StartedAt"]) == (
        theirs["Id"], theirs["Image"], theirs["State"]["StartedAt"],
    )  # fmt: skip
    upgraded = site.container(own)
    assert upgraded["Id"] != ours["Id"]
    assert upgraded["Image"] == inspect("image", f"{IMAGE}:{NEXT_VERSION}")["Id"]
    assert site.counts()["writes"] == 0
    until(lambda: site.connected(own), "the other one is back")
    assert site.play("upgrade", agents_version="auto").ok().changed == 0


@pytest.mark.long
def test_it_is_retired_only_when_it_is_stopped(adopted):
    site = adopted()
    own, other = site.names()
    site.rollout().ok()
    made = container_of(site)
    site.retire().failed(other, "somebody else runs the container", "stop and remove it there first")
    named, site.agents[1]["container"] = site.agents[1]["container"], "misspelled"
    site.retire().failed(other, f"the container {named} runs and answers to the username", "stop and remove it there")
    site.agents[1]["container"] = named
    site.agents[0] = {"name": f"{own}-renamed", "username": own}
    site.retire(agents_only=[f"{own}-renamed"]).failed(f"the container connectware-agent-{own} runs and answers to")
    assert own in site.simulator.usernames()
    site.agents[0] = {"name": own}
    assert container_of(site)["Id"] == made["Id"] and own in site.simulator.usernames()
    docker("rm", "--force", site.agents[1]["container"])
    site.retire("--extra-vars", "agents_purge=true").ok()
    assert not {own, other} & site.simulator.usernames()
    assert inspect("volume", f"{site.agents[1]['container']}") is not None, "its volume is not ours to delete"
