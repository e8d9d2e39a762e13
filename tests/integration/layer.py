# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What test_docker_agents.py and the files beside it stand on.

Modules run as processes, a stand-in of an agent, and a counted engine.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible
import pytest
from integration.bed import COLLECTIONS, SOCKET, docker, inspect, one_at_a_time

IMAGE = "dl-stand-in"
BASE = "debian:bookworm-slim"
_RESULT = re.compile(r"^localhost \| ([A-Z]+)!? => ", re.MULTILINE)
_REQUEST = re.compile(rb"^(GET|POST|PUT|DELETE|HEAD) (\S+) HTTP/1\.1\r\n", re.MULTILINE)

# Does at its start what DL_RUN says, and ends at once when it is told to, with and without an init process.
DOCKERFILE = """
FROM {base}
{more}
CMD ["sh", "-c", "trap 'exit 0' TERM; eval \\"$DL_RUN\\"; while :; do sleep 600 & wait $!; done"]
"""
SAYS_PAIRING = (
    'echo Starting in distributed "(edge)" mode;'
    ' echo "Asking for Connectware registration at 1.2.3.4 with newly generated credentials...";'
    ' echo "Username: $CYBUS_MQTT_USERNAME, pairing ID (should match in UI): $(head -c6 /proc/sys/kernel/random/uuid)"'
)


def build_images() -> None:
    """Two versions of the stand-in; the second brings another environment, label and user by itself."""
    for tag, more in (("1", "ENV FROM_IMAGE=one"), ("2", "ENV FROM_IMAGE=two NEW=yes\nLABEL new=yes\nUSER 1000")):
        with one_at_a_time():
            subprocess.run(
                ["docker", "build", "--quiet", "--tag", f"{IMAGE}:{tag}", "-"],
                input=DOCKERFILE.format(base=BASE, more=more),
                text=True, check=True, capture_output=True, timeout=120,
            )  # fmt: skip


def provide_libraries(folder: Path) -> Path:
    """What Ansible sends along with a module, for PYTHONPATH: nothing else of this interpreter, no SDK."""
    (folder / "ansible").symlink_to(Path(ansible.__file__).parent)
    (folder / "ansible_collections").symlink_to(Path(COLLECTIONS) / "ansible_collections")
    return folder


@dataclass
class Answer:
    """What a module said."""

    status: str
    output: str
    result: dict[str, Any]

    @property
    def changed(self) -> bool:
        return bool(self.result["changed"])

    @property
    def agents(self) -> dict[str, dict[str, Any]]:
        return {agent["name"]: agent for agent in self.result["agents"]}

    @property
    def actions(self) -> dict[str, str]:
        return {name: agent["action"] for name, agent in self.agents.items()}

    @property
    def drift(self) -> dict[str, list[str]]:
        return {name: agent["drift"] for name, agent in self.agents.items()}

    def seen(self, name: str) -> dict[str, Any]:
        seen: dict[str, Any] = self.agents[name]["observation"]
        return seen

    def ok(self) -> Answer:
        assert self.status in ("SUCCESS", "CHANGED"), self.output
        return self

    def failed(self, *texts: str) -> Answer:
        assert self.status == "FAILED", self.output
        for text in texts:
            assert text in self.result["msg"], f"{text!r} is not in: {self.result['msg']}"
        return self


