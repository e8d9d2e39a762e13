# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The approval of the workflow shows what would be registered, and setting up again leaves it as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from awx.server import Awx
from awx.setup import Setup
from integration.bed import Factory

APPROVAL = "Roll out what the plan shows"
WORKFLOW = "Connectware north: approved rollout"


def approval(awx: Awx) -> dict[str, Any]:
    (found,) = [item for item in awx.objects.snapshot().values() if item.get("name") == APPROVAL]
    return found


@pytest.mark.long
def test_the_approval_shows_what_would_be_registered(
    awx: Awx, setup: Setup, factory: Callable[..., Factory], tmp_path: Path
) -> None:
    setup.run().ok()
    assert approval(awx)["description"] == ""
    site = factory(3)
    registered, new, conflict = site.names()
    site.directory = tmp_path / "site"
    site.directory.mkdir()
    first, *_others = site.agents
    site.play("rollout", hosts={"edge-1": {"agents_list": [first]}}).ok()
    # Somebody has that name already: its agent has never run here.
    site.simulator.control("POST", "users", {"username": conflict})
    hosts = {"edge-1": {"agents_list": [first]}, "edge-2": {"agents_list": site.agents[1:]}}
    before = site.starts()
    site.count_from_now()
    awx.changed()

    site.environment = {**setup.environment, "CONNECTWARE_TOKEN": ""}
    run = site.play("awx_plan", "-e", f"awx_plan_workflow='{WORKFLOW}'", hosts=hosts)
    assert run.code == 0, run.output
    text = approval(awx)["description"]
    assert f"Would be registered: {new} on edge-2 (first_start)" in text, text
    assert registered not in text, "nothing is to be done for it"
    assert " ".join(text.split()) in " ".join(run.output.split()), "the job says the same"
    assert awx.changed() == [f"PATCH /api/v2/workflow_approval_templates/{approval(awx)['id']}/"]
    assert site.starts() == before and site.counts()["writes"] == 0, "nothing was touched"

    result = setup.run().ok()
    assert approval(awx)["description"] == text and result.recap["changed"] == 0


@pytest.mark.long
def test_without_an_account_of_awx_the_plan_is_only_said(awx: Awx, factory: Callable[..., Factory]) -> None:
    site = factory(1)
    run = site.play("awx_plan", "-e", f"awx_plan_workflow='{WORKFLOW}'")
    assert run.code == 0, run.output
    assert f"Would be registered: {site.names()[0]} on factory (first_start)." in " ".join(run.output.split())
    assert awx.writes == [] == awx.refused


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_the_plan_is_made_of_the_report_of_the_factories(
    awx: Awx, factory: Callable[..., Factory], strategy: str
) -> None:
    """The first host of the play is none, and does not know where that is."""
    site = factory(1)
    site.environment["ANSIBLE_STRATEGY"] = strategy
    hosts = {"a-desk": {}, "factory": {"agents_list": site.agents, "audit_path": "reports"}}
    run = site.play("awx_plan", hosts=hosts)
    assert run.code == 0, run.output
    assert f"Would be registered: {site.names()[0]} on factory (first_start)." in " ".join(run.output.split())
    assert (site.directory / "reports" / "audit.json").exists()
    assert awx.writes == [] == awx.refused


def test_the_plan_says_that_the_rollout_would_stop(factory: Callable[..., Factory]) -> None:
    """Also where an audit fails for what would be registered, by the inventory."""
    site = factory(1)
    (name,) = site.names()
    site.rollout().ok()
    site.simulator.control("DELETE", f"users/{name}")
    variables = {"audit_fail_on": ["rejected", "awaiting_request"], "agents_max_reregistrations": 0}
    hosts = {"a-desk": {}, "factory": {"agents_list": site.agents, **variables}}

    run = site.play("awx_plan", hosts=hosts)

    assert run.code == 0, run.output
    text = " ".join(run.output.split())
    assert "The rollout would stop: 1 of 1 agents would be registered anew, and agents_max_reregistrations" in text
    assert f"(0) allows 0: {name}." in text and f"Would be registered: {name} on factory (credentials_rejected)" in text
    site.play("rollout", hosts=hosts).failed("1 of 1 agents would be registered anew")
