# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several ansible-playbook at once, as the slices of a job are, know nothing of each other and share the window."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from integration import lives
from integration.bed import Factory
from simulator.harness import Simulator, until

LEASE = 40  # seconds; renewed when a quarter is left, which outlasts what holds up a run on a slow machine
PATIENCE = 300  # seconds that a run waits for its agent: until the others have come so far, on a slow machine too
FOR_EVER = "3600"
BUSY = {"operation": "registry_confirm", "status": 503, "count": 0}


@pytest.fixture
def runs(factory: Callable[..., Factory], tmp_path: Path) -> Callable[..., list[Factory]]:
    """Each a folder, an inventory and an agent of its own, which takes so many seconds to start; one Connectware."""

    def make(*delays: str) -> list[Factory]:
        whole = lives.quick(factory(len(delays)))
        sites = []
        for agent, delay in zip(whole.agents, delays, strict=True):
            directory = tmp_path / agent["name"]
            directory.mkdir()
            agent["env"] = {"SIMULATOR_START_DELAY": delay}
            variables = {**whole.variables, "agents_window_lease": LEASE, "agents_timeout": PATIENCE}
            sites.append(Factory(whole.simulator, directory, [agent], variables))
        return sites

    return make


def history(simulator: Simulator) -> list[dict[str, Any]]:
    return simulator.control("GET", "window-history")["history"]


def kinds(simulator: Simulator) -> list[str]:
    return [entry["kind"] for entry in history(simulator)]


def is_open(simulator: Simulator) -> bool:
    return bool(simulator.state()["window"]["open"])


def registers(site: Factory) -> bool:
    """The run has judged its agent, and is now at registering it: it needs the window."""
    return (site.directory / "started.log").read_text().count("Register the agents") == 2


def refused(site: Factory) -> int:
    """How many authorizations were refused so far, of all runs."""
    log = site.counts()["log"]
    return len([entry for entry in log if entry["operation"] == "registry_confirm" and entry["status"] == 503])


def ended_well(site: Factory, process: subprocess.Popen[bytes]) -> None:
    assert process.wait(120) == 0, (site.directory / "started.log").read_text()
    lives.all_connected(site)


def reported(site: Factory) -> list[dict[str, Any]]:
    return json.loads((site.directory / "report.json").read_text())["agents"]


def closes_within_a_lease(simulator: Simulator, since: int = 0) -> None:
    """And was open all the time until then: nobody closed it, and it ran out once.

    Args:
        since: how much of its history is of a run that was alone: that may have closed it before an authorization.
    """
    until(lambda: not is_open(simulator), "the window is closed, one lease after the last run", LEASE)
    *before, last = kinds(simulator)[since:]
    assert set(before) == {"unlock"} and last == "lapse", history(simulator)


def test_three_runs_at_once_succeed_at_the_first_try(runs):
    """Two end while the third needs the window still; that one lets it lapse."""
    first, second, third = sites = runs("0", "0", "10")
    simulator = first.simulator
    simulator.control("POST", "faults", BUSY)
    processes = []
    try:
        processes.append(first.start("rollout"))
        until(lambda: refused(first), "the first run has found that it needs an open window", 120)
        alone = len(history(simulator))
        for site in (second, third):
            processes.append(site.start("rollout"))
            until(lambda site=site: registers(site), "the next run needs it too", 120)
        so_far = refused(first)
        until(lambda: refused(first) > so_far + 4, "all are at work", 120)
        simulator.control("DELETE", "faults")
        for site, process in zip(sites, processes, strict=True):
            ended_well(site, process)
        closes_within_a_lease(simulator, alone)
    finally:
        for site, process in zip(sites, processes, strict=False):
            site.kill_all(process)
    for site in sites:
        (name,) = site.names()
        assert lives.log_of(name).count("Connected to broker") == 2, "once let in, and once for the proof"
        assert lives.log_of(name).count("pairing ID") == 1, "asked once"
        assert [agent["verdict"] for agent in reported(site)] == ["registered"]


@pytest.mark.long
def test_a_run_that_is_killed_hurts_no_other(runs):
    """Killed while both need the window: neither closes it, and it ends by itself."""
    killed, other = runs(FOR_EVER, "0")
    simulator = killed.simulator
    simulator.control("POST", "faults", BUSY)
    processes = [killed.start("rollout")]
    try:
        until(lambda: is_open(simulator), "the first run has opened the window", 120)
        processes.append(other.start("rollout"))
        until(lambda: registers(other) and refused(other), "the second needs it too", 120)
        killed.kill_all(processes[0])
        simulator.control("DELETE", "faults")
        ended_well(other, processes[1])
        closes_within_a_lease(simulator)
    finally:
        for site, process in zip((killed, other), processes, strict=False):
            site.kill_all(process)
    killed.agents[0]["env"] = {}
    killed.rollout().ok()
    assert kinds(simulator)[-1] == "lock", "a run that is alone closes"
    assert not is_open(simulator)


@pytest.mark.long
def test_a_client_that_is_registered_beside_a_run_leaves_it_the_window(runs):
    """registered_client has opened the window, and ends while the run still needs it."""
    beside, run = runs("0", FOR_EVER)
    simulator = run.simulator
    wanted = {name: f"{{{{ {name} }}}}" for name in beside.variables if name.startswith("connectware_")}
    wanted.update(username="nobody-there", pairing_id="a1b2c3", timeout=45, window_lease=LEASE)
    play = {"hosts": "all", "gather_facts": False, "tasks": [{"edgefleet.connectware.registered_client": wanted}]}
    (beside.directory / "client.yml").write_text(json.dumps([play]))
    processes = [beside.start("client.yml")]
    try:
        until(lambda: is_open(simulator), "it has opened the window", 120)
        processes.append(run.start("rollout"))
        until(lambda: registers(run), "the run needs it too", 120)
        assert processes[0].wait(120) != 0, "nobody asks"
        assert "nobody-there" in (beside.directory / "started.log").read_text()
        assert is_open(simulator) and "lock" not in kinds(simulator), history(simulator)
    finally:
        for site, process in zip((beside, run), processes, strict=False):
            site.kill_all(process)


def test_a_window_of_an_administrator_stays_as_it_was(runs):
    sites = runs("0", "2")
    simulator = sites[0].simulator
    simulator.control("POST", "window", {"open_ms": 300_000})
    (opened,) = history(simulator)
    processes = [site.start("rollout") for site in sites]
    try:
        for site, process in zip(sites, processes, strict=True):
            ended_well(site, process)
    finally:
        for site, process in zip(sites, processes, strict=True):
            site.kill_all(process)
    assert history(simulator) == [opened]
    assert is_open(simulator)
    simulator.control("POST", "window", {"open_ms": 0})
