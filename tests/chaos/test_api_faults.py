# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connectware's API answers wrongly, late or not at all: any operation, any fault, a few times or as long as the run.

What a plain rollout does not call is called by another one, or by an upgrade; one operation is called by the agents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from random import Random

import pytest
from chaos.api_plan import ANY, FAULTS, IMPATIENT, LASTING, ApiFault, Pair, pairs, planned
from chaos.bench import Bench, switched
from chaos.engines import NAMED
from chaos.middle import Prepared, prepared, struck
from chaos.seeds import SEED, chance, count
from chaos.site import FIRST_START, LEASE, ROLLOUT, UPGRADE, USER_DELETED, VOLUME_EMPTIED
from chaos.tally import Tally
from chaos.upgrading import behind
from integration import bed
from simulator.harness import until

AGENTS = 2
LONG_LEASE = 20  # seconds
SHORT_OF_TIME = 25  # agents_timeout of a run whose fault lasts: longer than an undisturbed one takes
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
    site = bench.apart(AGENTS, {})
    with switched(simulator, pending_survives_relock=True, deny_supported=True):
        site.deploy().ok()
        simulator.control("POST", "window", {"open_ms": 60_000})
        until(lambda: sorted(name for name, _id in site.pending()) == site.names(), "they ask", 20)
        site.engine("restart", *(f"{NAMED}{name}" for name in site.names()))
        until(lambda: len(site.pending()) == 2 * AGENTS, "they ask again", 20)
        simulator.control("POST", "window", {"open_ms": 0})
        yield Prepared(site, "asked twice", {})


def upgraded(bench: Bench, draw: Random) -> Preparing:
    """The upgrade asks whether the services of Connectware are well."""
    return behind(bench, AGENTS, draw)


@dataclass(frozen=True)
class Asked:
    """An operation: its path, which a message must name, and a run that calls it. None: the run does not see it."""

    path: str | None
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
    "register": Asked(None),
    ANY: Asked(None),
}


def texts_of(pair: Pair, url: str) -> list[str]:
    """What a run that has failed by this must say."""
    path = OPERATIONS[pair.operation].path
    if path is None:
        return []
    texts = [url + path]
    if "status" in FAULTS[pair.fault]:
        texts.append(f"HTTP {FAULTS[pair.fault]['status']}")
    return texts


@pytest.mark.parametrize("pair", pairs(list(OPERATIONS), chance("api", "order"), count(len(OPERATIONS))), ids=str)
def test_a_fault_of_the_api_is_survived_or_told(bench: Bench, tally: Tally, pair: Pair) -> None:
    draw = chance("api", f"{pair.operation}-{pair.fault}")
    asked = OPERATIONS[pair.operation]
    variables = {"agents_timeout": SHORT_OF_TIME} if pair.count == LASTING else {}
    if pair.impatient:
        variables["connectware_timeout"] = IMPATIENT
    print(f"CHAOS_SEED={SEED} {pair}")
    with (
        tally.trial(f"API, {pair.fault}") as result,
        struck(result, lambda: asked.prepare(bench, draw), planned(pair, draw), asked.command, **variables) as run,
    ):
        run.ended.in_time().clean(*texts_of(pair, bench.simulator.endpoints["url"]))
        run.site.converges(run.kept())


def test_an_authorization_without_effect_is_told(bench: Bench, tally: Tally) -> None:
    """It is answered as if it were done, each time: the run says so, instead of opening the window again and again."""
    draw = chance("api", "no effect")
    with tally.trial("API, authorization without effect") as result, bench.site(FIRST_START, AGENTS, draw) as site:
        site.prepare(FIRST_START, draw)
        fault = ApiFault({"operation": "registry_confirm", "body": "{}", "count": LASTING})
        site.count_from_now()
        ended = site.run(lambda process: fault.strike(site, process)).in_time()
        assert fault.happened(site)
        assert ended.code, ended.output
        ended.clean("Connectware took the authorization but still lists the request")
        # Once for each agent, and once after the attempt to authorize behind a closed window.
        assert site.counts()["operations"]["registry_unlock"] <= AGENTS + 1, "the window was opened again and again"
        result.saw(ended.how)
        site.converges({})
