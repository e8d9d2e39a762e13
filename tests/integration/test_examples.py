# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation, run as they stand: a first rollout, agents of Docker Compose and of Kubernetes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from guides.examples import example
from guides.pages import GUIDES, blocks
from integration.bed import COLLECTIONS, IMAGE, ROOT, VERSION, Factory, clean, docker, inspect, one_at_a_time
from integration.documented import HOST, Site
from integration.kubernetes import NAMESPACE, POD, Cluster
from simulator.harness import until

EXAMPLES = ROOT / "docs" / "examples"
AGENT = "welder-robots"
CONTAINER = "welding-welder-robots-1"


def needed(command: str, package: str) -> None:
    """A command that the examples stand on; installed where it is missing."""
    with one_at_a_time():
        if shutil.which(command) is None:
            subprocess.run([str(ROOT / "tests" / "tools" / "apt_install.sh"), package], check=True)


@pytest.fixture
def site(factory) -> Factory:
    """Where Connectware is; the agent is not one of ours."""
    return factory(0)


@pytest.fixture
def compose(site: Factory) -> Iterator[Path]:
    """The project of the example in a folder of its own, with this machine's image and addresses laid over it."""
    needed("docker-compose", "docker-compose")
    folder = site.directory / "welding"
    folder.mkdir()
    shutil.copy(EXAMPLES / "compose" / "compose.yml", folder)
    env = {
        **site.variables["agents_env"],
        "CYBUS_MQTT_PORT": str(site.variables["agents_mqtt_port"]),
    }
    # The name is the one that Compose 2 gives; Debian has Compose 1.
    here = {
        "container_name": CONTAINER, "image": f"{IMAGE}:{VERSION}", "network_mode": "host", "environment": env,
    }  # fmt: skip
    (folder / "here.yml").write_text(yaml.safe_dump({"services": {AGENT: here}}))
    values = {"COMPOSE_FILE": "compose.yml:here.yml", "CONNECTWARE_VERSION": VERSION, "CONNECTWARE_HOST": "127.0.0.1"}
    (folder / ".env").write_text("".join(f"{key}={value}\n" for key, value in values.items()))
    subprocess.run(["docker-compose", "up", "--detach"], cwd=folder, check=True, capture_output=True)
    yield folder
    subprocess.run(["docker-compose", "down", "--volumes"], cwd=folder, check=True, capture_output=True)


