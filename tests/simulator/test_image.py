# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image of the agent in a real Docker Engine, hardened as a rollout would run it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator

import pytest
from simulator.harness import Simulator, until

IMAGE = os.environ.get("SIMULATOR_AGENT_IMAGE", "connectware-simulator-agent:1.8.0")
HARDENED = ["--init", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=host"]

pytestmark = pytest.mark.docker


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def _engine_and_image() -> None:
    if shutil.which("docker") is None:
        pytest.skip("no docker command here")
    inspected = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, text=True, check=False)
    if inspected.returncode != 0:
        pytest.skip(f"no Docker Engine with the image {IMAGE}: {inspected.stderr.strip()}")


@pytest.fixture
def name() -> Iterator[str]:
    """The name of a container and a volume, both gone afterwards."""
    unique = f"simulator-test-{uuid.uuid4().hex[:8]}"
    yield unique
    docker("rm", "--force", "--volumes", unique, check=False)
    docker("volume", "rm", "--force", unique, check=False)


def run(simulator: Simulator, name: str, *arguments: str, init: bool = True) -> None:
    env = {
        "CYBUS_AGENT_MODE": "distributed",
        "CYBUS_AGENT_NAME": name,
        "CYBUS_MQTT_HOST": "127.0.0.1",
        "CYBUS_MQTT_PORT": str(simulator.endpoints["mqtt_port"]),
        "CYBUS_HOSTNAME_INGRESS": simulator.endpoints["ingress"],
        "SIMULATOR_POLL_INTERVAL": "0.2",
    }
    settings = [item for key, value in env.items() for item in ("--env", f"{key}={value}")]
    hardened = HARDENED if init else HARDENED[1:]
    volume = f"--volume={name}:/data"
    docker("run", "--detach", f"--name={name}", volume, *hardened, *settings, *arguments, IMAGE)


@pytest.mark.parametrize("user", [[], ["--user=4711:4711"], ["--user=0:0"]])
def test_life_in_a_container(simulator: Simulator, name: str, user: list[str]) -> None:
    run(simulator, name, *user)
    until(lambda: "pairing ID" in docker("logs", name), "the pairing line")
    simulator.control("POST", "window", {"open_ms": 60000})
    until(lambda: simulator.state()["pending"], "the agent asks")
    admin = simulator.client("admin")
    assert admin("POST", "/api/client-registry/confirm", json={"username": name}).ok
    until(lambda: simulator.connected() == [name], "the agent is connected")
    started = json.loads(docker("inspect", name))[0]["State"]["StartedAt"]
    docker("restart", "--time=5", name)
    until(lambda: "Connected to broker" in docker("logs", f"--since={_now_started(name, started)}", name), "connected")
    assert "pairing ID" not in docker("logs", f"--since={_now_started(name, started)}", name)


def _now_started(name: str, before: str) -> str:
    started = json.loads(docker("inspect", name))[0]["State"]["StartedAt"]
    assert started != before
    return str(started)


def test_stops_quickly_as_process_1(simulator: Simulator, name: str) -> None:
    run(simulator, name, init=False)
    until(lambda: "pairing ID" in docker("logs", name), "the pairing line")
    start = time.monotonic()
    docker("stop", "--time=10", name)
    assert time.monotonic() - start < 5
    assert json.loads(docker("inspect", name))[0]["State"]["ExitCode"] == 0
