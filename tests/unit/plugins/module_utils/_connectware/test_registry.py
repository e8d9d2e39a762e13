# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Client Registry: pending requests, the window by the server's clock, and its verbs."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation
from werkzeug.serving import WSGIRequestHandler

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.registry import (
    PendingRequest,
    Registry,
    RegistryState,
    Window,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.server import ConnectwareServer
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    AuthenticationError,
    ConflictError,
    ContractError,
    LockedError,
    ServerError,
)

NOW = 1_700_000_000  # the server's clock, far from the local one
DATE = format_datetime(datetime.fromtimestamp(NOW, timezone.utc), usegmt=True)
LIST = "/api/client-registry"


@pytest.fixture(autouse=True)
def servers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WSGIRequestHandler, "date_time_string", lambda *_args: DATE)


def state_for(server: Conversation, session: Session, **answer: Any) -> RegistryState:
    server.expect("GET", LIST, answer={"pendingRequests": [], **answer})
    return Registry(session).state()


@pytest.mark.parametrize("field", ["pairingId", "pairingID", "pairing_id"])
def test_pending_requests(field: str, server: Conversation, session: Session) -> None:
    pending = [{"username": "press-1", field: "a82123"}, {"username": "press-1"}, {"username": "b", field: 123456}]
    state = state_for(server, session, pendingRequests=pending)
    assert state.pending == (
        PendingRequest("press-1", "a82123"),
        PendingRequest("press-1", None),
        PendingRequest("b", "123456"),
    )


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


@pytest.mark.parametrize(
    ("until", "remaining"),
    [
        (iso(NOW + 90), 90),
        (iso(NOW + 90).replace("+00:00", "Z"), 90),
        (iso(NOW + 90).replace("+00:00", ".250Z"), 90.25),
        (iso(NOW + 90).replace("+00:00", ".1234567+0000"), 90.1234567),
        ((NOW + 90) * 1000, 90),
        (str((NOW + 90) * 1000), 90),
        (NOW + 90, 90),
        (90_000, 90),
        (iso(NOW - 1), None),
        ((NOW - 1) * 1000, None),
        (0, None),
        (None, None),
        ("", None),
    ],
)
def test_the_window_ends_by_the_servers_clock(
    until: Any, remaining: float | None, server: Conversation, session: Session
) -> None:
    window = state_for(server, session, unlockedUntil=until).window
    assert window.open is (remaining is not None)
    assert window.remaining == (None if remaining is None else pytest.approx(remaining, abs=1e-3))


@pytest.mark.parametrize(
    ("answer", "window"),
    [
        ({"locked": True}, Window(open=False)),
        ({"locked": True, "unlockedUntil": iso(NOW + 90)}, Window(open=False)),
        ({"locked": False}, Window(open=True)),
        ({"locked": False, "unlockedUntil": iso(NOW + 90)}, Window(open=True, remaining=90)),
        ({"locked": False, "unlockedUntil": iso(NOW - 90)}, Window(open=False)),
        ({}, Window(open=False, told=False)),
    ],
)
def test_a_boolean_says_it_too(answer: dict[str, Any], window: Window, server: Conversation, session: Session) -> None:
    assert state_for(server, session, **answer).window == window


@pytest.mark.parametrize("until", ["tomorrow", {"a": 1}, [1], "2024-99-99T00:00:00Z", -5, 1e300])
def test_an_end_that_is_no_time(until: Any, server: Conversation, session: Session) -> None:
    with pytest.raises(ContractError, match=r"list_registry.fields.unlocked_until"):
        state_for(server, session, unlockedUntil=until)


def test_usernames_are_told_apart_by_their_case(server: Conversation, session: Session) -> None:
    asking = [("press-1", "a82123"), ("PRESS-1", "b00b1e"), ("press-1", None)]
    pending = [{"username": username, "pairingId": pairing_id} for username, pairing_id in asking]
    server.expect("GET", LIST, answer={"pendingRequests": pending})
    assert ConnectwareServer(session).requests().pending == {"press-1": ("a82123", None), "PRESS-1": ("b00b1e",)}


@pytest.mark.parametrize("pending", [None, {}, "x", [{}], [{"username": None}], ["x"], [None]])
def test_pending_requests_of_another_shape(pending: Any, server: Conversation, session: Session) -> None:
    with pytest.raises(ContractError, match=r"list_registry.fields"):
        state_for(server, session, pendingRequests=pending)


def test_hostile_names_are_compared_as_they_are_and_shown_bounded(server: Conversation, session: Session) -> None:
    name = "\x1b[31m{{ 7*7 }}\ud800" + "x" * 1_000_000
    state = state_for(server, session, pendingRequests=[{"username": name, "pairingId": "\x07" * 1000}, {"no": "name"}])
    assert [request.username for request in state.pending] == [name]
    shown = state.pending[0].to_dict()
    assert shown["username"].startswith("?[31m{{ 7*7 }}?xxx")
    assert all(text.isprintable() and len(text) <= 128 for text in shown.values())


