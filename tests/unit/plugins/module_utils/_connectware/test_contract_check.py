# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The check of the contract: what it asks, what it says, and what it proposes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.module_utils._connectware.conversation import (
    PASSWORD,
    TOKEN,
    Conversation,
    all_texts,
    no_secret,
)

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.answer import Answer
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.contract import DEFAULT_CONTRACT
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.contract_check import check_contract
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.corrections import corrected
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.findings import RESULTS, Findings
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.info import contract_listing
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.judging import judge_look
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.secret import Redactor
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Look, Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.shapes import SHAPES
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import TlsError, UnreachableError

REGISTRY, USERS = "/api/client-registry", "/api/listUsers"
REQUEST = {"username": "press-01", "pairingId": "a1b2c3", "createdAt": "2026-01-01T00:00:00Z"}
OPEN = {"pendingRequests": [REQUEST], "unlockedUntil": "2099-01-01T00:00:00Z"}
ADA, BOB = ({"id": f"id-{name}", "username": name, "roles": ["r"], "permissions": []} for name in ("ada", "bob"))
SERVICE = {"name": "broker", "status": "running", "uptime": 5}
NO_USER = "00000000-0000-0000-0000-000000000000"
FORBIDDEN = {"status": 403, "answer": {"code": "FORBIDDEN", "message": "you may not"}}
MANY = {f"key{number}": number for number in range(5000)}


def expect(server: Conversation, **given: Any) -> None:
    """The questions of a check of an account that may see the registry alone, with other answers where they are given:
    options of `Conversation.expect`, or a function that plays a part of the conversation."""
    parts: dict[str, tuple[str, Any]] = {
        "info": ("/api/system/info", {"answer": {"version": "1.8.0"}}),
        "health": ("/api/system/health", {"answer": {"system": {"status": [SERVICE]}}}),
        "registry": (REGISTRY, {"answer": OPEN}),
        "users": (USERS, FORBIDDEN),
        "roles": ("/api/roles", FORBIDDEN),
        "agents": ("/api/system/agents", FORBIDDEN),
    }
    for name, (path, usual) in parts.items():
        options = given.get(name, usual)
        if callable(options):
            options(server)
        elif options is not None:
            server.expect("GET", path, **options)


def by_entry(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["entry"]: entry for entry in result["entries"]}


def results(result: dict[str, Any], operation: str) -> dict[str, str]:
    return {
        name.split(".", 1)[1]: entry["result"]
        for name, entry in by_entry(result).items()
        if name.split(".")[0] == operation
    }


def page(users: list[dict[str, Any]], number: int, rows: int, **names: list[str]) -> dict[str, Any]:
    query = {**names, "pageNumber": [str(number)], "rowsPerPage": [str(rows)]}
    return {"answer": {"users": users}, "query": query}


def all_users(server: Conversation) -> None:
    """Everything that is asked about users when all is as it should be."""
    server.expect("GET", USERS, **page([ADA, BOB], 1, 100))
    server.expect("GET", USERS, **page([ADA, BOB], 1, 100, **{"username[eq]": ["ada", "bob"]}))
    server.expect("GET", USERS, **page([ADA], 1, 1)).expect("GET", USERS, **page([BOB], 2, 1))
    server.expect("GET", USERS, status=400, answer={"code": "BAD", "message": "page 0"}, query=page([], 0, 1)["query"])
    server.expect("GET", USERS, **page([], 2, 100))
    server.expect("GET", "/api/users/id-ada", answer=ADA)
    server.expect("GET", f"/api/users/{NO_USER}", status=404, answer={"code": "NOT_FOUND", "message": "no"})


def all_roles(server: Conversation) -> None:
    roles = [{"id": str(number), "name": name, "permissions": []} for number, name in enumerate(("admin", "other"))]
    server.expect("GET", "/api/roles", answer={"roles": roles}, query={})
    server.expect("GET", "/api/roles", answer={"roles": roles[:1]}, query={"name[eq]": ["admin"]})


