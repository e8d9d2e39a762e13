# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Connectware whose list tells nothing of the window: the workers and turns of a run count on its own doing."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window import WindowLease
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware import window_will
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.contract import DEFAULT_CONTRACT
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.login import Account
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.secret import Secret
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.server import ConnectwareServer
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.transport import Failure, Reply
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.window_share import shared_windows
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.window_will import WindowWill
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ForbiddenError, UnreachableError

URL = "https://connectware.example.com"
ALWAYS_EMPTY = {"unlockedUntil": None}


class Connectware:
    """In place of the transport: a window, in a time of its own.

    Attributes:
        tells: what the list says of the window while it is closed, and while it is open.
        trouble: what answers to the next opening instead.
        loses: an opening takes effect, but its answer does not come back.
        extends: opening an open window keeps the later end, and the answer to it tells that.
    """

    def __init__(self, closed: Any = None, opened: Any = None) -> None:
        self.tells: tuple[Any, Any] = (closed or {}, opened or closed or {})
        self.now, self.until = 1000.0, 0.0
        self.calls: list[str] = []
        self.trouble: Any = None
        self.loses = self.extends = False

    @property
    def left(self) -> float:
        return max(0.0, self.until - self.now)

    def send(self, _method: str, url: str, _headers: Any, body: Any) -> Any:
        verb = url.rpartition("/")[2]
        if verb == "unlock":
            if self.trouble is not None:
                trouble, self.trouble = self.trouble, None
                return trouble
            self.until = max(self.now + body["duration"] / 1000, self.until if self.extends else 0.0)
            self.calls.append("open")
            if self.loses:
                return Failure("connect", "the connection was lost")
            if self.extends:
                return Reply(200, {}, json.dumps({"unlockedUntil": round(self.left * 1000)}).encode())
        elif verb == "lock":
            self.until = self.now
            self.calls.append("close")
        else:
            words = {"pendingRequests": [], **self.tells[self.left > 0]}
            return Reply(200, {}, json.dumps(words).encode())
        return Reply(204, {}, b"")

    def session(self) -> Session:
        account = Account(Secret("the-token"))
        return Session(
            URL, account, DEFAULT_CONTRACT, self,  # type: ignore[arg-type]  # a fake
            sleep=lambda seconds: None,
        )  # fmt: skip


SILENT = [{}, ALWAYS_EMPTY]


def leases(count: int, server: Connectware) -> list[WindowLease]:
    """Workers of one run, each with a session of its own."""
    shelf = shared_windows()
    assert shelf is not None
    book = shelf.book(URL)
    return [
        WindowLease(ConnectwareServer(server.session()), 60.0, lambda: server.now, book, lambda: 0.5)
        for _number in range(count)
    ]


def held(lease: WindowLease) -> Any:
    return lease.hold(lease.look())


def begun(lease: WindowLease, server: Connectware, words: dict[str, Any]) -> None:
    """The window is held, and the run counts on that by now: an empty field may be that of a closed one at first."""
    for _time in range(2 if words else 1):
        held(lease)
    server.calls = ["open"]


@pytest.mark.parametrize("words", SILENT)
def test_what_an_earlier_turn_has_opened_is_closed_by_the_last_one(words: dict[str, Any]) -> None:
    server = Connectware(words)
    first, second = leases(2, server)
    begun(first, server, words)
    first.park()
    server.now += 5.0
    second.resume()
    seen = second.look()
    assert seen.window_open and seen.remaining == pytest.approx(32.5, abs=0.01)
    second.give_back()
    assert server.calls == ["open", "close"] and server.left == 0.0


