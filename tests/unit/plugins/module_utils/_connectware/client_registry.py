# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Client Registry in memory, behind HTTPS, and a clock for those who wait for something in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import PASSWORD, TOKEN, Conversation
from werkzeug import Request, Response

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware import client as client_module

LIST, USERS = "/api/client-registry", "/api/listUsers"
OURS = {"username": "press", "pairingId": "a82123"}
STRANGER = {"username": "press", "pairingId": "ffffff"}
USER = {"id": "7", "username": "press", "createdAt": "2026-01-01T00:00:00Z", "createdBy": "client-registry"}


class Clock:
    """Time that passes only while somebody sleeps, one second each."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, _seconds: float) -> None:
        self.now += 1


class Connectware:
    """A Client Registry in memory, behind HTTPS. What happens in it, and when, is told by the test.

    Attributes:
        now: the clock by which its window closes.
        asking: clients that ask while the window is open, and go on doing so.
        pending, users: what it lists.
        outlive: requests stay pending when the window is closed.
        tells: the list says until when the window is open.
        works: what is authorized exists at once.
        statuses: the next answers to `unlock`, `lock` and `confirm`, where they are no success.
        then: what happens right after the next such requests.
        lists: what happens right before the next lists of requests.
        writes: the paths of what was asked to be changed, in order.
    """

    def __init__(self, server: Conversation, now: Callable[[], float]) -> None:
        self.now = now
        self.asking: list[dict[str, Any]] = []
        self.pending: list[dict[str, Any]] = []
        self.users: list[dict[str, Any]] = []
        self.outlive = self.works = self.tells = True
        self.open_until = 0.0
        self.statuses: dict[str, list[int]] = {}
        self.then: dict[str, list[Callable[[], None]]] = {}
        self.lists: list[Callable[[], None]] = []
        self.writes: list[str] = []
        server.server.clear()
        server.server.expect_request(re.compile(".*")).respond_with_handler(self._handle)

    @property
    def open(self) -> bool:
        return self.open_until > self.now()

    def opened_by_somebody_else(self, seconds: float = 90) -> None:
        self.open_until = self.now() + seconds

    def becomes(self, *pending: dict[str, Any]) -> Callable[[], None]:
        """From then on, these ask and nobody else."""

        def change() -> None:
            self.pending, self.asking = list(pending), list(pending)

        return change

    def _handle(self, request: Request) -> Response:
        assert request.headers.get("Authorization") in (f"Bearer {TOKEN}", None)
        name = request.path.rpartition("/")[2]
        if request.method == "GET":
            return _json(self._list() if request.path == LIST else {"users": self.users})
        if name == "login":
            assert request.get_json()["password"] == PASSWORD
            return _json({"token": TOKEN, "expiresAt": "2099-01-01T00:00:00.000Z", "permissions": []})
        self.writes.append(name if request.method == "POST" else request.method)
        status = (self.statuses.get(name) or [200]).pop(0)
        if status < 300:
            self._do(name, request)
        for event in self.then.get(name, [])[:1]:
            self.then[name].pop(0)
            event()
        return Response(status=status)

    def _list(self) -> dict[str, Any]:
        if self.lists:
            self.lists.pop(0)()
        if self.open:
            self.pending += [one for one in self.asking if one not in self.pending]
        elif not self.outlive:
            self.pending = []
        left = round((self.open_until - self.now()) * 1000)
        told = {"unlockedUntil": left if left > 0 else None} if self.tells else {}
        return {"pendingRequests": self.pending, **told}

    def _do(self, name: str, request: Request) -> None:
        if name == "unlock":
            self.open_until = self.now() + request.get_json()["duration"] / 1000
        elif name == "lock":
            self.open_until = 0.0
        elif name == "confirm":
            assert request.get_json() == {"username": "press"}
            if self.works:
                let_in = self.pending.pop(0)
                self.asking = [one for one in self.asking if one != let_in]
                self.users = [USER]
        else:
            self.users = []


def _json(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer), content_type="application/json")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "POLL_INTERVAL", 0.001)
