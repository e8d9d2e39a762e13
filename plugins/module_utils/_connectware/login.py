# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose token goes with a request: the given one, or one that is got by logging in when the first request needs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from .secret import Redactor, Secret
from .token_store import SharedTokenStore, store_key

MARGIN = 30.0  # seconds before its end in which a token is no longer used
DEFAULT_LIFE = 300.0  # where the server does not say how long a token lives


@dataclass(frozen=True)
class Credentials:
    """A username with its password."""

    username: str
    password: Secret


@dataclass(frozen=True)
class Account:
    """Who logs in: a token, or credentials, or both; the token wins while it is accepted."""

    token: Secret | None = None
    credentials: Credentials | None = None


@dataclass(frozen=True)
class Ticket:
    """What a login gave; `life` in seconds from now, None if unknown."""

    token: Secret
    life: float | None


class Login:
    """The current token of one session.

    Args:
        perform: logs in with username and password.
    """

    def __init__(
        self,
        url: str,
        account: Account,
        perform: Callable[[str, Secret], Ticket],
        redactor: Redactor,
        store: SharedTokenStore | None,
    ) -> None:
        self._url = url
        self._account = account
        self._perform = perform
        self._redactor = redactor
        self._store = store
        self._token = account.token
        self._until = float("inf")
        self._fresh = False

    @property
    def username(self) -> str | None:
        """Whose the token is; None for one that was given, which does not tell."""
        given = self._account.token is not None and self._token is self._account.token
        return None if given or self._account.credentials is None else self._account.credentials.username

    def token(self) -> Secret | None:
        """The token for the next request; logs in when there is none yet. None where nobody can log in."""
        if (self._token is None or self._until <= time.time()) and self._account.credentials is not None:
            self._obtain(self._account.credentials)
        return self._token

    def renew(self) -> bool:
        """Replace a token that was refused; False where that cannot help."""
        credentials = self._account.credentials
        if credentials is None or self._token is None or self._fresh:
            return False
        if self._store is not None:
            self._store.drop(self._key(credentials), self._token.reveal())
        self._token = None
        self._obtain(credentials)
        return True

    def accepted(self) -> None:
        """The token has worked: if it is refused later, it has expired."""
        self._fresh = False

    def _obtain(self, credentials: Credentials) -> None:
        key = self._key(credentials)
        with self._exclusive():
            shared = self._store.get(key) if self._store is not None else None
            if shared is not None:
                self._adopt(Secret(shared), float("inf"), fresh=False)
                return
            ticket = self._perform(credentials.username, credentials.password)
            # What is told may be wrong, as by another clock or in seconds: with an end that would have come already,
            # every request would begin with a login.
            life = ticket.life if ticket.life is not None and ticket.life > MARGIN else None
            # Without a known end it is used until it is refused, but not handed to others for long.
            end = time.time() + (DEFAULT_LIFE if life is None else life) - MARGIN
            self._adopt(ticket.token, float("inf") if life is None else end, fresh=True)
            if self._store is not None:
                self._store.put(key, ticket.token.reveal(), end)

    def _adopt(self, token: Secret, until: float, *, fresh: bool) -> None:
        self._redactor.learn(token)
        self._token, self._until, self._fresh = token, until, fresh

    def _exclusive(self) -> AbstractContextManager[Any]:
        return nullcontext() if self._store is None else self._store.lock()

    def _key(self, credentials: Credentials) -> str:
        return store_key(self._url, credentials.username, credentials.password.reveal())
