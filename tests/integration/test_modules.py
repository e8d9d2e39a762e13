# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules for Connectware and the filter, as users call them: ad hoc and in plays, against the simulator."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.bed import COLLECTIONS, IMAGE, VERSION, docker
from simulator.harness import Simulator, until

WRONG_ID = "ffffff"
REGISTER = {
    "hosts": "localhost",
    "gather_facts": False,
    "tasks": [
        {
            "name": "Read the log of the agent",
            "ansible.builtin.command": {"argv": ["docker", "logs", "{{ container }}"]},
            "register": "log",
            "changed_when": False,
            "check_mode": False,
        },
        {
            "name": "Register it",
            "edgefleet.connectware.registered_client": {
                "username": "{{ username }}",
                "pairing_id": "{{ log.stdout | edgefleet.connectware.pairing_id(username) }}",
            },
        },
    ],
}
MAKE_TOKEN = {
    "hosts": "localhost",
    "gather_facts": False,
    "tasks": [
        {
            "name": "Make a token",
            "edgefleet.connectware.api_token": {"label": "ansible-rollout", "expire_in_hours": 2},
            "register": "made",
            "no_log": True,
        },
        {
            "name": "Use it instead of the password",
            "edgefleet.connectware.registry_info": {"connectware_token": "{{ made.token }}"},
            "environment": {"CONNECTWARE_USERNAME": "", "CONNECTWARE_PASSWORD": ""},
        },
        {
            "name": "Keep it",
            "ansible.builtin.copy": {"content": "{{ made.token }}", "dest": "{{ target }}", "mode": "0600"},
            "no_log": True,
        },
        {"name": "Show what may be shown", "ansible.builtin.debug": {"msg": "{{ made.label }} {{ made.expires_at }}"}},
    ],
}


@dataclass
class Task:
    """An ad hoc call that has ended."""

    code: int
    output: str
    result: dict[str, Any]

    def ok(self, changed: bool) -> dict[str, Any]:
        assert self.code == 0, self.output
        assert self.result["changed"] is changed, self.output
        return self.result

    def failed(self, *texts: str) -> None:
        assert self.code != 0, self.output
        for text in texts:
            assert text in self.result["msg"], f"{text!r} is not in:\n{self.output}"


@dataclass
class Controller:
    """Where a user sits: the connection to Connectware is in the environment."""

    simulator: Simulator
    directory: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_PIPELINING": "1",  # saves a third of the time of an ad hoc call
            "CONNECTWARE_URL": self.simulator.endpoints["url"],
            "CONNECTWARE_CA_PATH": self.simulator.endpoints["ca_path"],
            "CONNECTWARE_USERNAME": "rollout",
            "CONNECTWARE_PASSWORD": self.simulator.passwords()["rollout"],
        }

    def module(self, name: str, *arguments: str, **options: Any) -> Task:
        """Call a module of the collection ad hoc; the simulator counts the requests of this call alone."""
        self.simulator.control("POST", "reset-counters")
        command = ["ansible", "localhost", "-m", f"edgefleet.connectware.{name}", *arguments]
        code, output = self._run([*command, "-a", json.dumps(options)] if options else command)
        found = re.search(r"^localhost \| [A-Z]+!? => ", output, re.MULTILINE)
        assert found, output
        result, _end = json.JSONDecoder().raw_decode(output, found.end())
        return Task(code, output, result)

    def play(self, play: dict[str, Any], *arguments: str, **variables: Any) -> str:
        """Run a play and return its output."""
        book = self.directory / "play.yml"
        book.write_text(yaml.safe_dump([play]))
        code, output = self._run(["ansible-playbook", str(book), "--extra-vars", json.dumps(variables), *arguments])
        assert code == 0, output
        return output

    def _run(self, command: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            command, cwd=self.directory, env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, done.stdout + done.stderr

    def writes(self) -> int:
        """Writing requests since the last call."""
        return int(self.simulator.control("GET", "requests")["writes"])

    def operations(self) -> dict[str, int]:
        """Requests since the last call, by operation."""
        return dict(self.simulator.control("GET", "requests")["operations"])

    def window_open(self) -> bool:
        return bool(self.simulator.state()["window"]["open"])


@pytest.fixture
def controller(simulator: Simulator, tmp_path: Path) -> Controller:
    simulator.control("POST", "reset")
    return Controller(simulator, tmp_path)


@pytest.fixture
def by_hand(
    agent_images: None,  # noqa: ARG001  the images have to be there
    simulator: Simulator,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[str], str]]:
    """Starts an agent the way somebody does who does not know this collection; returns its container's name."""
    prefix = f"connectware-agent-it{abs(hash(request.node.nodeid)) % 10**6}-by-hand-"
    env = {
        "CYBUS_AGENT_MODE": "distributed",
        "CYBUS_MQTT_HOST": "127.0.0.1",
        "CYBUS_MQTT_PORT": str(simulator.endpoints["mqtt_port"]),
        "CYBUS_HOSTNAME_INGRESS": simulator.endpoints["ingress"],
        "SIMULATOR_POLL_INTERVAL": "0.2",
    }

    def start(name: str) -> str:
        container = prefix + name
        variables = [f"--env={key}={value}" for key, value in {**env, "CYBUS_AGENT_NAME": name}.items()]
        docker("run", "--detach", "--init", "--network=host", "--name", container, *variables, f"{IMAGE}:{VERSION}")
        until(lambda: "pairing ID" in docker("logs", container), f"{name} asks for its registration")
        return container

    yield start
    left = docker("ps", "--all", "--quiet", "--filter", f"name={prefix}").split()
    if left:
        docker("rm", "--force", "--volumes", *left)


