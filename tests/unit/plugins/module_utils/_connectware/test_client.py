# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registration of one client: its own request is let in and no other, and the window is left as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.plugins.module_utils._connectware.client_registry import OURS, STRANGER, USER, Clock, Connectware, no_waiting
from unit.plugins.module_utils._connectware.conversation import Conversation

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware import client as client_module
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.client import Client
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConflictError,
    ForbiddenError,
    LockedError,
    NotFoundError,
    RegistrationError,
)

__all__ = ["no_waiting"]  # for all tests here


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slow(server: Conversation, clock: Clock) -> Connectware:
    """By the clock of `client_of`."""
    return Connectware(server, clock)


@pytest.fixture
def client_of(params: dict[str, Any], clock: Clock) -> Callable[[], Client]:
    return lambda: Client(connect(params, sleep=clock.sleep), "press", sleep=clock.sleep, clock=clock)


@pytest.fixture(params=[True, None], ids=["told_that_it_works", "unknown"])
def closing(
    request: pytest.FixtureRequest, params: dict[str, Any], client_of: Callable[[], Client]
) -> Callable[[], Client]:
    """A client of a Connectware that may authorize requests while the window is closed."""
    params["connectware_contract"] = {"settings": {"confirms_while_locked": request.param}}
    return client_of


@pytest.mark.parametrize("ends", ["later", "sooner"])
def test_a_window_that_somebody_else_needs_by_now_stays_open(
    slow: Connectware, client_of: Callable[[], Client], ends: str
) -> None:
    """Who opens it as well moves its end, later or sooner; before the authorization and at the end."""
    slow.then["unlock"] = [lambda: slow.opened_by_somebody_else(90 if ends == "later" else 15)]
    slow.lists = [lambda: None, lambda: None, slow.becomes(OURS)]
    client = client_of()
    client.register("a82123", timeout=10, open_window=True)
    assert slow.open and "lock" not in slow.writes
    assert client.actions == ["window_opened", "authorized"]


def test_the_window_ends_soon_if_this_is_killed(slow: Connectware, client_of: Callable[[], Client]) -> None:
    """However long the client is waited for: it is held by a lease that is renewed."""
    ends: list[float] = []
    slow.lists = [lambda: ends.append(slow.open_until - slow.now())] * 200
    with pytest.raises(RegistrationError, match="no request of that username"):
        client_of().register("a82123", timeout=100, open_window=True)
    assert 30 < max(ends) <= 45 and min(ends[3:-1]) >= 14, ends
    assert slow.writes.count("unlock") > 1 and not slow.open


def test_where_it_works_the_window_is_closed_before_the_authorization(
    slow: Connectware, closing: Callable[[], Client]
) -> None:
    slow.asking = [OURS]
    client = closing()
    client.register("a82123", timeout=10, open_window=True)
    assert slow.writes == ["unlock", "lock", "confirm"]
    assert not client.warnings


def test_a_client_that_has_to_ask_once_more_meets_an_open_window(
    slow: Connectware, closing: Callable[[], Client]
) -> None:
    slow.asking, slow.works = [OURS], False

    def asks_again() -> None:
        if slow.open and "confirm" in slow.writes:
            slow.pending, slow.asking, slow.users = [], [], [USER]

    slow.lists = [asks_again] * 20
    assert closing().register("a82123", timeout=10, open_window=True).id == "7"
    assert slow.writes == ["unlock", "lock", "confirm", "unlock", "lock"]


def test_whoever_takes_the_place_before_it_is_closed_is_not_let_in(
    slow: Connectware, closing: Callable[[], Client]
) -> None:
    slow.asking = [OURS]
    slow.then["lock"] = [slow.becomes(STRANGER)]
    with pytest.raises(RegistrationError, match="'ffffff'; nobody was authorized"):
        closing().register("a82123", timeout=1, open_window=True)
    assert "confirm" not in slow.writes and not slow.open


