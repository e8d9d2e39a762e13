# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server that stands in for AWX refuses what AWX refuses; else the conversation would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest
from awx.refusals import RefusedError
from awx.rules import survey
from awx.server import Awx
from awx.setup import playbooks

DAILY = "DTSTART:20260101T050000Z RRULE:FREQ=DAILY;INTERVAL=1"


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
    make("execution_environments", image="registry.example.com/ee:1")
    webhook = {"url": "https://chat.example.com", "headers": {}}
    make(
        "notification_templates", organization=awx.organization, notification_type="webhook",
        notification_configuration=webhook, messages={"error": {"message": "m", "body": "b"}},
    )  # fmt: skip
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
        ("credential_types", {"injectors": {"file": {"template": "a", "template.ca": "b"}}}, "injectors"),
        ("credential_types", {"injectors": {"extra_vars": {"a": {"b": ["{{ nope }}"]}}}}, "injectors"),
        ("credential_types", {"inputs": {"fields": [{"id": "url", "label": "URL", "default": 5}]}}, "inputs"),
        ("execution_environments", {"image": "https://registry.example.com/ee"}, "image"),
        ("execution_environments", {"image": "registry.example.com/ee:1:2"}, "image"),
        ("inventories", {"kind": "smart"}, "error"),
        ("inventories", {"variables": "a: ["}, "variables"),
        ("inventories", {"name": "x" * 513}, "name"),
        ("job_templates", {"forks": -1}, "forks"),
        ("job_templates", {"job_type": None}, "job_type"),
        ("job_templates", {"scm_branch": "another"}, "scm_branch"),
        ("notification_templates", {"messages": {"error": {"body": "{{ job.nope }}"}}}, "messages"),
        ("notification_templates", {"messages": {"error": {"body": "{{ job.name"}}}, "messages"),
        ("notification_templates", {"messages": {"error": {"message": "in two\nlines"}}}, "messages"),
        ("notification_templates", {"messages": {"workflow_approval": {"body": "x"}}}, "messages"),
        ("projects", {"scm_update_cache_timeout": -1}, "scm_update_cache_timeout"),
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
        "DTSTART:20260101T050000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000",
        "DTSTART:20260101T050000Z RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=1MO",
        "DTSTART:20260101T050000Z RRULE:INTERVAL=1",
        "DTSTART;TZID=Mars/Olympus:20260101T050000 RRULE:FREQ=DAILY;INTERVAL=1",
    ],
)
def test_what_awx_takes_for_no_schedule(awx: Awx, known: dict[str, int], rrule: str) -> None:
    schedule = {"name": "x", "unified_job_template": known["job_templates"], "rrule": rrule}
    with pytest.raises(RefusedError):
        awx.objects.create("schedules", schedule)
    awx.objects.create("schedules", {**schedule, "rrule": DAILY})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            "DTSTART:20260101T050000Z\nRRULE:FREQ=DAILY;INTERVAL=1",
            "DTSTART:20260101T050000Z RRULE:FREQ=DAILY;INTERVAL=1",
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20260101T050000 RRULE:FREQ=DAILY;INTERVAL=1;UNTIL=20270101T050000",
            "DTSTART;TZID=Europe/Berlin:20260101T050000 RRULE:FREQ=DAILY;INTERVAL=1;UNTIL=20270101T040000Z",
        ),
    ],
)
def test_how_awx_writes_a_schedule(awx: Awx, known: dict[str, int], given: str, kept: str) -> None:
    schedule = {"name": "x", "unified_job_template": known["job_templates"], "rrule": given}
    assert awx.objects.create("schedules", schedule)["rrule"] == kept


@pytest.mark.parametrize(
    ("resource", "change", "kept"),
    [
        ("credential_types", {"description": None}, {"description": ""}),
        ("job_templates", {"extra_vars": None, "become_enabled": None}, {"extra_vars": "", "become_enabled": False}),
        ("inventory_sources", {"inventory": 999}, {}),
        ("credentials", {"inputs": {"url": None}}, {"inputs": {"url": ""}}),
        ("credential_types", {"injectors": {"extra_vars": {"a": {"b": "{{ url }}"}}}}, {}),
        # A text that is not sent stays.
        ("notification_templates", {"messages": {"error": {"body": "c"}}}, {"error": {"message": "m", "body": "c"}}),
        ("notification_templates", {"messages": {"error": None}}, {"error": {"message": "m", "body": "b"}}),
    ],
)
def test_what_awx_takes(
    awx: Awx, known: dict[str, int], resource: str, change: dict[str, Any], kept: dict[str, Any]
) -> None:
    if resource == "inventory_sources":
        source = {"name": "x", "inventory": known["inventories"], "source": "scm", "source_project": known["projects"]}
        known[resource] = awx.objects.create(resource, source)["id"]
    changed = awx.objects.change(resource, known[resource], change)
    seen = changed["messages"] if "messages" in change else changed
    assert {name: seen[name] for name in kept} == kept