def test_a_connectware_as_the_contract_has_it(server: Conversation, session: Session) -> None:
    agents = {"answer": {"agents": [{"name": "press-01", "status": "connected"}]}}
    expect(server, users=all_users, roles=all_roles, agents=agents)
    result = check_contract(session)
    assert result["fits"] is True
    assert result["corrections"] == {} and result["corrections_yaml"] == ""
    assert {entry["entry"] for entry in result["entries"] if entry["result"] == "not_provable"} == {
        "list_registry.fields.locked",
        "list_users.fields.created_by",
        "list_users.fields.created_at",
        "list_users.fields.by_registration",
        "settings.administrator_roles",
        "settings.administrator_resources",
        "settings.agent_roles",
        "settings.disconnected",
        *(f"errors.statuses.{kind}" for kind in ("authentication", "forbidden", "conflict", "locked")),
        *(f"errors.statuses.{kind}" for kind in ("rate_limited", "unavailable")),
    }
    assert set(results(result, "login").values()) == {"not_asked"}
    for operation in ("unlock", "lock", "confirm", "delete_user", "create_user"):
        assert set(results(result, operation).values()) == {"not_asked"}
    assert {line.split(" ")[0] for line in server.seen} == {"GET"}


def test_every_entry_is_there_once_with_its_provenance(server: Conversation, session: Session) -> None:
    expect(server)
    result = check_contract(session)
    facts = [{key: entry[key] for key in ("entry", "value", "provenance")} for entry in result["entries"]]
    assert facts == contract_listing(DEFAULT_CONTRACT)
    assert {entry["result"] for entry in result["entries"]} <= set(RESULTS)
    assert sum(result["counts"].values()) == len(facts)
    for name in by_entry(result):
        assert any(name.split(".", 1)[0] in line and name.split(".", 1)[1] in line for line in result["report"])


def test_every_field_of_a_reading_operation_has_a_shape() -> None:
    """A new field of the contract must not be passed over."""
    for name, shapes in SHAPES.items():
        assert set(shapes) == set(DEFAULT_CONTRACT.operation(name).fields)


def test_pending_requests_show_the_names_of_their_fields_and_no_values(server: Conversation, session: Session) -> None:
    item = {"who": {"login": "press-01"}, "pairing-code": "c0ffee", "password": "hunter2", "csr": "LS0tLS1"}
    expect(server, registry={"answer": {"data": {"waiting": [item]}, "openUntil": "2099-01-01T00:00:00Z"}})
    result = check_contract(session)
    (seen,) = [answer for answer in result["answers"] if answer["operation"] == "list_registry"]
    assert seen["status"] == 200 and seen["request"] == f"GET {server.url}{REGISTRY}"
    assert seen["fields"] == ["openUntil", "data.waiting"]
    assert seen["item_fields"] == ['"pairing-code"', "password", "csr", "who.login"]
    shown = json.dumps(result)
    for value in ("c0ffee", "hunter2", "LS0tLS1", "press-01"):
        assert value not in shown


def test_what_it_proposes_makes_it_fit(
    server: Conversation, session_of: Callable[..., Session], params: dict[str, Any]
) -> None:
    """The round trip: the printed corrections, read back from the text, leave nothing wrong."""
    item = {"who": {"login": "press-01"}, "pairing-code": "c0ffee"}
    answers = {
        "info": {"answer": {"about": {"release": "9.9"}}},
        "registry": {"status": 203, "answer": {"data": {"waiting": [item]}, "openTo": {"until": 4070908800}}},
        "health": {"answer": [{"service": "a", "state": "green"}]},
    }
    expect(server, **answers)
    first = check_contract(session_of(params))
    assert not first["fits"]
    corrections = yaml.safe_load(first["corrections_yaml"])["connectware_contract"]
    assert corrections == first["corrections"]
    assert corrections["list_registry"] == {
        "statuses": {"done": [200, 203]},
        "fields": {
            "pending": "data.waiting",
            "username": "who.login",
            "pairing_id": '"pairing-code"',
            "unlocked_until": "openTo.until",
        },
    }
    assert corrections["system_info"] == {"fields": {"version": "about.release"}}
    assert corrections["system_health"]["fields"] == {"services": "@", "name": "service", "status": "state"}
    expect(server, **answers)
    second = check_contract(session_of({**params, "connectware_contract": corrections}))
    for operation in ("list_registry", "system_info", "system_health"):
        assert set(results(second, operation).values()) <= {"ok", "not_provable"}, operation
    assert by_entry(second)["list_registry.fields.pairing_id"]["provenance"] == "user"