@pytest.mark.parametrize("words", SILENT)
def test_what_is_left_open_is_closed_at_the_end_of_the_run(
    words: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, shelf = Connectware(words), shared_windows()
    assert shelf is not None
    server.now = time.monotonic()
    lease = WindowLease(ConnectwareServer(server.session()), 60.0, time.monotonic, shelf.book(URL))
    held(lease)
    lease.park()
    monkeypatch.setattr(window_will, "connect", lambda args, token_store: server.session())
    will = WindowWill(bytearray(WindowWill.LENGTH), shelf)
    will.write({"connectware_url": URL, "connectware_token": "t0ken"})
    will.execute(pytest.fail)
    assert server.calls == ["open", "close"]


@pytest.mark.parametrize("words", SILENT)
def test_workers_know_what_the_others_do_to_it(words: dict[str, Any]) -> None:
    server = Connectware(words)
    first, second = leases(2, server)
    begun(first, server, words)
    server.now += 1.0
    assert held(second).window_open
    assert server.calls == ["open"], "it is open already"
    with first.closed() as possible:
        assert possible and server.left == 0.0
        seen = second.look()
        assert not seen.may_be_open
        assert not second.hold(seen).window_open, "the other one moves it"
    assert held(second).window_open
    assert server.left <= 45.0, "nobody else needs it"
    with second.closed() as possible:
        assert possible and server.left == 0.0
    held(first)
    first.look()
    first.give_back()
    second.look()
    second.give_back()
    assert server.calls == ["open", "close"] * 3


@pytest.mark.parametrize("words", SILENT)
def test_it_is_opened_again_in_time_by_one_of_them(words: dict[str, Any]) -> None:
    server = Connectware(words)
    first, second = leases(2, server)
    begun(first, server, words)
    for _second in range(120):
        held(first)
        held(second)
        assert server.left > 0
        server.now += 1.0
    assert 3 <= len(server.calls) <= 6 and set(server.calls) == {"open"}
    first.give_back()
    assert server.left > 0
    second.give_back()
    assert server.left == 0.0


def test_nothing_is_known_of_what_nobody_of_the_run_has_moved() -> None:
    server = Connectware()
    server.until = server.now + 300.0
    (lease,) = leases(1, server)
    seen = lease.look()
    assert not seen.window_open and seen.may_be_open, "who is let in now may be another than the one that was listed"
    held(lease)
    server.now += 60.0
    assert not lease.look().may_be_open, "its own opening has ended"


def test_a_field_with_nothing_in_it_is_a_closed_window_until_this_run_opens_it() -> None:
    server = Connectware(ALWAYS_EMPTY)
    (lease,) = leases(1, server)
    assert not lease.look().may_be_open
    held(lease)
    seen = lease.look()
    assert not seen.window_open and seen.may_be_open, "somebody may have closed it since"
    lease.hold(seen)
    assert server.calls == ["open", "open"]
    assert held(lease).window_open and server.calls == ["open", "open"], "Connectware does not tell, so this run counts"
    lease.give_back()
    assert server.calls == ["open", "open", "close"]


def test_what_was_opened_and_given_back_at_once_is_closed_where_the_field_has_nothing_in_it() -> None:
    server = Connectware(ALWAYS_EMPTY)
    (lease,) = leases(1, server)
    held(lease)
    lease.give_back()
    assert server.calls == ["open", "close"]


def test_one_that_is_closed_before_the_run_has_seen_it_open_is_opened_again() -> None:
    """By an administrator, where an empty field means that it is closed."""
    server = Connectware(ALWAYS_EMPTY, {"unlockedUntil": 40_000})
    (lease,) = leases(1, server)
    held(lease)
    server.until = server.now
    held(lease)
    assert server.calls == ["open", "open"] and server.left > 0
    assert lease.look().window_open
    server.until = server.now
    assert not lease.look().may_be_open, "it has told by now, and is believed"


def test_an_opening_that_is_refused_has_opened_nothing() -> None:
    server = Connectware()
    (lease,) = leases(1, server)
    server.trouble = Reply(403, {}, b"")
    with pytest.raises(ForbiddenError):
        held(lease)
    assert not lease.look().window_open
    lease.give_back()
    assert server.calls == []


def test_an_opening_that_is_refused_leaves_the_one_before() -> None:
    server = Connectware()
    (lease,) = leases(1, server)
    held(lease)
    server.now += 30.0
    server.trouble = Reply(403, {}, b"")
    with pytest.raises(ForbiddenError):
        held(lease)
    assert lease.look().remaining == pytest.approx(server.left, abs=0.01)
    lease.give_back()
    assert server.calls == ["open", "close"]


def test_an_opening_without_an_answer_is_tried_again_and_closed() -> None:
    server = Connectware()
    first, second = leases(2, server)
    server.loses = True
    with pytest.raises(UnreachableError):
        held(first)
    server.loses = False
    opened = len(server.calls)
    seen = second.look()
    assert seen.may_be_open
    assert second.hold(seen).remaining == pytest.approx(37.5, abs=0.01)
    assert len(server.calls) == opened + 1
    first.give_back()
    second.give_back()
    assert server.calls[-1] == "close" and server.left == 0.0


def test_one_that_tells_only_while_it_is_open_is_believed_when_it_tells_no_more() -> None:
    """An administrator closes it: all workers see that, those that never saw it told as well."""
    server = Connectware({}, {"unlockedUntil": 40_000})
    first, second = leases(2, server)
    held(first)
    first.look()
    server.until = server.now
    seen = second.look()
    assert not seen.may_be_open
    assert second.hold(seen).window_open
    assert server.calls == ["open", "open"]


def test_its_own_longer_opening_is_not_taken_for_somebody_elses() -> None:
    """The list tells nothing, so it opens once more, for a shorter time; and that keeps the later end."""
    server = Connectware(ALWAYS_EMPTY)
    server.extends = True
    lengths = iter((1.0, 0.0))
    shelf = shared_windows()
    assert shelf is not None
    lease = WindowLease(
        ConnectwareServer(server.session()), 60.0, lambda: server.now, shelf.book(URL), lambda: next(lengths)
    )
    held(lease)
    server.now += 1.0
    held(lease)
    assert server.calls == ["open", "open"] and server.left == 44.0
    lease.give_back()
    assert server.calls[-1] == "close" and not server.left
