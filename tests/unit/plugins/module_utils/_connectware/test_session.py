# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Statuses, retries, login and redirects, each as an exact conversation over real HTTPS."""

from __future__ import annotations

import base64
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Callable

import pytest
from unit.plugins.module_utils._connectware.conversation import (
    NOBODY,
    PASSWORD,
    SECRETS,
    TOKEN,
    Conversation,
    all_texts,
    no_secret,
)

from ansible_collections.edgefleet.connectware.plugins.module_utils import _errors as errors
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import checked_url, connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.contract import DEFAULT_CONTRACT
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.dependencies import need_libraries
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.transport import Failure, Transport

SessionOf = Callable[..., Session]
PARAMS = {
    "username": "press",
    "password": PASSWORD,
    "hours": 1,
    "label": None,
    "milliseconds": 1000,
    "seconds": 1,
    "pairing_id": "a82123",
    "usernames": ["press"],
    "page": 1,
    "rows": 100,
    "id": "7",
    "identity_provider": "local",
    "grant_type": "password",
    "roles": [],
    "names": ["admin"],
}
OPERATIONS = sorted(DEFAULT_CONTRACT.operations)
BUSY = (429, 502, 503, 504)
ERRORS = [
    (401, errors.AuthenticationError, "token"),
    (403, errors.ForbiddenError, "permission"),
    (404, errors.NotFoundError, "connectware_contract"),
    (409, errors.ConflictError, "exists already"),
    (423, errors.LockedError, "window is closed"),
    (429, errors.RateLimitedError, "slow down"),
    (500, errors.ServerError, "logs"),
    (502, errors.ServerError, "wait until it is healthy"),
    (503, errors.ServerError, "wait until it is healthy"),
    (504, errors.ServerError, "wait until it is healthy"),
    (418, errors.ApiError, "connectware_contract"),
    (206, errors.ContractError, ".statuses in connectware_contract"),
]


def step_of(name: str) -> tuple[str, str, dict[str, Any]]:
    operation = DEFAULT_CONTRACT.operation(name)
    request = operation.request(PARAMS)
    return request.method, request.path.partition("?")[0], {} if operation.with_token else {"token": NOBODY}


@pytest.mark.parametrize("name", OPERATIONS)
def test_success(name: str, server: Conversation, session: Session) -> None:
    method, path, options = step_of(name)
    status = DEFAULT_CONTRACT.operation(name).statuses["done"].value[0]
    server.expect(method, path, status=status, answer={"some": "thing"}, **options)
    answer = session.call(name, **PARAMS)
    assert (answer.outcome, answer.status) == ("done", status)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize(("status", "error", "hint"), ERRORS, ids=[str(row[0]) for row in ERRORS])
def test_error_status(
    name: str, status: int, error: type[errors.ApiError], hint: str, server: Conversation, session: Session,
    sleeps: list[float],
) -> None:  # fmt: skip
    operation = DEFAULT_CONTRACT.operation(name)
    if operation.outcome(status):
        pytest.skip("no error for this operation")
    method, path, options = step_of(name)
    attempts = (
        4 if (status in BUSY and operation.repeat == "always") or (status == 429 and operation.repeat != "never") else 1
    )
    body = {"code": "BAD", "message": f"no\x1b[2J {TOKEN} {PASSWORD}"}
    for _attempt in range(attempts):
        server.expect(method, path, status=status, answer=body, **options)
    with pytest.raises(error) as caught:
        session.call(name, **PARAMS)
    message = caught.value.message
    assert caught.value.status == status
    assert caught.value.__class__ is error
    assert f"{method} {server.url}{path}" in message
    hidden = name == "login" and status < 400
    assert f"HTTP {status} " + ("(application/json: 85 bytes" if hidden else "BAD no?[2J ****") in message
    assert len(sleeps) == attempts - 1
    if name != "login" or status != 401:
        assert hint in message
    assert no_secret(all_texts(caught.value).replace(server.url, ""), (TOKEN,))


def test_a_forbidden_operation_names_the_permission(server: Conversation, session: Session) -> None:
    server.expect("GET", "/api/listUsers", status=403, answer={})
    with pytest.raises(errors.ForbiddenError, match=r"/api/listUsers \(http, read\)"):
        session.call("list_users", **PARAMS)