@pytest.mark.parametrize(
    "pending", [(STRANGER,), (OURS, STRANGER), (STRANGER, OURS), (OURS, dict(OURS)), ({"username": "press"},)]
)
def test_a_stranger_is_never_let_in(
    pending: tuple[dict[str, Any], ...], slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.opened_by_somebody_else()
    slow.pending = list(pending)
    with pytest.raises(RegistrationError, match="nobody was authorized") as caught:
        client_of().register("a82123", timeout=3, open_window=True)
    assert "somebody else" in caught.value.todo
    assert "confirm" not in slow.writes and slow.users == []


def test_nobody_asks(slow: Connectware, client_of: Callable[[], Client]) -> None:
    client = client_of()
    with pytest.raises(RegistrationError, match="409 Conflict"):
        client.register("a82123", timeout=2, open_window=True)
    assert client.actions == ["window_opened", "window_closed"]
    assert slow.writes == ["unlock", "lock"]


def test_nobody_asks_because_the_window_is_closed(slow: Connectware, client_of: Callable[[], Client]) -> None:
    with pytest.raises(RegistrationError, match="the registration window is closed"):
        client_of().register("a82123", timeout=1, open_window=False)
    assert slow.writes == []


def test_a_window_that_closes_meanwhile_is_opened_again(slow: Connectware, client_of: Callable[[], Client]) -> None:
    def closes() -> None:
        slow.open_until = 0.0

    slow.lists = [*[lambda: None] * 3, closes, lambda: None, slow.becomes(OURS)]
    assert client_of().register("a82123", timeout=30, open_window=True).id == "7"
    assert slow.writes == ["unlock", "unlock", "lock", "confirm"]


def test_an_authorization_refused_while_locked_opens_the_window(
    slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.pending, slow.statuses["confirm"] = [OURS], [423, 200]
    assert client_of().register("a82123", timeout=30, open_window=True).id == "7"
    assert slow.writes == ["confirm", "unlock", "confirm", "lock"]


def test_an_authorization_refused_while_locked_fails_where_the_window_is_not_to_be_opened(
    slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.pending, slow.statuses["confirm"] = [OURS], [423]
    with pytest.raises(LockedError, match="registration window"):
        client_of().register("a82123", timeout=30, open_window=False)


def test_after_a_lost_answer_it_looks_again_before_it_authorizes_again(
    slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.opened_by_somebody_else()
    slow.pending, slow.statuses["confirm"] = [OURS], [503]
    slow.then["confirm"] = [slow.becomes(STRANGER)]
    with pytest.raises(RegistrationError, match="ffffff"):
        client_of().register("a82123", timeout=2, open_window=True)
    assert slow.writes.count("confirm") == 1


def test_a_lost_answer_of_a_success_is_a_success(slow: Connectware, client_of: Callable[[], Client]) -> None:
    def works() -> None:
        slow.pending, slow.asking, slow.users = [], [], [USER]

    slow.opened_by_somebody_else()
    slow.pending, slow.statuses["confirm"], slow.then["confirm"] = [OURS], [502], [works]
    client = client_of()
    assert client.register("a82123", timeout=2, open_window=True).id == "7"
    assert client.actions == ["authorized"]


@pytest.mark.parametrize("status", [206, 303])
def test_an_answer_that_tells_nothing_is_looked_after(
    status: int, slow: Connectware, client_of: Callable[[], Client]
) -> None:
    def works() -> None:
        slow.pending, slow.asking, slow.users = [], [], [USER]

    slow.opened_by_somebody_else()
    slow.pending, slow.statuses["confirm"], slow.then["confirm"] = [OURS], [status], [works]
    client = client_of()
    assert client.register("a82123", timeout=2, open_window=True).id == "7"
    assert client.actions == ["authorized"]
    assert sum(f"HTTP {status}" in warning for warning in client.warnings) == 1


def test_a_user_that_replaces_the_one_from_before_shows_it(slow: Connectware, client_of: Callable[[], Client]) -> None:
    def works() -> None:
        slow.pending, slow.asking, slow.users = [], [], [{**USER, "id": "8"}]

    slow.opened_by_somebody_else()
    slow.users, slow.pending, slow.statuses["confirm"], slow.then["confirm"] = [USER], [OURS], [502], [works]
    assert client_of().register("a82123", timeout=2, open_window=True).id == "8"


def test_a_wrong_path_is_told_at_once(slow: Connectware, client_of: Callable[[], Client], clock: Clock) -> None:
    slow.opened_by_somebody_else()
    slow.pending, slow.statuses["confirm"] = [OURS], [404]
    began = clock.now
    with pytest.raises(NotFoundError, match=r"confirm: \{path"):
        client_of().register("a82123", timeout=60, open_window=True)
    assert clock.now == began


def test_a_conflict_ends_it(slow: Connectware, client_of: Callable[[], Client]) -> None:
    slow.pending, slow.statuses["confirm"] = [OURS], [409]
    with pytest.raises(ConflictError, match="exists already"):
        client_of().register("a82123", timeout=60, open_window=True)


def test_a_client_that_did_not_get_in(slow: Connectware, client_of: Callable[[], Client], clock: Clock) -> None:
    slow.asking, slow.works = [OURS], False
    began = clock.now
    with pytest.raises(RegistrationError, match="there is no user of that name"):
        client_of().register("a82123", timeout=60, open_window=True)
    assert clock.now - began <= client_module.VERIFY_TIMEOUT + 3 and not slow.open


def test_an_interrupt_closes_the_window(
    slow: Connectware, client_of: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of()

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "_sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.register("a82123", timeout=60, open_window=True)
    assert slow.writes == ["unlock", "lock"]


def test_a_window_that_cannot_be_closed_does_not_hide_the_failure(
    slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.asking, slow.statuses["lock"] = [STRANGER], [403]
    with pytest.raises(RegistrationError, match="ffffff"):
        client_of().register("a82123", timeout=1, open_window=True)
    assert slow.writes == ["unlock", "lock"]


def test_a_window_that_cannot_be_closed_is_told(
    slow: Connectware, client_of: Callable[[], Client], params: dict[str, Any]
) -> None:
    params["connectware_contract"] = {"settings": {"confirms_while_locked": False}}
    slow.asking, slow.statuses["lock"] = [OURS], [403]
    with pytest.raises(ForbiddenError, match="close the registration window"):
        client_of().register("a82123", timeout=1, open_window=True)
