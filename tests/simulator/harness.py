# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator in a process of its own, on free ports of the loopback, and clients of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

FILES = Path(__file__).resolve().parents[2] / "roles" / "simulator" / "files"
AGENT = FILES / "agent" / "agent.py"


def until(condition: Callable[[], Any], what: str, seconds: float = 10) -> Any:
    """Wait for a condition and return what it gave."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


class Client:
    """Whoever is logged in to the API."""

    def __init__(self, simulator: Simulator, token: str | None = None) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy and no other CA
        self.session.verify = simulator.endpoints["ca_path"]
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        more.setdefault("allow_redirects", False)
        return self.session.request(method, self.simulator.endpoints["url"] + path, timeout=10, **more)


class Simulator:
    """A simulator process and what tests do with it."""

    def __init__(self, state_dir: Path, *arguments: str, config: dict[str, Any] | None = None) -> None:
        self.state_dir = state_dir
        self.arguments = list(arguments)
        self.ports = {"api": 0, "mqtt": 0, "mqtts": 0, "control": 0}
        self._config_path = state_dir.parent / f"{state_dir.name}.json"
        if config is not None:
            self.configure(config)
            self.arguments += ["--config", str(self._config_path)]
        self.environment: dict[str, str] = {}
        self.endpoints: dict[str, Any] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self, config: dict[str, Any]) -> None:
        """Write the configuration that the next start reads."""
        self._config_path.write_text(json.dumps(config))

    def start(self) -> Simulator:
        ports = [item for name, port in self.ports.items() for item in (f"--{name}-port", str(port))]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "connectware_simulator",
                "--state-dir",
                str(self.state_dir),
                *ports,
                *self.arguments,
            ],
            cwd=FILES,
            env={"PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin", **self.environment},
            stdout=subprocess.DEVNULL,
        )
        path = self.state_dir / "endpoints.json"
        until(lambda: path.exists() or self.process.poll() is not None, "the simulator listens", 20)
        assert self.process.poll() is None, "the simulator ended at once"
        self.endpoints = json.loads(path.read_text())
        self.ports = {name: self.endpoints[f"{name}_port"] for name in self.ports}
        return self

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()

    def kill(self) -> None:
        """End it as a power cut would: nothing is written any more, and its endpoints are left behind."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self.state_dir.joinpath("endpoints.json").unlink(missing_ok=True)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None, expect: int = 0) -> Any:
        answer = requests.request(method, f"{self.endpoints['control_url']}/control/{path}", json=body, timeout=10)
        assert answer.ok if not expect else answer.status_code == expect, answer.text
        return answer.json()

    def state(self) -> dict[str, Any]:
        return self.control("GET", "state")

    def switch(self, **switches: Any) -> None:
        self.control("PUT", "switches", switches)

    def passwords(self) -> dict[str, str]:
        users = json.loads(Path(self.endpoints["credentials_path"]).read_text())
        return {user["username"]: user["password"] for user in users}

    def client(self, username: str | None = "admin", **login: Any) -> Client:
        if username is None:
            return Client(self)
        body = {"username": username, "password": self.passwords()[username], **login}
        return Client(self, Client(self)("POST", "/api/login", json=body).json()["token"])

    def usernames(self) -> set[str]:
        return {user["username"] for user in self.state()["users"]}

    def connected(self) -> list[str]:
        return [client["username"] for client in self.state()["mqtt_clients"]]


class Agent:
    """The agent's script as a process, with a folder for its volume."""

    def __init__(self, simulator: Simulator, data: Path, name: str = "press-01", **env: str) -> None:
        self.name = name
        self.data = data
        self._env = {
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "CYBUS_AGENT_MODE": "distributed",
            "CYBUS_AGENT_NAME": name,
            "CYBUS_MQTT_HOST": "127.0.0.1",
            "CYBUS_MQTT_PORT": str(simulator.endpoints["mqtt_port"]),
            "CYBUS_HOSTNAME_INGRESS": simulator.endpoints["ingress"],
            "SIMULATOR_DATA_DIR": str(data),
            "SIMULATOR_POLL_INTERVAL": "0.1",
            **env,
        }
        self._log = data.parent / f"{data.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def credentials(self) -> Path:
        return self.data / "credentials.json"

    def start(self) -> Agent:
        self.data.mkdir(exist_ok=True)
        self._log.unlink(missing_ok=True)
        with self._log.open("wb") as stream:
            self.process = subprocess.Popen([sys.executable, str(AGENT)], env=self._env, stdout=stream, stderr=stream)
        return self

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(5)
        finally:
            self.process.kill()

    def exit_code(self) -> int:
        assert self.process is not None
        return self.process.wait(10)

    def log(self) -> str:
        """Everything the process has written since its start."""
        return self._log.read_text(errors="replace")

    def log_bytes(self) -> bytes:
        """The same, where it need not be text."""
        return self._log.read_bytes()

    def messages(self) -> list[str]:
        return [json.loads(line)["msg"] for line in self.log().splitlines()]

    def wait_for(self, text: str, times: int = 1) -> None:
        until(lambda: self.log().count(text) >= times, f"{text!r} in the log, which is: {self.log()}")

    def pairing_ids(self) -> list[str]:
        mark = "pairing ID (should match in UI): "
        return [line.partition(mark)[2][:6] for line in self.log().splitlines() if mark in line]
