# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use case: one client, run by whatever, is registered or not.

It is let in only if exactly one request of its username is pending and that one carries the pairing ID that the user
read from the client itself. No option changes that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from .._agents import authorization as a
from .._agents.authorization import Authorization
from .._agents.recorder import Recorder, recorder
from .._agents.text import printable
from .._errors import (
    ApiError,
    LockedError,
    NotFoundError,
    RateLimitedError,
    RegistrationError,
    ServerError,
    SpecError,
    UnreachableError,
)
from .protection import check_deletable
from .registry import PendingRequest, Registry
from .session import Session
from .users import User, Users

POLL_INTERVAL = 1.0
LEASE_MARGIN = 15.0  # seconds by which the window outlives the wait if this process is killed
VERIFY_TIMEOUT = 15.0  # a server may make the user only when the client asks again


class Client:
    """One client of Connectware, by its username.

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
        self._recorder = recorded if recorded is not None else Recorder()
        self._authorization: Authorization | None = None
        self._registry = Registry(session, clock)
        self._users = Users(session)
        self._username = username
        self._sleep = sleep
        self._clock = clock
        self._open_window = False
        self._closes_first = bool(session.contract.setting("confirms_while_locked"))

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
                        return self._got_in()
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
            state = self._registry.state()
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
        self._registry.close_window()
        pending = self._registry.state().of(self._username)
        if not pending:
            self._closes_first = False  # they do not outlive it
        return is_ours(pending, pairing_id)

    def _open(self, seconds: float) -> None:
        if "window_opened" not in self.actions:
            self.actions.append("window_opened")
        self._registry.open_window(max(seconds, 0.0) + LEASE_MARGIN)

    def _authorize(self, pairing_id: str, deadline: float) -> bool:
        """Authorize what was just listed; False where one has to look again first."""
        self._authorization = Authorization(self._username, pairing_id, pairing_id)
        self._recorder.begin(self._authorization)
        try:
            self._registry.authorize(self._username, pairing_id)
        except LockedError as exc:
            self._settle(a.FAILED, exc.message)
            self._closes_first = False
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

    def _got_in(self) -> User:
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


def set_client(session: Session, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bring the client into the wanted state; the use case of the module registered_client."""
    if params["state"] == "absent" and params["username"] == params.get("connectware_username"):
        raise SpecError(
            f"remove the user {printable(params['username'])}",
            answered="it is the account that this task logs in with",
            todo="Nothing was changed. Name the client's username.",
        )
    recorded = _recorder(session, params) if params["state"] == "present" else Recorder()
    client = Client(session, params["username"], recorded=recorded)
    user, pending = client.look()
    if params["state"] == "absent":
        after = None
        if user is not None and params["only_registered"]:
            check_deletable(session, user)
        if user is not None and not check_mode:
            client.remove(user)
    else:
        after = _present(client, user, pending, params, check_mode)
        if recorded.failure is not None:
            raise recorded.failure
    was_in = user is not None and (params["state"] == "absent" or not pending)
    before_text, after_text = _state(was_in), _state(params["state"] == "present")
    return {
        "changed": before_text != after_text,
        "username": params["username"],
        "user": None if after is None else after.to_dict(),
        "actions": client.actions,
        "authorizations": recorded.entries(),
        "diff": {"before": {params["username"]: before_text}, "after": {params["username"]: after_text}},
    }


def _recorder(session: Session, params: Mapping[str, Any]) -> Recorder:
    return recorder(
        params.get("evidence_path"),
        url=session.url,
        account=lambda: session.username,
        configured=params.get("evidence_account"),
    )


def _state(registered: bool) -> str:
    return "registered" if registered else "not registered"


def _present(
    client: Client, user: User | None, pending: tuple[PendingRequest, ...], params: Mapping[str, Any], check_mode: bool
) -> User | None:
    if user is not None and not pending:
        return user
    pairing_id = params["pairing_id"]
    if not pairing_id:
        raise SpecError(
            f"register {printable(params['username'])}",
            answered="it is not registered and its pairing ID was not given",
            todo="Give pairing_id, read from the log of the client itself (filter edgefleet.connectware.pairing_id);"
            " never copy it from the list of pending requests, which anybody can fill.",
        )
    if check_mode:
        if pending and not is_ours(pending, pairing_id):
            raise client.refused(pending, pairing_id)
        return user
    return client.register(pairing_id, timeout=float(params["timeout"]), open_window=params["open_window"])
