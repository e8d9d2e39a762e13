# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleets made by chance, and by the fleet alone what an audit has to say of it.

Nothing here asks the code under test. What the role collects is made from the fleet as the modules would tell it.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .connectware import MemoryConnectware

OK, AWAY, BROKEN, OUTSIDE, NONE, LIMITED = "ok", "away", "broken", "outside", "none", "limited"
RUNS = ("running", "restarting")
MAY_ACT = (*RUNS, "paused")  # of a container that may use its user, now or in a moment
STATES = ("running", "running", "running", "restarting", "exited", "created", "dead", "paused")
VERDICTS = (
    "registered", "registered", "registered", "registered", "broken", "conflict", "awaiting_authorization", "impostor",
    "unproven", "unsaved", "awaiting_request", "rejected", "unreadable",
)  # fmt: skip
NAMES = (
    "press-1", "Press-1", "press-2", "robot_3", "mill.4", "all", "ungrouped", "localhost", "constructor", "press-9",
    "hasOwnProperty", "connectware_ghost", "p" * 63,
)  # fmt: skip
HOSTILE = (
    "{{ lookup('pipe', 'id') }}", "</script><script>window.owned = 1</script>", "&lt;b&gt;", "a\x00b", "a\x01b",
    "\ud800", "\ufffe", "pr\u0435ss-1", "PRESS-2", "x" * 300, "x" * 301, "__proto__", "admin-of-none", "press-1\n",
    "'\" ` \\", "]]>",
    "old-1", "old-2", "old-3", "{% raw %}", "!unsafe x", "old\u202e-4", "-", " old ",
)  # fmt: skip
FACTORIES = ("Hamburg", "hamburg", "__proto__", "<b>Ulm</b>", "constructor", "", "Lyon")
IMAGES = {
    "example.com:5000/cybus/protocol-mapper:1.8.0": ("example.com:5000/cybus/protocol-mapper", "1.8.0"),
    "agent@sha256:" + 64 * "a": ("agent", "sha256:" + 64 * "a"),
    "sha256:" + 64 * "b": (None, "sha256:" + 64 * "b"),
    "localhost:5000/agent": ("localhost:5000/agent", None),
}  # fmt: skip
PREFIX = "connectware-agent-"


@dataclass
class Container:
    """A container of an agent on an engine; `ours` with our label, else known by its environment."""

    id: str
    container: str
    name: str
    username: str
    volume: str
    state: str
    image: str
    ours: bool = True

    def told(self) -> dict[str, Any]:
        look = {"state": self.state, "container_id": self.id, "exit_code": None, "image": self.image}
        return {
            "name": self.name, "username": self.username, "container": self.container, "volume": self.volume,
            "observation": {**look, "managed": self.ours},
        }  # fmt: skip


