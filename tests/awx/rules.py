# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX checks beyond the type of a field, in our own words.

Each rule names where AWX has it, in github.com/ansible/awx at tag 24.6.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

Object = dict[str, Any]
Find = Callable[[str, int], Object]
"""An object by its resource and number."""


class RefusedError(Exception):
    """AWX would answer 400, or 403."""

    def __init__(self, status: int = 400, **reasons: str) -> None:
        super().__init__(str(reasons))
        self.status = status
        # Of a field there is a list; what Django REST framework says of a request as a whole is one text.
        self.answer = {name: reason if name == "detail" else [reason] for name, reason in reasons.items()}


# ---------------------------------------------------------------------------------------------------- credentials

# awx/main/fields.py: CredentialTypeInputField.
INPUTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "required": {"type": "array", "items": {"type": "string"}},
        "fields": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "label"],
                "properties": {
                    "id": {"type": "string", "pattern": "^(?!tower$)[a-zA-Z_][a-zA-Z0-9_]*$"},
                    "type": {"enum": ["string", "boolean"]},
                    "format": {"enum": ["ssh_private_key", "url"]},
                    "choices": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
                    **{name: {"type": "string"} for name in ("label", "help_text")},
                    **{name: {"type": "boolean"} for name in ("multiline", "secret")},
                    "default": {},
                },
            },
        },
    },
}
# awx/main/fields.py: CredentialTypeInjectorField.
INJECTORS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "file": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {r"^template(\.[a-zA-Z_][a-zA-Z0-9_]*)?$": {"type": "string"}},
        },
        "env": {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {
                r"^(?!ANSIBLE_)[a-zA-Z_][a-zA-Z0-9_]*$": {"type": "string", "pattern": r"^[ -~\s]*$"}
            },
        },
        "extra_vars": {"type": "object"},
    },
}


def shaped(field: str, value: Any, schema: Mapping[str, Any]) -> None:
    for each in jsonschema.Draft202012Validator(schema).iter_errors(value):
        raise RefusedError(**{field: f"{each.json_path}: {each.message}"})


def credential_type(item: Object, before: Object | None, used: bool) -> None:
    """CredentialTypeSerializer.validate, and the two fields of JSON."""
    shaped("inputs", item["inputs"], INPUTS)
    shaped("injectors", item["injectors"], INJECTORS)
    fields = item["inputs"].get("fields", [])
    known = {each["id"]: "EXAMPLE" for each in fields}
    if len(known) != len(fields):
        raise RefusedError(inputs="field IDs must be unique")
    for each in fields:
        if each.get("type") == "boolean" and {"choices", "multiline", "format", "secret"} & set(each):
            raise RefusedError(inputs=f"not allowed for boolean type ({each['id']})")
    files = {name.partition(".")[2]: "FILE" for name in item["injectors"].get("file", {})}
    namespace = {**known, "tower": {"filename": files.get("") or files}}
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for kind in ("file", "env", "extra_vars"):
        for name, template in item["injectors"].get(kind, {}).items():
            try:
                sandbox.from_string(template).render(namespace)
            except TemplateError as exc:
                raise RefusedError(injectors=f"{name} of {kind}: {exc}") from exc
    if before is not None and used and before["inputs"] != item["inputs"]:
        raise RefusedError(403, detail="Modifications to inputs are not allowed for credential types that are in use")


def credential(item: Object, find: Find) -> None:
    """awx/main/fields.py: CredentialInputField."""
    fields = find("credential_types", item["credential_type"])["inputs"].get("fields", [])
    python = {"string": str, "boolean": bool}
    types = {each["id"]: python[each.get("type", "string")] for each in fields}
    for name, value in item["inputs"].items():
        if name not in types:
            raise RefusedError(inputs=f"Additional properties are not allowed ({name!r} was unexpected)")
        if not isinstance(value, types[name]):
            raise RefusedError(inputs=f"{name} is not of type {types[name].__name__}")


def environment(item: Object, find: Find) -> None:
    """ExecutionEnvironmentSerializer.validate_credential."""
    if item["credential"] is not None:
        owner = find("credential_types", find("credentials", item["credential"])["credential_type"])
        if owner["name"] != "Container Registry":
            raise RefusedError(credential="Only Container Registry credentials can be associated")


# -------------------------------------------------------------------------------------------------- notifications

REQUIRED: Any = object()
# awx/main/notifications/*_backend.py: init_parameters, as type and default. "secret" is their type "password".
NOTIFICATIONS: dict[str, dict[str, tuple[str, Any]]] = {
    "webhook": {
        "url": ("str", REQUIRED),
        "http_method": ("str", "POST"),
        "disable_ssl_verification": ("bool", False),
        "username": ("str", ""),
        "password": ("secret", ""),
        "headers": ("dict", REQUIRED),
    },
    "slack": {"token": ("secret", REQUIRED), "channels": ("list", REQUIRED)},
    "pagerduty": {
        "subdomain": ("str", REQUIRED),
        "token": ("secret", REQUIRED),
        "service_key": ("str", REQUIRED),
        "client_name": ("str", REQUIRED),
    },
}


