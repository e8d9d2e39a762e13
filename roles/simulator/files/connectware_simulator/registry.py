# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Client Registry: a window, requests that wait, and the rules between them."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

from . import secret
from .clock import now_ms
from .model import PendingRequest, Permission, State
from .switches import Switches
from .users import UserDirectory

HISTORY_LENGTH = 2000
LONGEST_WINDOW_MS = 366 * 24 * 3_600_000


@dataclass(frozen=True)
class Application:
    """What a client sends when it asks to be registered."""

    username: str
    pairing_id: str
    secret: str
    method: str = "password"
    csr: str | None = None
    context: Any = None
    roles: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()


@dataclass(frozen=True)
class WindowChange:
    """What happened to the window, in epoch milliseconds; `before` and `after` are its ends, 0 while it is closed.

    `kind` is unlock, lock or lapse: it was opened, closed by somebody, or ran out.
    """

    at: int
    kind: str
    before: int
    after: int


class ClientRegistry:
    """Outcomes are words; the API turns them into status codes."""

    def __init__(self, state: State, users: UserDirectory, switches: Switches) -> None:
        self._state = state
        self._users = users
        self._switches = switches
        self.window_history: deque[WindowChange] = deque(maxlen=HISTORY_LENGTH)

    # the window

    def is_open(self) -> bool:
        """Tell whether clients may ask now."""
        return self._state.window_until > now_ms()

    def open_until(self) -> int | None:
        """Return when the window closes, None when it is closed."""
        return self._state.window_until if self.is_open() else None

    def unlock(self, duration_ms: int) -> None:
        """Open the window.

        Raises:
            ValueError: not for so long, whose end could not be written as a date.
        """
        if not 0 < duration_ms <= LONGEST_WINDOW_MS:
            raise ValueError(f"the duration must be from 1 to {LONGEST_WINDOW_MS} milliseconds")
        self.settle()
        limit = self._switches.max_window_ms
        until = now_ms() + (min(duration_ms, limit) if limit else duration_ms)
        if self._switches.unlock_again == "extend":
            until = max(until, self._state.window_until)
        self.window_history.append(WindowChange(now_ms(), "unlock", self._state.window_until, until))
        self._state.window_until = until

    def lock(self) -> None:
        """Close the window."""
        self.window_history.append(WindowChange(now_ms(), "lock", self._state.window_until, 0))
        self._relocked()

    def _relocked(self) -> None:
        self._state.window_until = 0
        self._drop_after_relock()

    def settle(self) -> bool:
        """Let time do its work: the window that ran out, requests nobody repeats. True if changed."""
        before = len(self._state.pending), self._state.window_until
        if self._state.window_until and not self.is_open():
            end = self._state.window_until
            self.window_history.append(WindowChange(end, "lapse", end, 0))
            self._relocked()
        oldest = now_ms() - self._switches.pending_ttl_ms
        if self._switches.pending_ttl_ms:
            self._state.pending = [item for item in self._state.pending if item.seen_at >= oldest]
        return before != (len(self._state.pending), self._state.window_until)

    def _drop_after_relock(self) -> None:
        if not self._switches.pending_survives_relock:
            self._state.pending.clear()

    # what clients do

    def register(self, application: Application) -> tuple[str, PendingRequest | None]:
        """Take a client's request, which it repeats until it is settled."""
        self.settle()
        granted = self._find(self._state.granted, application)
        if granted is not None and (self.is_open() or self._switches.grant_while_locked):
            return "granted", self._hand_over(granted)
        locked = not self.is_open()
        # a grant that waits for an open window is no conflict with itself
        taken = granted is None and self._users.by_name(application.username) is not None
        conflict = taken and self._switches.conflict_told_by == "register"
        if locked and conflict:
            return ("conflict" if self._switches.answer_order == "conflict_first" else "locked"), None
        if locked:
            return "locked", None
        if conflict:
            return "conflict", None
        return self._enqueue(application)

    def _hand_over(self, granted: PendingRequest) -> PendingRequest:
        if self._users.by_name(granted.username) is None:
            self._create_user(granted)
        if not self._switches.grant_repeatable:
            self._state.granted.remove(granted)
        return granted

    def _enqueue(self, application: Application) -> tuple[str, PendingRequest | None]:
        known = self._find(self._state.pending, application)
        if known is not None:
            known.seen_at = now_ms()
            return "pending", known
        others = self.pending_of(application.username)
        if others and self._switches.same_username == "reject":
            return "conflict", None
        if others and self._switches.same_username == "replace":
            self._state.pending = [item for item in self._state.pending if item not in others]
        moment = now_ms()
        request = PendingRequest(
            id=str(uuid.uuid4()),
            username=application.username,
            pairing_id=application.pairing_id,
            secret_hash=secret.hashed(application.secret),
            method=application.method,
            csr=application.csr,
            context=application.context,
            roles=list(application.roles),
            permissions=list(application.permissions),
            requested_at=moment,
            seen_at=moment,
        )
        self._state.pending.append(request)
        return "pending", request

    @staticmethod
    def _find(requests: list[PendingRequest], application: Application) -> PendingRequest | None:
        return next(
            (
                item
                for item in requests
                if item.username == application.username
                and item.pairing_id == application.pairing_id
                and secret.matches(application.secret, item.secret_hash)
            ),
            None,
        )

    # what administrators do

    def pending(self) -> list[PendingRequest]:
        """List the requests that wait."""
        self.settle()
        return list(self._state.pending)

    def pending_of(self, username: str) -> list[PendingRequest]:
        """List the requests that wait under one username."""
        return [item for item in self._state.pending if item.username == username]

    def confirm(self, username: str) -> str:
        """Grant what waits under a username."""
        self.settle()
        if not self.is_open() and not self._switches.confirm_while_locked:
            return "locked"
        found = self.pending_of(username)
        if not found:
            return "unknown"
        if self._users.by_name(username) is not None:
            return "conflict"
        policy = self._switches.confirm_ambiguous
        if len(found) > 1 and policy == "reject":
            return "ambiguous"
        chosen = found if policy == "all" else [found[-1] if policy == "last" else found[0]]
        self._state.pending = [item for item in self._state.pending if item not in found]
        self._state.granted = [item for item in self._state.granted if item.username != username]
        self._state.granted.extend(chosen)
        if self._switches.create_user_on == "confirm":
            self._create_user(chosen[0])
        return "success"

    def deny(self, username: str) -> str:
        """Refuse what waits under a username."""
        self.settle()
        found = self.pending_of(username)
        self._state.pending = [item for item in self._state.pending if item not in found]
        return "success" if found else "unknown"

    def _create_user(self, request: PendingRequest) -> None:
        role = next((role.id for role in self._state.roles if role.name == "connectware-agent"), None)
        by_certificate = request.method == "certificate"
        self._users.add(
            request.username,
            None if by_certificate else request.secret_hash,
            created_by="client-registry",
            grant_methods=[request.method],
            roles=request.roles or ([role] if role else []),
            permissions=request.permissions,
        )
