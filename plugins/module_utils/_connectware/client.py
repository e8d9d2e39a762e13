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
from .._agents.closing_first import ClosingFirst
from .._agents.ports import Requests
from .._agents.recorder import Recorder
from .._agents.text import printable
from .._agents.window import WindowLease
from .._errors import (
    ApiError,
    LockedError,
    NotFoundError,
    RateLimitedError,
    RegistrationError,
    ServerError,
    UnreachableError,
)
from .client_requests import is_ours, listed, refusal
from .noting_server import NotingServer
from .session import Session
from .users import User, Users

POLL_INTERVAL = 1.0
VERIFY_TIMEOUT = 15.0  # a server may make the user only when the client asks again


class Client:
    """One client of Connectware, by its username.

    Attributes:
        actions: what was done on the server, in order.
        warnings: what the user has to mend.

    Args:
        lease: seconds after which the window ends at the latest when nobody needs it any more, see WindowLease.
        recorded: is told of each authorization before it is asked for, and when it is settled.
        sleep, clock: replaced in tests.
    """

    def __init__(
        self,
        session: Session,
        username: str,
        *,
        lease: float = 60.0,
        recorded: Recorder | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.actions: list[str] = []
        self.warnings: list[str] = []
        self._recorder = recorded if recorded is not None else Recorder()
        self._authorization: Authorization | None = None
        self._server = NotingServer(session, self.actions)
        self._window = WindowLease(self._server, lease, clock)
        self._closing = ClosingFirst(self._window, self._server.authorizes_while_closed, self.warnings)
        self._users = Users(session)
        self._username = username
        self._sleep = sleep
        self._clock = clock
        self._open_window = False
        self._looked = False
        self._stale_id: str | None = None  # of a user that was there before anybody was let in
        self._listed = Requests({}, False, None)  # the newest list

    @property
    def _shown(self) -> str:
        return printable(self._username)

    def look(self) -> tuple[User | None, tuple[str | None, ...]]:
        """The user, and the pairing IDs of what is pending under its name, None for a request that shows none."""
        return self._find(), self._list()

    def _find(self) -> User | None:
        user = self._users.find_one(self._username)
        if user is None or not self._looked:
            self._stale_id = None if user is None else user.id
        self._looked = True
        return user

    def _shows_effect(self, user: User | None, pending: tuple[str | None, ...]) -> bool:
        """Whether an attempt whose answer told nothing has worked; a user that was there before shows nothing."""
        return user is not None and user.id != self._stale_id and not pending

    def _list(self) -> tuple[str | None, ...]:
        self._listed = self._window.look()
        return self._listed.pending.get(self._username, ())

    def _hold_window(self) -> None:
        if self._open_window:
            self._window.hold(self._listed)

    def register(self, pairing_id: str, *, timeout: float, open_window: bool) -> User:
        """Wait for the client's request, authorize it, and see that it got in.

        Raises:
            RegistrationError: nothing asks, or a stranger does, or it did not get in.
            EvidenceFileError: it could not be recorded, so nothing was authorized.
        """
        deadline = self._clock() + timeout
        self._open_window = open_window
        if not self._looked:
            self._find()
        try:
            with self._window_given_back():
                while True:
                    self._wait_for_request(pairing_id, deadline)
                    if self._is_authorized(pairing_id, deadline):
                        return self._got_in()
                    self._list()
                    self._hold_window()
        finally:
            self._recorder.end()

    def remove(self, user: User) -> None:
        """Delete the user and see that it is gone.

        Raises:
            RegistrationError: it is still there.
        """
        self._users.delete(user)
        self.actions.append("user_deleted")
        if self._users.find_one(self._username) is not None:
            raise RegistrationError(
                f"remove the user {self._shown}",
                answered="the server accepted it, but a user of that name exists",
                todo="The client may have been registered again meanwhile; look at the Client Registry.",
            )

    @contextmanager
    def _window_given_back(self) -> Iterator[None]:
        """Close the window if it was opened here and nobody else needs it, after a failure or an interrupt as well."""
        done = False
        try:
            yield
            done = True
        finally:
            # After a failure, what went wrong first is what the user has to know; the lease ends by itself.
            with nullcontext() if done else suppress(ApiError):
                self._window.give_back()

    def _wait_for_request(self, pairing_id: str, deadline: float) -> None:
        """Return right after a listing that shows exactly our request."""
        while True:
            pending = self._list()
            if is_ours(pending, pairing_id):
                return
            left = deadline - self._clock()
            if left <= 0:
                raise refusal(self._username, pending, pairing_id, window_open=self._listed.may_be_open)
            self._hold_window()
            self._sleep(min(POLL_INTERVAL, left))

    def _is_authorized(self, pairing_id: str, deadline: float) -> bool:
        """Authorize what was just listed, behind a closed window as it is listed then; False: wait for it once more."""
        if not self._closing.wanted:
            return self._authorize(pairing_id, deadline)
        with self._closing.closed() as possible:
            return possible and self._is_still_there(pairing_id) and self._authorize(pairing_id, deadline)

    def _is_still_there(self, pairing_id: str) -> bool:
        pending = self._list()
        if self._closing.wanted and not pending and not self._listed.may_be_open:
            self._closing.note_requests_went()
        return is_ours(pending, pairing_id)

    def _authorize(self, pairing_id: str, deadline: float) -> bool:
        """Authorize what was just listed; False where one has to look again first."""
        window_open = self._listed.window_open
        self._authorization = Authorization(self._username, pairing_id, pairing_id, self._listed.may_be_open)
        self._recorder.begin(self._authorization)
        try:
            self._server.authorize(self._username, pairing_id)
        except LockedError as exc:
            self._refuse(exc)
            if self._closing.wanted and not window_open:
                self._closing.note_refused()
            if not self._open_window or self._clock() >= deadline:
                raise
            if window_open:
                self._sleep(POLL_INTERVAL)  # so it is listed; it has to be looked at again
            return False
        except (NotFoundError, UnreachableError, ServerError, RateLimitedError) as exc:
            return self._after_failure(exc, pairing_id, deadline)
        except ApiError as exc:
            if exc.refused:
                self._refuse(exc)
                raise
            return self._after_riddle(exc)
        self._took_it()
        return True

    def _settle(self, outcome: str, message: str = "") -> None:
        if self._authorization is not None:
            self._authorization.settle(outcome, message)
            self._recorder.note([self._authorization])

    def _refuse(self, answer: ApiError) -> None:
        if self._authorization is not None:
            self._authorization.refuse(answer.message)
            self._recorder.note([self._authorization])

    def _took_it(self) -> None:
        self.actions.append("authorized")
        self._settle(a.UNPROVEN, "the run ended before Connectware had shown that the client got in")

    def _after_failure(self, failure: ApiError, pairing_id: str, deadline: float) -> bool:
        """Whether the client is in after an authorization that failed, or whose answer was lost; looks again if not."""
        user, pending = self.look()
        is_in = self._shows_effect(user, pending)
        if failure.refused:  # then somebody else has let it in
            self._refuse(failure)
        elif is_in:
            self._took_it()
        else:
            self._settle(a.FAILED, failure.message)
        if is_in:
            return True
        unknown_path = isinstance(failure, NotFoundError) and is_ours(pending, pairing_id)
        if unknown_path or self._clock() >= deadline:
            raise failure
        self._sleep(POLL_INTERVAL)
        return False

    def _after_riddle(self, answer: ApiError) -> bool:
        """The same for an answer that tells nothing, and that will be the same next time."""
        try:
            user, pending = self.look()
        except ApiError:
            raise answer from None
        if self._shows_effect(user, pending):
            self.warnings.append(f"{answer.message} It took effect all the same.")
            self._took_it()
            return True
        if pending or user is not None:
            self._settle(a.FAILED, answer.message)
        raise answer

    def _got_in(self) -> User:
        """Wait until the server shows it; a client may have to ask once more for that, which needs an open window."""
        deadline = self._clock() + VERIFY_TIMEOUT
        while True:
            user, pending = self.look()
            if user is not None and not pending:
                self._settle(a.LET_IN)
                self._tell_of_an_open_window()
                return user
            if self._clock() >= deadline:
                raise RegistrationError(
                    f"see that {self._shown} got in",
                    answered=f"{'there is no user of that name' if user is None else 'the user exists'}, and under it"
                    f" there is pending: {listed(pending)}, {VERIFY_TIMEOUT:g} s after the authorization",
                    todo="Look at the client's log and at the Client Registry; running again is safe.",
                )
            self._hold_window()
            self._sleep(POLL_INTERVAL)

    def _tell_of_an_open_window(self) -> None:
        """The API tells that the user exists, and not by which of two requests under its name."""
        if self._authorization is not None and self._authorization.window_open:
            self.warnings.append(
                f"{self._shown} was authorized while the registration window was open. Connectware authorizes by the"
                " username alone, so that another request may have taken the place of the one that was listed, and"
                " nothing here shows who got in. Look at the client's log: if it says 409 Conflict, or asks again,"
                " remove the user at once (state: absent)."
            )
