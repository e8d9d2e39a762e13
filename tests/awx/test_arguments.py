# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every argument of every task of the role is one that the module of awx.awx accepts, by its own argument spec."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from awx.setup import MESSAGES, Setup
from awx.specs import Call, calls, tasks, validator

PLAN = {"awx_plan_workflow": "Connectware north: approved rollout", "__awx_plan_text": "1 agent would be registered."}


PLANS = "Make the credential that writes the plan into the approval"


def as_it_stands(_setup: Setup) -> None:
    """The example."""


def private(setup: Setup) -> None:
    """The example with all that it has as comments, texts of one's own, and no account of AWX for the plan."""
    for name in ("awx_image_credential", "awx_project_credential"):
        setup.edit(f"# {name}: ", f"{name}: ")
    setup.edit("    events: [error", f"{MESSAGES}    events: [error")
    text = setup.file.read_text()
    account = text[text.index("awx_controller:") : text.index("awx_notifications:")]
    setup.edit(account, "")


@pytest.fixture(scope="module", params=[as_it_stands, private], ids=lambda edited: edited.__name__)
def edited(request: pytest.FixtureRequest) -> Callable[[Setup], None]:
    return request.param


@pytest.fixture(scope="module")
def all_calls(tmp_path_factory: pytest.TempPathFactory, edited: Callable[[Setup], None]) -> list[Call]:
    setup = Setup(tmp_path_factory.mktemp("arguments"), {})
    edited(setup)
    # Look-ups by their full name need all of ansible-playbook; the conversation has them.
    setup.file.write_text(re.sub(r'"\{\{ lookup\(.*?\) \}\}"', "a-secret", setup.file.read_text()))
    return calls(setup.file, **PLAN)


def errors(module: str, arguments: dict[str, Any]) -> list[str]:
    return validator(module).validate(arguments).error_messages


def test_each_task_is_looked_at(all_calls: list[Call], edited: Callable[[Setup], None]) -> None:
    named = {task["name"] for _path, task in tasks() if any(name.startswith("awx.awx.") for name in task)}

    assert {call.task for call in all_calls} == named - ({PLANS} if edited is private else set())
    assert {call.module for call in all_calls} == {
        "credential_type", "credential", "execution_environment", "notification_template", "project", "inventory",
        "inventory_source", "job_template", "schedule", "workflow_job_template", "workflow_job_template_node",
    }  # fmt: skip
    assert len([call for call in all_calls if call.module == "job_template"]) == 6


@pytest.mark.parametrize("edited", [private], indirect=True)
def test_what_is_private_is_said_to_awx(all_calls: list[Call]) -> None:
    said = {call.module: call.arguments for call in all_calls}

    assert said["execution_environment"]["credential"] == "Our registry"
    assert said["project"]["credential"] == "Our Git"
    assert said["notification_template"]["messages"] == {"error": {"body": "{{ job.name }} failed: {{ url }}"}}
    approval = next(call.arguments["approval_node"] for call in all_calls if call.task == "Make the approval")
    assert "job of the step plan" in approval["description"]


def test_each_argument_is_accepted(all_calls: list[Call]) -> None:
    problems = {(call.file, call.task): errors(call.module, call.arguments) for call in all_calls}

    assert {task: found for task, found in problems.items() if found} == {}


@pytest.mark.parametrize(
    ("module", "change", "message"),
    [
        ("job_template", {"job_slices": 2}, "job_slices. Supported parameters include"),
        ("job_template", {"forks": "many"}, "forks"),
        ("job_template", {"job_type": "dry"}, "value of job_type must be one of"),
        ("execution_environment", {"pull": "sometimes"}, "value of pull must be one of"),
        ("credential", {"user": "me"}, "mutually exclusive"),
        (
            "workflow_job_template_node",
            {"approval_node": None, "unified_job_template": None},
            "state is present but any",
        ),
    ],
)
def test_a_wrong_argument_is_found(all_calls: list[Call], module: str, change: dict[str, Any], message: str) -> None:
    call = next(call for call in all_calls if call.module == module)
    changed = {name: value for name, value in {**call.arguments, **change}.items() if value is not None}

    assert errors(module, call.arguments) == []
    assert message in " ".join(errors(module, changed))