def test_a_bare_list_in_place_of_an_object(server: Conversation, session: Session) -> None:
    expect(server, registry={"answer": [REQUEST]})
    result = check_contract(session)
    assert result["corrections"]["list_registry"] == {"fields": {"pending": "@"}}
    assert by_entry(result)["list_registry.fields.pairing_id"]["result"] == "ok"
    assert by_entry(result)["list_registry.fields.unlocked_until"]["result"] == "not_provable"


def test_nothing_pending_says_how_to_see_it(server: Conversation, session: Session) -> None:
    expect(server, registry={"answer": {"pendingRequests": [], "unlockedUntil": None}})
    entries = by_entry(check_contract(session))
    for field in ("username", "pairing_id"):
        assert entries[f"list_registry.fields.{field}"]["result"] == "not_provable"
        assert "start one agent" in entries[f"list_registry.fields.{field}"]["message"]
    assert "while it is open" in entries["list_registry.fields.unlocked_until"]["message"]


def test_several_places_are_left_to_the_user(server: Conversation, session: Session) -> None:
    item = {"username": "a", "x": {"code": "1"}, "y": {"code": "2"}}
    expect(server, registry={"answer": {"pendingRequests": [item]}})
    result = check_contract(session)
    assert "list_registry" not in result["corrections"]
    text = result["corrections_yaml"]
    assert "# pairing_id: x.code" in text and "# pairing_id: y.code" in text
    assert yaml.safe_load(text)["connectware_contract"] is None
    corrected(DEFAULT_CONTRACT, result["corrections"])


@pytest.mark.parametrize(
    ("options", "entry", "outcome", "text"),
    [
        ({"status": 404}, "path", "wrong", "HTTP 404"),
        ({"status": 405, "headers": {"Allow": "POST, X"}}, "method", "wrong", "HTTP 405"),
        ({"status": 307, "headers": {"Location": "/elsewhere"}}, "path", "wrong", "a redirect to /elsewhere"),
        ({"answer": b"<html>\x1b[31mlogin</html>"}, "path", "wrong", "no JSON"),
        ({"answer": b"[" * 200_000}, "path", "wrong", "no JSON"),
        ({"answer": b'{"a": '}, "path", "wrong", "no JSON"),
        ({"status": 423}, "path", "not_provable", "HTTP 423"),
        ({"status": 401}, "path", "not_provable", "HTTP 401"),
        ({"status": 403}, "path", "forbidden", "needs the permission /api/client-registry"),
        ({"status": 500}, "path", "not_provable", "HTTP 500"),
        ({"status": 400}, "path", "wrong", "HTTP 400"),
        ({"status": 204}, "statuses.done", "wrong", "HTTP 204"),
        ({"status": 209, "answer": OPEN}, "statuses.done", "wrong", "HTTP 209"),
        ({"answer": None}, "fields.pending", "missing", "the answer has nothing"),
        ({"answer": "fine"}, "fields.pending", "missing", "the answer has a text"),
        ({"answer": {"pendingRequests": "none"}}, "fields.pending", "wrong_type", "a text is there"),
        ({"answer": {"pendingRequests": ["a", "b"]}}, "fields.username", "wrong_type", "are no objects"),
        ({"answer": {"pendingRequests": [{"username": ["a"]}]}}, "fields.username", "wrong_type", "a list of 1"),
        ({"answer": {**OPEN, "unlockedUntil": "soon"}}, "fields.unlocked_until", "wrong_type", "a moment"),
        ({"answer": {**OPEN, "locked": "no"}}, "fields.locked", "wrong_type", "true or false"),
        ({"answer": {"pendingRequests": [MANY]}}, "fields.username", "missing", "key29"),
    ],
)
def test_answers_of_all_sorts(
    options: dict[str, Any], entry: str, outcome: str, text: str, server: Conversation, session: Session
) -> None:
    expect(server, registry=options)
    result = check_contract(session)
    found = by_entry(result)[f"list_registry.{entry}"]
    assert found["result"] == outcome
    assert text in found["message"]
    assert len(found["message"]) < 2500 and found["message"].isprintable()
    assert "\x1b" not in json.dumps(result, ensure_ascii=False)
    yaml.safe_load(result["corrections_yaml"])
    assert results(result, "system_info")["path"] == "ok", "the others are asked all the same"


