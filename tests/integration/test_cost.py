# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout may cost, against what the engine itself takes on the same machine in the same minute."""

from __future__ import annotations

import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from integration.bed import docker, inspect

AGENTS = 10
NOTHING_TO_DO = 2.5  # seconds for the two tasks of a host with ten agents
POLL_INTERVAL = 1.0  # seconds between two requests of a simulated agent


def seconds(run):
    """Of the two tasks together."""
    return max(agent["seconds"] for agent in run.agents.values())


def in_parallel(*commands):
    """Seconds that the docker command takes for all of them at once."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(commands)) as pool:
        list(pool.map(lambda command: docker(*command), commands))
    return time.monotonic() - started


@pytest.mark.alone
def test_ten_agents(factory):
    """Compared in one run; what else the machine does only adds, so a second attempt may mend the first."""
    for _attempt in range(2):
        site = factory(AGENTS)
        first = seconds(site.rollout().ok())
        nothing = statistics.median(seconds(site.rollout().ok()) for _attempt in range(3))
        budget = 1.5 * (sum(floor(site)) + 2 * POLL_INTERVAL + 3.0)
        print(f"ten agents: first rollout {first:.1f} s of {budget:.1f} s, nothing to do {nothing:.2f} s")
        site.retire(agents_purge=True).ok()
        if nothing <= NOTHING_TO_DO and first <= budget:
            return
    assert nothing <= NOTHING_TO_DO
    assert first <= budget


def floor(site):
    """Seconds that the docker command takes to restart these containers, and to start as many, all at once."""
    containers = [f"connectware-agent-{name}" for name in site.names()]
    restart = in_parallel(*[("restart", container) for container in containers])
    copies = [copy_of(container) for container in containers]
    try:
        start = in_parallel(*copies)
    finally:
        subprocess.run(["docker", "rm", "-f", *[f"{c}-copy" for c in containers]], check=False, capture_output=True)
    return restart, start


def copy_of(container):
    """The arguments that run the same image with the same environment, and without a volume."""
    env = inspect("container", container)["Config"]["Env"]
    options = [option for entry in env for option in ("--env", entry)]
    image = inspect("container", container)["Config"]["Image"]
    return ("run", "--detach", "--init", "--network", "host", *options, "--name", f"{container}-copy", image)
