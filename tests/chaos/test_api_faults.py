# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connectware's API answers wrongly, late or not at all: any operation of a rollout, any fault, up to three times.

What a plain rollout does not call is called by another one, or by an upgrade.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from chaos.bench import Bench
from chaos.middle import Prepared, prepared
from chaos.seeds import SEED, chance, count
from chaos.site import FIRST_START, LEASE, ROLLOUT, STYLES, UPGRADE, USER_DELETED, VOLUME_EMPTIED, Site
from chaos.tally import Tally
from integration import bed
from simulator.harness import until

AGENTS = 2
LONG_LEASE = 20  # seconds
Preparing = AbstractContextManager[Prepared]


def any_rollout(bench: Bench, draw: Random) -> Preparing:
    return prepared(bench, draw.choice((FIRST_START, USER_DELETED, VOLUME_EMPTIED)), AGENTS, draw)


def users_replaced(bench: Bench, draw: Random) -> Preparing:
    """The rollout deletes users, and looks at their roles before."""
    return prepared(bench, VOLUME_EMPTIED, AGENTS, draw)


@contextmanager
def long_lease(bench: Bench, draw: Random) -> Iterator[Prepared]:
    """On a busy machine a short lease ends before anybody has to close the window."""
    with any_rollout(bench, draw) as before:
        before.site.variables["agents_window_lease"] = LONG_LEASE
        yield before
        before.site.variables["agents_window_lease"] = LEASE


@contextmanager
def version_of_connectware(bench: Bench, draw: Random) -> Iterator[Prepared]:
    """The rollout asks Connectware which version it wants."""
    with any_rollout(bench, draw) as before:
        before.site.variables["agents_version"] = "auto"
        yield before
        before.site.variables["agents_version"] = bed.VERSION


@contextmanager
def asked_twice(bench: Bench, draw: Random) -> Iterator[Prepared]:
    """All agents asked, were restarted and asked again: the rollout denies their old requests."""
    del draw
    simulator = bench.simulator
    usual = simulator.control("GET", "switches")
    site = bench.apart(AGENTS, {})
    surviving = {"pending_survives_relock": True, "deny_supported": True}
    simulator.switch(**surviving)
    try:
        site.deploy().ok()
        simulator.control("POST", "window", {"open_ms": 60_000})
        until(lambda: sorted(name for name, _id in site.pending()) == site.names(), "they ask", 20)
        site.engine("restart", *(f"connectware-agent-{name}" for name in site.names()))
        until(lambda: len(site.pending()) == 2 * AGENTS, "they ask again", 20)
        simulator.control("POST", "window", {"open_ms": 0})
        yield Prepared(site, "asked twice", {})
    finally:
        simulator.switch(**{name: usual[name] for name in surviving})


@contextmanager
def upgraded(bench: Bench, draw: Random) -> Iterator[Prepared]:
    """Connectware has got another version, and the agents follow: the upgrade asks whether its services are well."""
    site = bench.apart(AGENTS, draw.choice(STYLES))
    site.rollout().ok()
    bench.simulator.control("POST", "version", {"version": bed.NEXT_VERSION})
    site.variables["agents_version"] = "auto"
    try:
        yield Prepared(site, "upgraded", site.identities())
    finally:
        bench.simulator.control("POST", "version", {"version": bed.VERSION})


@dataclass(frozen=True)
class Asked:
    """An operation: its path, which a message must name, and a run that calls it."""

    path: str
    prepare: Callable[[Bench, Random], Preparing] = any_rollout
    command: tuple[str, ...] = ROLLOUT


OPERATIONS = {
    "login": Asked("/api/login"),
    "registry_list": Asked("/api/client-registry"),
    "registry_unlock": Asked("/api/client-registry/unlock"),
    "registry_lock": Asked("/api/client-registry/lock", long_lease),
    "registry_confirm": Asked("/api/client-registry/confirm"),
    "registry_deny": Asked("/api/client-registry/deny", asked_twice),
    "list_users": Asked("/api/listUsers"),
    "list_roles": Asked("/api/roles", users_replaced),
    "delete_user": Asked("/api/users/", users_replaced),
    "system_info": Asked("/api/system/info", version_of_connectware),
    "system_health": Asked("/api/system/health", upgraded, UPGRADE),
}
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "502": {"status": 502},
    "503": {"status": 503},
    "429": {"status": 429, "retry_after": 2},
    "reset": {"reset": True},
    "half": {"half": True},
    "non_json": {"non_json": True},
    "latency": {"delay": 10},
}


def trials() -> list[tuple[str, str]]:
    """All pairs in an order of chance, or as many of them as are asked for."""
    pairs = [(operation, fault) for operation in OPERATIONS for fault in FAULTS]
    chance("api", "order").shuffle(pairs)
    return pairs[: count(len(pairs))]


def played_faults(site: Site) -> list[str]:
    """The operations of the requests that were answered with a fault."""
    return [entry["operation"] for entry in site.counts()["log"] if entry["fault"]]


@pytest.mark.parametrize(("operation", "fault"), trials())
def test_a_fault_of_the_api_is_survived_or_told(bench: Bench, tally: Tally, operation: str, fault: str) -> None:
    draw = chance("api", f"{operation}-{fault}")
    planned = {"operation": operation, "count": draw.randint(1, 3), **FAULTS[fault]}
    if fault not in ("half", "latency"):
        planned["effect"] = draw.random() < 0.4
    if operation == "registry_list":
        planned["skip"] = draw.randint(0, 4)
    asked = OPERATIONS[operation]
    with tally.trial(f"API, {fault}") as result, asked.prepare(bench, draw) as before:
        site = before.site
        print(f"CHAOS_SEED={SEED} {planned}")
        site.count_from_now()

        def plan(_process: subprocess.Popen[bytes]) -> None:
            bench.simulator.control("POST", "faults", planned)

        ended = site.run(plan, asked.command).in_time()
        played = played_faults(site)
        bench.simulator.control("DELETE", "faults")
        assert set(played) == {operation}, f"the fault was played on {played}:\n{ended.output}"
        texts = [bench.simulator.endpoints["url"] + asked.path]
        if "status" in planned:
            texts.append(f"HTTP {planned['status']}")
        ended.clean(*texts)
        result.saw(ended.how)
        site.converges(before.kept())


def test_an_authorization_without_effect_is_told(bench: Bench, tally: Tally) -> None:
    """It is answered as if it were done, each time: the run says so, instead of opening the window again and again."""
    draw = chance("api", "no effect")
    with tally.trial("API, authorization without effect") as result, bench.site(FIRST_START, AGENTS, draw) as site:
        site.prepare(FIRST_START, draw)
        bench.simulator.control("POST", "faults", {"operation": "registry_confirm", "body": "{}", "count": 0})
        site.count_from_now()
        ended = site.run(lambda _process: None).in_time()
        bench.simulator.control("DELETE", "faults")
        assert ended.code, ended.output
        assert set(played_faults(site)) == {"registry_confirm"}
        ended.clean("Connectware took the authorization but still lists the request")
        # Once for each agent, and once after the attempt to authorize behind a closed window.
        assert site.counts()["operations"]["registry_unlock"] <= AGENTS + 1, "the window was opened again and again"
        result.saw(ended.how)
        site.converges({})
