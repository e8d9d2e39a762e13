# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller is killed at any point of a retirement, with purge and without: the next one finishes it.

In half of the trials an agent whose user was deleted has asked for another registration.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random

import pytest
from chaos.bench import Bench, switched
from chaos.middle import After, Prepared, earlier, kill, struck
from chaos.seeds import SEED, chance, count, moment
from chaos.site import RETIREMENT, STYLES, Site
from chaos.tally import Tally
from simulator.harness import until

AGENTS = 3
TRIALS = count(12)


@dataclass(frozen=True)
class Start:
    """What is retired, and how.

    Attributes:
        asking: one of the agents has lost its user, and its new request outlives the window.
    """

    purge: bool
    asking: bool

    def __str__(self) -> str:
        return f"{'purge' if self.purge else 'volumes stay'}{', a request pending' if self.asking else ''}"


STARTS = (Start(True, True), Start(False, False), Start(True, False), Start(False, True))  # in turn


@contextmanager
def registered(bench: Bench, start: Start, draw: Random) -> Iterator[Prepared]:
    """A site of its own, rolled out."""
    site = bench.apart(AGENTS, draw.choice(STYLES), agents_purge=start.purge)
    print(f"CHAOS_SEED={SEED} {start}, agents {site.names()}, {site.variables['agents_env']}")
    site.rollout().ok()
    assert sorted(site.identities()) == site.names()
    with ExitStack() as until_retired:
        if start.asking:
            until_retired.enter_context(switched(bench.simulator, pending_survives_relock=True, deny_supported=True))
            ask(site, draw.choice(site.names()))
        yield Prepared(site, "registered", {})


def ask(site: Site, name: str) -> None:
    """The user of this agent is deleted, so that it asks anew, and the window is closed again."""
    site.simulator.control("DELETE", f"users/{name}")
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    until(lambda: [asking for asking, _id in site.pending()] == [name], f"{name} asks", 30)
    site.simulator.control("POST", "window", {"open_ms": 0})
    assert [asking for asking, _id in site.pending()] == [name], "its request has outlived the window"


@pytest.fixture(scope="module")
def duration(bench: Bench) -> float:
    """Seconds that an undisturbed retirement takes."""
    with registered(bench, STARTS[0], chance("retirement", "duration")) as before:
        began = time.monotonic()
        before.site.retire().ok()
        took = time.monotonic() - began
        before.site.is_retired(STARTS[0].purge)
    return took


@pytest.mark.parametrize("number", range(TRIALS))
def test_the_next_retirement_finishes_what_was_killed(bench: Bench, tally: Tally, duration: float, number: int) -> None:
    start = STARTS[number % len(STARTS)]
    draw = chance("retirement", number)
    seconds = moment(draw, len(STARTS), number, TRIALS) * duration
    kills = (After(sooner, kill) for sooner in earlier(seconds, draw))
    with (
        tally.trial(f"retirement killed, {start}") as result,
        struck(result, lambda: registered(bench, start, draw), kills, RETIREMENT) as run,
    ):
        assert run.ended.how == "killed", run.ended.output
        run.site.retire().ok()
        run.site.is_retired(start.purge)
        assert run.site.retire().ok().changed == 0
        run.site.is_retired(start.purge)
