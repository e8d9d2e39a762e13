# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where trials get their sites from.

A site whose last trial has converged is good for the next one that starts with registered agents; whatever is left of
it is removed when the next site is made. Names are never used again.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from chaos.engines import Engine, engine_here
from chaos.seeds import SEED
from chaos.site import FIRST_START, STYLES, Site
from integration.factory_host import CONNECTION_PLUGINS, FactoryHost
from simulator.harness import Simulator


class Bench:
    """The sites on one engine."""

    def __init__(
        self,
        simulator: Simulator,
        folder: Path,
        *,
        name: str = "",
        engine: Engine = engine_here,
        alone: bool = False,
        environment: Mapping[str, str] | None = None,
        **variables: Any,
    ) -> None:
        self.simulator = simulator
        self._folder = folder
        self._name = name
        self._engine = engine
        self._alone = alone
        self._environment = environment or {}
        self._variables = variables
        self._numbers = itertools.count(1)
        self._last: Site | None = None  # whatever its state
        self._site: Site | None = None  # the same, if all its agents are registered
        self._durations: dict[tuple[str, int], float] = {}

    @contextmanager
    def site(self, kind: str, count: int, draw: Random) -> Iterator[Site]:
        """A site in the starting state of this kind; used again only if its trial goes well."""
        site = self._taken(count) if kind != FIRST_START else None
        if site is None:
            site = self.apart(count, draw.choice(STYLES))
            if kind != FIRST_START:
                site.rollout().ok()
        print(f"CHAOS_SEED={SEED} {kind}, agents {site.names()}, {site.variables['agents_env']}")
        yield site
        self._site = site

    def duration(self, kind: str, count: int) -> float:
        """Seconds that an undisturbed rollout takes from this starting state; measured once."""
        if (kind, count) not in self._durations:
            draw = Random(f"{SEED}/duration/{kind}")
            with self.site(kind, count, draw) as site:
                site.prepare(kind, draw)
                began = time.monotonic()
                site.rollout().ok()
                self._durations[kind, count] = time.monotonic() - began
        return self._durations[kind, count]

    def apart(self, count: int, style: Mapping[str, str], **variables: Any) -> Site:
        """A fresh site that no other trial will use; nothing of the last one is left."""
        self.clear()
        self.simulator.control("DELETE", "faults")
        self.simulator.control("POST", "window", {"open_ms": 0})
        prefix = f"chaos{os.getpid()}-{self._name}{next(self._numbers)}"
        self._last = Site(
            self.simulator,
            self._folder / prefix,
            prefix,
            count,
            engine=self._engine,
            alone=self._alone,
            style=style,
            environment=dict(self._environment),
            **{**self._variables, **variables},
        )
        return self._last

    def clear(self) -> None:
        """Remove what is left."""
        if self._last is not None:
            self._last.remove()
        self._site = self._last = None

    def _taken(self, count: int) -> Site | None:
        site, self._site = self._site, None
        return site if site is not None and len(site.agents) == count else None


@contextmanager
def switched(simulator: Simulator, **switches: Any) -> Iterator[None]:
    """An assumption about Connectware is another one for a while."""
    usual = simulator.control("GET", "switches")
    simulator.switch(**switches)
    try:
        yield
    finally:
        simulator.switch(**{name: usual[name] for name in switches})


def hosted_bench(
    host: FactoryHost, simulator: Simulator, folder: Path, name: str, environment: Mapping[str, str] | None = None
) -> Bench:
    """Sites on a factory host, one after the other: nothing else is on its engine."""
    return Bench(
        simulator,
        folder,
        name=name,
        engine=lambda *arguments: engine_here("exec", host.name, "docker", *arguments),
        alone=True,
        environment={
            "ANSIBLE_CONNECTION_PLUGINS": str(CONNECTION_PLUGINS),
            "ANSIBLE_PIPELINING": "1",
            **(environment or {}),
        },
        **host.variables,
    )
