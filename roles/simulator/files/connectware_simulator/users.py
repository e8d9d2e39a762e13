# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user directory."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from . import secret
from .clock import now_ms
from .model import Permission, Role, State, Token, User


class UserDirectory:
    """Users and their tokens in the state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def by_name(self, username: str) -> User | None:
        """Find a user by name."""
        return next((user for user in self._state.users if user.username == username), None)

    def by_id(self, user_id: str) -> User | None:
        """Find a user by ID."""
        return next((user for user in self._state.users if user.id == user_id), None)

    def add(
        self,
        username: str,
        password_hash: str | None,
        *,
        created_by: str,
        grant_methods: Iterable[str] = ("password",),
        roles: Iterable[str] = (),
        permissions: Iterable[Permission] = (),
        identity_provider: str = "local",
        mfa: bool = False,
    ) -> User:
        """Add a user; the caller has checked that the name is free."""
        moment = now_ms()
        user = User(
            id=str(uuid.uuid4()),
            username=username,
            password_hash=password_hash,
            grant_methods=list(grant_methods),
            roles=list(roles),
            permissions=list(permissions),
            identity_provider=identity_provider,
            created_at=moment,
            updated_at=moment,
            created_by=created_by,
            mfa=mfa,
        )
        self._state.users.append(user)
        return user

    def remove(self, user: User) -> None:
        """Remove a user with all tokens and grants."""
        state = self._state
        state.users.remove(user)
        state.tokens = [token for token in state.tokens if token.user_id != user.id]
        state.granted = [item for item in state.granted if item.username != user.username]

    def change(self, user: User, changes: dict[str, Any]) -> None:
        """Change a user's fields; the name never changes."""
        if changes.get("password") is not None:
            user.password_hash = secret.hashed(changes["password"])
        for name in ("roles", "permissions", "grant_methods"):
            if changes.get(name) is not None:
                setattr(user, name, list(changes[name]))
        user.updated_at = now_ms()

    def role(self, role_id: str) -> Role | None:
        """Find a role by ID."""
        return next((role for role in self._state.roles if role.id == role_id), None)

    def permissions_of(self, user: User) -> list[Permission]:
        """Return the user's own permissions and those of all roles."""
        result = list(user.permissions)
        for role_id in user.roles:
            role = self.role(role_id)
            if role is not None:
                result.extend(role.permissions)
        return result

    def check_password(self, username: str | None, password: str | None) -> User | None:
        """Return the user whom a name and a password belong to."""
        user = self.by_name(username or "")
        if user is None or not secret.matches(password, user.password_hash):
            return None
        return user

    def new_token(self, user: User, hours: float, label: str) -> Token:
        """Log a user in."""
        token = Token(
            token=uuid.uuid4().hex + uuid.uuid4().hex,
            user_id=user.id,
            label=label,
            expires_at=now_ms() + int(hours * 3_600_000),
        )
        self._state.tokens.append(token)
        return token

    def user_of_token(self, text: str) -> User | None:
        """Return whom a token that has not expired belongs to."""
        for token in self._state.tokens:
            if token.token == text and token.expires_at > now_ms():
                return self.by_id(token.user_id)
        return None

    def expire_tokens(self) -> int:
        """Let every token end now."""
        moment = now_ms()
        alive = [token for token in self._state.tokens if token.expires_at > moment]
        for token in alive:
            token.expires_at = moment
        return len(alive)
