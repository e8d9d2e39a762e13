# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server of a conversation (see _agents/ports.py), over the verbs of Connectware."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._agents.ports import Requests
from .._errors import ProtectedUserError
from .protection import Protection
from .registry import Registry
from .session import Session
from .users import Users


class ConnectwareServer:
    """ServerPort for one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._registry = Registry(session)
        self._users = Users(session)
        self.authorizes_while_closed: bool | None = session.contract.setting("confirms_while_locked")

    def requests(self) -> Requests:
        state = self._registry.state()
        window = state.window
        return Requests(state.by_username(), window.open, window.remaining, known=window.told, blank=window.blank)

    def existing(self, usernames: Iterable[str]) -> Mapping[str, str | None]:
        return {name: user.created_at for name, user in self._users.find(usernames).items()}

    def open_window(self, seconds: float) -> float | None:
        return self._registry.open_window(seconds)

    def close_window(self) -> None:
        self._registry.close_window()

    def authorize(self, username: str, pairing_id: str) -> None:
        self._registry.authorize(username, pairing_id)

    def delete_user(self, username: str, *, ours: bool = False) -> None:
        user = self._users.find_one(username)
        if user is None:
            return
        if not ours:
            Protection(self._session).check(user)
        self._users.delete(user)

    def undeletable(self, usernames: Iterable[str]) -> Mapping[str, str]:
        protection = Protection(self._session)
        refused = {}
        for name, user in self._users.find(usernames).items():
            try:
                protection.check(user)
            except ProtectedUserError as exc:
                refused[name] = exc.message
        return refused

    def deny(self, username: str) -> str:
        return self._registry.deny(username)
