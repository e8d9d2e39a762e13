# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Connectware in memory that can only be asked, and lose users: pages, pending requests, who is connected, roles."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.transport import Reply


class MemoryConnectware:
    """In the place of a Transport.

    Attributes:
        users: as list_users shows them, in order.
        pending: as client-registry shows them.
        connected: names that system_agents lists; None where it does not tell.
        vanishing: the number of a list of users -> IDs of users that are gone after it.
        asked: how often each method and path was asked for.
    """

    def __init__(self, rows: int = 100) -> None:
        self.rows = rows
        self.users: list[dict[str, Any]] = []
        self.pending: list[dict[str, Any]] = []
        self.roles: list[dict[str, Any]] = []
        self.connected: list[str] | None = None
        self.vanishing: dict[int, set[str]] = {}
        self.deleted: list[str] = []
        self.asked: Counter[str] = Counter()

    def session(self, **params: Any) -> Session:
        contract = {"settings": {"rows_per_page": self.rows, **params.pop("settings", {})}}
        given = {"connectware_url": "https://localhost", "connectware_token": "token", "connectware_contract": contract}
        made = connect({**given, **params})
        made._transport = self
        return made

    def close(self) -> None:
        """Nothing is open."""

    def send(self, method: str, url: str, headers: Any, body: Any) -> Reply:
        del headers, body
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        what = parts.path.rpartition("/")[2] if method == "GET" else "delete"
        self.asked[what] += 1
        if what == "client-registry":
            return _reply({"pendingRequests": self.pending, "unlockedUntil": None})
        if what == "listUsers":
            return _reply({"users": self._page(query)})
        if what == "agents":
            agents = [{"name": name, "status": "connected"} for name in self.connected or ()]
            return _reply({"agents": agents}, 404 if self.connected is None else 200)
        if what == "roles":
            return _reply({"roles": self.roles})
        assert (method, what) == ("DELETE", "delete"), (method, url)
        gone = unquote(parts.path.rpartition("/")[2])
        self.deleted.append(gone)
        there = any(user["id"] == gone for user in self.users)
        self.users = [user for user in self.users if user["id"] != gone]
        return _reply({}, 204 if there else 404)

    def _page(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        number, rows = int(query["pageNumber"][0]), int(query["rowsPerPage"][0])
        names = query.get("username[eq]")
        found = [user for user in self.users if names is None or user["username"] in names]
        page = found[(number - 1) * rows : number * rows]
        gone = self.vanishing.get(self.asked["listUsers"], set())
        self.users = [user for user in self.users if user["id"] not in gone]
        return page


def _reply(answer: Any, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "application/json"}, json.dumps(answer).encode())
