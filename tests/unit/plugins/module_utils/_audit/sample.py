# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role audit collects of made-up factories, in the shape in which the module gets it."""

from __future__ import annotations

from typing import Any

IMAGE = "registry.example.com:5000/cybus/protocol-mapper:1.8.0"


def container(name: str, **more: Any) -> dict[str, Any]:
    """An agent as agents_info shows it; `more` is of its observation."""
    return {
        "name": name,
        "username": more.pop("username", name),
        "container": more.pop("container", f"connectware-agent-{name}"),
        "volume": more.pop("volume", f"connectware-agent-{name}"),
        "observation": {"state": "running", "container_id": f"id-{name}", "exit_code": None, "image": IMAGE, **more},
    }


def judged(name: str, verdict: str = "registered", **more: Any) -> dict[str, Any]:
    """An agent as agents_registered judges it."""
    return {"name": name, "verdict": verdict, "reason": "none", "message": "", "last_lines": [], **more}


def deployed(seen: dict[str, Any], action: str = "none", drift: tuple[str, ...] = ()) -> dict[str, Any]:
    """An agent as the module agents predicts it."""
    return {**seen, "action": action, "drift": list(drift)}


def host(name: str, *agents: str, factory: str = "Hamburg", **more: Any) -> dict[str, Any]:
    """A host on which all is well; `more` replaces parts of it."""
    seen = [container(agent) for agent in agents]
    return {
        "name": name,
        "factory": factory,
        "named": [{"name": agent} for agent in agents],
        "seen": seen,
        "deployed": [deployed(each) for each in seen],
        "judged": [judged(agent) for agent in agents],
        "unreachable": False,
        "error": "",
        **more,
    }


def user(username: str, **more: Any) -> dict[str, Any]:
    """An agent as fleet_info lists it."""
    return {
        "username": username,
        "state": "registered",
        "ghost": False,
        "created_at": "2026-03-01T08:00:00.000Z",
        "connected": None,
        **more,
    }


def fleet(*users: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A result of fleet_info."""
    return {"agents": list(users), "strangers": [], **more}


FACTORIES = ("Antwerp", "Bremen", "Gdansk", "Graz", "Hamburg", "Lyon", "Munich", "Porto", "Turin", "Wroclaw")
TROUBLE: tuple[dict[str, Any], ...] = (
    {"verdict": "conflict", "reason": "credentials_missing",
     "message": "409: its user exists, and its credentials are lost; set agents_on_conflict to replace if nobody else"
                " uses that user"},
    {"verdict": "broken", "message": "its container exited with code 1 three times",
     "last_lines": ["getaddrinfo ENOTFOUND connectware.example.com", "Exiting"]},
    {"verdict": "awaiting_request", "reason": "first_start", "message": "its container would be created"},
    {"verdict": "rejected", "reason": "credentials_rejected", "message": "Connectware refuses its credentials"},
    {"verdict": "impostor", "message": "requests with the pairing IDs ffffff are pending under its name"},
)  # fmt: skip


def many(count: int, per_host: int = 10) -> dict[str, Any]:
    """Parameters of the module for so many agents, some of which are not well."""
    hosts, users = [], []
    for start in range(0, count, per_host):
        factory = FACTORIES[(start // per_host) % len(FACTORIES)]
        site = f"{factory.lower()}-{start // per_host // len(FACTORIES) + 1:02}.example.com"
        names = [f"{factory[:2].lower()}-press-{number:04}" for number in range(start, min(start + per_host, count))]
        hosts.append(_with_trouble(host(site, *names, factory=factory), start))
        days = [f"2026-0{1 + at % 9}-1{at % 10}T08:00:00.000Z" for at in range(per_host)]
        users += [user(name, created_at=day) for name, day in zip(names, days)]
    users += [user(f"old-robot-{number}", ghost=True, created_at="2024-05-02T10:00:00.000Z") for number in range(1, 4)]
    strangers = [{"username": "lab-test", "pairing_ids": ["c0ffee"]}]
    return {
        "hosts": hosts,
        "inventory": {each["name"]: each["named"] for each in hosts},
        "fleet": fleet(*users, strangers=strangers),
        "connectware_url": "https://connectware.example.com",
    }


def _with_trouble(made: dict[str, Any], start: int) -> dict[str, Any]:
    """Every fifth host has an agent that is not registered, every seventh one with drift, one in 23 is unreachable."""
    number = start // 10
    if number % 23 == 22:
        return {**made, "unreachable": True, "seen": [], "deployed": [], "judged": [], "error": "ssh: timed out"}
    if number % 5 == 3:
        made["judged"][2].update(TROUBLE[number // 5 % len(TROUBLE)])
    if number % 7 == 5:
        made["deployed"][4]["drift"] = ["image", "env"]
        made["deployed"][4]["observation"]["image"] = IMAGE.replace("1.8.0", "1.7.2")
    return made