def test_registry_window(controller):
    closed, opened = {"open": False, "remaining": None}, {"open": True, "remaining": 300.0}

    predicted = controller.module("registry_window", "--check", "--diff").ok(changed=True)
    assert predicted["before"] == closed and predicted["window"] == opened
    assert controller.writes() == 0 and not controller.window_open()

    result = controller.module("registry_window", state="open").ok(changed=True)
    assert result["before"] == closed
    assert 290 < result["window"]["remaining"] <= 301, "the server tells its time in whole seconds"
    assert controller.writes() > 0 and controller.window_open()

    again = controller.module("registry_window", state="open").ok(changed=False)
    assert again["window"]["open"] and "registry_unlock" not in controller.operations()

    longer = controller.module("registry_window", duration=900, min_remaining=600).ok(changed=True)
    assert longer["before"]["remaining"] <= 301 and longer["window"]["remaining"] > 890
    assert controller.simulator.state()["window"]["remaining_ms"] > 890_000

    assert controller.module("registry_window", "--check", state="closed").ok(changed=True)["window"] == closed
    assert controller.window_open()
    assert controller.module("registry_window", "--diff", state="closed").ok(changed=True)["window"] == closed
    assert not controller.window_open()
    assert controller.module("registry_window", state="closed").ok(changed=False)["before"] == closed


