# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation with one Connectware: an operation of the contract in, its answer or an error of the tree out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import ApiError, ContractError, SpecError
from .answer import Answer
from .contract import Contract
from .dependencies import need_libraries
from .failures import Failures
from .login import Account, Login, Ticket
from .operation import Operation, Request
from .retry import RetryPolicy, moment, retry_after
from .secret import SHOWN, Redactor, Secret
from .token_store import SharedTokenStore
from .transport import Failure, Reply, Transport

MAX_RENEWALS = 3  # of a token for one request: a given one, then one that others share, can both have been revoked


@dataclass(frozen=True)
class Look:
    """What came back, whether the contract expects it or not.

    Attributes:
        answer: its outcome is empty, and its data None, where they cannot be told.
        headers: of the answer, with names in lower case.
        readable: the body is JSON, or empty.
        error: why the contract does not expect it; None if it does.
    """

    answer: Answer
    headers: Mapping[str, str]
    readable: bool
    error: ApiError | None

    def expected(self) -> Answer:
        """The answer, or its error raised."""
        if self.error is not None:
            raise self.error
        return self.answer


class Session:
    """All requests of one process to one Connectware.

    Nothing is sent before the first call; the login happens when the first call needs it.

    Args:
        url: scheme, host, port and an optional path in front of the contract's paths.
        on_wait: told why and how many seconds it waits before a request is repeated.
    """

    def __init__(
        self,
        url: str,
        account: Account,
        contract: Contract,
        transport: Transport,
        *,
        retry: RetryPolicy | None = None,
        token_store: SharedTokenStore | None = None,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str, float], None] | None = None,
    ) -> None:
        self.url = url
        self.contract = contract
        self._transport = transport
        self._retry = retry or RetryPolicy()
        self._sleep = sleep
        self._on_wait = on_wait
        self.login_look: Look | None = None
        self._redactor = Redactor()
        self._redactor.learn(account.token)
        if account.credentials is not None:
            self._redactor.learn(account.credentials.password)
        self._failures = Failures(contract, self._redactor, renewable=account.credentials is not None)
        self._login = Login(url, account, self._log_in, self._redactor, token_store)

    def __repr__(self) -> str:
        return f"Session({self.url})"

    @property
    def username(self) -> str | None:
        """Who is logged in; None where a token was given, which does not tell whose it is."""
        return self._login.username

    def close(self) -> None:
        """Close the kept connection; the token stays valid."""
        self._transport.close()

    def shown(self, text: str, limit: int = SHOWN) -> str:
        """The text fit for a message: without secrets and control characters, and bounded."""
        return self._redactor.shown(text, limit)

    def call(self, name: str, **params: Any) -> Answer:
        """Perform one operation of the contract.

        Args:
            name: the operation's key in the contract.
            params: what its templates need; None leaves a parameter of query or body out.

        Raises:
            ApiError: everything but the outcomes that the contract lists for the operation.
        """
        return self.look(name, **params).expected()

    def look(self, name: str, **params: Any) -> Look:
        """The same, but an answer that the contract does not expect is given back with its error.

        Raises:
            ApiError: no answer came, or nobody could log in.
        """
        need_libraries()
        operation = self.contract.operation(name)
        request = operation.request(params)
        reply, attempts = self._performed(operation, request)
        data = self._decoded(reply)
        error = self._error(operation, request, reply, attempts, data)
        answer = Answer(
            operation,
            operation.outcome(reply.status) or "",
            reply.status,
            None if data is _UNREADABLE else data,
            self._server_time(reply),
            self._where(request),
            self._redactor,
        )
        return Look(answer, reply.headers, data is not _UNREADABLE, error)

    def _performed(self, operation: Operation, request: Request) -> tuple[Reply, int]:
        if not operation.with_token:
            return self._exchange(operation, request, None)
        reply, attempts = self._exchange(operation, request, self._login.token())
        rounds = 0
        while self._refused(reply) and rounds < MAX_RENEWALS and self._login.renew():
            rounds += 1
            reply, attempts = self._exchange(operation, request, self._login.token())
        if not self._refused(reply):
            self._login.accepted()
        return reply, attempts

    def _refused(self, reply: Reply) -> bool:
        return self.contract.error_kind(reply.status) == "authentication"

    def log_in(
        self, username: str, password: Secret, *, hours: float, label: str | None = None
    ) -> tuple[Secret, Answer]:
        """Log in and return the token, without using it for this session."""
        self._redactor.learn(password)
        self.login_look = self.look("login", username=username, password=password.reveal(), hours=hours, label=label)
        answer = self.login_look.expected()
        token = Secret(answer.needed_text("token"))
        self._redactor.learn(token)
        if not _fits_header(token.reveal()):
            answer.fail("token", "the token has characters that no header can carry")
        return token, answer

    def _log_in(self, username: str, password: Secret) -> Ticket:
        token, answer = self.log_in(username, password, hours=self.contract.setting("login_hours"))
        try:
            life = answer.seconds_until("expires_at")
        except ContractError:
            life = None  # only a hint; a token that has expired is refused and then renewed
        return Ticket(token, life)

    def _exchange(self, operation: Operation, request: Request, token: Secret | None) -> tuple[Reply, int]:
        """Send, and send again where that is safe and promising."""
        where = self._where(request)
        attempt = 0
        while True:
            attempt += 1
            got = self._transport.send(request.method, self.url + request.path, self._headers(token), request.body)
            if isinstance(got, Failure):
                if not self._retry.after_failure(got, operation.repeat, attempt):
                    raise self._failures.no_answer(operation, where, got, attempt)
                self._wait(f"{where}: {got.kind}", self._retry.delay(attempt))
                continue
            kind = None if operation.outcome(got.status) else self.contract.error_kind(got.status)
            if not self._retry.after_answer(kind, operation.repeat, attempt):
                return got, attempt
            asked = retry_after(got.headers.get("retry-after"), self._server_time(got))
            self._wait(f"{where}: HTTP {got.status}", self._retry.delay(attempt, asked))

    def _wait(self, why: str, seconds: float) -> None:
        if self._on_wait is not None:
            self._on_wait(self._redactor.shown(why), seconds)
        self._sleep(seconds)

    def _headers(self, token: Secret | None) -> Mapping[str, str]:
        if token is None:
            return {}
        value = self.contract.setting("auth_value").replace("{token}", token.reveal())
        return {self.contract.setting("auth_header"): value}

    def _where(self, request: Request) -> str:
        return f"{request.method} {self._redactor.shown(self.url + request.path.partition('?')[0], 200)}"

    def _server_time(self, reply: Reply) -> float:
        told = moment(reply.headers.get("date"))
        return time.time() if told is None else told

    def _error(self, operation: Operation, request: Request, reply: Reply, attempts: int, data: Any) -> ApiError | None:
        """What is wrong with an answer by its status, and by whether it can be read where it has to be."""
        if operation.outcome(reply.status) is None:
            return self._failures.error_answer(operation, self._where(request), reply, attempts)
        must_be_read = operation.fields and not operation.may_be_silent
        if data is _UNREADABLE and (must_be_read or _is_web_page(reply)):
            return self._failures.not_json(operation, self._where(request), reply)
        return None

    @staticmethod
    def _decoded(reply: Reply) -> Any:
        if not reply.body.strip():
            return None
        try:
            return json.loads(reply.body)
        except (ValueError, RecursionError):
            return _UNREADABLE


_UNREADABLE = object()


def _is_web_page(reply: Reply) -> bool:
    """Of a proxy or a login page: no API answers so, and nobody has done what was asked for."""
    if "html" not in reply.headers.get("content-type", "").lower():
        return False
    # By the byte order mark in front of it, if there is one, as JSON is read.
    return reply.body.decode(json.detect_encoding(reply.body), "replace").lstrip().startswith("<")


def checked_token(text: str | None) -> Secret | None:
    """A token as the user gave it.

    Raises:
        SpecError: it cannot be sent in a header.
    """
    if text is None or not text.strip():
        return None
    if not _fits_header(text.strip()):
        raise SpecError(
            "use connectware_token",
            answered="it contains spaces, control or non-ASCII characters",
            todo="Give the bare token, without 'Bearer' and quotes.",
        )
    return Secret(text.strip())


def _fits_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
