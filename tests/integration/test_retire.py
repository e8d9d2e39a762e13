# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retirement: container, user and request go, looked at on both sides. tests/chaos kills it at any point."""

from __future__ import annotations

import pytest
from simulator.harness import until


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
    site.deploy().ok()
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
