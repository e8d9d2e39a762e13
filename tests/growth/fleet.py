# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many factory hosts: the stub's engines, the real simulator, an inventory, and playbooks run on it and measured."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from growth.meter import Meter, Usage
from simulator.harness import Simulator, until

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = Path(os.environ.get("ANSIBLE_COLLECTIONS_PATH", ROOT / ".build" / "collections"))
VERSION = "1.8.0"
AGENTS = 5  # a host
SETTLE = 10.5  # seconds, a little more than the role's agents_settle
LONGEST_LOGIN = 1200  # seconds for the first logins of all agents of a fleet
TOGETHER = 50  # calls to engines at a time while a fleet is made
PASSWORD = "stored-by-an-earlier-rollout"


@dataclass
class Run:
    """A playbook that has ended, and what it took."""

    code: int
    output: str
    report: dict[str, Any]
    usage: Usage
    requests: dict[str, int]  # to the simulator's API, by operation; those of the agents themselves left out
    engine_calls: dict[str, int]

    def ok(self) -> Run:
        assert self.code == 0, self.output[-8000:]
        return self

    def agents(self) -> dict[str, dict[str, Any]]:
        return {agent["name"]: agent for agent in self.report.get("agents", [])}

    def changed(self) -> set[str]:
        """The hosts where something was changed."""
        return {host for host, row in self.report["hosts"].items() if row["changed_tasks"]}