def test_other_methods_are_proposed_from_what_the_server_allows(server: Conversation, session: Session) -> None:
    expect(server, registry={"status": 405, "headers": {"Allow": "POST, OPTIONS"}})
    assert "# method: POST" in check_contract(session)["corrections_yaml"]


def test_a_reading_operation_that_is_no_get_is_not_sent(
    server: Conversation, session_of: Callable[..., Session], params: dict[str, Any]
) -> None:
    expect(server, registry=None)
    session = session_of({**params, "connectware_contract": {"list_registry": {"method": "POST"}}})
    result = check_contract(session)
    assert set(results(result, "list_registry").values()) == {"not_asked"}
    assert "POST may write" in by_entry(result)["list_registry.path"]["message"]
    assert result["fits"] is False, "what every run reads was not seen"


def test_a_refused_token(server: Conversation, session: Session) -> None:
    refused = {"status": 401, "answer": {"code": "UNAUTHORIZED", "message": f"bad token {TOKEN}"}}
    expect(server, **dict.fromkeys(("info", "health", "registry", "users", "roles", "agents"), refused))
    result = check_contract(session)
    assert result["fits"] is False
    assert by_entry(result)["settings.auth_header"]["result"] == "not_provable"
    assert "wrong or expired" in by_entry(result)["settings.auth_header"]["message"]
    assert "# auth_header:" in result["corrections_yaml"]
    assert by_entry(result)["errors.statuses.authentication"]["result"] == "ok"
    assert no_secret(json.dumps(result))


def test_a_login_that_was_used(
    server: Conversation, session_of: Callable[..., Session], login_params: dict[str, Any]
) -> None:
    server.expect_login()
    expect(server)
    result = check_contract(session_of(login_params))
    assert set(results(result, "login").values()) == {"ok"}
    assert results(result, "settings")["auth_header"] == "ok"
    assert server.seen.count("POST /api/login") == 1
    assert no_secret(json.dumps(result))


def test_a_token_that_was_just_given_is_refused(
    server: Conversation, session_of: Callable[..., Session], login_params: dict[str, Any]
) -> None:
    server.expect_login()
    expect(server, **{name: {"status": 401} for name in ("info", "health", "registry", "users", "roles", "agents")})
    result = check_contract(session_of(login_params))
    assert results(result, "settings")["auth_value"] == "wrong"
    assert server.seen.count("POST /api/login") == 1


@pytest.mark.parametrize(
    ("login", "entry", "outcome", "text"),
    [
        ({"status": 404, "answer": None}, "path", "wrong", "HTTP 404"),
        ({"status": 401, "answer": None}, "path", "not_provable", "the account is wrong, or it logs in elsewhere"),
        ({"answer": {"session": {"accessToken": "s3cret-of-the-server"}}}, "fields.token", "missing", "accessToken"),
        ({"status": 203}, "statuses.done", "wrong", "HTTP 203"),
        ({"answer": b"<html>"}, "path", "wrong", "no JSON"),
        ({"answer": TOKEN.encode()}, "path", "wrong", "no JSON"),
        ({"status": 202, "answer": TOKEN.encode()}, "path", "wrong", "HTTP 202"),
    ],
)
def test_a_login_that_failed_is_a_finding(
    login: dict[str, Any],
    entry: str,
    outcome: str,
    text: str,
    server: Conversation,
    session_of: Callable[..., Session],
    login_params: dict[str, Any],
) -> None:
    server.expect_login(**login)
    result = check_contract(session_of(login_params))
    found = by_entry(result)[f"login.{entry}"]
    assert found["result"] == outcome and text in found["message"]
    assert result["fits"] is False
    assert set(results(result, "list_registry").values()) == {"not_provable"}
    shown = json.dumps(result)
    assert no_secret(shown) and "s3cret-of-the-server" not in shown