@dataclass
class Host:
    """A host of the inventory, and what is on its engine."""

    name: str
    condition: str
    factory: str
    agents: list[dict[str, Any]] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    intruders: list[dict[str, str]] = field(default_factory=list)
    judged: dict[str, dict[str, Any]] = field(default_factory=dict)
    drift: dict[str, list[str]] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Two entries with one name: a rollout judges none of them."""
        names = [agent["name"] for agent in self.agents]
        return len(set(names)) < len(names)

    @property
    def asked(self) -> bool:
        return self.condition == OK and not self.refused

    def own(self, agent: dict[str, Any]) -> Container | None:
        """The container that a rollout takes for that of the agent."""
        mine = [each for each in self.containers if each.name == agent["name"]]
        exact = [each for each in mine if each.container == container_of(agent)]
        ours = [each for each in mine if each.ours]
        return next(iter(exact or ours), None)


def username_of(agent: dict[str, Any]) -> str:
    return agent.get("username") or agent["name"]


def container_of(agent: dict[str, Any]) -> str:
    return agent.get("container") or PREFIX + agent["name"]


def names_of(thing: Any) -> set[str]:
    return {thing.name, thing.username} if isinstance(thing, Container) else {thing["name"], username_of(thing)}


@dataclass
class World:
    """Everything there is."""

    hosts: list[Host]
    server: MemoryConnectware
    pattern: str | None
    deaf: bool  # Connectware cannot be asked
    # Users before and after, for what may vanish while it is asked.
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    lasting: set[str] = field(default_factory=set)

    @property
    def inventory(self) -> dict[str, Any]:
        return {host.name: host.agents for host in self.hosts if host.condition != NONE}

    def collected(self) -> list[dict[str, Any]]:
        """What the role hands to its module."""
        return [_collected(host) for host in self.hosts if host.condition != LIMITED]


def _collected(host: Host) -> dict[str, Any]:
    if host.condition == OUTSIDE:
        return {"name": host.name, "error": "it failed outside", "lost": True, "factory": host.factory}
    told: dict[str, Any] = {
        "name": host.name, "factory": host.factory, "named": False if host.condition == NONE else host.agents,
        "unreachable": host.condition == AWAY, "error": "", "seen": [], "intruders": [], "deployed": [], "judged": [],
    }  # fmt: skip
    if host.condition in (AWAY, BROKEN):
        told["error"] = f"{host.condition} <i>"
    if host.condition == OK:
        told["seen"] = [each.told() for each in host.containers]
        told["intruders"] = host.intruders
    if host.condition == OK and host.refused:
        told["error"] = "two entries have one name"
    if host.asked:
        for agent in host.agents:
            own = host.own(agent)
            absent = Container("", "", agent["name"], username_of(agent), volume_of(agent), "absent", "")
            seen = {**(own or absent).told(), "name": agent["name"], "container": container_of(agent)}
            if own is None:
                seen["observation"].update(container_id=None, image=None)
            told["deployed"].append({**seen, "drift": host.drift.get(agent["name"], [])})
            told["judged"].append({"name": agent["name"], **host.judged[agent["name"]]})
    return told


def volume_of(agent: dict[str, Any]) -> str:
    """By the inventory alone."""
    return "" if not managed(agent) else agent.get("volume") or PREFIX + agent["name"]


def managed(agent: dict[str, Any]) -> bool:
    return agent.get("manage") not in (False, "no", "off", "False")


# ------------------------------------------------------------------------------------------------------------- chance


def made(seed: int) -> World:
    """The fleet of this seed."""
    chance = random.Random(seed)
    ids = iter(range(10**6))
    hosts = []
    for number in range(chance.randint(1, 5)):
        condition = chance.choice((OK, OK, OK, OK, AWAY, BROKEN, OUTSIDE, NONE, LIMITED))
        host = Host(f"host-{number}", condition, chance.choice(FACTORIES))
        if condition != NONE:
            host.agents = [_agent(chance) for _each in range(chance.choice((0, 1, 1, 2, 3)))]
        _contained(chance, host, ids)
        for agent in host.agents:
            text = chance.choice((*HOSTILE, "", "y" * 100_000 if seed % 50 == 0 else "y"))
            host.judged[agent["name"]] = {
                "verdict": chance.choice(VERDICTS), "reason": chance.choice(("none", "first_start", "conflict")),
                "message": text, "last_lines": [chance.choice(HOSTILE)] if chance.random() < 0.2 else [],
            }  # fmt: skip
            if chance.random() < 0.2:
                host.drift[agent["name"]] = chance.sample(("image", "env", "labels"), chance.randint(1, 2))
        hosts.append(host)
    server = MemoryConnectware(rows=chance.choice((2, 3, 100)))
    world = World(hosts, server, chance.choice((None, None, ".*", "(?s)(press|old).*")), chance.random() < 0.05)
    _registered(chance, world)
    return world


def _agent(chance: random.Random) -> dict[str, Any]:
    agent: dict[str, Any] = {"name": chance.choice(NAMES)}
    if chance.random() < 0.2:
        agent["username"] = chance.choice((*NAMES, "user-1", "user-2"))
    if chance.random() < 0.15:
        agent["volume"] = chance.choice(("shared", PREFIX + "press-1", "own-" + agent["name"]))
    if chance.random() < 0.15:
        agent["container"] = "custom-" + agent["name"]
    if chance.random() < 0.1:
        agent.update(manage=chance.choice((False, "no", "off", "False")), container="compose-" + agent["name"])
    return agent


def _contained(chance: random.Random, host: Host, ids: Any) -> None:
    """What runs there: containers of its agents, of others, second ones, and what is none of an agent."""

    def add(name: str, username: str, container: str, volume: str, ours: bool = True) -> None:
        if container in {each.container for each in host.containers}:
            return
        state, image = chance.choice(STATES), chance.choice(sorted(IMAGES))
        host.containers.append(Container(f"id-{next(ids)}", container, name, username, volume, state, image, ours))

    for agent in host.agents:
        if chance.random() < 0.85:
            name, is_managed = container_of(agent), managed(agent)
            if is_managed and chance.random() < 0.1:
                name = "before-" + agent["name"]  # the inventory has given it another name since
            volume = volume_of(agent) if is_managed else f"compose-data-{agent['name']}"
            add(agent["name"], username_of(agent), name, volume, is_managed)
    if chance.random() < 0.3:
        name = chance.choice((*NAMES, *HOSTILE[-8:-3]))
        volume = chance.choice((PREFIX + "press-1", "shared", f"left-{name}"))
        add(name, chance.choice((name, "user-1")), f"left-{len(host.containers)}", volume, chance.random() < 0.5)
    if chance.random() < 0.1 and host.containers:
        host.intruders.append({"container": "backup", "volume": chance.choice(host.containers).volume})
    host.intruders = [each for each in host.intruders if each["volume"]]


def _registered(chance: random.Random, world: World) -> None:
    wanted = {username_of(agent) for host in world.hosts for agent in host.agents if chance.random() < 0.8}
    wanted |= set(chance.sample(HOSTILE, chance.randint(0, 6)))
    wanted |= {name.swapcase() for name in sorted(wanted) if chance.random() < 0.05}
    for number, username in enumerate(sorted(wanted)):
        user: dict[str, Any] = {"id": f"u{number}", "username": username}
        maker = chance.choice(("client-registry",) * 6 + ("admin", None))
        user.update({"createdBy": maker} if maker else {})
        if chance.random() < 0.1:
            user["roles"] = [{"id": "r", "name": chance.choice(("agents", "people"))}]
        if chance.random() < 0.8:
            user["createdAt"] = chance.choice(("2026-03-01T08:00:00.000Z", "<i>\x07", "x" * 500))
        world.users[username] = user
    server = world.server
    server.users = list(world.users.values())
    chance.shuffle(server.users)
    server.connected = chance.choice((None, [], sorted(wanted)[:2], [name.upper() for name in sorted(wanted)]))
    for username in chance.sample((*NAMES[:4], *HOSTILE, "stranger"), chance.randint(0, 4)):
        for number in range(chance.choice((1, 1, 2))):
            more = {"pairingId": chance.choice((f"a8212{number}", "<b>"))} if chance.random() < 0.8 else {}
            server.pending.append({"username": username, **more})
    if chance.random() < 0.3 and server.users:
        gone = {chance.choice(server.users)["id"] for _each in range(chance.randint(1, 2))}
        server.vanishing[chance.randint(1, 3)] = gone
    gone = {one for many in server.vanishing.values() for one in many}
    world.lasting = {name for name, user in world.users.items() if user["id"] not in gone}


# ------------------------------------------------------------------------------------------------------------- oracle


def shown(text: str, limit: int) -> str:
    """Clean and bounded."""
    clean = "".join(char if char.isprintable() else "?" for char in text)
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


@dataclass
class Row:
    """What a report has to say of one agent. `missing` and `since` are None where both answers are right."""

    name: str
    host: str | None
    factory: str | None
    verdict: str
    findings: set[str]
    missing: bool | None = False
    drift: list[str] = field(default_factory=list)
    image: tuple[str | None, str | None] = (None, None)

    def state(self) -> str:
        """As the guide has it."""
        if "clone" in self.findings:
            return "failing"
        if self.verdict in ("unknown", "unreachable"):
            return "unknown"
        if self.verdict == "ghost" or (self.verdict == "registered" and self.findings == {"drift"}):
            return "attention"
        return "well" if self.verdict == "registered" and not self.findings else "failing"


def rows_of(world: World) -> list[Row]:
    """Of every agent that the inventory names for a host of the play."""
    pending = {request["username"] for request in world.server.pending}
    found = []
    for host in world.hosts:
        if host.condition in (LIMITED, NONE):
            continue
        for agent in host.agents:
            own = host.own(agent) if host.condition == OK else None
            findings = {"clone"} if _is_clone(world, host, agent) else set()
            drift = host.drift.get(agent["name"], []) if host.asked else []
            if host.asked and own is None:
                findings.add("absent")
            elif host.asked and own.state not in RUNS:
                findings.add("stopped")
            if drift:
                findings.add("drift")
            username = username_of(agent)
            missing: bool | None = username not in world.users and username not in pending and not world.deaf
            if username in world.users and username not in world.lasting and username not in pending:
                missing = None
            verdict = {AWAY: "unreachable"}.get(host.condition, "unknown")
            if host.asked:
                verdict = host.judged[agent["name"]]["verdict"]
            image = IMAGES[own.image] if own else (None, None)
            name = shown(agent["name"], 256)
            found.append(Row(name, host.name, host.factory or "ungrouped", verdict, findings, missing, drift, image))
    return found


def _is_clone(world: World, host: Host, agent: dict[str, Any]) -> bool:
    names = names_of(agent)
    entries = [(each, other) for each in world.hosts for other in each.agents]
    if any(names & names_of(other) for _each, other in entries if other is not agent):
        return True
    looked_at = [each for each in world.hosts if each.condition == OK]
    rivals = [
        (each, one) for each in looked_at for one in each.containers if one.state in MAY_ACT and names & names_of(one)
    ]
    # One of them on its own host is the agent itself.
    here = {key: sum(each is host and key in names_of(one) for each, one in rivals) for key in names}
    if any(each is not host for each, _one in rivals) or any(count > 1 for count in here.values()):
        return True
    return _shares_a_volume(host, agent)


def _shares_a_volume(host: Host, agent: dict[str, Any]) -> bool:
    if host.condition != OK:
        volumes, own, containers, intruders = {volume_of(agent)} - {""}, None, [], []
    else:
        own = host.own(agent)
        volumes = {volume_of(agent), own.volume if own and host.asked else ""} - {""}
        containers, intruders = host.containers, host.intruders
    others = [volume_of(each) for each in host.agents if each["name"] != agent["name"]]
    others += [one.volume for one in containers if one is not own]
    others += [each["volume"] for each in intruders]
    return bool(volumes & set(others))


def ghosts_of(world: World) -> tuple[list[str], list[str]]:
    """Users that are ghosts, and those that may be one or not: they vanish meanwhile."""
    known = {name.casefold() for host in world.hosts for agent in host.agents for name in names_of(agent)}
    sure = [
        name
        for name, user in world.users.items()
        if user.get("createdBy") == "client-registry"
        and name.casefold() not in known
        and (world.pattern is None or re.fullmatch(world.pattern, name))
    ]
    if world.deaf:
        return [], []
    return [n for n in sure if n in world.lasting], [n for n in sure if n not in world.lasting]


def strangers_of(world: World) -> set[str]:
    """Names that ask and that nobody has."""
    named = {username_of(agent) for host in world.hosts for agent in host.agents}
    made_by = {name for name, user in world.users.items() if user.get("createdBy") == "client-registry"}
    return set() if world.deaf else {each["username"] for each in world.server.pending} - named - made_by


def wrong_totals(report: dict[str, Any]) -> list[str]:
    """Whether the numbers are those of the rows."""
    agents, totals = report["agents"], report["totals"]
    states = Counter(agent["state"] for agent in agents)
    wanted = {
        "hosts": len(report["hosts"]),
        "agents": sum(agent["verdict"] != "ghost" for agent in agents),
        "states": {state: states[state] for state in ("well", "attention", "failing", "unknown")},
        "verdicts": dict(Counter(agent["verdict"] for agent in agents)),
        "findings": dict(Counter(each for agent in agents for each in agent["findings"])),
        "host_statuses": dict(Counter(host["status"] for host in report["hosts"])),
    }
    wrong = [f"totals.{key}: {totals[key]} instead of {want}" for key, want in wanted.items() if totals[key] != want]
    for factory in report["factories"]:
        own = [each for each in agents if each["factory"] == factory["name"] and each["verdict"] != "ghost"]
        counted = Counter(each["state"] for each in own)
        if factory["agents"] != len(own) or any(factory["states"][key] != counted[key] for key in factory["states"]):
            wrong.append(f"factory {factory}")
    if sorted({host["factory"] for host in report["hosts"]}) != [each["name"] for each in report["factories"]]:
        wrong.append("factories")
    return wrong
