# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation, run as they stand: agents of Docker Compose and of Kubernetes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from integration.bed import COLLECTIONS, IMAGE, ROOT, VERSION, Factory, docker, inspect, one_at_a_time
from integration.kubernetes import NAMESPACE, POD, Cluster
from simulator.harness import until

EXAMPLES = ROOT / "docs" / "examples"
AGENT = "welder-robots"
CONTAINER = "welding_welder-robots_1"


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
    here = {"image": f"{IMAGE}:{VERSION}", "network_mode": "host", "environment": env}
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


def test_an_agent_of_compose_is_registered_by_its_log(site, compose):
    until(lambda: "pairing ID" in docker("logs", CONTAINER), "it asks")
    inventory = local(site, "compose/inventory.yml")
    where = json.dumps({"compose_directory": str(compose), "compose_command": ["docker-compose"]})
    arguments = ("-i", inventory, str(EXAMPLES / "compose" / "register.yml"), "--extra-vars", where)
    assert "changed=1" in play(site, *arguments)
    until(lambda: site.connected(AGENT), "it is connected")
    assert not site.simulator.state()["window"]["open"]
    assert "changed=0" in play(site, *arguments)


def test_an_agent_of_kubernetes_is_registered_by_its_log(site, compose):
    """The real kubectl; only the cluster behind it is a small stand-in that gives it the log of a real agent."""
    del compose
    needed("kubectl", "kubernetes-client")
    until(lambda: "pairing ID" in docker("logs", CONTAINER), "it asks")
    cluster = Cluster(lambda: docker("logs", CONTAINER).encode())
    try:
        config = str(cluster.config(site.directory / "kubeconfig"))
        seen = subprocess.run(
            ["kubectl", "logs", "--namespace", NAMESPACE, POD], env={**os.environ, "KUBECONFIG": config},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert "pairing ID" in seen.stdout
        example = str(EXAMPLES / "kubernetes" / "register.yml")
        assert "changed=1" in play(site, example, KUBECONFIG=config)
        until(lambda: site.connected(AGENT), "it is connected")
        assert "changed=0" in play(site, example, KUBECONFIG=config)
    finally:
        cluster.stop()
