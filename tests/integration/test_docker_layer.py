# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docker layer against a real engine, verified with the docker command."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError
from integration.bed import ENGINE, docker, inspect

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.names import LABEL_AGENT
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import credentials
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.converge import converge
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import Engine, connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.look import look_again
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.show import show
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ImageError, SpecError

BASE = "debian:bookworm-slim"
IMAGE = f"dl-layer-{os.getpid()}"  # runs beside each other must not move each other's tags
PAIRING = "Username: {name}, pairing ID (should match in UI): {id}"
PARAMS: dict[str, Any] = {
    "unmanaged": False,
    "usernames": [],
    "docker_host": ENGINE,
    "docker_timeout": 60,
    "log_patterns": {},
    "state": "present",
    "purge": False,
    "predict_each": False,
    "pull": "never",
    "registry_username": None,
    "registry_password": None,
    "image": f"{IMAGE}:1",
    "mqtt_host": "connectware.invalid",
    "network_mode": "none",
    "stop_timeout": 2,
}


def make_image(tag: str, *changes: str) -> None:
    """An image whose container runs the text in the variable DL_SCRIPT."""
    changes = ('CMD ["sh", "-c", "eval \\"$DL_SCRIPT\\""]', "ENV DL_SCRIPT='exec sleep 3600'", *changes)
    container = docker("create", BASE, "true")
    docker("commit", *(part for change in changes for part in ("--change", change)), container, tag)
    docker("rm", container)


@pytest.fixture(scope="module", autouse=True)
def images(request: pytest.FixtureRequest) -> Iterator[None]:
    if inspect("image", BASE) is None:
        request.getfixturevalue("agent_images")
    make_image(f"{IMAGE}:1", "ENV FROM_IMAGE=yes", "LABEL from.image=yes")
    make_image(f"{IMAGE}:2")
    yield
    for tag in docker("images", "-q", "--filter", f"reference={IMAGE}", "--no-trunc").split():
        docker("rmi", "-f", tag, check=False)


@pytest.fixture
def engine() -> Engine:
    return connect(PARAMS)


