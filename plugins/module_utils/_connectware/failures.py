# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures and error answers -> the error tree, each with what to do now."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from .._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    ContractError,
    ForbiddenError,
    LockedError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    TlsError,
    UnreachableError,
)
from .answer import searched
from .contract import Contract
from .operation import Operation
from .secret import Redactor
from .transport import TIMEOUT, TLS, TOO_LARGE, Failure, Reply

_CLASSES: dict[str, type[ApiError]] = {
    "authentication": AuthenticationError,
    "forbidden": ForbiddenError,
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "locked": LockedError,
    "rate_limited": RateLimitedError,
    "unavailable": ServerError,
}
_HEADER_TODO = (
    "If this Connectware wants the token in another way, correct settings.auth_header and settings.auth_value in"
    " connectware_contract."
)
_TLS_TODO = (
    (
        ("wrong_version_number", "record layer", "unknown protocol"),
        "The port does not speak TLS; check connectware_url.",
    ),
    (
        ("protocol version", "protocol_version", "unsupported protocol", "unsupported_protocol", "dh key too small"),
        "The server speaks only an old TLS, or an old way of it: let it, or a proxy before it, speak TLS 1.2 or newer.",
    ),
    (
        ("too weak", "too small"),
        "Make the server's certificate, or that of its CA, anew with a stronger key or digest.",
    ),
    (
        ("hostname", "ip address mismatch", "doesn't match"),
        "In connectware_url use the host name that the certificate was made for, or change the server's certificate.",
    ),
    (("expired", "not yet valid"), "Renew the server's certificate, or set the clock of this machine."),
    (
        ("authority key identifier", "key usage", "basic constraints"),
        "This Python checks certificates strictly: make that of the server, or its CA's, anew with this extension.",
    ),
    (
        ("certificate_required", "certificate required", "handshake_failure", "handshake failure"),
        "The server seems to want a certificate of the client, which cannot be given here: use an address without it.",
    ),
    (
        ("no_certificate", "no certificate or crl", "pem lib"),
        "connectware_ca_path must be a PEM file with certificates.",
    ),
)


