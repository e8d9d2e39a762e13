# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site: some agents on one engine, the rollout that is disturbed, and what must be true after the next one.

Everything is verified with the docker command and the simulator, never with the code under test.
"""

from __future__ import annotations

import hashlib
import io
import random
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.engines import NAMED, Engine, Found, engine_here
from chaos.tally import FAILED
from integration import bed
from simulator.harness import Simulator, until

# A name of its own: other tests build that of the others anew when they like.
IMAGE = "connectware-chaos-agent"
FIRST_START, USER_DELETED, VOLUME_EMPTIED, RECREATED = KINDS = (
    "first start", "user deleted", "volume emptied", "recreated",
)  # fmt: skip
# Playbooks with their arguments.
ROLLOUT, UPGRADE, RETIREMENT = ("rollout",), ("upgrade",), ("retire", "--extra-vars", "agents_hosts=all")
LEASE = 10  # seconds; the window of a run that was killed ends with it
LASTING_LEASE = 60  # longer than a run takes: a window that it has to close, and does not, is seen when it has ended
TIMEOUT = 60  # agents_timeout
OVERHEAD = 60  # seconds that a run may take beside that: both tasks before it, and requests that are repeated
# How agents differ where nothing public says how they behave.
STYLES: tuple[dict[str, str], ...] = (
    {},
    {"SIMULATOR_STORE": "before"},
    {"SIMULATOR_ON_CONFLICT": "exit"},
    {"SIMULATOR_ANNOUNCE": "after_answer"},
    {"SIMULATOR_PAIRING_LINE": "each"},
)


def build_agent_image() -> None:
    """By our own role; nothing is done if it is there."""
    variables = {"simulator_image_name": IMAGE, "simulator_image_tags": [bed.VERSION, bed.NEXT_VERSION]}
    bed.play_locally("agent_image.yml", ansible_python_interpreter=sys.executable, **variables)


@dataclass(frozen=True)
class Identity:
    """What must not be lost of a registered agent: its user, and the credentials in its volume."""

    user_id: str
    credentials: str


@dataclass(frozen=True)
class Ended:
    """A run that was disturbed. `code` is None where it was killed."""

    code: int | None
    output: str
    seconds: float

    @property
    def how(self) -> str:
        return "killed" if self.code is None else "ok" if self.code == 0 else FAILED

    def in_time(self) -> Ended:
        assert self.seconds < TIMEOUT + OVERHEAD, f"{self.seconds:.0f} s:\n{self.output}"
        return self

    def clean(self, *texts: str) -> Ended:
        """If it failed, it says why: without a traceback, and with each of the texts."""
        if self.code:
            flat = " ".join(self.output.split())
            for sign in ("Traceback (most recent call last)", "MODULE FAILURE", "Unexpected failure"):
                assert sign not in self.output, self.output
            for text in texts:
                assert text in flat, f"{text!r} is not in:\n{self.output}"
        return self


class Site(bed.Factory):
    """Agents with names of their own, and the playbooks run on them."""

    def __init__(
        self,
        simulator: Simulator,
        directory: Path,
        prefix: str,
        count: int,
        *,
        engine: Engine = engine_here,
        alone: bool = False,
        style: Mapping[str, str] | None = None,
        environment: dict[str, str] | None = None,
        **variables: Any,
    ) -> None:
        end = simulator.endpoints
        env = {"CYBUS_HOSTNAME_INGRESS": end["ingress"], "SIMULATOR_POLL_INTERVAL": "0.3", **(style or {})}
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__(
            simulator,
            directory,
            [{"name": f"{prefix}-{number}"} for number in range(1, count + 1)],
            {
                "agents_image": IMAGE,
                "agents_mqtt_host": end["host"],
                "agents_env": env,
                "agents_poll_interval": 1,
                "agents_settle": 3,
                "agents_window_lease": LEASE,
                "agents_timeout": TIMEOUT,
                "agents_stop_timeout": 2,
                **variables,
            },
            environment or {},
        )
        self.prefix = prefix
        self.engine = engine
        self._found = Found(engine, prefix, alone=alone)

    # the disturbed run

    def run(
        self, disturb: Callable[[subprocess.Popen[bytes]], None], command: Sequence[str] = ROLLOUT, **variables: Any
    ) -> Ended:
        """A rollout, or another playbook, during which something happens; with variables that only this run has."""
        began = time.monotonic()
        process = self.start(*command, **variables)
        try:
            disturb(process)
            code = process.wait(TIMEOUT + 4 * OVERHEAD)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the run hangs:\n{self._output()}") from None
        finally:
            self.kill_all(process)
        killed = code == -signal.SIGKILL
        return Ended(None if killed else code, self._output(), time.monotonic() - began)

    def _output(self) -> str:
        return (self.directory / "started.log").read_text(errors="replace")

    # the starting states

    def prepare(self, kind: str, draw: random.Random) -> list[str]:
        """Bring a site whose agents are all registered to a starting state; returns the agents that are hit."""
        if kind == FIRST_START:
            return self.names()
        self.variables["agents_on_conflict"] = "replace" if kind == VOLUME_EMPTIED else "fail"
        if kind == RECREATED:
            self.variables["agents_env"] = {**self.variables["agents_env"], "CHANGED": str(draw.random())}
            return []
        hit = draw.sample(self.names(), draw.randint(1, min(2, len(self.agents) - 1)))
        for name in hit:
            if kind == USER_DELETED:
                self.simulator.control("DELETE", f"users/{name}")
            else:
                self.engine("exec", f"{NAMED}{name}", "rm", "/data/credentials.json")
        return hit

    def users(self) -> dict[str, str]:
        """The IDs of the users of its agents."""
        users = self.simulator.state()["users"]
        return {user["username"]: user["id"] for user in users if self._is_ours(user["username"])}

    def identities(self) -> dict[str, Identity]:
        """The agents that are registered now: the user is there, and credentials of the agent."""
        users = self.users()
        found = {}
        for name in self.names():
            stored = self._credentials(name) if name in users else None
            if stored is not None:
                found[name] = Identity(users[name], stored)
        return found

    def _credentials(self, name: str) -> str | None:
        try:
            packed = self.engine("cp", f"{NAMED}{name}:/data/credentials.json", "-")
        except AssertionError:
            return None
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            member = archive.extractfile(archive.next())  # type: ignore[arg-type]  # it has one member
            assert member is not None
            return hashlib.sha256(member.read()).hexdigest()

    # the next run

    def converges(self, before: Mapping[str, Identity]) -> None:
        """One plain run heals everything, a further one finds nothing to do; `before` has lost nothing.

        A window that is open before the plain run is somebody else's to it, and left to end. Else it closes its own.
        """
        was_open = self.window_is_open()
        healed = self.rollout() if was_open else self.rollout(agents_window_lease=LASTING_LEASE)
        assert healed.code == 0, f"the plain run failed:\n{healed.output}"
        assert was_open or not self.window_is_open(), f"the plain run has left its window open:\n{healed.output}"
        self.check(before)
        starts = self.starts()
        again = self.rollout()
        assert again.code == 0, f"the further run failed:\n{again.output}"
        assert again.changed == 0, f"the further run changed something:\n{again.output}"
        assert not self.window_is_open(), f"the further run opened the window:\n{again.output}"
        assert self.starts() == starts, "the further run touched an agent"

    def check(self, before: Mapping[str, Identity]) -> None:
        """What docker and the simulator say."""
        wanted = [f"{NAMED}{name}" for name in self.names()]
        assert self._found.containers() == dict.fromkeys(wanted, "running")
        assert self._found.volumes() == wanted
        assert self._found.mounted(wanted) == {name: [name] for name in wanted}, "each has its own volume, and no other"
        # An engine that is killed takes the network of its containers with it: the broker then hears nothing of the end
        # of a session, and finds out after one and a half times its keepalive of 10 s.
        until(lambda: self._sessions() == Counter(self.names()), f"each is connected once: {self._sessions()}", 30)
        state = self.simulator.state()
        assert sorted(u["username"] for u in state["users"] if self._is_ours(u["username"])) == self.names()
        assert [request for request in state["pending"] if self._is_ours(request["username"])] == []
        lease = self.variables["agents_window_lease"]
        until(lambda: not self.window_is_open(), "the window is closed", lease + 5)
        now = self.identities()
        assert sorted(now) == self.names(), "every agent has a user and credentials"
        lost = {name: (identity, now[name]) for name, identity in before.items() if now[name] != identity}
        assert not lost, f"credentials or users were lost: {lost}"

    def is_retired(self, purged: bool) -> None:
        """What docker and the simulator say of agents that were retired; a retirement never opens the window."""
        assert self._found.containers() == {}
        assert self._found.volumes() == ([] if purged else [f"{NAMED}{name}" for name in self.names()])
        assert not self.window_is_open()
        state = self.simulator.state()
        assert [user["username"] for user in state["users"] if self._is_ours(user["username"])] == []
        assert [request for request in state["pending"] if self._is_ours(request["username"])] == []

    def _sessions(self) -> Counter[str]:
        return Counter(name for name in self.simulator.connected() if self._is_ours(name))

    def _is_ours(self, username: str) -> bool:
        return username.startswith(f"{self.prefix}-")

    def window_is_open(self) -> bool:
        return bool(self.simulator.state()["window"]["open"])

    def container(self, name: str) -> dict[str, Any] | None:
        raise NotImplementedError("an engine elsewhere is not asked for it")

    def starts(self, names: Any = None) -> dict[str, tuple[str, str]]:
        found = {}
        for name in names or self.names():
            answer = self.engine("inspect", "-f", "{{.Id}} {{.State.StartedAt}}", f"{NAMED}{name}")
            container_id, started_at = answer.decode().split()
            found[name] = (container_id, started_at)
        return found

    def remove(self) -> None:
        """Nothing of it is left, in the engine and in Connectware."""
        self._found.remove()
        for username in self.simulator.usernames():
            if self._is_ours(username):
                self.simulator.control("DELETE", f"users/{username}")
