# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host tells of itself sets none of our variables, whichever module has asked for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from unit.plugins.action.standing import HOST, standing

from ansible_collections.edgefleet.connectware.plugins.action import (
    agents,
    agents_registered,
    connectware_info,
    fleet_info,
)
from ansible_collections.edgefleet.connectware.plugins.filter.options_of_host import options_of_host
from ansible_collections.edgefleet.connectware.plugins.filter.reregistrations import reregistrations
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.facts_of_host import false_facts

TRUE_FACTS = {
    "distribution": "Debian",
    "discovered_interpreter_python": "/usr/bin/python3",
    "local": {"agents_list": 1},
}
FALSE = {"connectware_url": "https://attacker.example.com", "agents_evidence_path": "/etc/cron.d/x", "\x1b": 1}


def told(**facts: Any) -> dict[str, Any]:
    return {"inventory_hostname": HOST, "ansible_facts": {**TRUE_FACTS, **facts}}


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "_execute_module", lambda *_more, **_options: pytest.fail("it was asked"))


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize("plugin", [agents, agents_registered])
def test_facts_with_names_of_ours_end_the_task_before_anything_is_asked(plugin: Any) -> None:
    result = standing(plugin, {"agents": []}).run(None, told(**FALSE))

    said = result["msg"]
    assert result["failed"] and result["error"]["kind"] == "UnexpectedFactsError"
    assert "facts of that host have names of this collection: agents_evidence_path, connectware_url." in said
    assert said.isprintable() and f"host {HOST}" in said


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize("plugin", [connectware_info, fleet_info])
def test_connectware_is_not_asked_with_them_and_no_other_host_is_stopped_by_that(plugin: Any) -> None:
    """A task that runs once for all hosts may not raise."""
    result = standing(plugin, {"connectware_url": FALSE["connectware_url"]}).run(None, told(**FALSE))

    assert result["failed"] and "names of this collection: connectware_url. Nothing was asked" in result["msg"]


def test_such_a_host_may_ask_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NormalAction, "run", lambda _self, _tmp, _variables: {"version": "1.8.0"})
    args = {"connectware_url": "https://connectware.example.com"}

    assert standing(connectware_info, args).run(None, told(**FALSE))["version"] == "1.8.0"


@pytest.mark.parametrize("variables", [{}, {"ansible_facts": None}, {"ansible_facts": "x"}, told()])
def test_other_facts_are_nobodys_business(variables: dict[str, Any]) -> None:
    assert false_facts(variables) == []


def test_names_of_the_roles_own_variables_count_too() -> None:
    assert false_facts(told(__agents_elsewhere=[], audit_path="/etc")) == ["__agents_elsewhere", "audit_path"]


def test_nobody_is_asked_with_what_a_host_has_told() -> None:
    there = {**told(**FALSE), **FALSE, "connectware_token": "of the inventory"}
    hostvars = {"first": {}, HOST: there}

    options = options_of_host({"connectware_url": None, "connectware_token": None}, hostvars, HOST, "first")

    assert options == {"connectware_url": None, "connectware_token": "of the inventory"}


def test_a_host_raises_no_limit_by_telling_of_more_agents() -> None:
    anew = {
        "username": "x",
        "verdict": "rejected",
        "reason": "credentials_rejected",
        "registered": False,
        "actions": [],
    }
    lost = [{"name": f"press-{number}", **anew} for number in range(5)]
    many = [{"name": f"robot-{number}"} for number in range(1000)]
    hostvars = {
        "honest": {"agents_list": [{"name": each["name"]} for each in lost], "registered": {"agents": lost}},
        HOST: {**told(agents_list=many), "agents_list": many},
    }

    (said,) = reregistrations(hostvars, list(hostvars))["too_many"]

    assert said.startswith("5 of 5 agents would be registered anew")