@dataclass
class Fleet:
    """So many hosts with so many agents each.

    Attributes:
        folder: short, because the paths of sockets are limited.
        variables: over those that every host gets.
    """

    folder: Path
    size: int
    agents: int = AGENTS
    forks: int = 20
    variables: dict[str, Any] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)
    registered: bool = False
    _simulator: Simulator | None = None
    _engines: subprocess.Popen[str] | None = None

    @property
    def simulator(self) -> Simulator:
        assert self._simulator is not None, "the fleet is not up"
        return self._simulator

    def hosts(self) -> list[str]:
        return [f"h{number:04d}" for number in range(1, self.size + 1)]

    def names(self, host: str) -> list[str]:
        """The agents of a host."""
        return [f"growth-{host}-{number}" for number in range(1, self.agents + 1)]

    def all_names(self) -> list[str]:
        return [name for host in self.hosts() for name in self.names(host)]

    @contextmanager
    def up(self) -> Iterator[Fleet]:
        """Simulator and engines run within."""
        self.folder.mkdir(parents=True, exist_ok=True)
        users = [{"username": n, "role": "connectware-agent", "password": PASSWORD} for n in self.all_names()]
        config = {"version": VERSION, "switches": self.switches, "users": users if self.registered else []}
        self._simulator = Simulator(self.folder / "simulator", config=config).start()
        try:
            self._engines = self._start_engines()
            try:
                if self.registered:
                    self._as_after_a_rollout()
                yield self
            finally:
                self._engines.terminate()
                self._engines.wait(30)
        finally:
            self._simulator.stop()

    def _start_engines(self) -> subprocess.Popen[str]:
        names = self.folder / "hosts.json"
        names.write_text(json.dumps(self.hosts()))
        env = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
        command = [sys.executable, "-m", "growth", str(self.folder), str(names)]
        engines = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
        assert engines.stdout is not None
        assert engines.stdout.readline().strip() == "ready", "the engines of the stub do not start"
        return engines

    def _as_after_a_rollout(self) -> None:
        """Roll out the first host for real, and make all others what that has become.

        Through the engines' own API. The users are there already, and so are the credentials in the volumes.
        """
        first, *others = self.hosts()
        for name in self.names(first):
            self.simulator.control("DELETE", f"users/{name}")
        self.play("rollout", "--limit", first, fresh=False).ok()
        bodies = self.ask_engine(first, "/growth/bodies")
        asyncio.run(self._copy(first, others, bodies))
        wanted = len(self.all_names())

        def connected() -> bool:
            return bool(self.ask_engine(first, "/growth/connected") == wanted)

        until(connected, "all agents are let in by the broker", LONGEST_LOGIN)
        time.sleep(SETTLE)  # from then on, no agent counts as one that has just started

    async def _copy(self, first: str, others: list[str], bodies: dict[str, Any]) -> None:
        gate = asyncio.Semaphore(TOGETHER)

        async def one(host: str) -> None:
            async with gate, aiohttp.ClientSession(connector=aiohttp.UnixConnector(self.socket(host))) as session:
                for name, body in bodies.items():
                    await self._copy_one(session, name.replace(first, host), _renamed(body, first, host))

        await asyncio.gather(*map(one, others))

    async def _copy_one(self, session: aiohttp.ClientSession, name: str, body: dict[str, Any]) -> None:
        label = {key: value for key, value in body["Labels"].items() if key.endswith(".agent")}
        source = body["HostConfig"]["Mounts"][0]["Source"]
        volume = await _post(session, "/volumes/create", {"Name": source, "Labels": label})
        agent = next(iter(label.values()))
        stored = json.dumps({"username": agent, "password": PASSWORD})
        (Path(volume["Mountpoint"]) / "credentials.json").write_text(stored)
        made = await _post(session, f"/containers/create?name={name}", body)
        await _post(session, f"/containers/{made['Id']}/start", None)

    def socket(self, host: str) -> str:
        return str(self.folder / f"{host}.sock")

    def ask_engine(self, host: str, path: str) -> Any:
        """A host's engine, directly."""

        async def ask() -> Any:
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(self.socket(host))) as session,
                session.get(f"http://engine{path}") as answer,
            ):
                assert answer.status == 200, await answer.text()
                return await answer.json()

        return asyncio.run(ask())

    def play(
        self, playbook: str, *arguments: str, fresh: bool = True, size: int | None = None, **variables: Any
    ) -> Run:
        """Run a playbook of the installed collection.

        Args:
            fresh: count requests from now on.
            size: only so many hosts are in the inventory.
        """
        command, env = self._prepared(playbook, arguments, self.hosts()[:size], variables)
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        if fresh:
            self.simulator.control("POST", "reset-counters")
            self.ask_engine(self.hosts()[0], "/growth/calls")
        output, times = self.folder / "output.log", self.folder / "worker_times.txt"
        times.write_text("")
        with output.open("wb") as log:
            started = subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log)
            usage = Meter(started.pid, times).until_end_of(started)
        counted = self.simulator.control("GET", "requests")["operations"]
        return Run(
            started.returncode,
            output.read_text(errors="replace"),
            json.loads(report.read_text()) if report.exists() else {},
            usage,
            {name: count for name, count in counted.items() if name != "register"},
            self.ask_engine(self.hosts()[0], "/growth/calls"),
        )

    def _prepared(
        self, playbook: str, arguments: tuple[str, ...], names: list[str], variables: dict[str, Any]
    ) -> tuple[list[str], dict[str, str]]:
        hosts = {
            host: {
                "agents_list": [{"name": name} for name in self.names(host)],
                "agents_docker_host": f"unix://{self.socket(host)}",
            }
            for host in names
        }
        inventory = {"all": {"hosts": hosts, "vars": {**self._common(), **self.variables, **variables}}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        env = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CALLBACKS_ENABLED": "edgefleet.connectware.rollout_report,ansible.builtin.default,worker_times",
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callbacks"),
            "GROWTH_WORKER_TIMES": str(self.folder / "worker_times.txt"),
            "CONNECTWARE_REPORT_PATH": str(self.folder / "report.json"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_FORKS": str(self.forks),
        }
        return ["ansible-playbook", "-i", "inventory.json", f"edgefleet.connectware.{playbook}", *arguments], env

    def _common(self) -> dict[str, Any]:
        end = self.simulator.endpoints
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "agents_image": "connectware-agent-growth",
            "agents_version": VERSION,
            "agents_pull": "never",
            "agents_mqtt_host": "127.0.0.1",
            "agents_mqtt_port": end["mqtt_port"],
            "agents_network_mode": "host",
            "agents_env": {
                "CYBUS_HOSTNAME_INGRESS": end["ingress"],
                "SIMULATOR_CA_FILE": end["ca_path"],
                "SIMULATOR_POLL_INTERVAL": "2",
            },
            "connectware_url": end["url"],
            "connectware_username": "rollout",
            "connectware_password": self.simulator.passwords()["rollout"],
            "connectware_ca_path": end["ca_path"],
        }


def _renamed(body: dict[str, Any], first: str, host: str) -> dict[str, Any]:
    return json.loads(json.dumps(body).replace(first, host))


async def _post(session: aiohttp.ClientSession, path: str, body: Any) -> Any:
    async with session.post(f"http://engine{path}", json=body) as answer:
        assert answer.status in (201, 204), f"{path}: {await answer.text()}"
        return await answer.json() if answer.status == 201 else None