def test_a_credential_has_an_owner_and_no_secret_that_is_shown(awx: Awx, known: dict[str, int]) -> None:
    new = {"name": "y", "credential_type": known["credential_types"]}
    with pytest.raises(RefusedError, match="organization"):
        awx.objects.create("credentials", new)
    (platform,) = awx.objects.where("credential_types", {"namespace": "controller"})
    inputs = {"password": "$encrypted$"}
    with pytest.raises(RefusedError, match="reserved"):
        awx.objects.create(
            "credentials",
            {**new, "organization": awx.organization, "credential_type": platform["id"], "inputs": inputs},
        )


def test_one_credential_of_each_type(awx: Awx, known: dict[str, int]) -> None:
    second = awx.objects.create(
        "credentials", {"name": "y", "organization": awx.organization, "credential_type": known["credential_types"]}
    )
    awx.objects.associate("job_templates", known["job_templates"], "credentials", {"id": known["credentials"]})
    for number in (second["id"], known["credentials"]):
        with pytest.raises(RefusedError, match="multiple credentials"):
            awx.objects.associate("job_templates", known["job_templates"], "credentials", {"id": number})
    # What is not there can be taken away.
    awx.objects.associate(
        "job_templates", known["job_templates"], "credentials", {"id": second["id"], "disassociate": True}
    )


def test_the_steps_of_a_workflow_make_no_circle(awx: Awx) -> None:
    def make(resource: str, **values: Any) -> int:
        return awx.objects.create(resource, values)["id"]

    flow, another = (
        make("workflow_job_templates", name=name, organization=awx.organization) for name in ("flow", "another")
    )
    first, second, third = (
        make("workflow_job_template_nodes", identifier=name, workflow_job_template=flow) for name in ("1", "2", "3")
    )
    stranger = make("workflow_job_template_nodes", identifier="1", workflow_job_template=another)

    def link(node: int, when: str, following: int) -> None:
        awx.objects.associate("workflow_job_template_nodes", node, f"{when}_nodes", {"id": following})

    for node, following in ((first, second), (second, third), (first, second)):
        link(node, "success", following)
    for node, when, following in (
        (first, "success", first), (third, "failure", first), (first, "always", second), (first, "success", stranger),
    ):  # fmt: skip
        with pytest.raises(RefusedError):
            link(node, when, following)


def test_a_schedule_answers_what_is_asked(awx: Awx, known: dict[str, int]) -> None:
    schedule = {"name": "x", "unified_job_template": known["job_templates"], "rrule": DAILY, "extra_data": {"v": "a"}}
    with pytest.raises(RefusedError, match="Variables v are not allowed on launch"):
        awx.objects.create("schedules", schedule)
    awx.objects.find("job_templates", known["job_templates"])["_survey"] = {"spec": [QUESTION]}
    awx.objects.change("job_templates", known["job_templates"], {"survey_enabled": True})
    awx.objects.create("schedules", schedule)


def test_a_type_that_is_used_stays(awx: Awx, known: dict[str, int]) -> None:
    with pytest.raises(RefusedError, match="in use"):
        awx.objects.remove("credential_types", known["credential_types"])


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


@pytest.mark.parametrize(
    ("asked", "said", "status"),
    [
        ({}, {"limit": "hh-edge-1"}, "failed"),
        ({}, {"limit": "hh-edge-1", "job_slice_count": 1}, "failed"),
        ({"ask_job_slice_count_on_launch": True}, {"limit": "hh-edge-1", "job_slice_count": 1}, "successful"),
        ({}, {}, "successful"),
    ],
)
def test_slices_are_made_of_the_inventory_and_not_of_the_limit(
    awx: Awx, known: dict[str, int], asked: dict[str, bool], said: dict[str, Any], status: str
) -> None:
    template = {
        "project": known["projects"], "inventory": known["inventories"], "playbook": "playbooks/rollout.yml",
        "job_slice_count": 2, "ask_limit_on_launch": True, **asked,
    }  # fmt: skip
    number = awx.objects.create("job_templates", {"name": "sliced", **template})["id"]
    job = awx.jobs.launch(awx.objects.find("job_templates", number), said)
    (ended,) = awx.jobs.where({"id__in": str(job["id"])})
    assert ended["status"] == status
