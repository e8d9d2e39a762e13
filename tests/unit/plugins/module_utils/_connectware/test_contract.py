# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table and the user's corrections of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.module_utils._connectware.conversation import Conversation

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.contract import DEFAULT_CONTRACT
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.corrections import corrected
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.operation import (
    PROVENANCES,
    filled,
    placeholders_in,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.registry import (
    PendingRequest,
    Registry,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.system import System
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.users import Users
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ContractCorrectionError

SOME_TEXT = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | SOME_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SOME_TEXT, inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "confirm",
        "unlock",
        "list_users",
        "settings",
        "errors",
        "method",
        "path",
        "body",
        "fields",
        "statuses",
        "username",
    ]
)


def test_every_entry_says_where_it_comes_from() -> None:
    entries = {".".join(place): entry for place, entry in DEFAULT_CONTRACT.entries()}
    assert {entry.provenance for entry in entries.values()} <= set(PROVENANCES)
    assert entries["confirm.path"].provenance == "documented"
    assert entries["unlock.path"].provenance == "assumed"
    assert entries["login.fields.token"].provenance == "observed"
    assert len(entries) > 80


@pytest.mark.parametrize("operation", DEFAULT_CONTRACT.operations.values(), ids=lambda operation: operation.name)
def test_every_operation_is_consistent(operation: Any) -> None:
    used = operation.used_placeholders()
    assert used <= operation.placeholders
    assert all(used & group for group in operation.needed)
    assert "done" in operation.statuses
    for entry in operation.fields.values():
        jmespath.compile(entry.value)


def test_nothing_to_correct_is_the_contract_itself() -> None:
    assert corrected(DEFAULT_CONTRACT, {}) is DEFAULT_CONTRACT
    assert corrected(DEFAULT_CONTRACT, None) is DEFAULT_CONTRACT


def test_a_correction_is_marked_and_leaves_the_rest() -> None:
    contract = corrected(
        DEFAULT_CONTRACT, {"confirm": {"path": "/api/x/{username}", "body": None, "statuses": {"done": 207}}}
    )
    entries = {".".join(place): entry for place, entry in contract.entries()}
    assert entries["confirm.path"].value == "/api/x/{username}"
    assert entries["confirm.path"].provenance == "user"
    assert entries["confirm.statuses.done"].value == [207]
    assert not any(path.startswith("confirm.body") for path in entries)
    assert entries["confirm.method"] == DEFAULT_CONTRACT.operation("confirm").method


@pytest.mark.parametrize(
    ("corrections", "parts"),
    [
        ({"confrm": {}}, ["connectware_contract.confrm", "does not exist", "confirm", "list_users"]),
        ({"confirm": {"pth": "/x"}}, ["connectware_contract.confirm.pth", "method, path, query, body"]),
        ({"confirm": "x"}, ["connectware_contract.confirm", "must be a mapping, not a string"]),
        ({"confirm": {"method": "FETCH"}}, ["confirm.method", "GET, POST", "'FETCH'"]),
        ({"confirm": {"path": "https://evil/x"}}, ["confirm.path", "without host"]),
        ({"confirm": {"path": "//evil/x"}}, ["confirm.path"]),
        ({"confirm": {"path": "/api/../x"}}, ["confirm.path"]),
        ({"confirm": {"path": 7}}, ["confirm.path"]),
        ({"confirm": {"body": {}}}, ["connectware_contract.confirm", "{username} must be used"]),
        ({"confirm": {"body": {"u": "{name}"}}}, ["{name} does not exist here", "{pairing_id}, {username}"]),
        ({"unlock": {"body": {"d": 5}}}, ["{milliseconds} or {seconds} must be used"]),
        ({"list_registry": {"fields": {"pending": "a["}}}, ["list_registry.fields.pending", "no JMESPath expression"]),
        ({"list_registry": {"fields": {"pending": ""}}}, ["list_registry.fields.pending", "no JMESPath expression"]),
        (
            {"list_registry": {"fields": {"pending": 3}}},
            ["list_registry.fields.pending", "in a string, not an integer"],
        ),
        ({"list_registry": {"fields": {"panding": "a"}}}, ["list_registry.fields.panding", "pending, username"]),
        ({"lock": {"statuses": {"done": "ok"}}}, ["lock.statuses.done", "status codes"]),
        ({"lock": {"statuses": {"done": [True]}}}, ["lock.statuses.done"]),
        ({"lock": {"query": []}}, ["lock.query", "must be a mapping"]),
        ({"list_users": {"fields": {"id": "(" * 3000 + "a" + ")" * 3000}}}, ["list_users.fields.id", "too deeply"]),
        ({"list_users": {"fields": {"id": "!" * 9000 + "a"}}}, ["list_users.fields.id", "too deeply"]),
        *[
            ({"unlock": {part: {"d": "{seconds}", "from": value}}}, [f"connectware_contract.unlock.{part}", "JSON"])
            for part in ("body", "query")
            for value in (date(2026, 1, 1), [{"at": datetime(2026, 1, 1)}], float("nan"), float("inf"), {1}, b"x")
        ],
        ({"settings": {"rows_per_page": "many"}}, ["settings.rows_per_page: must be an integer, not a string"]),
        ({"settings": {"rows_per_page": 1.5}}, ["settings.rows_per_page: must be an integer, not a number"]),
        ({"settings": {"rows_per_page": True}}, ["settings.rows_per_page: must be an integer, not a boolean"]),
        ({"settings": {"auth_header": 7}}, ["settings.auth_header: must be a string, not an integer"]),
        ({"settings": {"rows_per_page": 0}}, ["settings.rows_per_page", "at least 1"]),
        ({"settings": {"healthy": "running"}}, ["settings.healthy", "list of strings"]),
        ({"settings": {"auth_value": "Bearer x"}}, ["settings.auth_value", "{token}"]),
        ({"settings": {"auth_header": "a b\n"}}, ["settings.auth_header"]),
        (
            {"settings": {"confirms_while_locked": 1}},
            ["settings.confirms_while_locked", "true, false or null, not an integer"],
        ),
        ({"errors": {"statuses": {"conflict": 1000}}}, ["errors.statuses.conflict"]),
        ({"errors": {"codes": {}}}, ["errors.codes", "statuses, fields"]),
        ({"\x1b[31m": {}}, ["connectware_contract.?[31m"]),
    ],
)
def test_a_wrong_correction_names_its_key_and_what_is_right(corrections: dict[str, Any], parts: list[str]) -> None:
    with pytest.raises(ContractCorrectionError) as caught:
        corrected(DEFAULT_CONTRACT, corrections)
    for part in parts:
        assert part in caught.value.message
    assert "\x1b" not in caught.value.message


