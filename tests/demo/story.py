# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make demo`: the life of some agents on this machine, told in steps; every step is checked and says what it took.

The playbooks are those of the installed collection. What they did is checked with the docker command and with the
simulator's control API, never with the collection itself.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import yaml

PREFIX = "demo-press-0"
IMPOSTOR_ID = "ffffff"


class BrokenPromiseError(Exception):
    """A step did not do what it promised."""


class Machine:
    """This machine: its containers, its simulator, and the playbooks run on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.agents: list[dict[str, Any]] = []
        self.endpoints: dict[str, Any] = {}

    # what runs

    def play(self, playbook: str, *arguments: str, **variables: Any) -> dict[str, Any]:
        """Run a playbook; returns its report with its return code and its output."""
        state = self.directory / "simulator"
        inventory = {
            "all": {
                "hosts": {"this-machine": {"agents_list": self.agents}},
                "vars": {
                    "ansible_connection": "local",
                    "ansible_python_interpreter": "/usr/bin/python3",
                    "simulator_dir": str(state),
                    # The virtual environment that runs this has all that the simulator needs.
                    "simulator_venv": sys.prefix,
                    "simulator_install": False,
                    **{f"simulator_{port}_port": 0 for port in ("api", "mqtt", "mqtts", "control")},
                    "agents_image": "connectware-simulator-agent",
                    "agents_version": "1.8.0",
                    "agents_pull": "never",
                    "agents_mqtt_host": "127.0.0.1",
                    "agents_mqtt_port": "{{ simulator_endpoints.mqtt_port }}",
                    "agents_network_mode": "host",
                    "agents_env": {"CYBUS_HOSTNAME_INGRESS": "{{ simulator_endpoints.ingress }}"},
                    "agents_poll_interval": 2,
                    "connectware_url": "{{ simulator_endpoints.url }}",
                    "connectware_ca_path": "{{ simulator_endpoints.ca_path }}",
                    "connectware_username": "rollout",
                    "connectware_password": "simulator-rollout",
                    **({"simulator_endpoints": self.endpoints} if self.endpoints else {}),
                    **variables,
                },
            }
        }
        (self.directory / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        report = self.directory / "report.json"
        report.unlink(missing_ok=True)
        env = {
            **os.environ,
            "ANSIBLE_CALLBACKS_ENABLED": "edgefleet.connectware.rollout_report",
            "CONNECTWARE_REPORT_PATH": str(report),
            "ANSIBLE_NOCOLOR": "1",
        }
        command = ["ansible-playbook", "-i", "inventory.yml", f"edgefleet.connectware.{playbook}", *arguments]
        started = time.monotonic()
        done = subprocess.run(command, cwd=self.directory, env=env, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
        with (self.directory / "ansible.log").open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n")
        result = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"agents": [], "hosts": {}}
        return {**result, "code": done.returncode, "output": done.stdout + done.stderr, "seconds": seconds}

    def find_simulator(self) -> None:
        found = sorted(self.directory.glob("simulator/**/endpoints.json"))
        promise(bool(found), "the simulator says where it listens")
        self.endpoints = json.loads(found[0].read_text(encoding="utf-8"))

    def stop_simulator(self) -> None:
        """That of this demo, or of one that broke off; its users go too."""
        state = self.directory / "simulator" / "state"
        listening = state / "endpoints.json"
        if listening.exists():
            pid = json.loads(listening.read_text(encoding="utf-8"))["pid"]
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"connectware_simulator" in command.read_bytes():
                os.kill(pid, signal.SIGTERM)
                promise(soon(lambda: not listening.exists()), "the simulator has ended")
        shutil.rmtree(state, ignore_errors=True)

    # what is there

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.endpoints['control_url']}/control/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def users(self) -> set[str]:
        return {user["username"] for user in self.control("GET", "state")["users"]}

    def connected(self) -> set[str]:
        return {client["username"] for client in self.control("GET", "state")["mqtt_clients"]}

    def starts(self) -> dict[str, str]:
        """Container and start time of each agent: what changes when an agent is touched."""
        found = {}
        for agent in self.agents:
            shown = docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", container(agent["name"]), check=False)
            if shown:
                found[agent["name"]] = shown
        return found


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise BrokenPromiseError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip() if done.returncode == 0 else ""


def container(name: str) -> str:
    return f"connectware-agent-{name}"


def promise(kept: bool, what: str) -> None:
    if not kept:
        raise BrokenPromiseError(what)
    print(f"   ok  {what}")


def soon(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def show(run: dict[str, Any]) -> None:
    """The agents of a run as a table."""
    columns = ("agent", "verdict", "reason", "done")
    rows = [
        (agent.get("name"), agent.get("verdict"), agent.get("reason"), ", ".join(agent["actions"]))
        for agent in run["agents"]
    ]
    texts = [tuple("-" if not cell else str(cell) for cell in row) for row in rows]
    widths = [max(len(row[i]) for row in [columns, *texts]) for i in range(len(columns))]
    for line in [columns, tuple("-" * width for width in widths), *texts]:
        print("   " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    tasks = sum(host["seconds"] for host in run["hosts"].values())
    print(f"   {run['seconds']:.1f} s, of which deploying and registering {tasks:.1f} s")


def step(number: int, title: str) -> None:
    print(f"\n{number}. {title}", flush=True)


def only(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after.get(name)}


def healed(machine: Machine, run: dict[str, Any], name: str, before: dict[str, str], reason: str) -> None:
    show(run)
    promise(run["code"] == 0, "the run succeeds")
    row = next(agent for agent in run["agents"] if agent["name"] == name)
    promise(row["reason"] == reason, f"the reason was {reason}")
    promise(only(before, machine.starts()) == {name}, f"only {name} was touched")
    promise(soon(lambda: name in machine.connected()), f"{name} is logged in with credentials of its own")
    promise(not machine.control("GET", "state")["window"]["open"], "the registration window is closed")


def nothing(machine: Machine) -> None:
    before = machine.starts()
    machine.control("POST", "reset-counters")
    run = machine.play("rollout")
    show(run)
    changed = run["hosts"].get("this-machine", {}).get("changed_tasks")
    promise(run["code"] == 0 and changed == 0, "the play reports changed=0")
    counts = machine.control("GET", "requests")
    promise(counts["writes"] == 0, "the server was asked, and nothing was written to it")
    promise(machine.starts() == before, "no container was touched")


def first_rollout(machine: Machine) -> None:
    step(1, "Three agents are rolled out and registered")
    machine.agents = [{"name": f"{PREFIX}{number}"} for number in (1, 2, 3)]
    run = machine.play("demo")
    if run["code"] == 0:
        machine.find_simulator()
    show(run)
    promise(run["code"] == 0, "the run succeeds")
    names = {agent["name"] for agent in machine.agents}
    promise(names <= machine.users(), "every agent has its user in Connectware")
    promise(soon(lambda: names <= machine.connected()), "every agent is logged in with credentials of its own")
    promise(not machine.control("GET", "state")["window"]["open"], "the registration window is closed")


def second_run(machine: Machine) -> None:
    step(2, "The play is run again")
    nothing(machine)


def first_start(machine: Machine) -> None:
    step(3, "First start: a fourth agent is added to the inventory")
    before = machine.starts()
    machine.agents.append({"name": f"{PREFIX}4"})
    run = machine.play("rollout")
    show(run)
    promise(run["code"] == 0, "the run succeeds")
    promise(only(before, machine.starts()) == set(), "the other three were not touched")
    promise(soon(lambda: f"{PREFIX}4" in machine.connected()), "the new agent is logged in")


def credentials_deleted(machine: Machine) -> None:
    name = f"{PREFIX}2"
    step(4, f"Credentials deleted: the volume of {name} is emptied, its user is still there")
    before = machine.starts()
    docker("exec", "--user", "0", container(name), "find", "/data", "-type", "f", "-delete")
    run = machine.play("rollout")
    show(run)
    promise(run["code"] != 0, "the run fails")
    message = " ".join(run["output"].split())
    promise("409" in message and "agents_on_conflict" in message, "the message names the conflict and the ways out")
    promise(name in machine.users(), "the user was not deleted")
    print("   Now with agents_on_conflict: replace")
    run = machine.play("rollout", agents_on_conflict="replace")
    healed(machine, run, name, before, "credentials_missing")


def credentials_rejected(machine: Machine) -> None:
    name = f"{PREFIX}1"
    step(5, f"Credentials rejected: the user of {name} is deleted, and an impostor asks with its name")
    before = machine.starts()
    machine.control("DELETE", f"users/{name}")
    machine.control("POST", "window", {"open_ms": 300_000})
    machine.control("POST", "register", {"username": name, "pairing_id": IMPOSTOR_ID})
    run = machine.play("rollout")
    show(run)
    promise(run["code"] != 0 and IMPOSTOR_ID in run["output"], "the run fails and names the impostor's pairing ID")
    promise(name not in machine.users(), "nobody was let in under that name")
    print("   The window is locked, the impostor's request lapses")
    machine.control("POST", "window", {"open_ms": 0})
    healed(machine, machine.play("rollout"), name, before, "credentials_rejected")


def all_quiet(machine: Machine) -> None:
    step(6, "After all that, the play is run once more")
    nothing(machine)


def retire(machine: Machine) -> None:
    step(7, "All agents are retired")
    run = machine.play("retire", "--extra-vars", "agents_hosts=all", agents_purge=True)
    show(run)
    promise(run["code"] == 0, "the run succeeds")
    names = {agent["name"] for agent in machine.agents}
    promise(machine.starts() == {}, "no container is left")
    promise(not names & machine.users(), "no user is left")
    left = docker("volume", "ls", "--quiet", "--filter", f"name={container(PREFIX)}")
    promise(left == "", "no volume is left, as was said with agents_purge")


STEPS = (first_rollout, second_run, first_start, credentials_deleted, credentials_rejected, all_quiet, retire)


def main() -> int:
    directory = Path(sys.argv[1]).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "ansible.log"
    log.unlink(missing_ok=True)
    machine = Machine(directory)
    run_step = "before the first step"
    try:
        machine.stop_simulator()
        for tell in STEPS:
            run_step = tell.__name__
            tell(machine)
    except BrokenPromiseError as exc:
        print(f"   NOT as promised ({run_step}): {exc}\n   What ansible-playbook printed is in {log}")
        return 1
    finally:
        for agent in machine.agents:
            docker("rm", "--force", container(agent["name"]), check=False)
            docker("volume", "rm", "--force", container(agent["name"]), check=False)
        machine.stop_simulator()
    print("\nEvery step was as promised.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
