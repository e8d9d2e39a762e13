# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter notifications_to_send."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.filter.notifications_to_send import SECRETS, FilterModule

to_send = FilterModule().filters()["notifications_to_send"]

WANTED: dict[str, Any] = {
    "name": "Factory chat",
    "type": "webhook",
    "configuration": {"url": "https://chat.example.com", "password": "hunter2", "port": 443},
    "messages": {"error": {"body": "{{ job.name }} failed"}},
}
FOUND: dict[str, Any] = {
    "name": "Factory chat",
    "notification_type": "webhook",
    "notification_configuration": {
        "url": "https://chat.example.com", "password": "$encrypted$", "port": 443, "http_method": "POST",
    },
    "messages": {"error": {"body": "{{ job.name }} failed", "message": None}, "success": None},
}  # fmt: skip


def changed(values: dict[str, Any], *path: str, to: Any) -> dict[str, Any]:
    """A copy in which one value differs."""
    first, *rest = path
    return {**values, first: changed(values[first], *rest, to=to) if rest else to}


def test_what_is_there_is_not_sent_although_its_secret_cannot_be_seen() -> None:
    assert to_send([WANTED], [FOUND]) == []


def test_all_are_sent_if_secrets_may_differ() -> None:
    assert to_send([WANTED], [FOUND], update_secrets=True) == ["Factory chat"]


@pytest.mark.parametrize(
    "found",
    [
        changed(FOUND, "name", to="Another"),
        changed(FOUND, "notification_type", to="slack"),
        changed(FOUND, "notification_configuration", "url", to="https://old.example.com"),
        changed(FOUND, "notification_configuration", "port", to=80),
        changed(FOUND, "notification_configuration", "password", to=""),
        changed(FOUND, "notification_configuration", to={}),
        changed(FOUND, "messages", "error", "body", to="Something else"),
        changed(FOUND, "messages", "error", to=None),
        changed(FOUND, "messages", to=None),
    ],
)
def test_what_differs_is_sent(found: dict[str, Any]) -> None:
    assert to_send([WANTED], [found]) == ["Factory chat"]


def test_what_is_missing_is_sent_in_the_order_of_the_file() -> None:
    names = ["b", "Factory chat", "a"]
    assert to_send([changed(WANTED, "name", to=name) for name in names], [FOUND]) == ["b", "a"]


def test_that_texts_were_added_or_left_out_in_awx_is_no_difference() -> None:
    plain = {key: value for key, value in WANTED.items() if key != "messages"}
    assert to_send([plain], [FOUND]) == [] and to_send([{**plain, "messages": None}], [FOUND]) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        # AWX keeps a text that it is not sent: NotificationTemplate.save in awx/main/models/notifications.py.
        (
            {"workflow_approval": {"running": {"body": "Asked: {{ url }}"}}},
            {"workflow_approval": {"running": {"body": "Asked: {{ url }}", "message": "kept"}, "denied": None}},
        ),
        ({"error": None}, {"error": {"body": "kept"}}),
        ({"error": None, "workflow_approval": {"running": None}}, {}),
    ],
)
def test_that_awx_has_kept_a_text_is_no_difference(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    assert to_send([{**WANTED, "messages": wanted}], [{**FOUND, "messages": found}]) == []


@pytest.mark.parametrize("there", [None, {"running": None}, {"running": {"body": "Another", "message": "kept"}}])
def test_a_text_of_approvals_that_differs_is_sent(there: dict[str, Any] | None) -> None:
    wanted = {**WANTED, "messages": {"workflow_approval": {"running": {"body": "Asked: {{ url }}"}}}}
    assert to_send([wanted], [{**FOUND, "messages": {"workflow_approval": there}}]) == ["Factory chat"]


@pytest.mark.parametrize("key", SECRETS)
def test_an_empty_secret_is_none(key: str) -> None:
    wanted = changed(WANTED, "configuration", to={key: ""})
    assert to_send([wanted], [changed(FOUND, "notification_configuration", to={key: ""})]) == []
    assert to_send([wanted], [changed(FOUND, "notification_configuration", to={key: "$encrypted$"})]) != []


@pytest.mark.parametrize(
    ("update", "sent"), [("false", []), ("true", ["Factory chat"]), (False, []), (1, ["Factory chat"])]
)
def test_that_secrets_are_sent_may_be_said_by_a_text(update: Any, sent: list[str]) -> None:
    assert to_send([WANTED], [FOUND], update) == sent