def test_opening_always_says_for_how_long(server: Conversation, session: Session) -> None:
    server.expect("POST", f"{LIST}/unlock", body={"duration": 300_000})
    Registry(session).open_window(300)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"expiresAt": iso(NOW + 20)}, 20),
        ({"expiresAt": "in 5 minutes"}, None),
        ({"expiresAt": {"minutes": 5}}, None),
        ({"expiresAt": [5]}, None),
        ({"expiresAt": -1}, None),
        ({"expiresAt": None}, None),
        ([300], None),
        (b"opened", None),
        (None, None),
    ],
)
def test_until_when_it_is_open_is_a_help_that_may_be_unreadable(
    answer: Any, told: float | None, server: Conversation, session: Session
) -> None:
    """The window is open by then: an error would break off whoever has opened it."""
    server.expect("POST", f"{LIST}/unlock", answer=answer)
    assert Registry(session).open_window(300) == told


@pytest.mark.parametrize(
    ("answer", "told", "blank"),
    [
        ({}, False, False),
        ({"unlockedUntil": None}, False, True),
        ({"openUntil": ""}, False, True),
        ({"expiresAt": False}, False, True),
        ({"locked": None}, False, False),
        ({"locked": "yes"}, False, False),
        ({"locked": True}, True, False),
        ({"unlockedUntil": 0}, True, False),
    ],
)
def test_a_list_may_tell_nothing_of_the_window(
    answer: dict[str, Any], told: bool, blank: bool, server: Conversation, session: Session
) -> None:
    """Then it counts as closed in a result, and an opening before it changes nothing in that."""
    registry = Registry(session)
    server.expect("POST", f"{LIST}/unlock").expect("GET", LIST, answer={"pendingRequests": [], **answer})
    registry.open_window(60)
    window = registry.state().window
    assert window == Window(open=False, told=told, blank=blank)


def test_a_field_with_nothing_in_it_is_found_where_the_contract_says(
    params: dict[str, Any], server: Conversation, session_of: Any
) -> None:
    corrections = {"list_registry": {"fields": {"unlocked_until": "lock.until"}}}
    registry = Registry(session_of({**params, "connectware_contract": corrections}))
    for lock, blank in (({"until": None}, True), ({}, False), (None, False), ([{"until": None}], False)):
        server.expect("GET", LIST, answer={"pendingRequests": [], "lock": lock})
        assert registry.state().window.blank is blank


def test_closing(server: Conversation, session: Session) -> None:
    server.expect("POST", f"{LIST}/lock", status=204)
    Registry(session).close_window()


def test_authorizing_sends_the_username(server: Conversation, session: Session) -> None:
    server.expect("POST", f"{LIST}/confirm", body={"username": "press-1"}, status=201)
    Registry(session).authorize("press-1", "a82123")


@pytest.mark.parametrize(("status", "error"), [(409, ConflictError), (423, LockedError)])
def test_authorizing_is_refused(status: int, error: type[Exception], server: Conversation, session: Session) -> None:
    server.expect("POST", f"{LIST}/confirm", status=status, answer={"code": "X", "message": "no"})
    with pytest.raises(error):
        Registry(session).authorize("press-1")


PAGE = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "answer", "headers", "instead"),
    [
        (200, {}, {}, ""),
        (204, {}, {}, ""),
        (200, b"done", {}, ""),
        (404, {}, {}, "HTTP 404"),
        (400, {}, {}, "HTTP 400"),
        (403, {}, {}, "HTTP 403"),
        (501, {}, {}, "HTTP 501"),
        (501, b"<h1>Not Implemented</h1>", PAGE, "Not Implemented"),
        (302, b"", {"Location": "/login"}, "/login"),
        (200, b"<!doctype html><title>Sign in</title>", PAGE, "Sign in"),
    ],
)
def test_denying_may_not_exist(
    status: int, answer: Any, headers: dict[str, str], instead: str, server: Conversation, session: Session
) -> None:
    server.expect("POST", f"{LIST}/deny", body={"username": "press-1"}, status=status, answer=answer, headers=headers)
    said = Registry(session).deny("press-1")
    assert instead in said
    assert said.startswith(f"POST {server.url}{LIST}/deny: ") if instead else not said


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (500, ServerError)])
def test_denying_that_fails_is_no_refusal(
    status: int, error: type[Exception], server: Conversation, session: Session
) -> None:
    server.expect("POST", f"{LIST}/deny", status=status, answer={"code": "X", "message": "no"})
    with pytest.raises(error):
        Registry(session).deny("press-1")
