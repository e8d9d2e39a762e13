# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts and remembers the requests that the API got."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

from .clock import iso, now_ms

CHANGING = {
    "registry_unlock",
    "registry_lock",
    "registry_confirm",
    "registry_deny",
    "create_user",
    "change_user",
    "delete_user",
}
LOG_LENGTH = 2000


@dataclass(frozen=True)
class Entry:
    """One request."""

    at: str
    operation: str
    method: str
    path: str
    status: int | None
    user: str | None
    user_agent: str
    fault: str | None
    authorization: bool
    api_token_in_query: bool


class Journal:
    """Since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._operations: Counter[str] = Counter()
        self._methods: Counter[str] = Counter()
        self._users: Counter[str] = Counter()
        self._writes = 0
        self._in_query = 0
        self._log: deque[Entry] = deque(maxlen=LOG_LENGTH)

    def record(self, **values: Any) -> None:
        """Take a request in."""
        entry = Entry(at=iso(now_ms()), **values)
        self._operations[entry.operation] += 1
        self._methods[entry.method] += 1
        self._users[entry.user or ""] += 1
        changing = entry.operation in CHANGING or (
            entry.operation == "unknown" and entry.method not in ("GET", "HEAD", "OPTIONS")
        )
        self._writes += changing
        self._in_query += entry.api_token_in_query
        self._log.append(entry)

    def as_mapping(self) -> dict[str, Any]:
        """Return the counts and the log."""
        return {
            "total": sum(self._operations.values()),
            "without_register": sum(self._operations.values()) - self._operations["register"],
            "operations": dict(self._operations),
            "methods": dict(self._methods),
            "users": dict(self._users),
            "writes": self._writes,
            "api_token_in_query": self._in_query,
            "log": [asdict(entry) for entry in self._log],
        }
