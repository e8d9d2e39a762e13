# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retirement: container, user and request go, looked at on both sides, and a kill at any point is made good."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest
from integration.bed import docker
from simulator.harness import until

SEED = int(os.environ.get("CHAOS_SEED", "20260101"))


def gone(site):
    assert not any(site.container(name) for name in site.names())
    assert not set(site.names()) & site.simulator.usernames()
    assert not [name for name, _id in site.pending() if name in site.names()]


def test_it_costs_few_requests_and_tells_each_agent(factory):
    site = factory(4)
    site.rollout().ok()
    site.count_from_now()
    run = site.retire().ok()
    assert {agent["verdict"] for agent in run.agents.values()} == {"retired"}
    assert all(agent["actions"] == ["removed", "user_deleted"] for agent in run.agents.values()), run.agents
    counts = site.counts()["operations"]
    assert counts["delete_user"] == 4
    assert counts["registry_list"] == 2
    gone(site)
    site.count_from_now()
    assert site.retire().ok().changed == 0
    counts = site.counts()["operations"]
    assert counts.pop("login") == 1 and sum(counts.values()) == 2


@pytest.mark.parametrize("deny_supported", [True, pytest.param(False, marks=pytest.mark.long)])
def test_its_pending_request_goes_too(factory, deny_supported):
    site = factory(1)
    name = site.names()[0]
    site.simulator.switch(pending_survives_relock=True, deny_supported=deny_supported)
    site.rollout(connectware_url="https://127.0.0.1:1").failed("127.0.0.1:1")
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    until(lambda: name in [username for username, _id in site.pending()], "it asks")
    run = site.retire().ok()
    if deny_supported:
        gone(site)
        assert "denied" in run.agents[name]["actions"]
    else:
        assert "still pending" in " ".join(run.output.split())


def test_one_agent_that_cannot_be_retired_does_not_hold_up_the_others(factory):
    site = factory(1)
    site.agents.append({"name": "admin", "container": f"connectware-agent-{site.names()[0]}-x"})
    site.retire().failed("admin", "Nothing was deleted")
    assert "admin" in site.simulator.usernames()
    site.agents.pop()
    site.rollout().ok()
    site.retire().ok()
    gone(site)


@pytest.mark.long
def test_killed_at_any_point_the_next_one_finishes(factory):
    """SIGKILL of everything at seeded moments, spread over what an undisturbed retirement takes."""
    chance = random.Random(SEED)
    print(f"seed {SEED}")
    site = factory(3)
    site.rollout().ok()
    started = time.monotonic()
    site.retire("--extra-vars", "agents_purge=true").ok()
    whole = time.monotonic() - started
    for _trial in range(int(os.environ.get("CHAOS_COUNT", "3"))):
        site.rollout().ok()
        process = site.start("retire", "--extra-vars", "agents_hosts=all agents_purge=true")
        with_moment = chance.uniform(0.2, 0.95) * whole
        try:
            process.wait(with_moment)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        for pid in site.workers():
            os.kill(pid, signal.SIGKILL)
        site.retire("--extra-vars", "agents_purge=true").ok()
        gone(site)
        assert not any(site.volume(name) for name in site.names())
    assert docker("ps", "-aq", "--filter", f"name=connectware-agent-{site.names()[0][:-1]}") == ""
