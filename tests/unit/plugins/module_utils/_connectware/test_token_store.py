# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One login for all forked workers."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import PASSWORD, TOKEN, Conversation, no_secret

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.token_store import (
    SHARED,
    SIZE,
    SharedTokenStore,
    shared_store,
    store_key,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import AuthenticationError

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def store() -> SharedTokenStore:
    made = shared_store()
    assert made is not None
    return made


def ask(params: dict[str, Any], session_of: Callable[..., Session], store: SharedTokenStore, start: Any) -> None:
    start.wait(10)
    session_of(params, token_store=store).call("system_info")


def workers(number: int, *args: Any) -> list[Any]:
    start = FORK.Event()
    processes = [FORK.Process(target=ask, args=(*args, start)) for _number in range(number)]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join(20)
    return [process.exitcode for process in processes]


def test_forked_workers_log_in_once(
    server: Conversation, login_params: dict[str, Any], session_of: Callable[..., Session], store: SharedTokenStore
) -> None:
    server.expect_login()
    for _worker in range(8):
        server.expect("GET", "/api/system/info", answer={})
    assert workers(8, login_params, session_of, store) == [0] * 8


@pytest.mark.parametrize("given", [(), ("given",)], ids=["with_a_login_alone", "with_a_token_that_is_refused_too"])
def test_a_shared_token_that_was_revoked_is_replaced(
    given: tuple[str, ...],
    server: Conversation,
    login_params: dict[str, Any],
    session_of: Callable[..., Session],
    store: SharedTokenStore,
) -> None:
    store.put(store_key(server.url, "rollout", PASSWORD), "old", 4e9)
    params = {**login_params, **({"connectware_token": given[0]} if given else {})}
    for refused in (*given, "old"):
        server.expect("GET", "/api/system/info", token=refused, status=401)
    server.expect_login("new").expect("GET", "/api/system/info", token="new", answer={})
    session_of(params, token_store=store).call("system_info")
    for refused in given:
        server.expect("GET", "/api/system/info", token=refused, status=401)
    server.expect("GET", "/api/system/info", token="new", answer={})
    session_of(params, token_store=store).call("system_info")


def test_where_every_token_is_refused_there_is_one_login(
    server: Conversation, login_params: dict[str, Any], session_of: Callable[..., Session], store: SharedTokenStore
) -> None:
    store.put(store_key(server.url, "rollout", PASSWORD), "old", 4e9)
    for refused in ("given", "old"):
        server.expect("GET", "/api/system/info", token=refused, status=401)
    server.expect_login("new").expect("GET", "/api/system/info", token="new", status=401)
    with pytest.raises(AuthenticationError):
        session_of({**login_params, "connectware_token": "given"}, token_store=store).call("system_info")


def test_another_account_has_a_token_of_its_own(
    server: Conversation, login_params: dict[str, Any], session_of: Callable[..., Session], store: SharedTokenStore
) -> None:
    server.expect_login("one").expect("GET", "/api/system/info", token="one", answer={})
    server.expect_login("two").expect("GET", "/api/system/info", token="two", answer={})
    session_of(login_params, token_store=store).call("system_info")
    session_of({**login_params, "connectware_password": "another"}, token_store=store).call("system_info")


def test_a_lock_that_cannot_be_had_costs_a_login_only(
    server: Conversation, login_params: dict[str, Any], session_of: Callable[..., Session]
) -> None:
    mutex = FORK.Lock()
    mutex.acquire()
    stuck = SharedTokenStore(memoryview(bytearray(SIZE)), mutex, lock_timeout=0.05)
    server.expect_login().expect("GET", "/api/system/info", answer={})
    session_of(login_params, token_store=stuck).call("system_info")


def test_an_expired_token_is_not_given(store: SharedTokenStore) -> None:
    store.put("a", "old", 1.0)
    store.put("b", TOKEN, 4e9)
    assert store.get("a") is None
    assert store.get("b") == TOKEN


def test_only_the_own_token_is_dropped(store: SharedTokenStore) -> None:
    store.put("a", "new", 4e9)
    store.drop("a", "old")
    assert store.get("a") == "new"
    store.drop("a", "new")
    assert store.get("a") is None


def test_too_much_to_keep_is_not_kept(store: SharedTokenStore) -> None:
    store.put("a", "kept", 4e9)
    store.put("b", "x" * SIZE, 4e9)
    assert store.get("a") == "kept"
    assert store.get("b") is None


@pytest.mark.parametrize(
    "rubbish", [b"\x00\x00\x00\x05hello", b"\xff" * 9, b"\x00\x00\x00\x02[]", b'\x00\x00\x00\x07{"a":1}']
)
def test_half_written_memory_is_empty(rubbish: bytes) -> None:
    memory = memoryview(bytearray(SIZE))
    memory[: len(rubbish)] = rubbish
    store = SharedTokenStore(memory, FORK.Lock())
    assert store.get("a") is None
    store.put("a", "token", 4e9)
    assert store.get("a") == "token"


def test_nothing_of_it_shows_a_secret(store: SharedTokenStore) -> None:
    store.put(store_key("https://x", "rollout", PASSWORD), TOKEN, 4e9)
    assert no_secret(repr(store) + repr(vars(store)) + store_key("https://x", "rollout", PASSWORD))
    assert SHARED is not None