def test_the_place_of_the_token_is_proposed(
    server: Conversation, session_of: Callable[..., Session], login_params: dict[str, Any]
) -> None:
    server.expect_login(answer={"session": {"accessToken": "tok"}})
    result = check_contract(session_of(login_params))
    assert result["corrections"] == {"login": {"fields": {"token": "session.accessToken"}}}


def users_then(
    *pages: dict[str, Any], single: bool = True, users: list[dict[str, Any]] | None = None
) -> Callable[[Conversation], None]:
    """The list of users, then the answers to what is asked about its parameters."""

    def play(server: Conversation) -> None:
        server.expect("GET", USERS, **page(users or [ADA, BOB], 1, 100))
        for options in pages:
            server.expect("GET", USERS, **options)
        if single:
            server.expect("GET", "/api/users/id-ada", answer=ADA)
            server.expect("GET", f"/api/users/{NO_USER}", status=404)

    return play


NAMED = page([ADA, BOB], 1, 100, **{"username[eq]": ["ada", "bob"]})
ONE, TWO, BEFORE, AFTER = page([ADA], 1, 1), page([BOB], 2, 1), page([], 0, 1), page([], 2, 100)


@pytest.mark.parametrize(
    ("pages", "entry", "text"),
    [
        (
            [{**NAMED, "answer": {"users": [ADA, BOB, {"id": "3", "username": "eve"}]}}, ONE, TWO, BEFORE, AFTER],
            "list_users.query.username[eq]",
            "2 of them and 1 others came",
        ),
        (
            [{**NAMED, "answer": {"users": [ADA]}}, ONE, TWO, BEFORE, AFTER],
            "list_users.query.username[eq]",
            "1 of them",
        ),
        ([{**NAMED, "status": 400}, ONE, TWO, BEFORE, AFTER], "list_users.query.username[eq]", "HTTP 400"),
        (
            [NAMED, {**ONE, "answer": {"users": [ADA, BOB]}}, {**TWO, "answer": {"users": [ADA, BOB]}}],
            "list_users.query.rowsPerPage",
            "2 came",
        ),
        ([NAMED, ONE, {**TWO, "answer": {"users": [ADA]}}], "list_users.query.pageNumber", "is not what follows"),
        (
            [NAMED, ONE, TWO, {**BEFORE, "answer": {"users": [{**BOB, "id": "id-eve", "username": "eve"}]}}, AFTER],
            "settings.first_page",
            "page 0 has users",
        ),
        (
            [NAMED, ONE, TWO, BEFORE, {**AFTER, "answer": {"users": [{"id": "3", "username": "eve"}]}}],
            "settings.rows_per_page",
            "2 came, and the next page has more",
        ),
    ],
)
def test_parameters_of_the_list_that_do_something_else(
    pages: list[dict[str, Any]], entry: str, text: str, server: Conversation, session: Session
) -> None:
    expect(server, users=users_then(*pages))
    result = check_contract(session)
    found = by_entry(result)[entry]
    assert found["result"] == "wrong" and text in found["message"]
    assert result["fits"] is False
    assert [name for name, entry in by_entry(result).items() if entry["result"] == "wrong"] == [entry]


def test_a_name_that_fits_no_url_is_not_asked_for(server: Conversation, session: Session) -> None:
    """JSON can have half of a character."""
    half = {**BOB, "id": "id-half", "username": "half \ud83d"}
    named = {**NAMED, "answer": {"users": [ADA]}, "query": {**NAMED["query"], "username[eq]": ["ada"]}}
    second = {**TWO, "answer": {"users": [half]}}
    expect(server, users=users_then(named, ONE, second, BEFORE, AFTER, users=[ADA, half]))
    assert by_entry(check_contract(session))["list_users.query.username[eq]"]["result"] == "ok"


