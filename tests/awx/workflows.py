# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX checks of the steps of a workflow, and of what a schedule or a step answers for whoever would start a job.

Each rule names where AWX has it, in github.com/ansible/awx at tag 24.6.1.
"""

from __future__ import annotations

from awx.refusals import Find, Object, RefusedError

LINKS = ("success_nodes", "failure_nodes", "always_nodes")


def link(parent: Object, name: str, child: Object, find: Find) -> None:
    """awx/api/views/__init__.py: WorkflowJobTemplateNodeChildrenBaseList.is_valid_relation."""
    if any(child["id"] in parent["_lists"][other] for other in LINKS if other != name):
        raise RefusedError(Error="Relationship not allowed.")
    if child["workflow_job_template"] != parent["workflow_job_template"]:
        raise RefusedError(403, detail="You do not have permission to perform this action.")
    ahead, seen = [child["id"]], set()
    while ahead:
        number = ahead.pop()
        if number == parent["id"]:
            raise RefusedError(Error="Cycle detected.")
        if number not in seen:
            seen.add(number)
            lists = find("workflow_job_template_nodes", number)["_lists"]
            ahead += [each for other in LINKS for each in lists[other]]


def answers(item: Object, find: Find, _before: Object | None) -> None:
    """LaunchConfigurationBaseSerializer.validate, of variables: those that a survey or the template asks for."""
    if item["unified_job_template"] is None or not item["extra_data"]:
        return
    template = find("unified_job_templates", item["unified_job_template"])
    if template.get("ask_variables_on_launch"):
        return
    spec = template.get("_survey", {}).get("spec", []) if template.get("survey_enabled") else []
    if others := set(item["extra_data"]) - {question["variable"] for question in spec}:
        raise RefusedError(extra_data=f"Variables {', '.join(sorted(others))} are not allowed on launch.")
