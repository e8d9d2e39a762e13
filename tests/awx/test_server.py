# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server that stands in for AWX refuses what AWX refuses; else the conversation would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest
from awx.rules import RefusedError, survey
from awx.server import Awx
from awx.setup import playbooks


@pytest.fixture
def known(awx: Awx) -> dict[str, int]:
    """Objects that others refer to, by resource."""
    objects = awx.objects
    (machine,) = objects.where("credential_types", {"name": "Machine"})
    made = {"organizations": awx.organization, "machine": machine["id"]}

    def make(resource: str, **values: Any) -> None:
        made[resource] = objects.create(resource, {"name": "x", **values})["id"]

    make("credential_types", kind="cloud", inputs={"fields": [{"id": "url", "label": "URL", "type": "string"}]})
    make("credentials", organization=awx.organization, credential_type=made["credential_types"], inputs={"url": "a"})
    make("projects", organization=awx.organization, scm_type="git", scm_url="https://git.example.com/x.git")
    make("inventories", organization=awx.organization)
    make("job_templates", project=made["projects"], inventory=made["inventories"], playbook="playbooks/rollout.yml")
    return made


@pytest.mark.parametrize(
    ("resource", "change", "field"),
    [
        ("job_templates", {"job_slices": 2}, "job_slices"),
        ("job_templates", {"forks": "5"}, "forks"),
        ("job_templates", {"job_type": "dry"}, "job_type"),
        ("job_templates", {"playbook": "playbooks/none.yml"}, "playbook"),
        ("job_templates", {"inventory": 999}, "inventory"),
        ("job_templates", {"inventory": None}, "inventory"),
        ("job_templates", {"extra_vars": "- a list"}, "extra_vars"),
        ("projects", {"scm_url": ""}, "scm_url"),
        ("credentials", {"inputs": {"token": "not of this type"}}, "inputs"),
        ("credential_types", {"injectors": {"env": {"ANSIBLE_CONFIG": "x"}}}, "injectors"),
        ("credential_types", {"injectors": {"env": {"URL": "{{ tokn }}"}}}, "injectors"),
        ("credential_types", {"injectors": {"env": {"URL": "{{ tower.filename.ca }}"}}}, "injectors"),
        ("credential_types", {"injectors": {"env": {"URL": "ü"}}}, "injectors"),
        ("credential_types", {"inputs": {"fields": [{"id": "tower", "label": "x"}]}}, "inputs"),
        ("credential_types", {"inputs": {"fields": [{"id": "token", "label": "x"}]}}, "detail"),
        ("inventories", {"kind": "clever"}, "kind"),
    ],
)
def test_what_awx_refuses(awx: Awx, known: dict[str, int], resource: str, change: dict[str, Any], field: str) -> None:
    before = awx.objects.snapshot()
    with pytest.raises(RefusedError) as refused:
        awx.objects.change(resource, known[resource], change)
    assert set(refused.value.answer) == {field}
    assert awx.objects.snapshot() == before


@pytest.mark.parametrize(
    "rrule",
    [
        "RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T050000 RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T050000Z RRULE:FREQ=DAILY",
        "DTSTART:20260101T050000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=2;UNTIL=20270101T050000Z",
    ],
)
def test_what_awx_takes_for_no_schedule(awx: Awx, known: dict[str, int], rrule: str) -> None:
    schedule = {"name": "x", "unified_job_template": known["job_templates"], "rrule": rrule}
    with pytest.raises(RefusedError):
        awx.objects.create("schedules", schedule)
    awx.objects.create("schedules", {**schedule, "rrule": "DTSTART:20260101T050000Z RRULE:FREQ=DAILY;INTERVAL=1"})


def test_one_credential_of_each_type(awx: Awx, known: dict[str, int]) -> None:
    second = awx.objects.create(
        "credentials", {"name": "y", "organization": awx.organization, "credential_type": known["credential_types"]}
    )
    awx.objects.associate("job_templates", known["job_templates"], "credentials", {"id": known["credentials"]})
    with pytest.raises(RefusedError, match="multiple credentials"):
        awx.objects.associate("job_templates", known["job_templates"], "credentials", {"id": second["id"]})


def test_a_name_is_given_once(awx: Awx, known: dict[str, int]) -> None:
    assert known
    with pytest.raises(RefusedError, match="already exists"):
        awx.objects.create("inventories", {"name": "x", "organization": awx.organization})


QUESTION = {"question_name": "Q", "variable": "v", "type": "multiplechoice", "required": True, "choices": ["a", "b"]}


@pytest.mark.parametrize(
    "change", [{"type": "yesno"}, {"default": "c"}, {"default": 5}, {"required": "yes"}, {"hint": "x"}, {"min": "1"}]
)
def test_what_awx_takes_for_no_survey(change: dict[str, Any]) -> None:
    survey({"name": "S", "description": "", "spec": [QUESTION]})
    with pytest.raises(RefusedError):
        survey({"name": "S", "description": "", "spec": [{**QUESTION, **change}]})


def test_the_playbooks_are_those_of_the_example() -> None:
    """And the inventory: AWX looks for `hosts:` only."""
    expected = {f"playbooks/{name}.yml" for name in ("audit", "plan", "retire", "rollout", "upgrade")}
    assert set(playbooks()) == expected | {"inventories/north/hosts.yml"}
