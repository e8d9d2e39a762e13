# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docker layer against a real engine, verified with the docker command.

How drift is mended, and what is seen of agents, have files of their own.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from docker.errors import APIError
from integration.bed import docker, inspect
from integration.layer_host import BASE, Host

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.names import LABEL_AGENT
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

# ---------------------------------------------------------------------------------------------------------- converge


def test_life_cycle(host: Host) -> None:
    """Create, again, remove, again, create, remove for good, again: each in check mode first, which does nothing."""
    steps: list[tuple[str, bool, dict[str, Any]]] = [
        ("created", True, {}),
        ("none", False, {}),
        ("removed", True, {"state": "absent"}),
        ("none", False, {"state": "absent"}),
        ("created", True, {}),
        ("removed", True, {"state": "absent", "purge": True}),
        ("none", False, {"state": "absent", "purge": True}),
    ]
    for action, changed, options in steps:
        before = host.everything()
        predicted = host.one(check=True, top=options)
        assert host.everything() == before
        done = host.one(top=options)
        for agent in (predicted, done):
            assert (agent["action"], agent["changed"]) == (action, changed), options
        assert predicted["observation"]["planned"] == (action == "created")
        assert not done["observation"]["planned"]
        assert (host.container() is not None) == (options.get("state") != "absent")
        assert (host.volume() is not None) == (not options.get("purge"))


