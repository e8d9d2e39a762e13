# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a server answers, the verbs give a result or an error of the tree, and its text can be shown."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.generated import examples

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.contract import (
    DEFAULT_CONTRACT,
    Contract,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.corrections import corrected
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.login import Account, Credentials
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.registry import Registry
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.secret import Secret
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.system import System
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.transport import Reply
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.users import Users
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConnectwareError, ContractError

NAME = "press-01"
ODD_TEXTS = [
    "", NAME, "\x1b[2J\x1b]0;owned\x07", "{{ lookup('ansible.builtin.pipe', 'id') }}", "{% raw %}", "\ud800", "\0",
    "..", "../client-registry/lock", "a\r\nX-Evil: 1", "x" * 5000, "\u202egnp.exe", "\u00b2", "true", "1e999",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-24T25:61:61Z", "9" * 400,
]  # fmt: skip
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | TEXTS
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=10
)
FIELDS = [
    "pendingRequests", "unlockedUntil", "locked", "username", "pairingId", "users", "id", "roles", "token", "expiresAt",
    "code", "message", "version", "system", "status", "name", "createdAt", "createdBy",
]  # fmt: skip
# Documents that have the right fields with wrong values get further than any others.
SHAPED = st.recursive(
    ANYTHING,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=20,
)
# Near the end of its stack, where hypothesis may bring it, Python 3.8 aborts over these instead of raising an error.
NESTED = [b"[" * 100_000, b'{"a":' * 50_000] if sys.version_info >= (3, 9) else []
BODIES = (
    SHAPED.map(lambda document: json.dumps(document).encode())
    | st.binary(max_size=100)
    | st.sampled_from([*NESTED, b"<html>{{ 7*7 }}</html>", b"\xff\xfe{", b"1" * 10_000])
)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 301, 307, 400, 401, 403, 404, 409, 418, 423, 429, 500, 503, 999])
ODD_HEADERS = [
    "\u00b2",
    "9" * 400,
    "-1",
    "1e999",
    "Wed, 21 Oct 99999 07:28:00 GMT",
    "\x1b[2J",
    "https://e.example/{{ 1 }}",
]
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "date", "location", "content-type", "content-length"]),
    st.sampled_from(ODD_HEADERS),
    max_size=3,
)
REPLIES = st.lists(st.builds(Reply, STATUSES, HEADERS, BODIES), min_size=1, max_size=6)
VERBS = {
    "requests": lambda session: Registry(session).state(),
    "open": lambda session: Registry(session).open_window(60),
    "close": lambda session: Registry(session).close_window(),
    "authorize": lambda session: Registry(session).authorize(NAME, "a82123"),
    "find": lambda session: Users(session).find([NAME]),
    "delete": lambda session: [Users(session).delete(user) for user in Users(session).find([NAME]).values()],
    "version": lambda session: System(session).version(),
    "health": lambda session: System(session).health(),
    "log in": lambda session: session.log_in("me", Secret("the-password"), hours=1.0),
}


class Canned:
    """In place of the transport: gives the replies one after the other, the last one again and again."""

    def __init__(self, replies: list[Reply]) -> None:
        self._replies = replies
        self.paths: list[str] = []

    def send(self, _method: str, url: str, _headers: Any, _body: Any) -> Reply:
        self.paths.append(url)
        return self._replies[min(len(self.paths), len(self._replies)) - 1]


def session_over(transport: Canned, account: Account, contract: Contract = DEFAULT_CONTRACT) -> Session:
    return Session(
        "https://connectware.example.com", account, contract, transport,  # type: ignore[arg-type]  # a fake
        sleep=lambda seconds: None,
    )  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
@settings(max_examples=examples(150))
@given(replies=REPLIES, by_password=st.booleans())
def test_any_answer_ends_in_a_result_or_an_error_that_can_be_shown(verb, replies, by_password):
    account = Account(None, Credentials("me", Secret("the-password"))) if by_password else Account(Secret("the-token"))
    transport = Canned(replies)
    trouble: ConnectwareError | None = None
    try:
        VERBS[verb](session_over(transport, account))
    except ConnectwareError as exc:
        trouble = exc
    if trouble is not None:
        assert trouble.message.isprintable() and len(trouble.message) < 3000, trouble.message
        json.dumps(trouble.result()).encode("utf-8")
    for url in transport.paths:
        nothing, _base, path = url.partition("https://connectware.example.com/api/")
        assert url.isascii() and not nothing and ".." not in path.split("?")[0].split("/")


ODD_EXPRESSIONS = [
    "contains('client-registry', createdBy)", "contains(createdBy, 'registry')", "merge(@, createdBy)",
    "ceil(to_number(id))", "avg(roles)", "sum(roles)", "sort_by(roles, &@)", "roles[::0]", "max_by(roles, &id)",
    "join(',', roles)", "createdBy && createdBy == 'client-registry'",
]  # fmt: skip
USER = st.fixed_dictionaries({"id": SCALARS, "username": st.just(NAME), "createdBy": ANYTHING, "roles": ANYTHING})


@settings(max_examples=examples(150))
@given(user=USER, expression=st.sampled_from(ODD_EXPRESSIONS))
def test_an_expression_that_cannot_be_applied_is_an_error_of_the_tree(user, expression):
    """Not all functions of JMESPath check what they are given."""
    contract = corrected(DEFAULT_CONTRACT, {"list_users": {"fields": {"by_registration": expression}}})
    transport = Canned([Reply(200, {}, json.dumps({"users": [user]}).encode())])
    trouble: ConnectwareError | None = None
    try:
        Users(session_over(transport, Account(Secret("the-token")), contract)).find([NAME])
    except ConnectwareError as exc:
        trouble = exc
    assert trouble is None or trouble.message.isprintable()


@pytest.mark.parametrize(
    ("expression", "maker"),
    [("contains('client-registry', createdBy)", None), ("contains('client-registry', createdBy)", 5),
     ("merge(@, createdBy)", None), ("ceil(to_number(createdBy))", "1e999"), ("avg(createdBy)", [10**400, 1])],
)  # fmt: skip
def test_such_an_expression_is_named(expression, maker):
    contract = corrected(DEFAULT_CONTRACT, {"list_users": {"fields": {"by_registration": expression}}})
    users = {"users": [{"id": "1", "username": NAME, "createdBy": maker}]}
    session = session_over(Canned([Reply(200, {}, json.dumps(users).encode())]), Account(Secret("token")), contract)
    with pytest.raises(ContractError, match=r"list_users\.fields\.by_registration"):
        Users(session).find([NAME])


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_the_id_of_a_user_stays_one_segment_of_the_path(text):
    users = {"users": [{"id": text or "x", "username": NAME}]}
    transport = Canned([Reply(200, {}, json.dumps(users).encode()), Reply(204, {}, b"")])
    try:
        VERBS["delete"](session_over(transport, Account(Secret("the-token"))))
    except ConnectwareError:
        assert len(transport.paths) == 1
        return
    path = transport.paths[1].partition("https://connectware.example.com")[2]
    assert path.startswith("/api/users/") and path.count("/") == 3 and "?" not in path and "#" not in path
