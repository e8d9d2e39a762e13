# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs on one host at once, as of a rulebook and of a schedule: they do some things twice, and nothing is lost."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from integration import lives
from integration.bed import Factory, docker
from simulator.harness import until

OFTEN = 15
SHORT = 10  # the seed that is always tried: two first rollouts that begin together
LEASE = 20  # seconds: whoever is the last leaves the window to it, because the other one may need it
DELAYS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)  # seconds after the first one that the second one begins


def first_start(_site):
    """Nothing is there."""


def lost(site):
    """The credentials are gone, and the users as well."""
    for name in site.names():
        lives.empty(name)
        site.simulator.control("DELETE", f"users/{name}")


def rejected(site):
    for name in site.names():
        site.simulator.control("DELETE", f"users/{name}")


def conflict(site):
    for name in site.names():
        lives.empty(name)
        docker("restart", "--time", "1", f"connectware-agent-{name}")


def changed(site):
    """The containers are to be made anew."""
    site.variables["agents_env"] = {**site.variables["agents_env"], "CYBUS_LOG_LEVEL": "debug"}


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[] if seed == SHORT else [pytest.mark.long]) for seed in range(OFTEN)]
)
def test_the_next_run_finds_nothing_or_finishes_it(factory, tmp_path, seed):
    draw = random.Random(seed)
    trouble = (first_start, lost, rejected, conflict, changed)[seed % 5]
    delay = draw.choice(DELAYS)
    print(f"seed {seed}: {trouble.__name__}, the second run {delay} s later")
    site = lives.quick(factory(3, agents_max_reregistrations=3, agents_on_conflict="replace"))
    site.variables["agents_window_lease"] = LEASE
    if trouble is not first_start:
        site.rollout().ok()
    trouble(site)
    other = Factory(site.simulator, tmp_path / "other", site.agents, site.variables)
    other.directory.mkdir()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(site.rollout)
        time.sleep(delay)  # no condition: each moment of the first one is as good as another
        two = pool.submit(other.rollout)
    runs = [one.result(), two.result()]

    assert any(run.code == 0 for run in runs), runs[0].output + runs[1].output
    site.rollout().ok()
    lives.all_connected(site)
    lives.nothing_to_do(site)
    until(lambda: not site.simulator.state()["window"]["open"], "the window closes by itself", LEASE + 5)
    lives.closed_and_clean(site)
