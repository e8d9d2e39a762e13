# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The answer of a factory host on its way through ansible-core: it is read before Ansible reads it."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.plugins.action.standing import standing
from unit.plugins.generated import examples
from unit.plugins.module_utils._agents.test_answers import ANSWERS, ESCAPE, lies

from ansible_collections.edgefleet.connectware.plugins.action import agents, agents_info, agents_registered
from ansible_collections.edgefleet.connectware.plugins.plugin_utils import host_action

PROFILE = ["legacy"] if "profile" in inspect.signature(ActionBase._parse_returned_data).parameters else []
PLUGINS = {"agents": agents, "agents_registered": agents_registered, "agents_info": agents_info}
DEEP = "[" * 200_000


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Ansible has written to the terminal meanwhile."""
    texts: list[str] = []
    for way in ("display", "warning", "deprecated", "error"):
        monkeypatch.setattr(Display, way, lambda _self, text="", *_more, **_options: texts.append(str(text)))
    return texts


def read(plugin: Any, stdout: str, stderr: str = "", rc: int = 0) -> dict[str, Any]:
    """What is left of it once ansible-core has parsed it."""
    action = standing(plugin, {})
    action._where, action._used_interpreter = "host hamburg", "/usr/bin/python3"
    result = action._parse_returned_data({"stdout": stdout, "stderr": stderr, "rc": rc}, *PROFILE)
    found: dict[str, Any] = result if isinstance(result, dict) else result.as_result_dict(for_round_trip=True)
    return {key: value for key, value in found.items() if key not in ("ansible_parsed", "_ansible_parsed", "exception")}


@pytest.mark.parametrize(("name", "sample"), list(zip(PLUGINS, ANSWERS, strict=True)))
def test_an_answer_of_ours_comes_through(name: str, sample: Any, shown: list[str]) -> None:
    _forms, answer = sample
    text = f"Welcome to {ESCAPE}\n{json.dumps(answer)}\ngood bye {ESCAPE}"

    found = read(PLUGINS[name], text)

    assert {key: found[key] for key in answer if key != "warnings"} == {
        key: value for key, value in answer.items() if key != "warnings"
    }
    assert shown == []


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_comes_is_an_answer_of_ours_or_a_failure_with_our_words(data: Any, shown: list[str]) -> None:
    forms, answer = lies(data)
    plugin = next(plugin for plugin in PLUGINS.values() if plugin.ActionModule.SAYS is forms)

    found = read(plugin, data.draw(st.text(max_size=9)) + "\n" + json.dumps(answer) + data.draw(st.text(max_size=9)))

    assert found.get("failed") or all(key in found for key in forms)
    assert shown == []


@pytest.mark.parametrize(
    ("stdout", "stderr", "says"),
    [
        ("", "", "Could not run module agents on host hamburg: nothing came back (exit code 1). Check that"),
        ("", "one\n/bin/sh: 1: python9: not found\n", "host hamburg: /bin/sh: 1: python9: not found (exit code 1)"),
        ("[1, 2]", "", "Could not run module agents on host hamburg: [1, 2] (exit code 1)"),
        (f"{ESCAPE}\n\n", "", "host hamburg: ?]0;owned??[2J ?31m ? ? {{ 7 * 7 }} (exit code 1)"),
        ('{"agents": []', "", 'host hamburg: {"agents": [] (exit code 1)'),
        ('{"agents": 7}', "", "answered on host hamburg: agents is an integer, and not a list. Nobody was authorized"),
        ('{"agents": [{"name": 1}]}', "", "entry 1 of agents has no username"),
        ('{"failed": true, "msg": ["x"]}', "", "msg is a list, and not a text"),
        (f'{{"agents": {DEEP}', "", "its lists and mappings go too deep to be read"),
        (f'{{"agents": {DEEP}{"]" * len(DEEP)}}}', "", "its lists and mappings go too deep to be read"),
        ("{" * 17 * 2**20, "", "it is longer than 16 MiB"),
        ('{"ansible_facts": null, "stdout": 7, "results": 7}', "", "it has no agents"),
    ],
)
def test_what_is_no_answer(stdout: str, stderr: str, says: str, shown: list[str]) -> None:
    found = read(agents, stdout, stderr, 1)

    assert found["failed"] and says in found["msg"], found["msg"]
    assert found["msg"].isprintable() and len(found["msg"]) < 2000
    assert found["error"]["kind"] == "AnswerError"
    assert shown == []


def test_a_module_that_was_killed_tells_so() -> None:
    found = read(agents_registered, "", "", 137)

    assert (found["rc"], found["module_stdout"]) == (137, ""), "so that the host is asked again"


@pytest.mark.parametrize("plugin", PLUGINS.values())
def test_an_answer_that_comes_another_way_is_read_too(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "_execute_module", lambda _self, **_more: {"unreachable": True, "msg": 7})

    found = standing(plugin, {})._execute_module(module_name="any")

    assert found["failed"] and "unreachable" not in found and "msg is an integer" in found["msg"]


def test_with_async_the_answer_is_that_of_another_module(monkeypatch: pytest.MonkeyPatch) -> None:
    started = {"started": 1, "finished": 0, "ansible_job_id": "j1"}
    monkeypatch.setattr(ActionBase, "_execute_module", lambda _self, **_more: dict(started))

    assert standing(agents, {}, async_val=60)._execute_module(module_name="any") == started


def test_the_bound_is_above_what_many_agents_say() -> None:
    answer = ANSWERS[0][1]
    seen = answer["agents"][0]
    many = {**seen, "observation": {**seen["observation"], "events": seen["observation"]["events"] * 200}}

    assert len(json.dumps({**answer, "agents": [many] * 300})) < host_action.LONGEST
