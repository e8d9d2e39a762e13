# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX checks of notifications, and what it adds to them.

Each rule names where AWX has it, in github.com/ansible/awx at tag 24.6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awx.refusals import Find, Object, RefusedError, is_exactly
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

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


PYTHON = {"str": str, "secret": str, "bool": bool, "list": list, "dict": dict}


EVENTS = ("started", "success", "error", "workflow_approval")
OF_APPROVALS = ("running", "approved", "timed_out", "denied")
KINDS = ("message", "body")
# What texts may say: JobNotificationMixin.context_stub in awx/main/models/notifications.py, a part of it.
OF_JOBS = (
    "id", "name", "description", "status", "failed", "started", "finished", "elapsed", "limit", "playbook", "job_type",
    "launch_type", "job_explanation", "artifacts", "url", "type",
)  # fmt: skip
STUB = {
    "job": {
        **dict.fromkeys(OF_JOBS, "x"),
        "host_status_counts": dict.fromkeys(("ok", "changed", "failures", "dark", "skipped"), 0),
        "summary_fields": {name: {"id": 1, "name": "x"} for name in ("inventory", "project", "job_template")},
    },
    **dict.fromkeys(
        ("job_friendly_name", "url", "approval_status", "approval_node_name", "workflow_url", "job_metadata"), "x"
    ),
}


def _texts(messages: Object) -> Iterator[tuple[str, Any]]:
    """All texts, and whether each is a message or a body. What has no place among them is refused."""
    for event, texts in messages.items():
        if event not in EVENTS:
            raise RefusedError(messages=f"Event {event!r} invalid")
        parts = texts or {}
        if event == "workflow_approval":
            if unknown := set(parts) - set(OF_APPROVALS):
                raise RefusedError(messages=f"Workflow Approval event {min(unknown)!r} invalid")
            found = [pair for part in parts.values() for pair in (part or {}).items()]
        else:
            found = list(parts.items())
        if [kind for kind, _text in found if kind not in KINDS]:
            raise RefusedError(messages="Message type invalid, must be either 'message' or 'body'")
        yield from found


def _check_texts(messages: Object) -> None:
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    for kind, text in _texts(messages):
        if text is None:
            continue
        if not isinstance(text, str):
            raise RefusedError(messages=f"Expected string for {kind!r}")
        if kind == "message" and "\n" in text:
            raise RefusedError(messages="Messages cannot contain newlines")
        try:
            sandbox.from_string(text).render(STUB)
        except TemplateError as exc:
            raise RefusedError(messages=f"Unable to render message {text!r}: {exc}") from exc


def _kept(new: Object | None, old: Object | None, names: tuple[str, ...]) -> Object:
    """As NotificationTemplate.save has it: a text that is not sent stays."""
    new, old = new or {}, old or {}
    kept: Object = {}
    for name in names:
        if name not in KINDS:
            inner = OF_APPROVALS if name == "workflow_approval" else KINDS
            kept[name] = _kept(new.get(name), old.get(name), inner) or None
        elif name in new or old.get(name):
            kept[name] = new[name] if name in new else old[name]
    return (
        kept if names == EVENTS else {name: value for name, value in kept.items() if value is not None or name in new}
    )


def notification(item: Object, _find: Find, before: Object | None) -> None:
    """NotificationTemplateSerializer.validate and validate_messages; what is added there and by save is added."""
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
    _check_texts(item["messages"] or {})
    if item["messages"] is not None or before is None:
        item["messages"] = _kept(item["messages"], (before or {}).get("messages"), EVENTS)