@dataclass
class Layer:
    """This machine as a factory host, its modules run by one interpreter."""

    interpreter: str
    prefix: str
    libraries: Path
    through_ansible: bool = False

    def name(self, what: str) -> str:
        return f"{self.prefix}-{what}"

    def container(self, what: str) -> str:
        return f"connectware-agent-{self.name(what)}"

    def module(self, module: str, *modes: str, env: dict[str, str] | None = None, **options: Any) -> Answer:
        """Run a module as its own process, as Ansible does on a host: arguments in, a result on standard output."""
        name = f"ansible_collections.edgefleet.connectware.plugins.modules.{module}"
        flags = {"_ansible_check_mode": "--check" in modes, "_ansible_diff": "--diff" in modes}
        given = {"ANSIBLE_MODULE_ARGS": {**options, **flags, "_ansible_remote_tmp": "/tmp"}}
        environment = {**os.environ, "PYTHONPATH": str(self.libraries), **(env or {})}
        done = subprocess.run(
            [self.interpreter, "-m", name],
            input=json.dumps(given), env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        output = done.stdout + done.stderr
        assert done.stdout.strip().startswith("{"), output
        result = json.loads(done.stdout)
        return Answer("FAILED" if result.get("failed") else "SUCCESS", output, result)

    def ansible(self, module: str, *arguments: str, **options: Any) -> Answer:
        """Run a module with the command `ansible`."""
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_PYTHON_INTERPRETER": self.interpreter,
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        }
        name = f"edgefleet.connectware.{module}"
        command = ["ansible", "localhost", "-m", name, "-a", json.dumps(options), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
        output = done.stdout + done.stderr
        found = _RESULT.search(done.stdout)
        assert found is not None, output
        result, _unused = json.JSONDecoder().raw_decode(done.stdout[found.end() :])
        return Answer(found[1], output, result)

    def agents(self, agents: list[dict[str, Any]], *arguments: str, **options: Any) -> Answer:
        """Module agents, for agents named by the part behind the prefix."""
        named = [{**agent, "name": self.name(agent["name"])} for agent in agents]
        common = {"image": IMAGE, "version": "1", "pull": "never", "mqtt_host": "127.0.0.1"}
        run = self.ansible if self.through_ansible else self.module
        return run("agents", *arguments, **{**common, **options, "agents": named})

    def remove(self) -> None:
        """Everything of this layer, with the docker command."""
        for listing, removal in (
            (("ps", "-aq", "--no-trunc"), ("rm", "-f", "-v")),
            (("volume", "ls", "-q"), ("volume", "rm")),
            (("network", "ls", "-q"), ("network", "rm")),
        ):
            found = docker(*listing, "--filter", f"name={self.prefix}-").split()
            if found:
                docker(*removal, *found)


def everything(prefix: str) -> dict[str, str]:
    """What the engine has with this prefix: changes when anything is written."""
    state = {}
    for line in docker("ps", "-a", "--no-trunc", "--filter", f"name={prefix}-", "--format", "{{.Names}}").split():
        state[line] = docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}} {{.State.Status}}", line)
    state["volumes"] = docker("volume", "ls", "-q", "--filter", f"name={prefix}-")
    return state


class CountedEngine:
    """The engine behind another socket, which counts requests and the bytes that the engine sends."""

    def __init__(self, path: Path) -> None:
        self.address = f"unix://{path}"
        self.requests: list[str] = []
        self.received = 0
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        self.requests.clear()
        self.received = 0

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _unused = self._listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            engine.connect(SOCKET)
            for source, target, counted in ((client, engine, False), (engine, client, True)):
                threading.Thread(target=self._pass_on, args=(source, target, counted), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        try:
            while data := source.recv(65536):
                if counted:
                    self.received += len(data)
                else:
                    self.requests += [f"{m.decode()} {p.decode()}" for m, p in _REQUEST.findall(data)]
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@pytest.fixture(scope="module")
def interpreter(system_python: str) -> str:
    build_images()
    return system_python


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return provide_libraries(tmp_path_factory.mktemp("libraries"))


@pytest.fixture
def layer(interpreter: str, libraries: Path, request: pytest.FixtureRequest) -> Iterator[Layer]:
    made = Layer(interpreter, f"dl-{abs(hash(request.node.nodeid)) % 10**6}", libraries)
    yield made
    made.remove()


def host_config(container: str) -> dict[str, Any]:
    found = inspect("container", container)
    assert found is not None
    return dict(found["HostConfig"])


def config(container: str) -> dict[str, Any]:
    found = inspect("container", container)
    assert found is not None
    return dict(found["Config"])


def environment(container: str) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in config(container)["Env"])


def status(container: str) -> str:
    return docker("inspect", "--format", "{{.State.Status}}", container)


def container_id(container: str) -> str:
    return docker("inspect", "--format", "{{.Id}}", container)
