# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where trials get their sites from.

A site whose last trial has converged is good for the next one that starts with registered agents; whatever is left of
it is removed when the next site is made. Names are never used again.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from chaos.seeds import SEED
from chaos.site import FIRST_START, STYLES, Engine, Site, engine_here
from simulator.harness import Simulator


class Bench:
    """The sites on one engine."""

    def __init__(self, simulator: Simulator, folder: Path, engine: Engine = engine_here, **variables: Any) -> None:
        self.simulator = simulator
        self.environment: dict[str, str] = variables.pop("environment", {})
        self._folder = folder
        self._engine = engine
        self._variables = variables
        self._numbers = itertools.count(1)
        self._site: Site | None = None
        self._durations: dict[tuple[str, int], float] = {}

    @contextmanager
    def site(self, kind: str, count: int, draw: Random, **variables: Any) -> Iterator[Site]:
        """A site in the starting state of this kind; used again only if its trial goes well."""
        site = self._taken(count) if kind != FIRST_START and not variables else None
        if site is None:
            site = self._fresh(count, draw, variables)
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

    def clear(self) -> None:
        """Remove what is left."""
        if self._left is not None:
            self._left.remove()
        self._site = self._left = None

    _left: Site | None = None

    def _taken(self, count: int) -> Site | None:
        site, self._site = self._site, None
        return site if site is not None and len(site.agents) == count else None

    def _fresh(self, count: int, draw: Random, variables: dict[str, Any]) -> Site:
        self.clear()
        self.simulator.control("DELETE", "faults")
        self.simulator.control("POST", "window", {"open_ms": 0})
        prefix = f"ch{SEED % 10**6}-{next(self._numbers)}"
        self._left = Site(
            self.simulator,
            self._folder / prefix,
            prefix,
            count,
            engine=self._engine,
            style=draw.choice(STYLES),
            environment=self.environment,
            **{**self._variables, **variables},
        )
        return self._left