def play(site: Factory, *arguments: str, **env: str) -> str:
    """Run ansible-playbook as a user would, with the connection to Connectware in the environment."""
    variables = site.variables
    done = subprocess.run(
        ["ansible-playbook", *arguments],
        cwd=site.directory,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_NOCOLOR": "1",
            "CONNECTWARE_URL": variables["connectware_url"],
            "CONNECTWARE_CA_PATH": variables["connectware_ca_path"],
            "CONNECTWARE_USERNAME": variables["connectware_username"],
            "CONNECTWARE_PASSWORD": variables["connectware_password"],
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def local(site: Factory, name: str) -> str:
    """An inventory of the documentation with its host on this machine."""
    inventory = yaml.safe_load((EXAMPLES / name).read_text())
    inventory["factories"]["vars"] = {
        key: site.variables[key]
        for key in ("ansible_connection", "ansible_python_interpreter", "agents_poll_interval", "agents_settle")
    }
    path = site.directory / "inventory.yml"
    path.write_text(yaml.safe_dump(inventory))
    return str(path)


def test_an_agent_of_compose_is_adopted(site, compose):
    del compose
    made = inspect("container", CONTAINER)["Id"]
    inventory = local(site, "compose/inventory.yml")
    assert "failed=0" in play(site, "-i", inventory, "edgefleet.connectware.rollout")
    until(lambda: site.connected(AGENT), "it is connected")
    assert inspect("container", CONTAINER)["Id"] == made
    assert "changed=0" in play(site, "-i", inventory, "edgefleet.connectware.rollout")


@pytest.mark.long
def test_an_agent_of_compose_is_registered_by_its_log(site, compose):
    until(lambda: "pairing ID" in docker("logs", CONTAINER), "it asks")
    inventory = local(site, "compose/inventory.yml")
    where = json.dumps({"compose_directory": str(compose), "compose_command": ["docker-compose"]})
    arguments = ("-i", inventory, str(EXAMPLES / "compose" / "register.yml"), "--extra-vars", where)
    assert "changed=1" in play(site, *arguments)
    until(lambda: site.connected(AGENT), "it is connected")
    assert not site.simulator.state()["window"]["open"]
    assert "changed=0" in play(site, *arguments)


@pytest.fixture
def kubernetes(site, compose) -> Iterator[str]:
    """The real kubectl; only the cluster behind it is a small stand-in that gives it the log of a real agent."""
    del compose
    needed("kubectl", "kubernetes-client")
    until(lambda: "pairing ID" in docker("logs", CONTAINER), "it asks")
    cluster = Cluster(lambda: docker("logs", CONTAINER).encode())
    config = str(cluster.config(site.directory / "kubeconfig"))
    seen = subprocess.run(
        ["kubectl", "logs", "--namespace", NAMESPACE, POD], env={**os.environ, "KUBECONFIG": config},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "pairing ID" in seen.stdout
    yield config
    cluster.stop()


def test_an_agent_of_kubernetes_is_registered_by_its_log(site, kubernetes):
    register = str(EXAMPLES / "kubernetes" / "register.yml")
    assert "changed=1" in play(site, register, KUBECONFIG=kubernetes)
    until(lambda: site.connected(AGENT), "it is connected")
    assert "changed=0" in play(site, register, KUBECONFIG=kubernetes)


def documented(site: Factory, name: str, **replaced: str) -> list[dict[str, object]]:
    """The tasks that `ansible-doc` shows, with the addresses of this machine."""
    text = example(name).replace("https://connectware.example.com", site.variables["connectware_url"])
    for there, here in replaced.items():
        assert there in text
        text = text.replace(there, here)
    return yaml.safe_load(text)


def play_tasks(site: Factory, tasks: list[dict[str, object]], **env: str) -> str:
    path = site.directory / "documented.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    body = {"username": "rollout", "password": site.variables["connectware_password"]}
    token = site.simulator.client(None)("POST", "/api/login", json=body).json()["token"]
    nobody = {"CONNECTWARE_USERNAME": "", "CONNECTWARE_PASSWORD": ""}
    return play(site, str(path), "--extra-vars", json.dumps({"vault_connectware_token": token}), **nobody, **env)


def test_the_example_of_pairing_id(site, kubernetes):
    play_tasks(site, documented(site, "filter/pairing_id"), KUBECONFIG=kubernetes)
    until(lambda: site.connected(AGENT), "it is connected")


def test_the_examples_of_registered_client(site, compose):
    """With the command of Docker Compose that Debian has."""
    until(lambda: "pairing ID" in docker("logs", CONTAINER), "it asks")
    here = {"docker compose": "docker-compose", "/opt/connectware": str(compose)}
    read, register, remove = documented(site, "module/registered_client", **here)
    assert "changed=1" in play_tasks(site, [read, register])
    until(lambda: site.connected(AGENT), "it is connected")
    assert "changed=1" in play_tasks(site, [remove])
    assert AGENT not in site.simulator.usernames()


@pytest.mark.long
def test_an_agent_of_compose_is_taken_over_without_a_new_registration(site, compose):
    play(site, "-i", local(site, "compose/inventory.yml"), "edgefleet.connectware.rollout")
    until(lambda: site.connected(AGENT), "it is connected")
    before = user_of(site)
    subprocess.run(
        ["docker-compose", "rm", "--stop", "--force", AGENT], cwd=compose, check=True, capture_output=True
    )  # fmt: skip
    site.count_from_now()
    inventory = yaml.safe_load(Path(local(site, "migrate/inventory.yml")).read_text())
    of_the_container = ("agents_image", "agents_version", "agents_pull", "agents_network_mode", "agents_env")
    here = {key: site.variables[key] for key in (*of_the_container, "agents_mqtt_host", "agents_mqtt_port")}
    inventory["factories"]["vars"].update(here)
    path = site.directory / "taken_over.yml"
    path.write_text(yaml.safe_dump(inventory))
    try:
        play(site, "-i", str(path), "edgefleet.connectware.rollout")
        until(lambda: site.connected(AGENT), "it is connected")
        made = site.container(AGENT)
        assert made is not None
        assert [mount["Name"] for mount in made["Mounts"]] == ["welding_welder-robots"]
        assert user_of(site) == before
        assert site.counts()["writes"] == 0, "nobody was authorized, no window was opened"
        assert "changed=0" in play(site, "-i", str(path), "edgefleet.connectware.rollout")
    finally:
        clean(AGENT)


def user_of(site: Factory) -> dict[str, object]:
    return next(user for user in site.simulator.state()["users"] if user["username"] == AGENT)


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


@pytest.mark.long
@pytest.mark.parametrize("page", ["guide_rollout", "guide_contract"])
def test_one_agent_first_goes_as_the_guides_tell(factory, page):
    """In an inventory of two hosts."""
    site = Site(factory(1))
    path = site.inventory()
    inventory = yaml.safe_load(path.read_text())
    one, two, other = (f"{site.prefix}{name}" for name in ("press-01", "press-02", "robot-01"))
    hosts = inventory["factories"]["hosts"]
    hosts[HOST]["agents_list"][1]["username"] = user = f"{site.prefix}user-02"
    hosts["munich.example.com"] = {"agents_list": [{"name": other}]}
    path.write_text(yaml.safe_dump(inventory))
    guide = next(path for path in GUIDES if path.stem == page)
    said = "\n".join(site.in_words_of_here(block.code) for block in blocks(guide) if "agents_only" in block.code)
    commands = [command for command in said.replace("\\\n", "").splitlines() if command]

    site.shell(commands.pop(0))
    assert set(site.factory.starts([one, two, other])) == {one}
    if commands:
        rollout, retire = commands
        site.shell(rollout)
        assert {one, user, other} <= site.simulator.usernames()
        site.shell(retire)
        assert set(site.factory.starts([one, two, other])) == {one, other}
        assert site.simulator.usernames() & {one, two, user, other} == {one, other}


class FirstRollout:
    """The commands of the guide's first part, in a folder with its files.

    Only what another machine has otherwise is laid over them: ports that are free, names of their own, and the packages
    and images that the tests have already.
    """

    PREFIX = "it-first-"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        guide = next(page for page in GUIDES if page.stem == "guide_rollout")
        first_part = guide.read_text().partition("\nPart two")[0].count("\n")
        shells = [block.code for block in blocks(guide) if block.language == "shell" and block.line <= first_part]
        self.commands = [self._here(code) for code in shells if "ansible-galaxy" not in code]
        self.exports = ""
        self.port = str(free_port())
        for name in ("inventory.yml", "simulator.yml"):
            (folder / name).write_text(self._here((EXAMPLES / "first_rollout" / name).read_text()))
        mqtt, mqtts = free_port(), free_port()
        (folder / "host_vars").mkdir()
        (folder / "host_vars" / "this-machine.yml").write_text(
            yaml.safe_dump(
                {
                    "ansible_python_interpreter": sys.executable,
                    "simulator_install": False,
                    "simulator_venv": sys.prefix,
                    "simulator_mqtt_port": mqtt,
                    "simulator_mqtts_port": mqtts,
                    "simulator_api_port": int(self.port),
                    "simulator_image_name": IMAGE,
                    "agents_image": IMAGE,
                    "agents_mqtt_port": mqtt,
                    "agents_poll_interval": 2,
                    "agents_settle": 4,
                    "agents_env": {"CYBUS_HOSTNAME_INGRESS": f"127.0.0.1:{self.port}"},
                }
            )
        )

    def _here(self, text: str) -> str:
        return text.replace("hh-press-", self.PREFIX)

    def next(self, *, fails: bool = False, again: bool = False) -> str:
        """Run the next block of the guide in a shell of its own, with what the guide has exported before."""
        code = self.commands[0] if again else self.commands.pop(0)
        if code.startswith("export "):
            self.exports = code.replace(":8443", f":{self.port}")
            return ""
        done = subprocess.run(
            ["bash", "-e", "-c", self.exports + code],
            cwd=self.folder,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout

    def container(self, number: int) -> dict[str, object] | None:
        return inspect("container", f"connectware-agent-{self.PREFIX}0{number}")


@pytest.fixture
def first_rollout(agent_images, tmp_path) -> Iterator[FirstRollout]:
    del agent_images
    guide = FirstRollout(tmp_path)
    yield guide
    if guide.commands:  # the last block, which was not reached, removes everything
        guide.commands = guide.commands[-1:]
        try:
            guide.next()
        finally:
            clean(guide.PREFIX)


def test_the_first_rollout_goes_as_the_guide_tells(first_rollout):
    guide = first_rollout
    guide.next()
    assert (guide.folder / "simulator" / "state" / "ca.pem").exists()
    guide.next()  # exports
    assert "would be created, would be registered" in guide.next()
    assert guide.container(1) is None, "check mode has written nothing"

    assert guide.next(again=True).count("first_start  created, authorized, restarted") == 2
    assert guide.container(1) is not None
    assert "changed=0 " in guide.next()

    assert "conflict" in guide.next(fails=True)
    assert "user_deleted, restarted, authorized, restarted" in guide.next()

    assert '"open": false' in guide.next()
    assert (guide.folder / "connectware-audit" / "audit.html").exists()

    guide.next()
    assert guide.commands == []
    assert guide.container(1) is None and inspect("volume", f"connectware-agent-{guide.PREFIX}02") is None
    assert not (guide.folder / "simulator").exists()