def test_a_capped_page_is_proposed(server: Conversation, session: Session) -> None:
    more = {**AFTER, "answer": {"users": [{"id": "3", "username": "eve"}]}}
    expect(server, users=users_then(NAMED, ONE, TWO, BEFORE, more))
    assert check_contract(session)["corrections"] == {"settings": {"rows_per_page": 2}}


def test_pages_that_begin_elsewhere(server: Conversation, session: Session) -> None:
    """Whoever asks is a user, so an empty list is the wrong page."""

    def users(server: Conversation) -> None:
        server.expect("GET", USERS, **page([], 1, 100)).expect("GET", USERS, **page([ADA], 0, 100))

    expect(server, users=users)
    assert check_contract(session)["corrections"] == {"settings": {"first_page": 0}}


@pytest.mark.parametrize("others", [[ADA, BOB], [BOB]])
def test_page_0_may_be_no_page_at_all(others: list[dict[str, Any]], server: Conversation, session: Session) -> None:
    """A server that takes it for not given answers with everybody, or with its first page."""
    expect(server, users=users_then(NAMED, ONE, TWO, page(others, 0, 1), AFTER))
    result = check_contract(session)
    assert "settings" not in result["corrections"]
    assert by_entry(result)["settings.first_page"]["result"] == "ok"


def test_too_many_rows(server: Conversation, session: Session) -> None:
    def users(server: Conversation) -> None:
        server.expect("GET", USERS, status=400).expect("GET", USERS, status=400)
        server.expect("GET", USERS, **page([ADA], 1, 1))

    expect(server, users=users)
    entries = by_entry(check_contract(session))
    assert entries["settings.rows_per_page"]["result"] == "wrong"
    assert "100 are refused, 1 is not" in entries["settings.rows_per_page"]["message"]


def test_what_an_absent_user_is_answered_with(server: Conversation, session: Session) -> None:
    def users(server: Conversation) -> None:
        users_then(NAMED, ONE, TWO, BEFORE, AFTER, single=False)(server)
        server.expect("GET", "/api/users/id-ada", answer=ADA)
        server.expect("GET", f"/api/users/{NO_USER}", status=410)

    expect(server, users=users)
    assert check_contract(session)["corrections"] == {"get_user": {"statuses": {"absent": [404, 410]}}}


def test_other_words_of_the_services_are_left_to_the_user(server: Conversation, session: Session) -> None:
    services = [SERVICE, {**SERVICE, "status": "green\x07"}]
    expect(server, health={"answer": {"system": {"status": services}}})
    result = check_contract(session)
    assert by_entry(result)["settings.healthy"]["result"] == "not_provable"
    assert "green?" in by_entry(result)["settings.healthy"]["message"]
    assert result["corrections"] == {} and "# healthy:" in result["corrections_yaml"]


def test_the_texts_of_an_error_elsewhere(server: Conversation, session: Session) -> None:
    other = {"status": 403, "answer": {"problem": {"kind": "X", "text": "no"}}}
    expect(server, users=other, roles=other, agents=other)
    fields = check_contract(session)["corrections"]["errors"]["fields"]
    assert fields == {"code": "problem.kind", "message": "problem.text"}


def test_a_server_that_cannot_be_reached_is_an_error(
    session_of: Callable[..., Session], params: dict[str, Any], login_params: dict[str, Any]
) -> None:
    for given_params in (params, login_params):
        with pytest.raises(UnreachableError) as caught:
            check_contract(session_of({**given_params, "connectware_url": "https://localhost:1"}))
        assert no_secret(all_texts(caught.value), (TOKEN, PASSWORD))


def test_a_certificate_that_is_not_trusted_is_an_error(
    session_of: Callable[..., Session], params: dict[str, Any]
) -> None:
    with pytest.raises(TlsError):
        check_contract(session_of({**params, "connectware_ca_path": None}))