def is_exactly(value: Any, kind: type) -> bool:
    """Whether a value of JSON has this type; true and false are no numbers."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


PYTHON = {"str": str, "secret": str, "bool": bool, "list": list, "dict": dict}


def notification(item: Object, _find: Find) -> None:
    """NotificationTemplateSerializer.validate and validate_messages; defaults are added as there."""
    parameters = NOTIFICATIONS.get(item["notification_type"])
    if parameters is None:
        raise RefusedError(notification_type=f"not one of {sorted(NOTIFICATIONS)}, which this server has")
    given = item["notification_configuration"] = dict(item["notification_configuration"])
    if set(given) - set(parameters):
        raise RefusedError(notification_configuration=f"unknown: {sorted(set(given) - set(parameters))}")
    for name, (kind, default) in parameters.items():
        if given.setdefault(name, default) is REQUIRED:
            raise RefusedError(__all__=f"Missing required fields for Notification Configuration: {name}.")
        if not is_exactly(given[name], PYTHON[kind]) or given[name] == []:
            raise RefusedError(__all__=f"Configuration field {name!r} incorrect type, expected {kind}.")
    if given.get("http_method", "POST").lower() not in ("put", "post"):
        raise RefusedError(__all__="HTTP method must be either 'POST' or 'PUT'.")
    for event, texts in (item["messages"] or {}).items():
        if event not in ("started", "success", "error", "workflow_approval"):
            raise RefusedError(messages=f"Event {event!r} invalid")
        if event != "workflow_approval" and set(texts or {}) - {"message", "body"}:
            raise RefusedError(messages="Message type invalid, must be either 'message' or 'body'")


# -------------------------------------------------------------------------------------- projects and what they have


def project(item: Object, _find: Find) -> None:
    """ProjectOptions.clean_scm_url in awx/main/models/projects.py."""
    if item["scm_type"] in ("git", "svn", "archive") and not item["scm_url"]:
        raise RefusedError(scm_url="SCM URL is required.")


def inventory_source(item: Object, find: Find) -> None:
    """InventorySourceSerializer.validate, and InventorySource.cloud_credential_validation."""
    if find("inventories", item["inventory"])["kind"]:
        raise RefusedError(detail="Cannot create Inventory Source for Smart or Constructed Inventories")
    if item["source"] == "scm":
        if item["source_project"] is None:
            raise RefusedError(source_project="Project required for scm type sources.")
        if item["credential"] is not None:
            owner = find("credential_types", find("credentials", item["credential"])["credential_type"])
            if owner["kind"] in ("insights", "vault"):
                raise RefusedError(credential="disallowed for scm inventory sources.")
    elif item["source_project"] or item["source_path"] or item["scm_branch"]:
        raise RefusedError(detail="Cannot set source_project, source_path, scm_branch if not SCM type.")


def job_template(item: Object, find: Find) -> None:
    """JobTemplateSerializer.validate, and JobOptionsSerializer.validate."""
    if item["playbook"] not in find("projects", item["project"])["_playbooks"]:
        raise RefusedError(playbook="Playbook not found for project.")
    if item["inventory"] is None and not item["ask_inventory_on_launch"]:
        raise RefusedError(inventory="You must either set a default value or ask to prompt on launch.")


def schedule(item: Object, _find: Find) -> None:
    """SchedulePreviewSerializer.validate_rrule."""
    text = item["rrule"]
    if not re.match(r"DTSTART(;TZID=[\w/+-]+:\d{8}T\d{6}|:\d{8}T\d{6}Z)\s", text):
        raise RefusedError(rrule="Valid DTSTART required in rrule, with a time zone")
    rules = re.findall(r"RULE:\S*", text)
    if not rules or "EXDATE:" in text or "RDATE:" in text or len(re.findall("DTSTART", text)) > 1:
        raise RefusedError(rrule="One DTSTART and one or more RRULE required, neither EXDATE nor RDATE")
    for rule in rules:
        if "INTERVAL" not in rule or "SECONDLY" in rule or ("COUNT" in rule and "UNTIL" in rule):
            raise RefusedError(rrule=f"INTERVAL required, not SECONDLY, not both COUNT and UNTIL: {rule}")


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


RULES: dict[str, Callable[[Object, Find], None]] = {
    "credentials": credential,
    "execution_environments": environment,
    "notification_templates": notification,
    "projects": project,
    "inventory_sources": inventory_source,
    "job_templates": job_template,
    "schedules": schedule,
}
