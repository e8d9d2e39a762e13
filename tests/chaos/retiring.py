# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites that are to be retired."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random

from chaos.bench import Bench, switched
from chaos.middle import Prepared
from chaos.seeds import SEED
from chaos.site import STYLES, Site
from simulator.harness import until

AGENTS = 3


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
        yield Prepared(site, "registered", {}, lambda: site.is_retired(start.purge))


def ask(site: Site, name: str) -> None:
    """The user of this agent is deleted, so that it asks anew, and the window is closed again."""
    site.simulator.control("DELETE", f"users/{name}")
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    until(lambda: [asking for asking, _id in site.pending()] == [name], f"{name} asks", 30)
    site.simulator.control("POST", "window", {"open_ms": 0})
    assert [asking for asking, _id in site.pending()] == [name], "its request has outlived the window"
