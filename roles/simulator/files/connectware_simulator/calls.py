# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call of the API, and how it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .dialect import read_field, shaped
from .model import User


class ApiError(Exception):
    """An answer with the error body of Connectware."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass
class Call:
    """A request whose operation is known."""

    operation: str
    spec: dict[str, Any]
    path_values: dict[str, str]
    query: dict[str, list[str]]
    body: dict[str, Any]
    user_agent: str = ""
    user: User | None = None

    def value(self, name: str) -> Any:
        """Return a part of the path or a field of the body, by its name in the dialect; None when absent."""
        if name in self.path_values:
            return self.path_values[name]
        return read_field(self.body, self.spec.get("request", {}).get(name, name))

    def query_values(self, name: str) -> list[str]:
        """Return all values of a query parameter, by its name in the dialect."""
        return self.query.get(self.spec.get("request", {}).get(name, name), [])

    def status(self, outcome: str) -> int:
        """Return the status code of an outcome."""
        return int(self.spec["statuses"][outcome])

    def answer(self, outcome: str, values: dict[str, Any] | None = None) -> Answer:
        """Answer with fields under the names of the dialect."""
        return Answer(self.status(outcome), shaped(self.spec.get("response", {}), values or {}))

    def item(self, values: dict[str, Any]) -> Any:
        """Shape one element of an answered list."""
        return shaped(self.spec["item"], values)

    def error(self, outcome: str, message: str) -> ApiError:
        """Return the error of an outcome."""
        return ApiError(self.status(outcome), outcome.upper(), message)


@dataclass
class Answer:
    """What goes back; a document of None is an empty body."""

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def text_value(call: Call, name: str, *, minimum: int = 0, required: bool = True) -> str | None:
    """Return a text field, checked."""
    value = call.value(name)
    if value is None and not required:
        return None
    if not isinstance(value, str) or len(value) < minimum:
        raise ApiError(400, "BAD_REQUEST", f"{name} must be a text of at least {minimum} characters")
    return value


def list_value(name: str, value: Any, kind: type) -> list[Any]:
    """Return a list of texts or of objects, checked; one that is absent is empty."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise ApiError(400, "BAD_REQUEST", f"{name} must be a list of {'texts' if kind is str else 'objects'}")
    return value


def permissions_value(value: Any) -> list[dict[str, str]]:
    """Return permissions, checked; none where they are absent."""
    permissions = list_value("permissions", value, dict)
    if not all(isinstance(text, str) for permission in permissions for text in permission.values()):
        raise ApiError(400, "BAD_REQUEST", "the fields of permissions must be texts")
    return permissions