def test_what_is_made(host: Host) -> None:
    agent = host.one(env={"API_TOKEN": "hush", "N": 1})
    made = host.container()
    volume = host.volume()
    assert made is not None and volume is not None
    config, limits = made["Config"], made["HostConfig"]
    labels = {**config["Labels"]}
    assert labels.pop("edgefleet.connectware.log-options") == "max-file,max-size"
    assert labels == {"from.image": "yes", LABEL_AGENT: agent["name"]}
    assert volume["Labels"] == {LABEL_AGENT: agent["name"]}
    assert {"FROM_IMAGE=yes", "API_TOKEN=hush", "N=1", "CYBUS_MQTT_HOST=connectware.invalid"} <= set(config["Env"])
    assert limits["CapDrop"] == ["ALL"]
    assert limits["SecurityOpt"] == ["no-new-privileges:true"]
    assert (limits["Init"], limits["PidsLimit"], limits["Privileged"]) == (True, 512, False)
    assert limits["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
    assert limits["RestartPolicy"]["Name"] == "unless-stopped"
    assert [(m["Type"], m["Name"], m["Destination"]) for m in made["Mounts"]] == [("volume", agent["name"], "/data")]
    observation = agent["observation"]
    assert (observation["state"], observation["credentials"]) == ("running", False)


def test_secrets_are_masked_in_the_diff(host: Host) -> None:
    result = host.converge(host.agent(env={"API_TOKEN": "hush", "LEVEL": "debug"}, labels={"my.password": "hush"}))
    text = json.dumps(result)
    assert "hush" not in text
    assert "debug" in json.dumps(result["diff"]["after"])


def test_what_was_stopped_is_started(host: Host) -> None:
    name = host.one()["name"]
    made = host.container()
    assert made is not None
    for command in (("stop", "-t", "0"), ("pause",)):
        docker(*command, name)
        assert host.one(check=True)["observation"]["planned"]
        assert host.one()["action"] == "started"
        now = host.container()
        assert now is not None and (now["Id"], now["State"]["Status"]) == (made["Id"], "running")


def test_paused_containers_can_be_made_anew_and_removed(host: Host) -> None:
    name = host.one()["name"]
    docker("pause", name)
    assert host.one(env={"A": "1"})["action"] == "recreated"
    docker("pause", name)
    assert host.one(top={"state": "absent"})["action"] == "removed"


def test_killed_between_the_mark_and_its_volume(host: Host) -> None:
    """And with a volume that somebody has put in the place of ours, the mark says nothing any more."""
    name = host.agent()["name"]
    mark = f"{name}.unregistered"
    docker("volume", "create", "--label", f"edgefleet.connectware.unregistered={name}", mark)
    assert host.one()["observation"]["never_registered"]
    assert host.one()["action"] == "none"
    docker("rm", "-f", name)
    docker("volume", "rm", name)
    docker("volume", "create", name)
    assert host.one()["action"] == "created"
    assert not host.one()["observation"]["never_registered"]
    host.one(top={"state": "absent"})
    assert inspect("volume", mark) is None and host.volume() is not None


def test_killed_in_the_middle(host: Host) -> None:
    """Whatever a killed run has left, the next one goes on from there."""
    name = host.agent()["name"]
    docker("volume", "create", "--label", f"{LABEL_AGENT}={name}", name)
    assert host.one()["action"] == "created"
    made = host.container()
    assert made is not None
    docker("rm", "-f", name)
    assert host.one()["action"] == "created"
    nets = [f"{host.prefix}net{n}" for n in (1, 2)]
    for net in nets:
        docker("network", "create", net)
    top = {"network_mode": None, "networks": nets}
    host.one(top=top)
    docker("stop", "-t", "0", name)
    docker("network", "disconnect", nets[1], name)
    assert host.one(top=top)["drift"] == ["networks"]
    assert host.one(top=top)["action"] == "none"


@pytest.mark.parametrize(
    "answer",
    [
        "id already in use",
        "task 2e3f0ff0fc29da22: already exists",
        "failed to start shim: mkdir /run/io.containerd.runtime.v2.task/moby/2e3f0ff0fc29da22: file exists: unknown",
    ],
    ids=["id", "task", "folder"],
)
def test_a_container_that_a_killed_engine_cannot_start_any_more(
    answer: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made anew with its volume; as an engine said it that was killed while it started that container."""
    name = host.one()["name"]
    made, volume = host.container(), host.volume()
    assert made is not None
    docker("stop", "-t", "0", name)
    start = host.engine.client.start

    def refusing(container: str) -> None:
        if container in (name, made["Id"]):
            raise APIError(answer)
        start(container)

    monkeypatch.setattr(host.engine.client, "start", refusing)
    assert host.one()["action"] == "recreated"
    now = host.container()
    assert now is not None and now["State"]["Running"] and now["Id"] != made["Id"]
    assert host.volume() == volume
    monkeypatch.undo()
    assert host.one()["action"] == "none"


def test_one_agent_fails_and_the_others_go_on(host: Host) -> None:
    bad = host.agent(2, mounts=[{"source": "/nowhere/at/all", "target": "/x"}])
    result = host.converge(host.agent(1), bad, host.agent(3))
    assert result["failed"]
    assert [bool(agent["error"]) for agent in result["agents"]] == [False, True, False]
    assert bad["name"] in result["msg"] and "/nowhere/at/all" in result["msg"] and "run again" in result["msg"]
    for number in (1, 3):
        made = host.container(number)
        assert made is not None and made["State"]["Running"]
    assert [agent["action"] for agent in host.converge(*(host.agent(n) for n in (1, 2, 3)))["agents"]] == [
        "none",
        "created",
        "none",
    ]


# ----------------------------------------------------------------------------------------------------------- refusals


def refused(host: Host, *agents_: dict[str, Any], **options: Any) -> str:
    before = host.everything()
    messages = set()
    for check in (True, False):
        with pytest.raises(SpecError) as raised:
            host.converge(*agents_, check=check, **options)
        messages.add(raised.value.message)
    assert host.everything() == before
    (message,) = messages
    assert "Nothing was started or changed" in message
    return message


def test_foreign_container_of_that_name(host: Host) -> None:
    name = host.agent()["name"]
    docker("create", "--name", name, BASE, "true")
    for options in ({}, {"state": "absent"}, {"state": "absent", "purge": True}):
        assert f"the container {name} was not made by this collection" in refused(host, host.agent(), **options)


def test_container_of_another_agent(host: Host) -> None:
    host.one()
    other = {**host.agent(2), "container": host.agent(1)["container"]}
    assert f"belongs to the agent {host.agent(1)['name']}" in refused(host, other)


@pytest.mark.parametrize("running", [True, False])
def test_volume_that_another_container_mounts(running: bool, host: Host) -> None:
    volume, user = host.agent()["volume"], f"{host.prefix}user"
    docker(*(("run", "-d") if running else ("create",)), "--name", user, "-v", f"{volume}:/v", BASE, "sleep", "60")
    message = refused(host, host.agent(), host.agent(2))
    assert user in message and volume in message
    refused(host, host.agent(), state="absent", purge=True)


def test_an_agent_that_shares_a_volume_can_be_removed(host: Host) -> None:
    host.one()
    docker("create", "--name", f"{host.prefix}user", "-v", f"{host.agent()['volume']}:/v", BASE, "true")
    assert host.one(top={"state": "absent"})["action"] == "removed"
    assert host.volume() is not None


def test_volume_of_another_agent(host: Host) -> None:
    host.one()
    host.one(top={"state": "absent"})
    other = {**host.agent(2), "volume": host.agent(1)["volume"]}
    assert f"belongs to the agent {host.agent(1)['name']}" in refused(host, other)


@pytest.mark.parametrize("options", [{"networks": ["dl-none"], "network_mode": None}, {"network_mode": "dl-none"}])
def test_network_that_does_not_exist(options: dict[str, Any], host: Host) -> None:
    assert "the network dl-none does not exist" in refused(host, host.agent(), **options)
