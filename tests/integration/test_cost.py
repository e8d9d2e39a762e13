# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout may cost, against what the engine itself takes on the same machine in the same minute."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from integration.bed import docker, inspect

AGENTS = 10
# What a module cannot do without: a process that loads the docker SDK and asks for every container.
LOOK = "import docker, sys; engine = docker.APIClient(); [engine.inspect_container(name) for name in sys.argv[1:]]"
IDLE = 6  # times as long as two such processes; on a quiet machine it is three times
POLL_INTERVAL = 1.0  # seconds between two requests of a simulated agent


def registering(run):
    """Seconds until the last agent was registered; 0 where all of them are found well at the first look."""
    return max(agent["seconds"] for agent in run.agents.values())


def of_tasks(run):
    """Seconds that the tasks of this collection have taken."""
    return run.report["hosts"]["factory"]["seconds"]


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
        first = registering(site.rollout().ok())
        runs = [(look(site), of_tasks(site.rollout().ok())) for _repeat in range(3)]
        looks, nothing = (statistics.median(each) for each in zip(*runs, strict=True))
        idle = IDLE * looks
        budget = 1.5 * (sum(floor(site)) + 2 * POLL_INTERVAL + 3.0)
        print(f"ten agents: first rollout {first:.1f} s of {budget:.1f}, nothing to do {nothing:.1f} s of {idle:.1f}")
        site.retire(agents_purge=True).ok()
        if nothing <= idle and first <= budget:
            return
    assert nothing <= idle
    assert first <= budget


def look(site):
    """Seconds that two processes take, one after the other, which each look at these containers with the docker SDK."""
    command = [sys.executable, "-c", LOOK, *[f"connectware-agent-{name}" for name in site.names()]]
    started = time.monotonic()
    for _task in range(2):
        subprocess.run(command, check=True)
    return time.monotonic() - started


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
