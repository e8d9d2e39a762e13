# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action adds to the module `agents`: host and agents in what went wrong, and a line now and then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action.normal import ActionModule as NormalAction
from unit.plugins.action.standing import TASK_VARS, standing

from ansible_collections.edgefleet.connectware.plugins.action import agents

LOOKED_AT = [{"name": "press-1", "username": "press-1"}, {"name": "press-2", "username": "press-2"}]
PRESSES = [{"name": "press-1"}, {"name": "press-2"}]


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], dict[str, Any]]) -> None:
    """The module ends like this."""
    monkeypatch.setattr(NormalAction, "run", lambda self, tmp, task_vars: answer())


def unreachable() -> dict[str, Any]:
    raise AnsibleConnectionFailure("no route to host")


def test_what_the_module_says_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda: {"changed": True, "agents": LOOKED_AT})

    result = standing(agents, {"agents": PRESSES}).run(None, TASK_VARS)

    assert result == {"changed": True, "agents": LOOKED_AT}


def test_a_failure_names_the_host_and_the_agents_that_were_never_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda: {"failed": True, "msg": "no engine"})

    result = standing(agents, {"agents": PRESSES}).run(None, TASK_VARS)

    assert result["msg"] == "Host hamburg (agents: press-1, press-2): no engine"


def test_agents_that_were_looked_at_are_in_the_result_and_not_named_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda: {"failed": True, "msg": "press-1 is broken", "agents": LOOKED_AT})

    assert standing(agents, {"agents": PRESSES}).run(None, TASK_VARS)["msg"] == "Host hamburg: press-1 is broken"


def test_a_host_that_cannot_be_reached_names_its_agents_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, unreachable)

    with pytest.raises(AnsibleConnectionFailure) as failure:
        standing(agents, {"agents": PRESSES}).run(None, TASK_VARS)

    assert str(failure.value) == "Host hamburg (agents: press-1, press-2): no route to host"
    assert failure.value.__cause__ is None and failure.value.__suppress_context__


def test_a_host_that_speaks_of_other_agents_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [LOOKED_AT[0], {"name": "press-2", "username": "mu-robot-1"}]
    answering(monkeypatch, lambda: {"changed": True, "agents": others})

    result = standing(agents, {"agents": PRESSES}).run(None, TASK_VARS)

    assert result["failed"] and "agents" not in result and result["error"]["kind"] == "UnexpectedAgentError"
    assert "it has the username 'mu-robot-1' for the agent 'press-2'" in result["msg"]


def test_of_many_agents_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda: {"failed": True, "msg": "no engine"})
    many = [{"name": f"press-{number}"} for number in range(1, 14)]

    assert "press-10 and 3 more): no engine" in standing(agents, {"agents": many}).run(None, TASK_VARS)["msg"]


def test_options_in_one_mapping_reach_the_module_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda: {"changed": False})
    action = standing(agents, {"agents": PRESSES, "options": {"image": "one", "cpus": None}})

    action.run(None, TASK_VARS)

    assert action._task.args == {"agents": PRESSES, "image": "one"}


@pytest.mark.parametrize("given", ["name=press-1", '{"name": "press-1"}', [*PRESSES, "name=press-3"]])
def test_a_text_is_no_agent_although_ansible_makes_one_of_it(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has compared its name with those of other hosts, or its volume."""
    answering(monkeypatch, lambda: {"changed": True})

    with pytest.raises(AnsibleActionFail, match=r"^Host hamburg.*: 'agents' has a text in the place of an agent"):
        standing(agents, {"agents": given}).run(None, TASK_VARS)


@pytest.mark.parametrize("value", ["datetime.date(2024, 1, 1)", "datetime.datetime(2024, 1, 1, 8, 0)", "-inf", "nan"])
def test_a_list_of_which_ansible_has_made_a_text_is_told_with_its_cause(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ansible-core before 2.19 does with dates and numbers that no literal of Python stands for."""
    answering(monkeypatch, lambda: {"changed": True})
    given = f"[{{'name': 'press-1', 'env': {{'BUILD': {value}}}}}]"
    with pytest.raises(AnsibleActionFail, match=r"'agents' has a value that this ansible-core cannot pass on, such as"):
        standing(agents, {"agents": given}).run(None, TASK_VARS)


@pytest.mark.parametrize("given", [None, 7, {}])
def test_what_is_no_list_of_agents_is_left_to_the_module(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, lambda: {"failed": True, "msg": "agents must be a list"})

    assert standing(agents, {"agents": given}).run(None, TASK_VARS)["msg"] == "Host hamburg: agents must be a list"


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("present", "bringing 2 agents to what is wanted, images included where they are pulled, since 20 s"),
        ("pulled", "bringing the images of 2 agents to the host, since 20 s"),
        ("absent", "removing 2 agents from the host, since 20 s"),
        ("{{ later }}", "working on 2 agents, since 20 s"),
    ],
)
def test_what_takes_long_says_what_it_is_doing(state: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []

    @contextmanager
    def telling(_say: Any, text: Callable[[float], str]) -> Any:
        said.append(text(20.0))
        yield

    monkeypatch.setattr(agents, "telling", telling)
    answering(monkeypatch, lambda: {"changed": False})

    standing(agents, {"agents": PRESSES, "state": state}).run(None, TASK_VARS)

    assert said == [line]


def test_options_that_are_the_failure_of_another_task_name_the_agents_that_wait_for_it() -> None:
    error = {"kind": "AuthenticationError", "status": 401}
    options = {"failed": True, "msg": "Connectware does not say its version.", "error": error}

    with pytest.raises(AnsibleActionFail) as failure:
        standing(agents, {"agents": PRESSES, "options": options}).run(None, TASK_VARS)

    assert str(failure.value) == "Host hamburg (agents: press-1, press-2): Connectware does not say its version."
    assert failure.value.result["error"] == error
