# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stub against the real thing: the same calls by the docker SDK, to an engine of either kind, with an agent of
either kind in the container and the real simulator behind it. All answers and the log of the agent must be the same.
"""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest
from growth.answers import API
from growth.fleet import ROOT
from growth.same import differences
from integration import bed
from simulator.harness import Simulator, until

NAME = "connectware-agent-growth-stub"
AGENT = "growth-stub"
LABEL = {"edgefleet.connectware.agent": AGENT}


@pytest.fixture(scope="module")
def real() -> docker.APIClient:
    client = docker.APIClient(version="auto")
    if client.version()["ApiVersion"] != API:
        pytest.skip(f"the stub answers as API {API} does, and this engine has another")
    return client


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """Of its own, for each kind of engine as fresh as for the other."""
    running = Simulator(tmp_path / "state", config={"version": bed.VERSION}).start()
    yield running
    running.stop()


@contextmanager
def stub(folder: Path, image: dict[str, Any] | None = None, others: int = 0) -> Iterator[docker.APIClient]:
    folder.mkdir()
    (folder / "hosts.json").write_text(json.dumps([*(f"h{number}" for number in range(others)), "one"]))
    command = [sys.executable, "-m", "growth", str(folder), str(folder / "hosts.json")]
    if image is not None:
        (folder / "image.json").write_text(json.dumps(image))
        command += ["--image", str(folder / "image.json")]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "tests"), "PYTHONDONTWRITEBYTECODE": "1"}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        yield docker.APIClient(base_url=f"unix://{folder / 'one.sock'}", version="auto")
    finally:
        running.terminate()
        running.wait(10)


class Course:
    """Everything that the modules ask an engine, once, in the life of an agent; what was answered is kept."""

    def __init__(self, client: docker.APIClient, simulator: Simulator) -> None:
        self.client = client
        self.simulator = simulator
        self.answers: dict[str, Any] = {}

    def run(self) -> dict[str, Any]:
        client = self.client
        self.refused("inspect what is not there", client.inspect_container, NAME)
        self.refused("inspect a volume that is not there", client.inspect_volume, NAME)
        self.answers["volume"] = client.create_volume(NAME, labels=LABEL)
        self.answers["volume again"] = client.create_volume(NAME, labels=LABEL)
        self.answers["volume inspected"] = client.inspect_volume(NAME)
        self.create()
        self.refused("create it again", self.create)
        self.look("created")
        client.start(NAME)
        until(lambda: "pairing ID" in self.log(), "the agent asks")
        self.look("running")
        self.register()
        self.look("registered")
        client.restart(NAME, timeout=5)
        until(lambda: self.log().count("Connected to broker") == 2, "the agent is back")
        self.look("restarted")
        self.refused("remove the volume in use", client.remove_volume, NAME)
        self.refused("remove what runs", client.remove_container, NAME)
        client.stop(NAME, timeout=5)
        client.rename(NAME, f"{NAME}-2")
        client.rename(f"{NAME}-2", NAME)
        self.look("stopped")
        self.answers["messages"] = self.messages()
        client.remove_container(NAME, force=True)
        client.remove_volume(NAME)
        self.refused("inspect what is gone", client.inspect_container, NAME)
        return self.answers

    def create(self) -> None:
        end = self.simulator.endpoints
        environment = {
            "CYBUS_AGENT_MODE": "distributed",
            "CYBUS_AGENT_NAME": AGENT,
            "CYBUS_MQTT_HOST": "127.0.0.1",
            "CYBUS_MQTT_PORT": str(end["mqtt_port"]),
            "CYBUS_HOSTNAME_INGRESS": end["ingress"],
            "SIMULATOR_POLL_INTERVAL": "0.2",
        }
        client = self.client
        made = client.create_container(
            f"{bed.IMAGE}:{bed.VERSION}",
            name=NAME,
            environment=environment,
            labels=LABEL,
            stop_timeout=10,
            host_config=client.create_host_config(
                mounts=[{"Type": "volume", "Source": NAME, "Target": "/data", "ReadOnly": False}],
                network_mode="host",
                restart_policy={"Name": "unless-stopped"},
                pids_limit=512,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                read_only=False,
                init=True,
                log_config={"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
            ),
            use_config_proxy=False,
        )
        self.answers["made"] = made

    def look(self, when: str) -> None:
        client = self.client
        entry = next(c for c in client.containers(all=True) if f"/{NAME}" in c["Names"])
        entry["Status"] = re.sub(r"\d+|Less than a|About a", "N", entry["Status"]).replace("seconds", "second")
        volume = next(v for v in client.volumes()["Volumes"] if v["Name"] == NAME)
        report = client.inspect_container(NAME)
        self.answers[f"{when}: list"] = entry
        self.answers[f"{when}: report"] = report
        self.answers[f"{when}: volume"] = volume
        self.answers[f"{when}: image"] = client.inspect_image(report["Image"])
        self.answers[f"{when}: archive"] = self.archive()
        self.answers[f"{when}: seen"] = [c["Id"] for c in client.containers() if f"/{NAME}" in c["Names"]] != []

    def archive(self) -> Any:
        """What the header tells of the folder, and what kinds of members the archive has."""
        url = f"{self.client.base_url}/v{API}/containers/{NAME}/archive"
        head = self.client.head(url, params={"path": "/data"})
        assert head.status_code == 200
        told = json.loads(base64.b64decode(head.headers["X-Docker-Container-Path-Stat"]))
        chunks, told_again = self.client.get_archive(NAME, "/data")
        assert told_again == told
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            members = sorted((m.name.rstrip("/"), m.isdir(), m.isreg() and m.size > 0) for m in archive)
        return {"told": told, "members": [list(member) for member in members]}

    def refused(self, what: str, function: Any, *arguments: Any) -> None:
        with pytest.raises(docker.errors.APIError) as caught:
            function(*arguments)
        said = re.sub(r"[0-9a-f]{64}", "ID", caught.value.explanation)
        self.answers[what] = {"status": caught.value.status_code, "message": said}

    def log(self) -> str:
        return self.client.logs(NAME).decode()

    def messages(self) -> list[str]:
        """The log as the modules read it: with times, in order, and since a moment within it."""
        stamped = self.client.logs(NAME, timestamps=True).decode().splitlines()
        times = [line.partition(" ")[0] for line in stamped]
        assert times == sorted(times)
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", time) for time in times)
        lines = [json.loads(line.partition(" ")[2]) for line in stamped]
        assert self.client.logs(NAME, tail=1).decode() == stamped[-1].partition(" ")[2] + "\n"
        assert self.client.logs(NAME, since=2**31) == b""
        hidden = [re.sub(r"(UI\): )[0-9a-f]{6}$", r"\1ID", line["msg"]) for line in lines]
        assert {tuple(line) for line in lines} == {("level", "time", "pid", "hostname", "msg", "v")}
        return [f"{line['level']} {message}" for line, message in zip(lines, hidden, strict=True)]

    def register(self) -> None:
        client = self.simulator.client()
        assert client("POST", "/api/client-registry/unlock", json={"duration": 30000}).ok
        until(lambda: self.simulator.state()["pending"], "the request waits")
        assert client("POST", "/api/client-registry/confirm", json={"username": AGENT}).ok
        until(lambda: "Connected to broker" in self.log(), "the agent is let in")


def test_answers_as_a_real_engine_and_a_real_agent(real, simulator, tmp_path, request):
    request.getfixturevalue("agent_images")
    bed.clean(AGENT)
    try:
        expected = Course(real, simulator).run()
    finally:
        bed.clean(AGENT)
    simulator.control("POST", "reset")
    image = real.inspect_image(f"{bed.IMAGE}:{bed.VERSION}")
    with stub(tmp_path / "s", image) as client:
        answered = Course(client, simulator).run()
    assert list(answered) == list(expected)
    assert "\n".join(differences(expected, answered)) == ""


def test_an_agent_of_the_last_of_many_hosts_is_let_in(simulator, tmp_path):
    """The engines of a thousand hosts are a thousand sockets of one process, which the agents' own come after."""
    with stub(tmp_path / "s", others=1_100) as client:
        client.create_volume(NAME, labels=LABEL)
        course = Course(client, simulator)
        course.create()
        client.start(NAME)
        course.register()


def test_a_call_that_the_stub_does_not_know_is_an_error(tmp_path):
    with (
        stub(tmp_path / "s", {"Id": "sha256:0", "Config": {}}) as client,
        pytest.raises(docker.errors.APIError) as said,
    ):
        client.networks()
    assert said.value.status_code == 501 and "does not know GET" in said.value.explanation


def test_version_and_ping(real, tmp_path):
    with stub(tmp_path / "s", {"Id": "sha256:0", "Config": {}}) as client:
        assert client.ping() and real.ping()
        here, there = client.version(), real.version()
    assert set(here) == set(there)
    assert [part["Name"] for part in here["Components"]] == [part["Name"] for part in there["Components"]]
    assert here["ApiVersion"] == there["ApiVersion"]
