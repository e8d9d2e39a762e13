# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task has found is told also where its host has gone away since; what a host answers is no order."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleAuthenticationFailure, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from unit.plugins.action.standing import standing

from ansible_collections.edgefleet.connectware.plugins.action import (
    agents,
    agents_info,
    agents_registered,
    registry_info,
)

FOLDER = "/tmp/of-this-task"


@pytest.mark.parametrize("plugin", [agents, agents_info, agents_registered])
@pytest.mark.parametrize("error", [AnsibleConnectionFailure, AnsibleAuthenticationFailure])
def test_a_host_that_goes_away_at_the_end_takes_no_result_with_it(plugin: Any, error: type[Exception]) -> None:
    def gone(_path: str | None) -> None:
        raise error("no route to host")

    action = standing(plugin, {})
    action._connection._shell.tmpdir = FOLDER
    action._remove_tmp_path = gone

    action.cleanup()  # as ansible-core does after the task, in place of its result

    assert action._connection._shell.tmpdir is None


@pytest.mark.parametrize("plugin", [agents, agents_info, agents_registered])
def test_the_folder_of_the_task_is_removed(plugin: Any) -> None:
    removed: list[str | None] = []
    action = standing(plugin, {})
    action._connection._shell.tmpdir = FOLDER
    action._remove_tmp_path = removed.append

    action.cleanup()

    assert removed == [FOLDER]


@pytest.mark.parametrize("plugin", [agents, agents_info, agents_registered, registry_info])
def test_an_answer_sets_no_facts_and_adds_no_hosts(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the fact that ansible-core adds itself, so that it has to look for a Python only once."""
    found = {"discovered_interpreter_python": "/usr/bin/python3"}
    answer = {
        "failed": True, "msg": "as asked", "ansible_facts": {**found, "connectware_url": "https://attacker.example.com"},
        "ansible_stats": {"data": {"plan": "all is well"}}, "add_host": {"host_name": "munich"}, "add_group": "theirs",
    }  # fmt: skip
    monkeypatch.setattr(ActionBase, "_execute_module", lambda _self, **_more: dict(answer))

    asked = standing(plugin, {})._execute_module(module_name="any")

    assert asked == {"failed": True, "msg": "as asked", "ansible_facts": found}


@pytest.mark.parametrize("facts", [None, "none", ["none"], {"connectware_url": "https://attacker.example.com"}])
def test_without_facts_of_ansible_there_are_none(facts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ActionBase, "_execute_module", lambda _self, **_more: {"changed": False, "ansible_facts": facts}
    )

    assert standing(registry_info, {})._execute_module(module_name="any") == {"changed": False}
