# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an integration test stands on: the simulator as a process, the docker command, and ansible-playbook.

Nothing here uses the code under test: containers are asked for with the docker command, the server through the
simulator's control API.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from simulator.harness import Simulator

ROOT = Path(__file__).resolve().parents[2]
# Checkouts that share a Docker Engine give their agent images different names.
IMAGE = os.environ.get("TEST_AGENT_IMAGE", "connectware-simulator-agent")
VERSION = "1.8.0"
NEXT_VERSION = "1.8.1"
LABEL = "edgefleet.connectware.agent"
SOCKET = "/var/run/docker.sock"
ENGINE = f"unix://{SOCKET}"  # of this machine, where a test names it
COLLECTIONS = Path(os.environ.get("ANSIBLE_COLLECTIONS_PATH", ROOT / ".build" / "collections"))


def docker(*arguments: str, check: bool = True) -> str:
    """Run the docker command; returns what it printed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=120)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """What the engine says of a container, volume or image; None if it does not exist."""
    done = subprocess.run(["docker", kind, "inspect", name], capture_output=True, text=True, check=False, timeout=60)
    return json.loads(done.stdout)[0] if done.returncode == 0 else None


def play_locally(playbook: str, **variables: Any) -> None:
    """Run one of the set-up playbooks of tests/tools on this machine."""
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(ROOT / "tests" / "tools" / playbook)]
    command += ["--extra-vars", json.dumps(variables)]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    with one_at_a_time():
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Images and packages of this machine are made by one process of the tests after the other."""
    with (Path(tempfile.gettempdir()) / "edgefleet-connectware-tests.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass
class Run:
    """An ansible-playbook that has ended."""

    code: int
    output: str
    report: dict[str, Any]

    @property
    def agents(self) -> dict[str, dict[str, Any]]:
        return {agent["name"]: agent for agent in self.report.get("agents", [])}

    @property
    def changed(self) -> int:
        return self.changes["factory"]

    @property
    def changes(self) -> dict[str, int]:
        """How many tasks have changed something, by host."""
        return {host: row["changed_tasks"] for host, row in self.report["hosts"].items()}

    def ok(self) -> Run:
        assert self.code == 0, self.output
        return self

    def failed(self, *texts: str) -> Run:
        assert self.code != 0, self.output
        flat = " ".join(self.output.split())
        for text in texts:
            assert text in flat, f"{text!r} is not in:\n{self.output}"
        return self


@dataclass
class Factory:
    """One factory host (this machine) with agents, and the playbooks run on it."""

    simulator: Simulator
    directory: Path
    agents: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)  # of ansible-playbook, over that of the tests
    of_host: dict[str, Any] = field(default_factory=dict)  # variables of this host alone, and not of the controller

    def __post_init__(self) -> None:
        end = self.simulator.endpoints
        self.variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "agents_image": IMAGE,
            "agents_version": VERSION,
            "agents_pull": "never",
            "agents_mqtt_host": "127.0.0.1",
            "agents_mqtt_port": end["mqtt_port"],
            "agents_network_mode": "host",
            "agents_env": {"CYBUS_HOSTNAME_INGRESS": end["ingress"], "SIMULATOR_POLL_INTERVAL": "1"},
            "agents_poll_interval": 2,
            "agents_settle": 4,
            "connectware_url": end["url"],
            "connectware_username": "rollout",
            "connectware_password": self.simulator.passwords()["rollout"],
            "connectware_ca_path": end["ca_path"],
            **self.variables,
        }

    def names(self) -> list[str]:
        return [agent["name"] for agent in self.agents]

    def play(self, playbook: str, *arguments: str, hosts: dict[str, Any] | None = None, **variables: Any) -> Run:
        """Run a playbook of the installed collection, or a file, against this host."""
        command, env = self._prepared(playbook, arguments, hosts, variables)
        done = subprocess.run(
            command, cwd=self.directory, env=env, capture_output=True, text=True, check=False, timeout=300
        )
        report, output = self.directory / "report.json", done.stdout + done.stderr
        return Run(done.returncode, output, json.loads(report.read_text()) if report.exists() else {})

    def start(
        self, playbook: str, *arguments: str, hosts: dict[str, Any] | None = None, **variables: Any
    ) -> subprocess.Popen[bytes]:
        """Start a playbook in a process group of its own, to be interrupted."""
        command, env = self._prepared(playbook, arguments, hosts, variables)
        # Whoever runs the tests in the background may have made them deaf to SIGINT.
        command = ["env", "--default-signal=INT,TERM", *command]
        with (self.directory / "started.log").open("wb") as log:
            return subprocess.Popen(
                command, cwd=self.directory, env=env, stdout=log, stderr=log, start_new_session=True
            )

    def workers(self) -> list[int]:
        """Processes that are left of a run in this directory."""
        numbers = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [int(entry.name) for entry in numbers if _runs_in(entry, self.directory)]

    def kill_all(self, process: subprocess.Popen[bytes]) -> bool:
        """SIGKILL the whole tree of a run: its process group, and workers that have made one of their own.

        Returns:
            Whether the run has ended by that.
        """
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        while left := self.workers():
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        return process.returncode == -signal.SIGKILL

    def _prepared(
        self, playbook: str, arguments: Iterable[str], hosts: dict[str, Any] | None, variables: dict[str, Any]
    ) -> tuple[list[str], dict[str, str]]:
        inventory = {
            "all": {
                "hosts": hosts or {"factory": {"agents_list": self.agents, **self.of_host}},
                "vars": {**self.variables, **variables},
            }
        }
        (self.directory / "inventory.yml").write_text(yaml.safe_dump(inventory))
        report = self.directory / "report.json"
        report.unlink(missing_ok=True)
        env = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CALLBACKS_ENABLED": "edgefleet.connectware.rollout_report,ansible.builtin.default",
            "CONNECTWARE_REPORT_PATH": str(report),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_PIPELINING": "1",  # as a user with many hosts has it; it saves each module four processes
            **self.environment,
        }
        playbook = playbook if playbook.endswith(".yml") else f"edgefleet.connectware.{playbook}"
        return ["ansible-playbook", "-i", "inventory.yml", playbook, *arguments], env

    def deploy(self, *arguments: str, **variables: Any) -> Run:
        """Bring the containers to what is wanted, and register nobody: as a run that was killed in between."""
        role = {"name": "edgefleet.connectware.agents", "tasks_from": "deploy"}
        play = {"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.include_role": role}]}
        (self.directory / "deploy.yml").write_text(yaml.safe_dump([play]))
        return self.play("deploy.yml", *arguments, **variables)

    def rollout(self, *arguments: str, **variables: Any) -> Run:
        return self.play("rollout", *arguments, **variables)

    def retire(self, *arguments: str, **variables: Any) -> Run:
        return self.play("retire", "--extra-vars", "agents_hosts=all", *arguments, **variables)

    def container(self, name: str) -> dict[str, Any] | None:
        return inspect("container", f"connectware-agent-{name}")

    def volume(self, name: str) -> dict[str, Any] | None:
        return inspect("volume", f"connectware-agent-{name}")

    def marks(self) -> list[str]:
        """The agents that the host takes for never registered, by what docker shows."""
        label = "edgefleet.connectware.unregistered"
        listed = docker("volume", "ls", "--filter", f"label={label}", "--format", f'{{{{.Label "{label}"}}}}')
        return sorted(set(listed.split()) & set(self.names()))

    def starts(self, names: Iterable[str] | None = None) -> dict[str, tuple[str, str]]:
        """Container ID and start time of each agent: what changes when an agent is touched."""
        found = {name: self.container(name) for name in (names or self.names())}
        return {name: (c["Id"], c["State"]["StartedAt"]) for name, c in found.items() if c}

    def connected(self, name: str) -> bool:
        """The agent itself is logged in at the broker with credentials of its own."""
        return name in self.simulator.connected()

    def pending(self) -> list[tuple[str, str]]:
        return [(request["username"], request["pairing_id"]) for request in self.simulator.state()["pending"]]

    def counts(self) -> dict[str, Any]:
        """Requests that the simulator got since the last reset."""
        return self.simulator.control("GET", "requests")

    def count_from_now(self) -> None:
        self.simulator.control("POST", "reset-counters")


def _runs_in(process: Path, directory: Path) -> bool:
    try:
        return process.joinpath("cwd").resolve() == directory.resolve()
    except OSError:
        return False


def clean(prefix: str) -> None:
    """Remove containers and volumes of the tests."""
    names = docker("ps", "-aq", "--filter", f"name=connectware-agent-{prefix}").split()
    if names:
        docker("rm", "-f", *names)
    volumes = docker("volume", "ls", "-q", "--filter", f"name=connectware-agent-{prefix}").split()
    if volumes:
        docker("volume", "rm", *volumes)
