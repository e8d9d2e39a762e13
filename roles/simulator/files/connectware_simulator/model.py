# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Connectware remembers: users, pending requests, tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Permission = dict[str, str]
_LISTS = ("users", "roles", "pending", "granted", "tokens")


@dataclass
class User:
    """A user, whether a person or an agent."""

    id: str
    username: str
    password_hash: str | None
    grant_methods: list[str]
    roles: list[str]
    permissions: list[Permission]
    identity_provider: str
    created_at: int
    updated_at: int
    created_by: str
    mfa: bool = False


@dataclass
class PendingRequest:
    """A request for registration that waits to be confirmed, or was granted."""

    id: str
    username: str
    pairing_id: str
    secret_hash: str
    method: str
    csr: str | None
    context: Any
    roles: list[str]
    permissions: list[Permission]
    requested_at: int
    seen_at: int


@dataclass
class Token:
    """A login."""

    token: str
    user_id: str
    label: str
    expires_at: int


@dataclass
class Role:
    """A named set of permissions."""

    id: str
    name: str
    permissions: list[Permission] = field(default_factory=list)


@dataclass
class State:
    """All of it."""

    version: str
    configured_version: str
    users: list[User] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    pending: list[PendingRequest] = field(default_factory=list)
    granted: list[PendingRequest] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    window_until: int = 0
    switch_overrides: dict[str, Any] = field(default_factory=dict)
    configured_switches: dict[str, Any] = field(default_factory=dict)

    def as_mapping(self) -> dict[str, Any]:
        """Return the state as data for a file, to be written at once: it shares its lists with this state."""
        lists = {name: [vars(item) for item in getattr(self, name)] for name in _LISTS}
        return {**vars(self), **lists}

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> State:
        """Rebuild the state from the data of a file."""
        return cls(
            version=values["version"],
            configured_version=values["configured_version"],
            users=[User(**item) for item in values["users"]],
            roles=[Role(**item) for item in values["roles"]],
            pending=[PendingRequest(**item) for item in values["pending"]],
            granted=[PendingRequest(**item) for item in values["granted"]],
            tokens=[Token(**item) for item in values["tokens"]],
            window_until=values["window_until"],
            switch_overrides=values["switch_overrides"],
            configured_switches=values.get("configured_switches", {}),
        )
