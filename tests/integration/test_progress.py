# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""No run is silent for half a minute, whatever it waits for: job runners take silent jobs for dead.

In real time, so all of it at once.
"""

from __future__ import annotations

import re
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from integration import lives
from integration.bed import SOCKET, VERSION, Factory, docker, inspect
from integration.registry import Registry, SavedImage
from simulator.harness import Simulator, until

LONGEST_SILENCE = 30.0  # seconds
SLOW = 45  # seconds that everything takes that is waited for
UPGRADE = """
- hosts: all
  gather_facts: false
  roles:
    - role: edgefleet.connectware.agents
      vars:
        agents_state: upgraded
"""


@dataclass
class Watched:
    """A run, and when its output grew."""

    site: Factory
    process: subprocess.Popen[bytes]
    size: int = 0
    spoke_at: float = field(default_factory=time.monotonic)
    silence: float = 0.0

    @property
    def output(self) -> str:
        return (self.site.directory / "started.log").read_text()

    def watch(self) -> bool:
        """Whether it has ended."""
        if self.process.poll() is not None:
            return True
        now, size = time.monotonic(), (self.site.directory / "started.log").stat().st_size
        self.silence = max(self.silence, now - self.spoke_at)
        if size != self.size:
            self.size, self.spoke_at = size, now
        return False


def watched(runs: list[Watched]) -> list[bool]:
    """Each run has been looked at; whether it has ended."""
    return [run.watch() for run in runs]


@pytest.fixture
def slow_registry(saved_image: SavedImage) -> Iterator[Registry]:
    """An image registry that takes its time for the layers."""
    running = Registry(saved_image, delay=SLOW).start()
    yield running
    running.stop()
    for image in running.image_ids:
        if inspect("image", image):
            docker("rmi", "--force", image)


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Callable[[str], Simulator]]:
    """Makes a further simulator, by name."""
    made = []

    def make(name: str) -> Simulator:
        made.append(Simulator(tmp_path / f"connectware-{name}", config={"version": VERSION}).start())
        return made[-1]

    yield make
    for simulator in made:
        simulator.stop()


@pytest.mark.long
def test_no_silence_of_half_a_minute(slow_registry, another, factory, tmp_path):
    whole = lives.quick(factory(4))
    variables = {**whole.variables, "agents_timeout": 180, "agents_grace": 2 * SLOW}

    def site(number: int, simulator: Simulator, **more: object) -> Factory:
        directory = tmp_path / str(number)
        directory.mkdir()
        own = {key: variables[key] for key in variables if key.startswith("agents_") and "mqtt" not in key}
        ingress = {"CYBUS_HOSTNAME_INGRESS": simulator.endpoints["ingress"]}
        own["agents_env"] = {**own["agents_env"], **ingress}
        return Factory(simulator, directory, [whole.agents[number]], {**own, **more})

    slow_registry.publish(VERSION)
    pull = site(
        0,
        another("pull"),
        agents_image=slow_registry.image,
        agents_pull="missing",
        agents_registry_username=slow_registry.username,
        agents_registry_password=slow_registry.password,
    )
    boot = site(1, another("boot"))
    boot.agents[0]["env"] = {"SIMULATOR_START_DELAY": str(SLOW)}
    predict = site(2, another("predict"), connectware_timeout=2 * SLOW)
    predict.simulator.control("POST", "faults", {"operation": "registry_list", "delay": SLOW})
    version = site(3, another("version"), agents_version="auto")
    version.rollout().ok()
    version.simulator.stop()
    upgrade = version.directory / "upgrade.yml"
    upgrade.write_text(UPGRADE)
    runs = [
        Watched(pull, pull.start("rollout")),
        Watched(boot, boot.start("rollout")),
        Watched(predict, predict.start("rollout", "--check")),
        Watched(version, version.start(str(upgrade))),
    ]
    began = time.monotonic()
    try:
        until(lambda: watched(runs) and time.monotonic() - began > SLOW, "time passes", SLOW + 5)
        version.simulator.start()
        until(lambda: all(watched(runs)), "all have ended", 240)
    finally:
        for run in runs:
            run.process.kill()
    for run, said in zip(
        runs,
        (
            r"factory: bringing 1 agent to what is wanted, images included where they are pulled, since \d+ s",
            rf"factory: 0 of 1 registered, waiting for {boot.names()[0]}: \w+ since \d+ s",
            rf"factory: 0 of 1 registered, waiting for {predict.names()[0]}: not judged yet",
            r"factory: waiting for an answer of Connectware, since \d+ s",
        ),
        strict=True,
    ):
        assert run.process.returncode == 0, run.output
        assert re.search(said, run.output), run.output
        assert run.silence < LONGEST_SILENCE, run.output


class SlowEngine(socketserver.ThreadingUnixStreamServer):
    """The engine of this machine, which says nothing to its first caller for a while."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Passing)
        self.url = f"unix://{path}"
        self.hangs = iter([SLOW])
        self.ended = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()


class Passing(socketserver.BaseRequestHandler):
    """A connection."""

    def handle(self) -> None:
        if self.server.ended.wait(next(self.server.hangs, 0)):
            return
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(SOCKET)
            back = threading.Thread(target=passed_on, args=(engine, self.request), daemon=True)
            back.start()
            passed_on(self.request, engine)
            back.join()


def passed_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def slow_engine(tmp_path: Path) -> Iterator[SlowEngine]:
    made = SlowEngine(tmp_path / "engine.sock")
    yield made
    made.end()


@pytest.mark.long
def test_no_module_is_silent(slow_engine, factory, tmp_path):
    modules = {
        "agents_info": ({"names": ["none"]}, "what Docker Engine says of the agents"),
        "api_token": ({"label": "slow", "expire_in_hours": 1}, "an answer of Connectware"),
        "registry_info": ({}, "an answer of Connectware"),
        "registry_window": ({"state": "closed"}, "an answer of Connectware"),
    }
    whole = factory(1)
    login = {key: whole.variables[key] for key in whole.variables if key.startswith("connectware_")}
    login["connectware_timeout"] = 2 * SLOW
    engine = {"docker_host": slow_engine.url, "docker_timeout": 2 * SLOW}
    # Of each of the three that ask Connectware, the first request, which is its login.
    whole.simulator.control("POST", "faults", {"operation": "login", "count": 3, "delay": SLOW})
    runs = {}
    try:
        for module, (own, _what) in modules.items():
            site = Factory(whole.simulator, tmp_path / module)
            site.directory.mkdir()
            task = {f"edgefleet.connectware.{module}": {**own, **(engine if module == "agents_info" else login)}}
            play = {"hosts": "all", "gather_facts": False, "tasks": [task]}
            (site.directory / "play.yml").write_text(yaml.safe_dump([play]))
            runs[module] = Watched(site, site.start(str(site.directory / "play.yml")))
        until(lambda: all(watched(list(runs.values()))), "all have ended", 4 * SLOW)
    finally:
        for run in runs.values():
            run.process.kill()
    for module, run in runs.items():
        assert run.process.returncode == 0, run.output
        assert re.search(rf"factory: waiting for {modules[module][1]}, since \d+ s", run.output), run.output
        assert run.silence < LONGEST_SILENCE, run.output