class Failures:
    """Makes the errors of one server.

    Args:
        redactor: takes the secrets out of everything that was answered.
        renewable: whether this run can log in again when its token is refused.
    """

    def __init__(self, contract: Contract, redactor: Redactor, *, renewable: bool) -> None:
        self._contract = contract
        self._redactor = redactor
        self._renewable = renewable

    def no_answer(self, operation: Operation, where: str, failure: Failure, attempts: int) -> ApiError:
        """The error for a request that got no usable answer."""
        answered = self._redactor.shown(failure.text) + (f" (tried {attempts} times)" if attempts > 1 else "")
        if failure.kind == TLS:
            return TlsError(operation.tried, where=where, answered=answered, todo=_tls_todo(failure.text))
        if failure.kind == TOO_LARGE:
            return ContractError(operation.tried, where=where, answered=answered, todo=self._path_todo(operation))
        todo = "Check that connectware_url is right, that Connectware runs and that no firewall or proxy is in the way."
        if failure.kind == TIMEOUT:
            todo += " If it is only slow, raise connectware_timeout."
        return UnreachableError(operation.tried, where=where, answered=answered, todo=todo)

    def error_answer(self, operation: Operation, where: str, reply: Reply, attempts: int) -> ApiError:
        """The error for an answer whose status the contract does not count as a success of the operation."""
        kind = self._contract.error_kind(reply.status)
        answered = self._answered(operation, reply) + (f" (tried {attempts} times)" if attempts > 1 else "")
        if kind is not None:
            cls, todo = _CLASSES[kind], self._todo(kind, operation)
        elif reply.status >= 500:
            cls, todo = ServerError, "Look at Connectware's own logs, then run again; nothing is lost."
        elif reply.status >= 400:
            cls, todo = ApiError, f"Check the request: {operation.name}.body and .query in connectware_contract."
        else:
            cls, todo = ContractError, self._unexpected_todo(operation, reply)
        return cls(operation.tried, where=where, answered=answered, todo=todo, status=reply.status)

    def not_json(self, operation: Operation, where: str, reply: Reply) -> ContractError:
        """The error for a success whose body cannot be read."""
        shown = self._excerpt(operation, reply)
        return ContractError(
            operation.tried,
            where=where,
            answered=f"HTTP {reply.status}, but the body is no JSON that can be read ({shown})",
            todo=f"A web page means that the path is wrong or a proxy answers: {self._path_todo(operation)}",
            status=reply.status,
        )

    def _answered(self, operation: Operation, reply: Reply) -> str:
        hidden = _may_have_token(operation, reply)
        target = reply.headers.get("location")
        if target and reply.status // 100 == 3:
            target = re.split("[?#]", target)[0] if hidden else target
            return f"HTTP {reply.status}, a redirect to {self._redactor.shown(target)}, which was not followed"
        texts = [] if hidden else self._error_texts(reply)
        return f"HTTP {reply.status} {' '.join(texts) or f'({self._excerpt(operation, reply)})'}"

    def _error_texts(self, reply: Reply) -> list[str]:
        try:
            document = json.loads(reply.body)
        except (ValueError, RecursionError):
            return []
        if not isinstance(document, Mapping):
            return []
        texts = []
        for entry in self._contract.error_fields.values():
            value = searched(entry.value, document)
            if isinstance(value, (str, int)) and str(value):
                texts.append(self._redactor.shown(str(value)))
        return texts

    def _excerpt(self, operation: Operation, reply: Reply) -> str:
        if not reply.body:
            return "empty body"
        kind = self._redactor.shown(reply.headers.get("content-type", "no content type"), 60)
        if _may_have_token(operation, reply):
            return f"{kind}: {len(reply.body)} bytes, which are not shown because they may hold a token"
        # Cut late: a secret that is cut in the middle would not be recognised.
        return f"{kind}: {self._redactor.shown(reply.body[:65536].decode('utf-8', 'replace'), 120)}"

    def _todo(self, kind: str, operation: Operation) -> str:
        if kind == "authentication":
            return self._authentication_todo(operation)
        return {
            "forbidden": f"Give the account the permission {operation.permission} in Connectware.",
            "not_found": f"If the object must exist: {self._path_todo(operation)}",
            "conflict": "Look at what exists already under that name in Connectware.",
            "locked": "The registration window is closed: open it (registry_window, or Client Registry -> unlock) and"
            " run again.",
            "rate_limited": "Connectware asks to slow down: run again later, or with fewer forks.",
            "unavailable": "Connectware, or the proxy in front of it, is not ready: wait until it is healthy and run"
            " again; nothing is lost.",
        }[kind]

    def _authentication_todo(self, operation: Operation) -> str:
        if not operation.with_token:
            return (
                "Check connectware_username and connectware_password. If the account has a second factor, make a"
                " long-lived token once, in Connectware's web interface, and give connectware_token."
                " If the account is right, this Connectware may log in elsewhere: correct login.path or login.body in"
                " connectware_contract."
            )
        if not self._renewable:
            return (
                "The token is wrong, expired or revoked: make a new one and give it as connectware_token, or give"
                " connectware_username and connectware_password, which log in again by themselves."
                f" {_HEADER_TODO}"
            )
        return (
            "Connectware refuses a token it has just given: check the clocks of its hosts and the account."
            f" {_HEADER_TODO}"
        )

    def _unexpected_todo(self, operation: Operation, reply: Reply) -> str:
        if reply.status // 100 == 3:
            return (
                "The credentials are never sent to where a redirect points. If that is the right address, put it into"
                f" connectware_url; if only the path differs, correct {operation.name}.path in connectware_contract."
            )
        codes = ", ".join(str(code) for entry in operation.statuses.values() for code in entry.value)
        return (
            f"The contract promises {codes}. If {reply.status} is a success here, correct {operation.name}.statuses in"
            " connectware_contract."
        )

    def _path_todo(self, operation: Operation) -> str:
        path = operation.path
        return (
            f"check connectware_url; if this Connectware has it under another path than {path.value}"
            f" ({path.provenance}), correct the entry:"
            f" connectware_contract: {{{operation.name}: {{path: <path>}}}}."
        )


def _may_have_token(operation: Operation, reply: Reply) -> bool:
    """The answer may have the token that was asked for, in whatever form, and the redactor does not know it yet."""
    return operation.gives_token and reply.status < 400


def _tls_todo(text: str) -> str:
    lowered = text.lower()
    for signs, todo in _TLS_TODO:
        if any(sign in lowered for sign in signs):
            return todo
    return (
        "Give the certificate of the CA that signed the server's certificate as connectware_ca_path (a PEM file; a"
        " directory must be hashed with `openssl rehash`). Nothing was sent."
    )
