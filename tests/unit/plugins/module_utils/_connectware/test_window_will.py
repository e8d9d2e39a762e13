# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""At the end of a run each window that it has left open is closed, whatever becomes of the others."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Requests
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware import window_will
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.window_share import shared_windows
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.window_will import WindowWill
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import UnreachableError

NORTH, SOUTH, WEST = (f"https://{name}.example.com" for name in ("north", "south", "west"))


class Registry:
    """What a run sees of the Client Registry of one Connectware."""

    def __init__(self, answers: bool = True) -> None:
        self.answers, self.open, self.calls = answers, True, 0

    def requests(self) -> Requests:
        self.calls += 1
        if not self.answers:
            raise UnreachableError("list the pending requests")
        return Requests({}, self.open, 30.0 if self.open else None)

    def close_window(self) -> None:
        self.open = False


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> dict[str, Registry]:
    found = {url: Registry() for url in (NORTH, SOUTH, WEST)}

    def server(session: Session) -> Registry:
        return found[session.url]

    monkeypatch.setattr(window_will, "ConnectwareServer", server)
    return found


def args(url: str, **more: Any) -> dict[str, Any]:
    return {"connectware_url": url, "connectware_token": "t0ken", **more}


def test_each_that_the_run_has_opened_is_closed(registries: dict[str, Registry]) -> None:
    shelf, warnings = shared_windows(), []
    assert shelf is not None
    will = WindowWill(bytearray(WindowWill.LENGTH), shelf)
    registries[NORTH].answers = False
    for url in (NORTH, SOUTH, WEST):
        will.write(args(url, other="option"))
        book = shelf.book(url)
        assert book is not None
        if url != WEST:  # that one was open before
            now = time.monotonic()
            book.opened(now + 30.0, now + 31.0)
    will.execute(warnings.append)
    assert not registries[SOUTH].open
    assert registries[WEST].open and registries[WEST].calls == 0
    assert [text.endswith("closes by itself when its lease ends.") for text in warnings] == [True]


def test_what_is_too_much_to_be_left_is_left_out(registries: dict[str, Registry]) -> None:
    shelf = shared_windows()
    assert shelf is not None
    will = WindowWill(bytearray(WindowWill.LENGTH), shelf)
    will.write(args(NORTH, connectware_contract={"text": "x" * window_will.SIZE}))
    will.write(args(SOUTH))
    for url in (NORTH, SOUTH):
        book = shelf.book(url)
        assert book is not None
        now = time.monotonic()
        book.opened(now + 30.0, now + 31.0)
    will.execute(pytest.fail)
    assert registries[NORTH].open and not registries[SOUTH].open
