# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ground the contestants run on: a part of a bed, wiped before each first rollout, and what must be true after.

Everything is verified with the docker command and the simulator, never with a contestant.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from bed.site import Bed, agent_names
from simulator.harness import until

WIPE = (
    "docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes >/dev/null;"
    " docker volume ls --quiet | xargs --no-run-if-empty docker volume rm >/dev/null"
)
PATIENCE = 60  # seconds until all agents are connected after a rollout has ended
OLD = 65.0  # seconds after which no agent counts as one that has just started, of which more is looked up
STARTED = "docker ps --quiet | xargs docker inspect --format '{{.State.StartedAt}}' | cut -c 1-19"


@dataclass(frozen=True)
class Case:
    """So many factory hosts with so many agents each."""

    hosts: int
    agents: int

    @classmethod
    def parse(cls, text: str) -> Case:
        """From a text like `10x1`.

        Raises:
            ValueError: it is another text.
        """
        hosts, agents = text.split("x")
        return cls(int(hosts), int(agents))

    def __str__(self) -> str:
        return f"{self.hosts}x{self.agents}"


@dataclass
class Ground:
    """The first factory hosts of a bed, each with its first agents.

    Attributes:
        control_paths: folder of the sockets of SSH connections that are kept open.
    """

    bed: Bed
    case: Case
    folder: Path
    addresses: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.addresses = dict(list(self.bed.addresses.items())[: self.case.hosts])
        assert len(self.addresses) == self.case.hosts, f"the bed has {len(self.addresses)} hosts, not {self.case.hosts}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.control_paths = Path(tempfile.mkdtemp(prefix="bench-"))  # the path of a socket must be short
        self.configuration = self.folder / "ansible.cfg"
        self.configuration.write_text("[defaults]\n")  # neither that of this user nor that of a checkout
        self.inventory = self.folder / "inventory.yml"
        self.inventory.write_text(yaml.safe_dump(self.bed.cut(self.addresses, self.case.agents), sort_keys=False))

    @property
    def agents(self) -> dict[str, list[str]]:
        """The names of the agents, by host."""
        return {host: agent_names(host, self.case.agents) for host in self.addresses}

    @property
    def names(self) -> set[str]:
        return {name for names in self.agents.values() for name in names}

    # before a run

    def wipe(self) -> None:
        """No container, no volume and no user of an agent is left."""
        self._on_all(WIPE)
        self.bed.connectware.control("POST", "reset")

    def go_cold(self) -> None:
        """End the SSH connections that are kept open, and count requests from zero."""
        for socket in self.control_paths.iterdir():
            command = ["ssh", "-F", "none", "-o", f"ControlPath={socket}", "-O", "exit", "any"]
            subprocess.run(command, capture_output=True, check=False, timeout=30)  # one that has ended is as good
        until(lambda: not list(self.control_paths.iterdir()), "the SSH connections have ended")
        self.bed.connectware.control("POST", "reset-counters")

    def leave(self) -> None:
        """Nothing of the agents is left, and no connection."""
        self.wipe()
        self.go_cold()
        self.control_paths.rmdir()

    def grow_old(self) -> None:
        """A run with nothing to do comes long after the last agent was started; seconds after it is another case."""
        while (rest := OLD - self._age_of_youngest()) > 0:
            time.sleep(rest)

    def _age_of_youngest(self) -> float:
        moments = [datetime.fromisoformat(f"{text}+00:00") for text in self._on_all(STARTED).split()]
        return (datetime.now(UTC) - max(moments)).total_seconds()

    # after a run

    def settle(self) -> None:
        """Each agent has a user and is connected with credentials of its own, and nothing else is.

        Raises:
            AssertionError: not within PATIENCE.
        """
        try:
            until(lambda: self._wrong() == "", "all agents work", PATIENCE)
        except AssertionError as exc:
            raise AssertionError(f"{exc}: {self._wrong()}; wanted were {sorted(self.names)}") from None

    def _wrong(self) -> str:
        state: dict[str, Any] = self.bed.connectware.control("GET", "state")
        users = {user["username"] for user in state["users"] if user["created_by"] != "seed"}
        connected = sorted(client["username"] for client in state["mqtt_clients"])
        pending = [request["username"] for request in state["pending"]]
        if users != self.names or connected != sorted(self.names) or pending:
            return f"users {sorted(users)}, connected {connected}, pending {pending}"
        return ""

    def starts(self) -> str:
        """IDs and start times of all containers: what changes when an agent is touched."""
        return self._on_all("docker ps --quiet | sort | xargs docker inspect --format '{{.Id}} {{.State.StartedAt}}'")

    def requests(self) -> dict[str, int]:
        """What the API was asked since it went cold, by operation; without the agents' own requests."""
        counted = self.bed.connectware.control("GET", "requests")["operations"]
        return {name: count for name, count in sorted(counted.items()) if name != "register"}

    def _on_all(self, command: str) -> str:
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda address: self.bed.ssh(address, command, timeout=180), self.addresses.values()))
        failed = [each.stderr for each in done if each.returncode]
        assert not failed, f"{command}: {failed}"
        return "".join(each.stdout for each in done)
