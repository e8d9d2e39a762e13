# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX checks beyond the type of a field, in our own words.

Each rule names where AWX has it, in github.com/ansible/awx at tag 24.6.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from awx.credentials import credential, environment
from awx.notifications import notification
from awx.refusals import Find, Object, RefusedError, shaped
from awx.workflows import answers

# -------------------------------------------------------------------------------------- projects and what they have


def project(item: Object, _find: Find, _before: Object | None) -> None:
    """ProjectOptions.clean_scm_url in awx/main/models/projects.py."""
    if item["scm_type"] in ("git", "svn", "archive") and not item["scm_url"]:
        raise RefusedError(scm_url="SCM URL is required.")
    if item["scm_refspec"] and item["scm_type"] != "git":
        raise RefusedError(scm_refspec="SCM refspec can only be used with git projects.")


def inventory(item: Object, _find: Find, before: Object | None) -> None:
    """InventorySerializer.validate; InventoryDetail.update in awx/api/views/inventory.py."""
    if before is not None and item["kind"] != before["kind"]:
        raise RefusedError(405, error='You cannot turn a regular inventory into a "smart" or "constructed" inventory.')


def inventory_source(item: Object, find: Find, _before: Object | None) -> None:
    """InventorySourceSerializer.validate, and InventorySource.cloud_credential_validation."""
    if find("inventories", item["inventory"])["kind"]:
        raise RefusedError(detail="Cannot create Inventory Source for Smart or Constructed Inventories")
    if item["source"] == "scm":
        if item["source_project"] is None:
            raise RefusedError(source_project="Project required for scm type sources.")
        source = find("projects", item["source_project"])
        if not source["scm_type"]:
            raise RefusedError(source_project="Cannot use manual project for SCM-based inventory.")
        if item["scm_branch"] and not source["allow_override"]:
            raise RefusedError(scm_branch="Project does not allow overriding branch.")
        if item["credential"] is not None:
            owner = find("credential_types", find("credentials", item["credential"])["credential_type"])
            if owner["kind"] in ("insights", "vault"):
                raise RefusedError(credential="disallowed for scm inventory sources.")
    elif item["source_project"] or item["source_path"] or item["scm_branch"]:
        given = [name for name in ("source_project", "source_path", "scm_branch") if item[name]]
        raise RefusedError(**{given[0]: f"Cannot set {given[0]} if not SCM type."})


def job_template(item: Object, find: Find, _before: Object | None) -> None:
    """JobTemplateSerializer.validate, and JobOptionsSerializer.validate."""
    if item["playbook"] not in find("projects", item["project"])["_playbooks"]:
        raise RefusedError(playbook="Playbook not found for project.")
    if item["scm_branch"] and not find("projects", item["project"])["allow_override"]:
        raise RefusedError(scm_branch="Project does not allow overriding branch.")
    if item["inventory"] is None and not item["ask_inventory_on_launch"]:
        raise RefusedError(inventory="You must either set a default value or ask to prompt on launch.")


LARGEST_COUNT = 999


