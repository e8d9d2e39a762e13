# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents that nobody has let in yet are told apart from those that were revoked, by a mark beside their volume.

Both store their credentials before they are let in here, so that nothing else tells them apart.
"""

from __future__ import annotations

import pytest
from integration import lives
from integration.bed import docker, inspect
from simulator.harness import until

BEFORE = {"SIMULATOR_STORE": "before"}
LABEL = "edgefleet.connectware.unregistered"


def marked_by_hand(name: str) -> None:
    docker("volume", "create", "--label", f"{LABEL}={name}", f"connectware-agent-{name}.unregistered")


@pytest.mark.long
def test_a_mark_stays_until_the_agent_is_registered_and_no_longer(factory):
    site = lives.quick(factory(4), **BEFORE)
    lives.deployed_only(site)
    assert site.marks() == site.names()
    for name in site.names():
        assert inspect("volume", f"connectware-agent-{name}.unregistered")["Labels"] == {LABEL: name}
        until(lambda name=name: "pairing ID" in lives.log_of(name), f"{name} has asked")
        lives.restart(name)
    site.rollout("--check").ok()
    assert site.marks() == site.names()
    lives.first_rollout(site)
    assert site.marks() == []

    lives.nothing_to_do(site)
    before = site.starts()
    for name in site.names():  # revoked
        site.simulator.control("DELETE", f"users/{name}")
        lives.restart(name)
    site.rollout().failed("4 of 4 agents", "agents_max_reregistrations")
    assert {name for name, (container, _start) in site.starts().items() if container != before[name][0]} == set()
    assert site.marks() == []


@pytest.mark.long
def test_what_a_killed_run_has_left_goes_with_the_next_one(factory):
    """The host of one agent is as it is when a run is killed between the end of its registration and the mark's."""
    site = lives.quick(factory(2))
    lives.first_rollout(site)
    left, other = site.names()
    marked_by_hand(left)
    before = site.starts()
    predicted = site.rollout("--check").ok()
    assert (predicted.agents[left]["changed"], predicted.agents[other]["changed"]) == (True, False)
    assert site.marks() == [left]
    run = site.rollout().ok()
    assert run.agents[left]["actions"] == ["unmarked"] and run.agents[other]["actions"] == [], run.output
    assert site.marks() == [] and site.starts() == before
    lives.nothing_to_do(site)


@pytest.mark.long
def test_killed_while_its_registration_is_proven(factory):
    """SIGKILL as soon as the users are there: the marks are not gone yet."""
    site = lives.quick(factory(3), SIMULATOR_START_DELAY="2", **BEFORE)  # a proof takes longer than that
    process = site.start("rollout")
    try:
        until(lambda: set(site.names()) <= site.simulator.usernames(), "all are let in", 90)
    finally:
        site.kill_all(process)
    assert site.marks() == site.names()
    run = site.rollout().ok()
    assert {verdict for verdict, _reason in lives.verdicts(run).values()} == {"registered"}
    assert site.marks() == []
    lives.nothing_to_do(site)


@pytest.mark.long
def test_one_that_cannot_be_removed_is_named_and_the_agents_are_registered(factory):
    """Somebody's container mounts it, so the engine keeps it."""
    site = lives.quick(factory(2))
    lives.deployed_only(site)
    held = site.names()[0]
    holder = f"connectware-agent-{held}-holder"
    image = site.container(held)["Config"]["Image"]
    docker("create", "--name", holder, "-v", f"connectware-agent-{held}.unregistered:/held", image)
    run = site.rollout().failed(f"agent {held}: Could not remove the volume connectware-agent-{held}.unregistered")
    assert all(agent["registered"] for agent in run.agents.values())
    assert site.marks() == [held]
    lives.all_connected(site)
    docker("rm", holder)
    assert site.rollout().ok().agents[held]["actions"] == ["unmarked"]
    assert site.marks() == []


@pytest.mark.parametrize("purge", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_retirement_leaves_no_mark(factory, purge):
    site = lives.quick(factory(1))
    lives.deployed_only(site)
    assert site.marks() == site.names()
    site.retire(agents_purge=purge).ok()
    assert site.marks() == []
    assert (site.volume(site.names()[0]) is None) is purge
    assert site.retire(agents_purge=purge).ok().changed == 0


@pytest.mark.long
def test_hosts_that_take_turns_leave_no_mark(factory):
    site = lives.quick(factory(4), **BEFORE)
    hosts = {f"host{number}": {"agents_list": [agent]} for number, agent in enumerate(site.agents, 1)}
    site.rollout("--forks", "2", hosts=hosts).ok()
    assert site.marks() == []
    marked_by_hand(site.names()[3])
    run = site.rollout("--forks", "2", hosts=hosts).ok()
    assert run.agents[site.names()[3]]["actions"] == ["unmarked"]
    assert site.marks() == []
    assert set(site.rollout("--forks", "2", hosts=hosts).ok().changes.values()) == {0}
