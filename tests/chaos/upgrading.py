# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites whose Connectware has got another version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from chaos.bench import Bench
from chaos.engines import NAMED
from chaos.middle import Prepared
from chaos.site import IMAGE, STYLES, Site
from integration import bed


def images(site: Site) -> set[str]:
    """Of the containers of the agents, by their tags."""
    containers = [f"{NAMED}{name}" for name in site.names()]
    return set(site.engine("inspect", "--format", "{{.Config.Image}}", *containers).decode().split())


@contextmanager
def behind(bench: Bench, count: int, draw: Random) -> Iterator[Prepared]:
    """All agents are registered; an upgrade brings them to the new version."""
    site = bench.apart(count, draw.choice(STYLES))
    site.rollout().ok()
    bench.simulator.control("POST", "version", {"version": bed.NEXT_VERSION})
    site.variables["agents_version"] = "auto"
    healthy = site.identities()

    def done() -> None:
        site.check(healthy)
        assert images(site) == {f"{IMAGE}:{bed.NEXT_VERSION}"}

    try:
        yield Prepared(site, "behind", healthy, done)
    finally:
        bench.simulator.control("POST", "version", {"version": bed.VERSION})