class Host:
    """This machine, with agents whose container and volume are called like themselves."""

    def __init__(self, engine: Engine, prefix: str) -> None:
        self.engine = engine
        self.prefix = prefix

    def agent(self, number: int = 1, **options: Any) -> dict[str, Any]:
        name = f"{self.prefix}{number}"
        return {"name": name, "container": name, "volume": name, **options}

    def converge(self, *agents_: dict[str, Any], check: bool = False, **options: Any) -> dict[str, Any]:
        given = {**PARAMS, **options, "agents": list(agents_ or [self.agent()])}
        result: dict[str, Any] = json.loads(json.dumps(converge(self.engine, given, check)))
        return result

    def one(self, check: bool = False, top: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Converge the first agent; returns its part of the result."""
        result = self.converge(self.agent(**options), check=check, **(top or {}))
        assert not result.get("failed"), result["msg"]
        (agent,) = result["agents"]
        assert result["changed"] == agent["changed"]
        assert (result["diff"]["before"] != result["diff"]["after"]) == agent["changed"]
        return agent

    def container(self, number: int = 1) -> dict[str, Any] | None:
        return inspect("container", f"{self.prefix}{number}")

    def volume(self, number: int = 1) -> dict[str, Any] | None:
        return inspect("volume", f"{self.prefix}{number}")

    def everything(self) -> str:
        """All that a test may have touched, as the engine lists it."""
        containers = docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}")
        volumes = docker("volume", "ls", "--format", "{{.Name}}")
        return "\n".join(line for line in (containers + "\n" + volumes).splitlines() if self.prefix in line)

    def look(self, *looks: dict[str, Any], wait: float = 0.0, linger: float = 0.0, check: bool = False) -> Any:
        filled = [
            {"username": look["name"], "restart": False, "seen": "", "unmark_after": None, **look} for look in looks
        ]
        for look in filled:
            look.pop("env", None)
        params = {**PARAMS, "looks": filled, "wait": wait, "linger": linger}
        return json.loads(json.dumps(look_again(self.engine, params, check)))


@pytest.fixture
def host(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Host]:
    prefix = f"dl-{abs(hash(request.node.nodeid)) % 10**7}-"
    yield Host(engine, prefix)
    for name in docker("ps", "-aq", "--filter", f"name={prefix}").split():
        docker("rm", "-f", name)
    for name in docker("volume", "ls", "-q", "--filter", f"name={prefix}").split():
        docker("volume", "rm", "-f", name)
    for name in docker("network", "ls", "-q", "--filter", f"name={prefix}").split():
        docker("network", "rm", name)


def until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


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


DRIFTS: dict[str, Any] = {
    "env": {"A": "1"},
    "labels": {"a": "1"},
    "mounts": [{"source": "/etc/hostname", "target": "/z"}, {"source": "/tmp", "target": "/a", "read_only": False}],
    "extra_hosts": {"z": "10.0.0.1", "a": "::1"},
    "dns": ["10.0.0.2", "10.0.0.1"],
    "restart_policy": "on-failure",
    "memory": "64m",
    "cpus": 0.29,
    "pids_limit": 0,
    "user": "65534",
    "capabilities": ["cap_chown", "NET_ADMIN"],
    "security_opts": [],
    "read_only": True,
    "init": False,
    "stop_timeout": 1,
}


@pytest.mark.parametrize("option", DRIFTS)
def test_drift_is_found_and_mended(option: str, host: Host) -> None:
    """A changed option makes the container anew, once; so does its removal. The volume stays as it is."""
    host.one()
    first, volume = host.container(), host.volume()
    assert first is not None
    for options in ({option: DRIFTS[option]}, {}):
        for check in (True, False):
            agent = host.one(check=check, **options)
            assert (agent["action"], agent["drift"]) == ("recreated", [option])
        assert host.one(**options)["action"] == "none"
        now = host.container()
        assert now is not None and now["Id"] != first["Id"]
        first = now
    assert host.volume() == volume


def test_same_options_otherwise_spelled_are_no_drift(host: Host) -> None:
    host.one(capabilities=["NET_ADMIN", "CHOWN"], security_opts=["no-new-privileges"], memory="65536k", pids_limit=0)
    again = host.one(capabilities=["cap_chown", "net_admin"], memory="64m", pids_limit=-1)
    assert again["action"] == "none"


def test_log_driver(host: Host) -> None:
    host.one()
    assert host.one(log_driver="local")["drift"] == ["log_driver"]
    assert host.one(log_driver="local")["action"] == "none"
    assert host.one(log_driver="local", log_options={"max-size": "5m"})["drift"] == ["log_options"]


def test_networks(host: Host) -> None:
    names = [f"{host.prefix}net{n}" for n in (2, 1)]
    for name in names:
        docker("network", "create", name)
    top = {"network_mode": None}
    host.one(top=top, networks=names)
    made = host.container()
    assert made is not None and set(made["NetworkSettings"]["Networks"]) == set(names)
    assert host.one(top=top, networks=names[::-1])["action"] == "none"
    assert host.one(top=top, networks=names[:1])["drift"] == ["networks"]
    docker("network", "disconnect", names[0], host.agent()["name"])
    docker("network", "connect", names[1], host.agent()["name"])
    assert host.one(top=top, networks=names[:1])["drift"] == ["networks"]
    assert host.one(network_mode="bridge")["drift"] == ["networks"]
    assert host.one(network_mode="default")["action"] == "none"
    assert host.one(network_mode="host")["drift"] == ["networks"]
    assert host.one(network_mode="host")["action"] == "none"


def test_a_change_behind_our_back_is_found(host: Host) -> None:
    host.one()
    docker("update", "--restart", "no", "--memory", "64m", "--memory-swap", "64m", host.agent()["name"])
    assert host.one()["drift"] == ["restart_policy", "memory"]


def test_image(host: Host) -> None:
    host.one()
    docker("tag", f"{IMAGE}:1", f"{IMAGE}:same")
    assert host.one(image=f"{IMAGE}:same")["action"] == "none"
    changed = host.one(image=f"{IMAGE}:2")
    assert (changed["action"], changed["drift"][0]) == ("recreated", "image")
    docker("tag", f"{IMAGE}:2", f"{IMAGE}:moving")
    assert host.one(image=f"{IMAGE}:moving")["action"] == "none"
    docker("tag", f"{IMAGE}:1", f"{IMAGE}:moving")
    assert host.one(image=f"{IMAGE}:moving")["drift"][0] == "image"


def test_image_that_would_be_pulled(host: Host) -> None:
    host.one()
    before = host.everything()
    agent = host.one(check=True, image="dl.invalid/none:9", top={"pull": "missing"})
    assert (agent["action"], agent["drift"], agent["pulled"]) == ("recreated", ["image"], True)
    assert host.everything() == before


@pytest.mark.parametrize("pull", ["never", "missing"])
def test_image_that_is_nowhere(pull: str, host: Host) -> None:
    login = {"registry_username": "license", "registry_password": "hush-hush"}
    with pytest.raises(ImageError) as raised:
        host.converge(image="127.0.0.1:9/none:9", pull=pull, **login)
    assert "127.0.0.1:9/none:9" in raised.value.message and raised.value.todo
    assert "hush-hush" not in json.dumps(raised.value.result())
    assert host.everything() == ""


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


# -------------------------------------------------------------------------------------------------------- credentials

CONTENTS = {
    "nothing": ("true", False),
    "an empty file": ("touch /data/credentials", False),
    "folders and links": ("mkdir -p /data/lost+found /data/a/b; ln -s /etc/passwd /data/link", False),
    "a pipe": ("mkfifo /data/pipe", False),
    "a file": ("echo x > /data/credentials", True),
    "a hidden file in a folder": ("mkdir -p /data/a/b /data/c; echo x > /data/a/b/.hidden", True),
    "a file that only root may read": ("umask 077; echo x > /data/k", True),
}


@pytest.mark.parametrize("content", CONTENTS)
def test_credentials(content: str, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running and stopped, by the folder of the volume and by the engine's archive: the same answer."""
    script, expected = CONTENTS[content]
    agent = host.agent(env={"DL_SCRIPT": f"{script}; echo done; exec sleep 3600"})
    host.converge(agent)
    until(lambda: "done" in docker("logs", agent["name"]), "the script has ended")
    for stopped in (False, True):
        if stopped:
            docker("stop", "-t", "0", agent["name"])
        for local in (True, False):
            monkeypatch.setattr(Engine, "is_local", local)
            (seen,) = host.look(agent)["observations"]
            assert seen["credentials"] is expected, (stopped, local)


def test_a_large_volume_is_not_read(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = host.agent(env={"DL_SCRIPT": "head -c 200000000 /dev/zero > /data/big; echo done; exec sleep 3600"})
    host.converge(agent)
    until(lambda: "done" in docker("logs", agent["name"]), "the file is there", 60)
    monkeypatch.setattr(Engine, "is_local", False)
    taken: list[int] = []
    real = credentials.first_file

    def counted(chunks: Iterator[bytes]) -> bool | None:
        return real(taken.append(len(chunk)) or chunk for chunk in chunks)

    monkeypatch.setattr(credentials, "first_file", counted)
    (seen,) = host.look(agent)["observations"]
    assert seen["credentials"] is True
    assert 0 < sum(taken) < 100_000
    docker("stop", "-t", "0", agent["name"])  # engines of 20.10 would block here if the archive were still open


def test_the_folder_of_another_machine_is_not_believed(host: Host, tmp_path: Path) -> None:
    """The path of the volume exists here too, but is not the engine's: its archive is asked."""
    agent = host.agent(env={"DL_SCRIPT": "echo x > /data/k; echo done; exec sleep 3600"})
    host.converge(agent)
    until(lambda: "done" in docker("logs", agent["name"]), "the script has ended")
    report = host.engine.client.inspect_container(agent["name"])
    report["Mounts"][0]["Source"] = str(tmp_path)
    assert credentials.has_credentials(host.engine, report) is True


# ---------------------------------------------------------------------------------------------------------------- log


def script_of(name: str) -> str:
    """A new pairing ID at each start, as early as can be, and the last one again when it is stopped."""
    line = PAIRING.format(name=name, id="$id")
    return (
        f'id=$(head -c 3 /dev/urandom | od -An -tx1 | tr -d " \\n"); echo "{line}"; echo $id > /tmp/id;'
        f" trap 'echo \"{line}\"; exit 0' TERM; while :; do sleep 0.05; done"
    )


def test_only_the_current_start_counts(host: Host) -> None:
    """Many starts, without any line that marks a start: never an event of the one before, never one too few."""
    fleet = [host.agent(n, env={"DL_SCRIPT": script_of(host.agent(n)["name"])}) for n in range(1, 5)]
    host.converge(*fleet)
    for _unused in range(5):
        host.look(*({**agent, "restart": True} for agent in fleet))
        for agent in fleet:
            until(lambda agent=agent: docker("exec", agent["name"], "cat", "/tmp/id", check=False), "it has started")
        for agent, seen in zip(fleet, host.look(*fleet)["observations"], strict=True):
            assert [e["pairing_id"] for e in seen["events"]] == [docker("exec", agent["name"], "cat", "/tmp/id")]


def test_log_that_cannot_be_read(host: Host) -> None:
    seen = host.one(log_driver="none")["observation"]
    assert (seen["log_driver"], seen["log_readable"], seen["events"]) == ("none", False, [])


def test_local_log_is_read(host: Host) -> None:
    name = host.agent()["name"]
    agent = host.agent(log_driver="local", env={"DL_SCRIPT": script_of(name)})
    host.converge(agent)
    until(lambda: host.look(host.agent())["observations"][0]["events"], "the pairing is seen")


def test_terminal(host: Host) -> None:
    """A container with a terminal has a log of another form."""
    name = host.agent()["name"]
    line = PAIRING.format(name=name, id="a82123")
    label = f"{LABEL_AGENT}={name}"
    docker("run", "-dt", "--name", name, "--label", label, BASE, "sh", "-c", f"echo '{line}'; sleep 60")
    until(lambda: "a82123" in docker("logs", name), "the line is there")
    (seen,) = show(host.engine, {**PARAMS, "names": [name]}, False)["agents"]
    assert [event["pairing_id"] for event in seen["observation"]["events"]] == ["a82123"]
    assert seen["observation"]["credentials"] is None


def test_the_end_of_a_large_log_is_read(host: Host) -> None:
    name = host.agent()["name"]
    lines = [PAIRING.format(name=name, id=identity) for identity in ("a82123", "b82123")]
    noise = "yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -n 40000"
    agent = host.agent(env={"DL_SCRIPT": f"echo '{lines[0]}'; {noise}; echo '{lines[1]}'; echo done; sleep 3600"})
    host.converge(agent)
    until(lambda: docker("logs", "--tail", "1", name) == "done", "all is written", 60)
    (seen,) = host.look(host.agent())["observations"]
    assert [event["pairing_id"] for event in seen["events"]] == ["a82123", "b82123"]
    assert seen["last_lines"][-1] == "done"


# --------------------------------------------------------------------------------------------------------------- look


def test_look_waits_for_news(host: Host) -> None:
    name = host.agent()["name"]
    line = PAIRING.format(name=name, id="a82123")
    script = f"while [ ! -e /tmp/go ]; do sleep 0.05; done; echo '{line}'; sleep 3600"
    host.converge(host.agent(env={"DL_SCRIPT": script}))
    (seen,) = host.look(host.agent())["observations"]
    fingerprint = Observation.from_dict(seen).fingerprint()
    asked = {**host.agent(), "seen": fingerprint}
    began = time.monotonic()
    assert host.look(asked, wait=0.6)["observations"][0]["events"] == []
    assert 0.6 <= time.monotonic() - began < 3
    docker("exec", name, "touch", "/tmp/go")
    began = time.monotonic()
    (seen,) = host.look(asked, wait=30)["observations"]
    assert time.monotonic() - began < 10
    assert [event["pairing_id"] for event in seen["events"]] == ["a82123"]


def test_look_restarts_what_is_asked_for_only(host: Host) -> None:
    fleet = [host.agent(n) for n in (1, 2, 3)]
    host.converge(*fleet)
    docker("stop", "-t", "0", fleet[2]["name"])
    before = [(host.container(n) or {})["State"]["StartedAt"] for n in (1, 2, 3)]
    looks = [{**fleet[0], "restart": True}, fleet[1], {**fleet[2], "restart": True}]
    absent = {**host.agent(4), "restart": True}
    predicted = host.look(*looks, absent, check=True)
    assert not predicted["changed"]
    assert [(host.container(n) or {})["State"]["StartedAt"] for n in (1, 2, 3)] == before
    done = host.look(*looks, absent)
    assert done["changed"]
    after = [(host.container(n) or {})["State"]["StartedAt"] for n in (1, 2, 3)]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert [seen["state"] for seen in done["observations"]] == ["running", "running", "running", "absent"]


def test_show(host: Host) -> None:
    host.converge(host.agent(1), host.agent(2, username="somebody-else"))
    names = [host.agent(n)["name"] for n in (1, 2)]
    shown = show(host.engine, {**PARAMS, "names": names}, False)["agents"]
    assert [(a["name"], a["username"], a["volume"]) for a in shown] == [
        (names[0], names[0], names[0]),
        (names[1], "somebody-else", names[1]),
    ]
    everybody = show(host.engine, {**PARAMS, "names": []}, False)["agents"]
    assert set(names) <= {agent["name"] for agent in everybody}


# --------------------------------------------------------------------------------------------------------------- cost


@pytest.mark.alone
def test_ten_agents_with_nothing_to_do(host: Host) -> None:
    fleet = [host.agent(n) for n in range(10)]
    host.converge(*fleet)
    times = []
    for _unused in range(3):
        began = time.monotonic()
        assert not host.converge(*fleet)["changed"]
        times.append(time.monotonic() - began)
    assert min(times) < 0.7, times
