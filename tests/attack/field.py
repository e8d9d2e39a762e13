# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an attack takes place: the simulator over HTTPS and MQTT, a clock that is stepped, and a light factory host.

Server, wire, log parser and conversation are the real ones. Only the container is light: an object that asks the
simulator for its registration, stores its credentials and writes the log that the parser reads.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulator.harness import Simulator

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.log import LogParser
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Look

REGISTER = "/api/client-registry/register"
OUTCOMES = {201: "granted", 202: "pending", 409: "conflict", 423: "locked"}
START = 1_800_000_000.0  # when everything begins, in epoch seconds
STEP = 0.3  # seconds that a look at the host takes


@dataclass
class Client:
    """Whoever has a username, a password and a pairing ID, and asks with them; ours or a stranger's."""

    username: str
    pairing_id: str
    password: str


class Wire:
    """What clients say to the simulator: registration over HTTPS, login over MQTT. And what time it is there."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.now = self._told = 0.0
        context = ssl.create_default_context(cafile=simulator.endpoints["ca_path"])
        self._api = http.client.HTTPSConnection(
            "127.0.0.1", simulator.endpoints["api_port"], timeout=10, context=context
        )
        self._control = http.client.HTTPConnection("127.0.0.1", simulator.endpoints["control_port"], timeout=10)

    def tell_time(self) -> None:
        """Let the simulator have this time; there, too, it passes only by this."""
        if self._told == self.now:
            return
        self._told = now = self.now
        self._control.request("POST", "/control/clock", json.dumps({"now_ms": round(now * 1000)}))
        answer = self._control.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()

    def ask(self, client: Client) -> str:
        """Ask for registration once."""
        self.tell_time()
        body = {"username": client.username, "password": client.password, "pairingId": client.pairing_id}
        self._api.request("POST", REGISTER, json.dumps(body), {"Content-Type": "application/json"})
        answer = self._api.getresponse()
        answer.read()
        return OUTCOMES.get(answer.status, f"unexpected {answer.status}")

    def opens(self, client: Client) -> bool:
        """Log in at the broker: CONNECT of MQTT 3.1.1, and what its CONNACK says."""
        texts = [f"{random.getrandbits(64):x}", client.username, client.password]
        payload = b"".join(len(raw).to_bytes(2, "big") + raw for raw in (text.encode() for text in texts))
        head = b"\x00\x04MQTT\x04\xc2\x00\x0a"
        length = len(head) + len(payload)
        assert length < 128 * 128
        size = bytes([length]) if length < 128 else bytes([length % 128 | 128, length // 128])
        with socket.create_connection(("127.0.0.1", self.simulator.endpoints["mqtt_port"]), 10) as broker:
            broker.sendall(b"\x10" + size + head + payload)
            answer = broker.recv(4)
            if len(answer) == 4 and answer[0] == 0x20 and answer[3] == 0:
                broker.sendall(b"\xe0\x00")
                return True
        return False


@dataclass
class Ways:
    """How an agent behaves where nobody documents it."""

    boot: float = 0.5  # seconds from its start to its first line
    poll: float = 1.0
    saves: str = "after"  # before or after the grant
    on_conflict: str = "poll"  # poll or silent
    announce: str = "before"  # its pairing lines come before or after the first answer
    repeats: bool = False  # its pairing line at each poll
    writes: str = "json"  # or text


@dataclass
class Container:
    """The container of our agent.

    Attributes:
        before_pairing, after_pairing: lines that something else in the container writes around the genuine ones.
        early: such lines as soon as the agent begins to ask; its own ones then come so many seconds `behind` them, with
            the first answer.
        shows_others: those lines are in the log that is read; else only what the agent itself has written.
    """

    name: str
    wire: Wire
    random: random.Random
    ways: Ways
    stored: Client | None = None
    before_pairing: list[bytes] = field(default_factory=list)
    after_pairing: list[bytes] = field(default_factory=list)
    early: list[bytes] = field(default_factory=list)
    behind: float = 1.0
    shows_others: bool = True
    log: list[tuple[float, bytes, bool]] = field(default_factory=list)
    asks_as: Client | None = None
    due: float | None = None
    started_at: float = 0.0
    announced: bool = False
    _in_conflict: bool = False

    def start(self, now: float) -> None:
        self.log.clear()
        self.started_at = now
        self.asks_as = None
        self.due = now + self.ways.boot
        self.say(now, "Loading modules", "Starting the scheduler")

    def say(self, now: float, *messages: str) -> None:
        for message in messages:
            entry = {"level": 30, "time": int(now * 1000), "pid": 1, "hostname": "factory", "msg": message, "v": 1}
            line = message if self.ways.writes == "text" else json.dumps(entry)
            self.log.append((now, line.encode(), True))

    def _others_say(self, now: float, lines: list[bytes]) -> None:
        self.log += [(now, line, False) for line in lines]

    def act(self, now: float) -> None:
        """What is due."""
        self.due = None
        if self.asks_as is None:
            self._log_in(now)
        else:
            self._poll(now)

    def _log_in(self, now: float) -> None:
        if self.stored is not None and self.wire.opens(self.stored):
            self.say(now, "Connected to broker")
            return
        origin = "newly generated" if self.stored is None else "cached"
        password = f"{self.random.getrandbits(128):032x}" if self.stored is None else self.stored.password
        self.asks_as = Client(self.name, f"{self.random.randrange(16**6):06x}", password)
        self.announced = self._in_conflict = False
        if self.ways.saves == "before":
            self.stored = self.asks_as
        self.say(now, "Starting in distributed (edge) mode")
        self.say(now, f"Asking for Connectware registration at 127.0.0.1 with {origin} credentials...")
        if self.early:
            self._others_say(now, self.early)
            self.due = now + self.behind
            return
        if self.ways.announce == "before":
            self._announce(now)
        self._poll(now)

    def _announce(self, now: float) -> None:
        self.announced = True
        self._others_say(now, self.before_pairing)
        self.say(now, "The registration process must be finished using the web-interface.")
        self._say_pairing(now)
        self._others_say(now, self.after_pairing)

    def _say_pairing(self, now: float) -> None:
        assert self.asks_as is not None
        self.say(now, f"Username: {self.name}, pairing ID (should match in UI): {self.asks_as.pairing_id}")

    def _poll(self, now: float) -> None:
        assert self.asks_as is not None
        outcome = self.wire.ask(self.asks_as)
        self.due = now + self.ways.poll
        if outcome == "granted":
            self.stored = self.asks_as
            self.asks_as = None
            self.due = now + 0.1
        elif outcome == "conflict":
            self._conflict(now)
        else:
            self._in_conflict = False
            if not self.announced:
                self._announce(now)
            elif self.ways.repeats:
                self._say_pairing(now)

    def _conflict(self, now: float) -> None:
        if not self._in_conflict:
            self._in_conflict = True
            self.say(now, "Registration failed: 409 Conflict")
        if self.ways.on_conflict == "silent":
            self.due = None

    def observe(self, now: float) -> Observation:
        """As the module on the factory host does it, with the same parser."""
        parser = LogParser(parse_patterns(), self.name, one_start=True)
        for at, line, own in self.log:
            if own or self.shows_others:
                parser.feed(line, at)
        return Observation(
            self.name,
            self.name,
            f"container-{self.name}",
            f"volume-{self.name}",
            state="running",
            started_at=self.started_at,
            created_at=self.started_at,
            volume_created_at=self.started_at,
            credentials=self.stored is not None,
            events=parser.events,
            last_lines=parser.last_lines,
            observed_at=now,
        )


class Field:
    """Time and the factory host (a HostPort). Time passes only by `sleep` and by looks at the host, for all alike.

    Attributes:
        between: called between any two things that anybody does: here the attacker acts.
    """

    def __init__(self, container: Container) -> None:
        self.container = container
        self.between: Callable[[str], None] = lambda point: None
        self._pass_to(START)
        container.wire.tell_time()
        container.start(self.now)

    def _pass_to(self, moment: float) -> None:
        self.now = self.container.wire.now = moment

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self._elapse(seconds)
        self.container.wire.tell_time()

    def _elapse(self, seconds: float) -> None:
        end = self.now + seconds
        while self.container.due is not None and self.container.due <= end:
            self._pass_to(max(self.now, self.container.due))
            self.container.act(self.now)
            self.between("agent")
        self._pass_to(end)
        self.between("time")

    def look(self, looks: Sequence[Look], wait: float) -> list[Observation]:
        if any(look.restart for look in looks):
            self.container.start(self.now)
        known = [self.container.observe(self.now).fingerprint() if look.restart else look.seen for look in looks]
        self._elapse(STEP)
        waited = STEP
        while waited < wait and self.container.observe(self.now).fingerprint() in known:
            self._elapse(STEP)
            waited += STEP
        self.container.wire.tell_time()
        return [self.container.observe(self.now) for _look in looks]