def test_a_client_by_hand_is_registered_and_removed(controller, by_hand):
    simulator, name = controller.simulator, "welder-robots"
    container = by_hand(name)

    # A wrong pairing ID lets nobody in, and the window that was opened for it is closed again.
    wrong = controller.module("registered_client", username=name, pairing_id=WRONG_ID, timeout=2)
    wrong.failed(name, WRONG_ID, "nobody was authorized")
    assert name not in simulator.usernames()
    assert not controller.window_open()
    assert "registry_confirm" not in controller.operations()

    # Pending requests are shown while the window is open.
    simulator.control("POST", "window", {"open_ms": 60_000})
    until(lambda: [item["username"] for item in simulator.state()["pending"]] == [name], "the agent is listed")
    shown = controller.module("registry_info").ok(changed=False)
    assert shown["window"]["open"]
    (pending,) = shown["pending"]
    assert pending["username"] == name
    assert pending["pairing_id"] in docker("logs", container)
    # It asks already, so the wrong pairing ID is refused in check mode too.
    wrong = controller.module("registered_client", "--check", username=name, pairing_id=WRONG_ID)
    wrong.failed(name, WRONG_ID, "nobody was authorized")
    simulator.control("POST", "window", {"open_ms": 0})

    # The right one, read from the agent's log by the filter; the window is opened and closed for it.
    play = {"container": container, "username": name}
    simulator.control("POST", "reset-counters")
    assert "changed=1" in controller.play(REGISTER, "--check", **play)
    assert controller.writes() == 0 and name not in simulator.usernames()
    assert "changed=1" in controller.play(REGISTER, "--diff", **play)
    assert controller.operations()["registry_confirm"] == 1
    assert not controller.window_open()
    until(lambda: name in simulator.connected(), "the agent is logged in at the broker")

    simulator.control("POST", "reset-counters")
    assert "changed=0" in controller.play(REGISTER, **play)
    assert controller.writes() == 0

    # Gone, in check mode and for real, and again.
    controller.module("registered_client", "--check", username=name, state="absent").ok(changed=True)
    assert controller.writes() == 0 and name in simulator.usernames()
    docker("stop", container)
    result = controller.module("registered_client", username=name, state="absent").ok(changed=True)
    assert result["actions"] == ["user_deleted"] and result["user"] is None
    assert name not in simulator.usernames()
    controller.module("registered_client", username=name, state="absent").ok(changed=False)


def test_a_client_that_does_not_ask(controller):
    nobody = controller.module("registered_client", username="nobody-there", pairing_id="a1b2c3", timeout=1)
    nobody.failed("nobody-there", "no request of that username is pending", "Check that the client runs")
    assert not controller.window_open()
    controller.module(
        "registered_client", username="nobody-there", pairing_id="a1b2c3", timeout=1, open_window=False
    ).failed("the registration window is closed")
    assert controller.writes() <= 1, "the login alone"
    controller.module("registered_client", username="rollout", state="absent").failed("Nothing was changed")
    assert "rollout" in controller.simulator.usernames()


def test_connectware_info(controller):
    result = controller.module("connectware_info").ok(changed=False)
    assert result["version"] == controller.simulator.state()["version"]
    assert result["health"]["healthy"] is True and result["health"]["services"]
    assert "contract" not in result

    del controller.env["CONNECTWARE_CA_PATH"]
    controller.module("connectware_info", gather=["version"]).failed("certificate", "connectware_ca_path")
    corrections = {"confirm": {"path": "/api/elsewhere"}}
    shown = controller.module("connectware_info", gather=["contract"], connectware_contract=corrections)
    assert controller.operations() == {}, "the contract alone asks the server nothing"
    entries = {entry.pop("entry"): entry for entry in shown.ok(changed=False)["contract"]}
    assert entries.pop("confirm.path") == {"value": "/api/elsewhere", "provenance": "user"}
    assert {entry["provenance"] for entry in entries.values()} == {"documented", "observed", "assumed"}
    controller.module("connectware_info", connectware_contract={"confrim": {}}).failed("confrim")


def test_api_token(controller, tmp_path):
    simulator, target = controller.simulator, tmp_path / "token"
    options = {"label": "ansible-rollout", "expire_in_hours": 2}
    tokens = simulator.state()["tokens"]
    predicted = controller.module("api_token", "--check", **options).ok(changed=True)
    assert predicted["token"] is None and controller.operations() == {}
    assert simulator.state()["tokens"] == tokens

    output = controller.play(MAKE_TOKEN, "-vvvv", "--diff", target=str(target))
    assert simulator.state()["tokens"] == tokens + 1
    assert controller.operations()["login"] == 1, "the next task used the token"
    token = target.read_text()
    assert token and token not in output
    assert controller.env["CONNECTWARE_PASSWORD"] not in output
    assert "ansible-rollout" in output

    # It is a real one: with it, and with no password, a user gets in.
    del controller.env["CONNECTWARE_USERNAME"], controller.env["CONNECTWARE_PASSWORD"]
    controller.env["CONNECTWARE_TOKEN"] = token
    shown = controller.module("registry_info", "-vvvv")
    shown.ok(changed=False)
    assert token not in shown.output
    assert "login" not in controller.operations()
