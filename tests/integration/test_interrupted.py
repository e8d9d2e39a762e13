# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout that is interrupted closes the window, and the next one finishes; one whose module is killed goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from integration import lives
from integration.bed import Factory
from simulator.harness import until


def exit_code(site: Factory, process: subprocess.Popen[bytes]) -> int:
    """Of a run that has to end now; if it does not, what still runs of it and what it has said."""
    try:
        return process.wait(60)
    except subprocess.TimeoutExpired as exc:
        running = subprocess.run(
            ["ps", "-eo", "pid,ppid,stat,wchan:20,args"], capture_output=True, text=True, check=True
        )
        left = [line for line in running.stdout.splitlines() if str(process.pid) in line.split()[:2]]
        log = (site.directory / "started.log").read_text()
        raise AssertionError("\n".join([f"{process.pid} does not end", *left, log[-4000:]])) from exc


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)], ids=["SIGINT", "SIGTERM"]
)
def test_interrupt_closes_the_window(factory, number):
    site = factory(1, agents_window_lease=600)
    site.agents[0]["env"] = {"SIMULATOR_START_DELAY": "3600"}
    process = site.start("rollout")
    try:
        until(lambda: site.simulator.state()["window"]["open"], "the window is open", 120)
        os.killpg(process.pid, number)
        assert exit_code(site, process) != 0
        until(lambda: not site.simulator.state()["window"]["open"], "the window is closed again", 20)
    finally:
        process.kill()
    del site.agents[0]["env"]
    site.rollout().ok()


def test_a_run_that_is_killed_leaves_the_window_to_its_lease(factory):
    site = factory(1, agents_window_lease=5)
    site.agents[0]["env"] = {"SIMULATOR_START_DELAY": "3600"}
    process = site.start("rollout")
    try:
        until(lambda: site.simulator.state()["window"]["open"], "the window is open", 120)
    finally:
        site.kill_all(process)
    until(lambda: not site.simulator.state()["window"]["open"], "the lease is over", 20)
    del site.agents[0]["env"]
    site.rollout().ok()


def modules(site: Factory) -> list[int]:
    """Processes of modules that this run has on its host; with pipelining they read themselves from their input."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, _args in rows}
    own = set(site.workers())

    def is_of_the_run(pid: int) -> bool:
        return pid in own or (pid in parents and is_of_the_run(parents[pid]))

    return [int(pid) for pid, _parent, args in rows if args.strip() == sys.executable and is_of_the_run(int(pid))]


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.long)], ids=["SIGTERM", "SIGKILL"]
)
def test_a_module_that_is_killed_on_its_host_is_run_anew(factory, number):
    """As by a machine that goes down while the connection to it still stands, or is out of memory."""
    site = lives.quick(factory(1), SIMULATOR_START_DELAY="6")
    process = site.start("rollout")
    try:
        until(lambda: site.simulator.state()["window"]["open"], "the window is open", 120)
        for pid in until(lambda: modules(site), "the agent is looked at", 20):
            os.kill(pid, number)
        assert process.wait(90) == 0, (site.directory / "started.log").read_text()
    finally:
        process.kill()
    lives.all_connected(site)
    lives.closed_and_clean(site)