def test_lists_and_texts_of_other_classes_are_taken() -> None:
    """What a play hands over is not always made of Python's own classes."""

    class Text(str):
        __slots__ = ()

    body = {"for": Text("{seconds}"), "to": (Text("all"), None, 1.5, True)}
    contract = corrected(DEFAULT_CONTRACT, {"unlock": {"body": body}})
    assert contract.operation("unlock").request({"seconds": 3}).body == {"for": 3, "to": ["all", None, 1.5, True]}


def test_all_wrong_keys_are_named_at_once() -> None:
    with pytest.raises(ContractCorrectionError) as caught:
        corrected(DEFAULT_CONTRACT, {"lock": {"pth": 1, "method": 2}, "nope": {}})
    for path in ("lock.pth", "lock.method", "nope"):
        assert f"connectware_contract.{path}" in caught.value.message


@given(st.dictionaries(KEYS | SOME_TEXT, st.dictionaries(KEYS | SOME_TEXT, JSON, max_size=3) | JSON, max_size=3))
def test_whatever_is_written_is_either_used_or_refused(corrections: dict[str, Any]) -> None:
    try:
        contract = corrected(DEFAULT_CONTRACT, corrections)
    except ContractCorrectionError:
        return
    for operation in contract.operations.values():
        used = operation.used_placeholders()
        assert used <= operation.placeholders
        assert all(used & group for group in operation.needed)


@given(JSON)
def test_a_template_without_placeholders_stays_as_it_is(template: Any) -> None:
    if not placeholders_in(template):
        assert repr(filled(template, {})) == repr(template)


def test_another_dialect_needs_corrections_only(
    server: Conversation, params: dict[str, Any], session_of: Callable[..., Session]
) -> None:
    corrections = {
        "settings": {"auth_header": "Authorization", "rows_per_page": 2, "first_page": 0},
        "list_registry": {
            "path": "/v3/enrolment",
            "fields": {
                "pending": "data.waiting",
                "username": "who.name",
                "pairing_id": "who.code",
                "unlocked_until": "data.until",
            },
        },
        "unlock": {"method": "PUT", "path": "/v3/enrolment/lock", "body": {"open": True, "for": {"s": "{seconds}"}}},
        "lock": {"method": "DELETE", "path": "/v3/enrolment/lock", "statuses": {"done": 205}},
        "confirm": {"method": "PUT", "path": "/v3/enrolment/{username}/{pairing_id}", "body": None},
        "list_users": {
            "path": "/v3/people",
            "query": {"names": "{usernames}", "p": "{page}", "n": "{rows}"},
            "fields": {"users": "items", "id": "uuid", "username": "login"},
        },
        "delete_user": {"method": "POST", "path": "/v3/people/{id}/remove", "statuses": {"absent": 410}},
        "system_info": {"path": "/v3/about", "fields": {"version": "release"}},
    }
    session = session_of({**params, "connectware_contract": corrections})
    registry, users = Registry(session), Users(session)
    waiting = [{"who": {"name": "press 1", "code": 481516}}]
    server.expect("GET", "/v3/enrolment", answer={"data": {"waiting": waiting, "until": None}})
    assert registry.state().pending == (PendingRequest("press 1", "481516"),)
    server.expect("PUT", "/v3/enrolment/lock", body={"open": True, "for": {"s": 90}})
    registry.open_window(90)
    server.expect("PUT", "/v3/enrolment/press 1/481516", body=None)
    registry.authorize("press 1", "481516")
    server.expect("DELETE", "/v3/enrolment/lock", status=205)
    registry.close_window()
    query = {"names": ["press 1", "b"], "n": ["2"]}
    page = [{"uuid": 1, "login": "press 1"}, {"uuid": 2, "login": "other"}]
    server.expect("GET", "/v3/people", query={**query, "p": ["0"]}, answer={"items": page})
    server.expect("GET", "/v3/people", query={**query, "p": ["1"]}, answer={"items": []})
    found = users.find(["press 1", "b"])
    assert list(found) == ["press 1"]
    server.expect("POST", "/v3/people/1/remove", status=410)
    server.expect("GET", "/v3/people", answer={"items": []})
    users.delete(found["press 1"])
    server.expect("GET", "/v3/about", answer={"release": "9.9"})
    assert System(session).version() == "9.9"