NAMES = st.sampled_from(["pendingRequests", "username", "pairing code", "users", "id", "@", "a.b", 'q"', "until", "é"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(data=JSON, status=st.sampled_from([200, 203, 404, 500]), name=st.sampled_from(sorted({*SHAPES, "get_user"})))
def test_no_answer_breaks_the_check_or_what_it_writes(data: Any, status: int, name: str) -> None:
    operation = DEFAULT_CONTRACT.operation(name)
    findings = Findings(DEFAULT_CONTRACT)
    answer = Answer(operation, "", status, data, 0.0, "GET https://x/y", Redactor())
    judge_look(findings, Look(answer, {}, True, None))
    result = findings.result([])
    written = (yaml.safe_load(result["corrections_yaml"]) or {}).get("connectware_contract") or {}
    assert written == result["corrections"]
    corrected(DEFAULT_CONTRACT, written)
    assert all(line.isprintable() for line in result["report"])


@pytest.mark.parametrize(
    ("makers", "outcome"),
    [(["client-registry", "admin"], "ok"), (["admin", "admin"], "not_provable"), ([None, None], "not_provable")],
)
def test_who_made_a_user_is_proved_by_one_that_a_registration_made(
    makers: list[str | None], outcome: str, server: Conversation, session: Session
) -> None:
    users = [{**user, "createdBy": maker} for user, maker in zip((ADA, BOB), makers)]

    expect(server, users=users_then(NAMED, ONE, TWO, BEFORE, AFTER, users=users))
    found = by_entry(check_contract(session))["list_users.fields.by_registration"]
    assert found["result"] == outcome


def test_an_expression_that_is_more_than_a_place_is_left_to_the_user(server: Conversation, session: Session) -> None:
    users = [{"id": "1", "username": "ada", "rights": [{"context": "http"}], "madeBy": "someone"}]

    def play(server: Conversation) -> None:
        server.expect("GET", USERS, **page(users, 1, 100))
        server.expect("GET", USERS, **page(users, 1, 100, **{"username[eq]": ["ada"]}))
        server.expect("GET", "/api/users/1", answer=users[0]).expect("GET", "/api/users/0", status=404)

    expect(server, users=play)
    result = check_contract(session)
    assert "list_users" not in result["corrections"] or "by_registration" not in result["corrections"]["list_users"]
    text = result["corrections_yaml"]
    assert "# by_registration: " in text and "madeBy && madeBy == 'client-registry'" in text
    assert "# permissions: " in text and "not_null(rights[?context!='mqtt' && operation!='read']" in text


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"roles": [{"title": "admin"}]}, "roles"),
        ({"roles": {"admin": True}}, "roles"),
        ({"permissions": [{"resource": "/#"}]}, "permissions"),
        ({"roles": [{"id": "r1"}], "permissions": [{"context": "mqtt", "topic": "#"}]}, None),
    ],
)
def test_rights_that_cannot_be_read_are_told(
    fields: dict[str, Any], wrong: str | None, server: Conversation, session: Session
) -> None:
    users = [{"id": "1", "username": "ada", "roles": [], "permissions": [], **fields}]

    def play(server: Conversation) -> None:
        server.expect("GET", USERS, **page(users, 1, 100))
        server.expect("GET", USERS, **page(users, 1, 100, **{"username[eq]": ["ada"]}))
        server.expect("GET", "/api/users/1", answer=users[0]).expect("GET", "/api/users/0", status=404)

    expect(server, users=play)
    found = by_entry(check_contract(session))
    for name in ("roles", "permissions"):
        entry = found[f"list_users.fields.{name}"]
        assert entry["result"] == ("wrong_type" if name == wrong else "ok"), entry
        assert ("a list of texts was expected" in entry["message"]) is (name == wrong)


def test_an_empty_answer_is_no_success_without_the_user(server: Conversation, session: Session) -> None:
    expect(server, registry={"status": 204})
    result = check_contract(session)
    assert "list_registry" not in result["corrections"]
    assert "# done: [200, 204] # the answer was empty" in result["corrections_yaml"]
