# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connectware's API answers wrongly, late or not at all: any operation of a rollout, any fault, up to three times."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from chaos.bench import Bench
from chaos.seeds import SEED, chance, count
from chaos.site import FIRST_START, USER_DELETED, VOLUME_EMPTIED
from chaos.tally import Tally

AGENTS = 2
LONG_LEASE = 20  # seconds
# Each with its path, which a message must name.
OPERATIONS = {
    "login": "/api/login",
    "registry_list": "/api/client-registry",
    "registry_unlock": "/api/client-registry/unlock",
    "registry_lock": "/api/client-registry/lock",
    "registry_confirm": "/api/client-registry/confirm",
    "list_users": "/api/listUsers",
    "delete_user": "/api/users/",
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


@pytest.mark.parametrize(("operation", "fault"), trials())
def test_a_fault_of_the_api_is_survived_or_told(bench: Bench, tally: Tally, operation: str, fault: str) -> None:
    draw = chance("api", f"{operation}-{fault}")
    planned = {"operation": operation, "count": draw.randint(1, 3), **FAULTS[fault]}
    if fault not in ("half", "latency"):
        planned["effect"] = draw.random() < 0.4
    if operation == "registry_list":
        planned["skip"] = draw.randint(0, 4)
    kind = VOLUME_EMPTIED if operation == "delete_user" else draw.choice((FIRST_START, USER_DELETED, VOLUME_EMPTIED))
    with tally.trial(f"API, {fault}") as result, bench.site(kind, AGENTS, draw) as site:
        hit = site.prepare(kind, draw)
        if operation == "registry_lock":  # on a busy machine a short lease ends before anybody has to close the window
            site.variables["agents_window_lease"] = LONG_LEASE
        healthy = {name: known for name, known in site.identities().items() if name not in hit}
        print(f"CHAOS_SEED={SEED} {planned}")
        site.count_from_now()

        def plan(_process: subprocess.Popen[bytes]) -> None:
            bench.simulator.control("POST", "faults", planned)

        ended = site.run(plan).in_time()
        played = [entry for entry in site.counts()["log"] if entry["fault"]]
        bench.simulator.control("DELETE", "faults")
        assert played, f"the fault was never played:\n{ended.output}"
        texts = [bench.simulator.endpoints["url"] + OPERATIONS[operation]]
        if "status" in planned:
            texts.append(f"HTTP {planned['status']}")
        ended.clean(*texts)
        result.ended[ended.how] += 1
        if kind != VOLUME_EMPTIED:
            healthy = site.identities()
        site.converges(healthy)


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
        ended.clean("Connectware took the authorization but still lists the request")
        # Once for each agent, and once after the attempt to authorize behind a closed window.
        assert site.counts()["operations"]["registry_unlock"] <= AGENTS + 1, "the window was opened again and again"
        result.ended[ended.how] += 1
        site.converges({})
