# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One client, run by whatever: its registration and its end.

It is let in only if exactly one request of its username is pending and that one carries the pairing ID that the user
read from the client itself. No option changes that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

from .._agents import authorization as a
from .._agents.authorization import Authorization
from .._agents.recorder import Recorder
from .._agents.server_side import AUTHORIZATION_REFUSED, REQUESTS_WENT, needs_open_warning
from .._agents.text import printable
from .._errors import (
    ApiError,
    LockedError,
    NotFoundError,
    RateLimitedError,
    RegistrationError,
    ServerError,
    UnreachableError,
)
from .registry import PendingRequest, Registry, RegistryState
from .session import Session
from .users import User, Users

POLL_INTERVAL = 1.0
LEASE_MARGIN = 15.0  # seconds by which the window outlives the wait if this process is killed
VERIFY_TIMEOUT = 15.0  # a server may make the user only when the client asks again


class Client:
    """One client of Connectware, by its username.

    Attributes:
        actions: what was done on the server, in order.
        warnings: what the user has to mend.

    Args:
        recorded: is told of each authorization before it is asked for, and when it is settled.
        sleep, clock: replaced in tests.
    """

    def __init__(
        self,
        session: Session,
        username: str,
        *,
        recorded: Recorder | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.actions: list[str] = []
        self.warnings: list[str] = []
        self._recorder = recorded if recorded is not None else Recorder()
        self._authorization: Authorization | None = None
        self._registry = Registry(session, clock)
        self._users = Users(session)
        self._username = username
        self._sleep = sleep
        self._clock = clock
        self._open_window = False
        self._listed_while_open = False
        self._confirms_while_locked: bool | None = session.contract.setting("confirms_while_locked")
        self._closes_first = self._confirms_while_locked is not False

    @property
    def _shown(self) -> str:
        return printable(self._username)

    def look(self) -> tuple[User | None, tuple[PendingRequest, ...]]:
        """The user, and what is pending under its name."""
        return self._users.find_one(self._username), self._registry.state().of(self._username)

    def register(self, pairing_id: str, *, timeout: float, open_window: bool) -> User:
        """Wait for the client's request, authorize it, and see that it got in.

        Raises:
            RegistrationError: nothing asks, or a stranger does, or it did not get in.
            EvidenceFileError: it could not be recorded, so nothing was authorized.
        """
        deadline = self._clock() + timeout
        self._open_window = open_window
        try:
            with self._window_closed_afterwards():
                while True:
                    self._wait_for_request(pairing_id, deadline)
                    if self._is_still_listed(pairing_id) and self._authorize(pairing_id, deadline):
                        return self._got_in(reopens=self._open_window and not self._listed_while_open)
        finally:
            self._recorder.end()

    def remove(self, user: User) -> bool:
        """Delete the user and see that it is gone; False if it was gone already.

        Raises:
            RegistrationError: it is still there.
        """
        deleted = self._users.delete(user)
        self.actions.append("user_deleted")
        if self._users.find_one(self._username) is not None:
            raise RegistrationError(
                f"remove the user {self._shown}",
                answered="the server accepted it, but a user of that name exists",
                todo="The client may have been registered again meanwhile; look at the Client Registry.",
            )
        return deleted

    @contextmanager
    def _window_closed_afterwards(self) -> Iterator[None]:
        """Close the window if it was opened here, after a failure or an interrupt as well."""
        done = False
        try:
            yield
            done = True
        finally:
            # After a failure, what went wrong first is what the user has to know; the lease ends by itself.
            with nullcontext() if done else suppress(ApiError):
                self._close_window()

    def _close_window(self) -> None:
        if "window_opened" in self.actions:
            self._registry.close_window()
            self.actions.append("window_closed")

    def _wait_for_request(self, pairing_id: str, deadline: float) -> None:
        """Return right after a listing that shows exactly our request."""
        while True:
            state = self._list()
            pending = state.of(self._username)
            if is_ours(pending, pairing_id):
                return
            left = deadline - self._clock()
            if left <= 0:
                raise self.refused(pending, pairing_id, window_open=state.window.open)
            if self._open_window and not state.window.open:
                self._open(left)
            self._sleep(min(POLL_INTERVAL, left))

    def _is_still_listed(self, pairing_id: str) -> bool:
        """Once more with the window closed, where requests outlive that: nobody can take the place of ours then."""
        if not self._closes_first or "window_opened" not in self.actions:
            return True
        closed = self._closed()
        pending = self._list().of(self._username)
        if closed and not pending:
            self._never_close_first(REQUESTS_WENT)
        return is_ours(pending, pairing_id)

    def _closed(self) -> bool:
        try:
            self._registry.close_window()
        except ApiError as exc:
            self._never_close_first(exc.message)
            return False
        return True

    def _list(self) -> RegistryState:
        state = self._registry.state()
        self._listed_while_open = state.window.open
        return state

    def _never_close_first(self, why: str) -> None:
        self._closes_first = False
        if self._confirms_while_locked:
            self.warnings.append(needs_open_warning(why))

    def _open(self, seconds: float) -> None:
        if "window_opened" not in self.actions:
            self.actions.append("window_opened")
        self._registry.open_window(max(seconds, 0.0) + LEASE_MARGIN)

    def _authorize(self, pairing_id: str, deadline: float) -> bool:
        """Authorize what was just listed; False where one has to look again first."""
        self._authorization = Authorization(self._username, pairing_id, pairing_id, self._listed_while_open)
        self._recorder.begin(self._authorization)
        try:
            self._registry.authorize(self._username, pairing_id)
        except LockedError as exc:
            self._settle(a.FAILED, exc.message)
            if self._closes_first and not self._listed_while_open:
                self._never_close_first(AUTHORIZATION_REFUSED)
            if not self._open_window or self._clock() >= deadline:
                raise
            self._open(deadline - self._clock())
            return False
        except (NotFoundError, UnreachableError, ServerError, RateLimitedError) as exc:
            return self._after_failure(exc, pairing_id, deadline)
        except ApiError as exc:
            self._settle(a.FAILED, exc.message)
            raise
        self._took_it()
        return True

    def _settle(self, outcome: str, message: str = "") -> None:
        if self._authorization is not None:
            self._authorization.settle(outcome, message)
            self._recorder.note([self._authorization])

    def _took_it(self) -> None:
        self.actions.append("authorized")
        self._settle(a.UNPROVEN, "the run ended before Connectware had shown that the client got in")

    def _after_failure(self, failure: ApiError, pairing_id: str, deadline: float) -> bool:
        """Whether a confirmation that failed, or whose answer was lost, has let the client in; looks again if not."""
        user, pending = self.look()
        if user is not None and not pending:
            self._took_it()
            return True
        self._settle(a.FAILED, failure.message)
        unknown_path = isinstance(failure, NotFoundError) and is_ours(pending, pairing_id)
        if unknown_path or self._clock() >= deadline:
            raise failure
        self._sleep(POLL_INTERVAL)
        return False

    def _got_in(self, reopens: bool) -> User:
        """Wait until the server shows it; a client may have to ask once more for that, which needs an open window."""
        deadline = self._clock() + VERIFY_TIMEOUT
        while True:
            user, pending = self.look()
            if user is not None and not pending:
                self._settle(a.LET_IN)
                return user
            if self._clock() >= deadline:
                raise RegistrationError(
                    f"see that {self._shown} got in",
                    answered=("there is no user of that name" if user is None else "the user exists")
                    + f", and under it there is pending: {_ids(pending)}, {VERIFY_TIMEOUT:g} s after the authorization",
                    todo="Look at the client's log and at the Client Registry; running again is safe.",
                )
            if reopens:
                self._open(VERIFY_TIMEOUT)
                reopens = False
            self._sleep(POLL_INTERVAL)

    def refused(
        self, pending: tuple[PendingRequest, ...], pairing_id: str, *, window_open: bool = True
    ) -> RegistrationError:
        """Why the client cannot be let in."""
        tried = f"authorize {self._shown} with the pairing ID {printable(pairing_id)}"
        if not pending:
            closed = "" if window_open else "; the registration window is closed"
            return RegistrationError(
                tried,
                answered=f"no request of that username is pending{closed}",
                todo="Check that the client runs, asks this Connectware and has exactly this username; its log tells."
                " If its log says 409 Conflict, a user of that name exists: remove it (state: absent) or choose"
                " another name. Restart the client if it has stopped asking.",
            )
        return RegistrationError(
            tried,
            answered=f"under that username there is pending: {_ids(pending)}; nobody was authorized",
            todo="Read the pairing ID from the log of the client itself; it changes whenever the client starts anew."
            " If it is right, somebody else asks under this name: find out who before anything is authorized.",
        )


def is_ours(pending: tuple[PendingRequest, ...], pairing_id: str) -> bool:
    """Exactly one request is pending under the username, and it carries the pairing ID."""
    return len(pending) == 1 and pending[0].pairing_id == pairing_id


def _ids(pending: tuple[PendingRequest, ...]) -> str:
    if not pending:
        return "no requests"
    shown = [repr(printable(request.pairing_id or "no pairing ID")) for request in pending[:10]]
    more = f" and {len(pending) - 10} more" if len(pending) > 10 else ""
    return f"{len(pending)} request{'s' if len(pending) > 1 else ''} with {', '.join(shown)}{more}"