def schedule(item: Object, find: Find, before: Object | None) -> None:
    """SchedulePreviewSerializer.validate_rrule; Schedule.rrulestr and update_computed_fields rewrite it."""
    text = item["rrule"]
    if not re.match(r"DTSTART(;TZID=[\w/+-]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)\s", text):
        raise RefusedError(rrule="Valid DTSTART required in rrule, with a time zone")
    zone = re.search(r"TZID=([\w/+-]+)", text)
    if zone and zone[1] not in available_timezones():
        raise RefusedError(rrule="A valid TZID must be provided (e.g., America/New_York)")
    rules = re.findall(r"RULE:\S*", text)
    if not rules or "EXDATE:" in text or "RDATE:" in text or len(re.findall("DTSTART", text)) > 1:
        raise RefusedError(rrule="One DTSTART and one or more RRULE required, neither EXDATE nor RDATE")
    for rule in rules:
        if "INTERVAL" not in rule or "SECONDLY" in rule or ("COUNT" in rule and "UNTIL" in rule):
            raise RefusedError(rrule=f"INTERVAL required, not SECONDLY, not both COUNT and UNTIL: {rule}")
        if (count := re.search(r"COUNT=(\d+)", rule)) and int(count[1]) > LARGEST_COUNT:
            raise RefusedError(rrule=f"COUNT > {LARGEST_COUNT} is unsupported: {rule}")
        if re.search(r"BYDAY=[^;]*\d[A-Z]", rule):
            raise RefusedError(rrule=f"BYDAY with numeric prefix not supported: {rule}")
        if re.search(r"INTERVAL=0\b", rule):
            raise RefusedError(rrule=f"AWX would look for the next run until its server ends the request: {rule}")
        if not re.search(r"FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY)\b", rule):
            raise RefusedError(rrule=f"rrule parsing failed validation: {rule}")
    answers(item, find, before)
    ends = re.compile(r"(UNTIL=\d{8}T\d{6})(?!\d|Z)")
    item["rrule"] = ends.sub(lambda found: _in_utc(found[1], zone), " ".join(text.split()))


def _in_utc(until: str, zone: re.Match[str] | None) -> str:
    """Schedule.coerce_naive_until: an end without a time zone is one in that of DTSTART, and is shown in UTC."""
    named = ZoneInfo(zone[1]) if zone else UTC
    end = datetime.strptime(until, "UNTIL=%Y%m%dT%H%M%S").replace(tzinfo=named)
    return f"{end.astimezone(UTC):UNTIL=%Y%m%dT%H%M%SZ}"


# ---------------------------------------------------------------------------------------------------------- surveys

# awx/main/constants.py: SURVEY_TYPE_MAPPING.
ANSWERS: dict[str, Any] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice", "multiselect"), str),
    "integer": int,
    "float": (float, int),
}
QUESTION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["type", "question_name", "variable", "required"],
    "properties": {
        **{name: {"type": "string"} for name in ("question_name", "question_description", "variable")},
        "type": {"enum": sorted(ANSWERS)},
        "required": {"type": "boolean"},
        "new_question": {"type": "boolean"},
        "choices": {"type": ["array", "string"], "items": {"type": "string"}},
        "default": {},
        **{name: {"type": ["integer", "null"]} for name in ("min", "max")},
    },
}
SURVEY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "description", "spec"],
    "properties": {
        **{name: {"type": "string"} for name in ("name", "description")},
        "spec": {"type": "array", "minItems": 1, "items": QUESTION},
    },
}


def survey(spec: Object) -> None:
    """awx/api/views/__init__.py: JobTemplateSurveySpec._validate_spec_data."""
    shaped("error", spec, SURVEY)
    variables = [question["variable"] for question in spec["spec"]]
    if len(set(variables)) != len(variables):
        raise RefusedError(error="'variable' duplicated in survey question")
    for question in spec["spec"]:
        default, kind = question.get("default", ""), question["type"]
        if default != "" and not isinstance(default, ANSWERS[kind]):
            raise RefusedError(error=f"Default value of {question['variable']} expected to be another type")
        if kind in ("multiplechoice", "multiselect"):
            if "choices" not in question:
                raise RefusedError(error=f"{question['variable']} must specify choices")
            if [each for each in str(default).splitlines() if each not in question["choices"]]:
                raise RefusedError(error="Default choice must be answered from the choices listed.")


RULES: dict[str, Callable[[Object, Find, Object | None], None]] = {
    "credentials": credential,
    "execution_environments": environment,
    "notification_templates": notification,
    "projects": project,
    "inventories": inventory,
    "inventory_sources": inventory_source,
    "job_templates": job_template,
    "schedules": schedule,
    "workflow_job_template_nodes": answers,
}