def test_a_wrong_login_says_what_to_check(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    answer = {"code": "UNAUTHORIZED", "message": f"wrong {PASSWORD} {base64.b64encode(PASSWORD.encode()).decode()}"}
    server.expect("POST", "/api/login", status=401, answer=answer, token=NOBODY)
    with pytest.raises(errors.AuthenticationError, match="second factor") as caught:
        session_of(login_params).call("system_info")
    assert no_secret(all_texts(caught.value), (*SECRETS, base64.b64encode(PASSWORD.encode()).decode()))


def test_login_happens_once_and_only_when_needed(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    session = session_of(login_params)
    assert server.seen == []
    server.expect_login(body={"username": "rollout", "password": PASSWORD, "expireTimeInHours": 1})
    for _call in range(3):
        server.expect("GET", "/api/system/info", answer={"version": "1"})
    for _call in range(3):
        session.call("system_info")
    assert server.seen.count("POST /api/login") == 1


def test_an_expired_token_is_renewed_once(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    session = session_of(login_params)
    server.expect_login("first").expect("GET", "/api/system/info", token="first", answer={"version": "1"})
    session.call("system_info")
    server.expect("POST", "/api/client-registry/confirm", token="first", status=401)
    server.expect_login("second").expect("POST", "/api/client-registry/confirm", token="second")
    session.call("confirm", username="press")


def test_a_fresh_token_that_is_refused_is_not_renewed(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    server.expect_login("first").expect("GET", "/api/system/info", token="first", status=401)
    with pytest.raises(errors.AuthenticationError, match="just given"):
        session_of(login_params).call("system_info")


def test_a_renewed_token_that_is_refused_ends_it(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    session = session_of(login_params)
    server.expect_login("first").expect("GET", "/api/system/info", token="first", answer={})
    session.call("system_info")
    server.expect("GET", "/api/system/info", token="first", status=401)
    server.expect_login("second").expect("GET", "/api/system/info", token="second", status=401)
    with pytest.raises(errors.AuthenticationError):
        session.call("system_info")


def test_a_refused_token_falls_back_to_the_password(
    server: Conversation, params: dict[str, Any], session_of: SessionOf
) -> None:
    session = session_of({**params, "connectware_username": "rollout", "connectware_password": PASSWORD})
    assert session.username is None, "a token does not tell whose it is"
    server.expect("GET", "/api/system/info", status=401)
    server.expect_login("second").expect("GET", "/api/system/info", token="second", answer={})
    session.call("system_info")
    assert session.username == "rollout"


def test_a_token_near_its_end_is_not_used(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(login_params)
    now = time.time()
    soon = datetime.fromtimestamp(now + 60, timezone.utc).isoformat()
    server.expect_login("first", answer={"token": "first", "expiresAt": soon})
    server.expect("GET", "/api/system/info", token="first", answer={})
    session.call("system_info")
    monkeypatch.setattr(time, "time", lambda: now + 40)
    server.expect_login("second").expect("GET", "/api/system/info", token="second", answer={})
    session.call("system_info")


@pytest.mark.parametrize(
    "told",
    ["2001-01-01T00:00:00.000Z", 0, 3600, lambda now: (now + timedelta(seconds=20)).isoformat()],
    ids=["past", "zero", "lifetime in seconds", "at once"],
)
def test_an_end_that_cannot_be_is_only_a_hint(
    told: Any, server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    """As a server tells it whose clock is wrong, or who counts otherwise: there is one login for all requests."""
    session = session_of(login_params)
    server.expect_login(
        "first", answer={"token": "first", "expiresAt": told(datetime.now(timezone.utc)) if callable(told) else told}
    )
    for _call in range(3):
        server.expect("GET", "/api/system/info", token="first", answer={})
        session.call("system_info")
    server.expect("GET", "/api/system/info", token="first", status=401)
    server.expect_login("second").expect("GET", "/api/system/info", token="second", answer={})
    session.call("system_info")


def test_a_token_that_may_not_do_everything_is_renewed_when_it_expires(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    session = session_of(login_params)
    server.expect_login("first").expect("GET", "/api/system/health", token="first", status=403)
    with pytest.raises(errors.ForbiddenError):
        session.call("system_health")
    server.expect("GET", "/api/system/info", token="first", status=401)
    server.expect_login("second").expect("GET", "/api/system/info", token="second", answer={})
    session.call("system_info")


@pytest.mark.parametrize("bad", ["a b", "a\nb", "ä", ""])
def test_a_token_that_fits_no_header_is_refused(
    bad: str, server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    server.expect_login(answer={"token": bad})
    with pytest.raises(errors.ContractError, match=r"login\.fields\.token"):
        session_of(login_params).call("system_info")


PLAIN = {"Content-Type": "text/plain"}


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"status": 203}, "HTTP 203 (application/json: "),
        ({"status": 202, "answer": {"token": TOKEN, "message": TOKEN}}, "HTTP 202 (application/json: "),
        ({"answer": TOKEN.encode(), "headers": PLAIN}, "no JSON that can be read (text/plain: 21 bytes"),
        ({"answer": b'{"token": "%s"}<!-- proxy -->' % TOKEN.encode()}, "no JSON that can be read (text/plain"),
        ({"status": 300, "answer": TOKEN.encode(), "headers": PLAIN}, "HTTP 300 (text/plain: 21 bytes"),
        (
            {"status": 302, "headers": {"Location": f"https://sso.example.com/in?a=1#access_token={TOKEN}"}},
            "a redirect to https://sso.example.com/in, which",
        ),
    ],
)
def test_the_answer_to_a_login_is_in_no_message(
    options: dict[str, Any], shown: str, server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    server.expect_login(**options)
    session = session_of(login_params)
    with pytest.raises(errors.ContractError) as caught:
        session.call("system_info")
    assert shown in caught.value.message
    assert no_secret(all_texts(caught.value))
    assert session.login_look is not None and session.login_look.error is not None
    assert no_secret(all_texts(session.login_look.error))


def test_the_value_that_an_expression_for_the_token_does_not_fit_is_in_no_message(
    server: Conversation, login_params: dict[str, Any], session_of: SessionOf
) -> None:
    server.expect_login()
    params = {**login_params, "connectware_contract": {"login": {"fields": {"token": "join('', token)"}}}}
    with pytest.raises(errors.ContractError, match=r"join\('', token\) cannot be applied") as caught:
        session_of(params).call("system_info")
    assert no_secret(all_texts(caught.value))


@pytest.mark.parametrize("busy", BUSY)
def test_a_busy_server_is_asked_again(busy: int, server: Conversation, session: Session, sleeps: list[float]) -> None:
    server.expect("GET", "/api/system/info", status=busy)
    server.expect("GET", "/api/system/info", status=busy)
    server.expect("GET", "/api/system/info", answer={"version": "1"})
    assert session.call("system_info").needed_text("version") == "1"
    assert sleeps == [0.5, 1.0]


def in_seconds(seconds: int) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("7", 7, 7), ("0", 0, 0), ("86400", 30, 30), (20, 10, 20), (-20, 0, 0), ("soon", 0.5, 0.5)],
)
def test_retry_after_is_honoured_within_bounds(
    value: str | int, low: float, high: float, server: Conversation, session: Session, sleeps: list[float]
) -> None:
    told = value if isinstance(value, str) else in_seconds(value)
    server.expect("GET", "/api/system/info", status=429, headers={"Retry-After": told})
    server.expect("GET", "/api/system/info", answer={})
    session.call("system_info")
    assert low <= sleeps[0] <= high


def test_an_authorization_is_never_repeated(server: Conversation, session: Session, sleeps: list[float]) -> None:
    server.expect("POST", "/api/client-registry/confirm", status=503)
    with pytest.raises(errors.ServerError):
        session.call("confirm", username="press")
    assert sleeps == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_not_followed(
    status: int, method: str, server: Conversation, session: Session, other_server: Conversation
) -> None:
    operation = "system_info" if method == "GET" else "unlock"
    target = f"{other_server.url}/x?t={TOKEN}"
    server.expect(method, step_of(operation)[1], status=status, headers={"Location": target})
    with pytest.raises(errors.ContractError, match="redirect to") as caught:
        session.call(operation, **PARAMS)
    assert other_server.seen == []
    assert other_server.url in caught.value.message
    assert no_secret(all_texts(caught.value))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"<html><body>Welcome \x1b]0;x\x07</body>", "text/html: <html><body>Welcome"),
        (b'{"version": "1', "no JSON"),
        (b'{"version": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b'{"version": ' + b"9" * 5000 + b"}", "no JSON"),
    ],
    ids=["html", "truncated", "deep", "binary", "number"],
)
def test_an_answer_that_is_no_json(answer: bytes, text: str, server: Conversation, session: Session) -> None:
    server.expect("GET", "/api/system/info", answer=answer, headers={"Content-Type": "text/html"})
    with pytest.raises(errors.ContractError, match="system_info") as caught:
        session.call("system_info")
    assert text in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 1000


@pytest.mark.parametrize("answer", [None, [], "x", 7, {}, {"version": None}, {"version": {"a": 1}}])
def test_an_answer_of_another_shape(answer: Any, server: Conversation, session: Session) -> None:
    server.expect("GET", "/api/system/info", answer=answer)
    with pytest.raises(errors.ContractError, match=r"system_info.fields.version"):
        session.call("system_info").needed_text("version")


def test_the_body_of_an_operation_without_fields_does_not_matter(server: Conversation, session: Session) -> None:
    server.expect("POST", "/api/client-registry/lock", answer=b"OK")
    assert session.call("lock").data is None


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["unlock", "lock", "confirm", "delete_user"])
def test_a_web_page_is_no_success_of_any_operation(
    name: str, coding: str, server: Conversation, session: Session
) -> None:
    """A byte order mark may stand in front of it."""
    method, path, _unused = step_of(name)
    page = "\n<!DOCTYPE html><html><body>Gateway</body></html>".encode(coding)
    server.expect(method, path, answer=page, headers={"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(errors.ContractError, match="A web page means") as caught:
        session.call(name, **PARAMS)
    assert f"{method} {server.url}{path}" in caught.value.message


def test_a_huge_answer_is_refused(server: Conversation, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.transport.MAX_ANSWER", 1000
    )
    server.expect("GET", "/api/system/info", answer=b"x" * 200_000)
    with pytest.raises(errors.ContractError, match="larger than 1000 bytes"):
        session.call("system_info")


def test_secrets_in_every_spelling_stay_out(server: Conversation, session: Session) -> None:
    body = f"{TOKEN} {base64.b64encode(TOKEN.encode()).decode()}".encode()
    server.expect("GET", "/api/system/info", status=500, answer=body)
    with pytest.raises(errors.ServerError) as caught:
        session.call("system_info")
    assert no_secret(all_texts(caught.value), (TOKEN, base64.b64encode(TOKEN.encode()).decode()))
    assert no_secret(f"{session!r} {session.__dict__!r}")


def test_the_environment_does_not_replace_our_login_or_ca(
    server: Conversation, session: Session, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = folder / "netrc"
    netrc.write_text("machine localhost login thief password thief\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    server.expect("GET", "/api/system/info", answer={})
    session.call("system_info")


def test_the_ca_bundle_of_the_environment_serves_without_a_ca_path(
    server: Conversation, params: dict[str, Any], session_of: SessionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca_path))
    server.expect("GET", "/api/system/info", answer={})
    session_of({**params, "connectware_ca_path": None}).call("system_info")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_bundle_of_the_environment_that_does_not_exist(
    name: str, server: Conversation, params: dict[str, Any], session_of: SessionOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "/nonexistent")
    with pytest.raises(errors.TlsError, match=f"{name} /nonexistent: there is no such file"):
        session_of({**params, "connectware_ca_path": None}).call("system_info")
    assert server.seen == []


@pytest.mark.parametrize("proxy", ["http://joe:hunter22@proxy..x:1", f"http://joe:hunter22@{'a' * 64}.x:1"])
def test_a_proxy_that_is_no_address(proxy: str, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(errors.SpecError, match="proxy settings of the environment") as caught:
        session.call("system_info")
    assert no_secret(caught.value.message, ("hunter22",))


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "http://joe:hunter22@127.0.0.1:1/", "127.0.0.1:1"])
def test_a_proxy_of_the_environment_is_used_and_named(
    proxy: str, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(errors.UnreachableError, match=r"refused, at the proxy 127\.0\.0\.1:1 of the env") as caught:
        session.call("system_info")
    assert "NO_PROXY" in caught.value.message and no_secret(caught.value.message, ("hunter22",))


def test_no_proxy_is_named_where_none_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    failure = Transport(ca_path=None, validate_certs=False, timeout=5).send("GET", "https://127.0.0.1:1/", {}, None)
    assert isinstance(failure, Failure) and "refused" in failure.text and "proxy" not in failure.text


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "no address"),
        ("connectware", "no address"),
        ("ftp://x", "no address"),
        ("https://", "no address"),
        ("https://x:99999", "no address"),
        ("https://connectware..example.com", "host name"),
        ("https://.example.com", "host name"),
        ("https://example.com..", "host name"),
        (f"https://{'a' * 64}.example.com", "host name"),
        ("https://[::1", "no address"),
        ("https://x/?a=b", "must end with"),
        ("https://x/#a", "must end with"),
        ("https://a b", "characters"),
        ("https://x/\x1b", "characters"),
        ("http://x", "readable"),
        ("https://joe:hunter22@x", "username or password"),
        ("https://joe:hunter22@[x", "no address"),
    ],
)
def test_a_bad_address_is_refused_before_anything_is_sent(url: str, problem: str) -> None:
    with pytest.raises(errors.SpecError, match=problem) as caught:
        checked_url(url, plain_text=False)
    assert no_secret(all_texts(caught.value), ("hunter22",))


def test_good_addresses() -> None:
    assert checked_url(" https://x:8443/prefix/ ", plain_text=False) == "https://x:8443/prefix"
    assert checked_url("https://[::1]", plain_text=False) == "https://[::1]"
    assert checked_url("http://x", plain_text=True) == "http://x"
    assert checked_url(f"https://{'a' * 63}.example.com.", plain_text=False) == f"https://{'a' * 63}.example.com."


@pytest.mark.parametrize("url", ["https://x/api", "https://x:8443/prefix/api/"])
def test_an_address_with_the_beginning_of_all_paths_is_refused(url: str) -> None:
    with pytest.raises(errors.SpecError, match="must end before /api"):
        connect({"connectware_url": url, "connectware_token": "t"})


def test_where_paths_begin_otherwise_it_is_as_good_as_any() -> None:
    contract = {"login": {"path": "/login"}}
    connect({"connectware_url": "https://x/api", "connectware_token": "t", "connectware_contract": contract})
    connect({"connectware_url": "https://x/rapid-api", "connectware_token": "t"})


@pytest.mark.parametrize("token", ["Bearer abc-secret", "abc\nsecret", "äsecret"])
def test_a_token_in_another_form_is_refused(token: str) -> None:
    with pytest.raises(errors.SpecError, match="bare token") as caught:
        connect({"connectware_url": "https://x", "connectware_token": token})
    assert no_secret(all_texts(caught.value), (token, "secret"))


def test_nobody_to_log_in_as() -> None:
    with pytest.raises(errors.SpecError, match="neither a token nor"):
        connect({"connectware_url": "https://x", "connectware_username": "joe"})


@pytest.mark.parametrize("timeout", [0, -1, 10_000])
def test_a_time_out_out_of_bounds(timeout: int) -> None:
    with pytest.raises(errors.SpecError, match="connectware_timeout"):
        connect({"connectware_url": "https://x", "connectware_token": "t", "connectware_timeout": timeout})


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_an_id_that_would_leave_the_path_is_refused(value: str, session: Session) -> None:
    with pytest.raises(errors.ContractError, match="cannot be part of a path"):
        session.call("delete_user", id=value, username="press")


def test_an_id_is_quoted(server: Conversation, session: Session) -> None:
    server.expect("DELETE", "/api/users/a/../b?c#d", query={})
    session.call("delete_user", id="a/../b?c#d", username="press")


def test_missing_libraries_name_the_interpreter() -> None:
    with pytest.raises(errors.LibraryMissingError, match="python") as caught:
        need_libraries(["requests", "jmespath"])
    assert "requests jmespath" in caught.value.message
