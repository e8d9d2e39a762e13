# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error tree of the collection.

Every error says four things: what was tried, on what (host, container, method and URL), what answered, and what to do
now. Modules and the action plugin turn an error into a failed result in exactly one place; nothing else catches it only
to reword it. No error ever carries a secret: the layers that know secrets redact before they raise.
"""

from __future__ import annotations

from typing import Any


class ConnectwareError(Exception):
    """Base of all errors of this collection.

    Args:
        tried: what was attempted, as a verb phrase ("start the container connectware-agent-x").
        where: the host, container, socket or "METHOD URL" it was attempted on; empty if the text says it already.
        answered: what came back (status and body text, the engine's own message); empty if nothing did.
        todo: what the reader should do now, as a sentence.
    """

    preposition = "on"

    def __init__(self, tried: str, *, where: str = "", answered: str = "", todo: str = "") -> None:
        self.tried = tried
        self.where = where
        self.answered = answered
        self.todo = todo
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The whole error as one line of text."""
        text = f"Could not {self.tried}"
        if self.where:
            text += f" {self.preposition} {self.where}"
        if self.answered:
            text += f": {self.answered}"
        text = text.rstrip(". ") + "."
        return f"{text} {self.todo}" if self.todo else text

    def result(self) -> dict[str, Any]:
        """The parts, for the result of a failed task."""
        return {
            "kind": type(self).__name__,
            "tried": self.tried,
            "where": self.where,
            "answered": self.answered,
            "todo": self.todo,
        }


class SpecError(ConnectwareError):
    """The input was refused; nothing was started, changed or lost."""


class UnexpectedAgentError(ConnectwareError):
    """A factory host speaks for agents that the inventory does not name there, or not for all that it does."""


class UnexpectedFactsError(ConnectwareError):
    """A factory host has facts with names of variables that only the inventory and the play may set."""


class AnswerError(ConnectwareError):
    """A factory host has answered what no module of ours says."""


class EngineError(ConnectwareError):
    """The Docker Engine of a factory host refused or failed an operation."""


class BrokenOffError(EngineError):
    """An answer of the engine ended in the middle: the engine has, or it cannot show this one thing."""


class EngineUnavailableError(EngineError):
    """No Docker Engine answers: no socket, no permission, no daemon."""


class HostUnreachableError(EngineUnavailableError):
    """The factory host of an engine cannot be reached."""


class HostLoginError(EngineError):
    """The factory host of an engine refuses the login. Asking again might lock the account, so it is no outage."""


class SdkMissingError(EngineError):
    """The docker SDK for Python cannot be used by the interpreter of the factory host."""


class ImageError(EngineError):
    """An image is neither on the host nor can it be pulled."""


class LibraryMissingError(ConnectwareError):
    """A Python package needed to talk to Connectware cannot be imported by this interpreter."""


class RegistrationError(ConnectwareError):
    """A client cannot be registered as asked: nothing asks, a stranger asks, or it did not get in."""


class ProtectedUserError(ConnectwareError):
    """A user that this collection must not delete: not made by a registration, or with administrator rights."""


class RetirementError(ConnectwareError):
    """Ghosts cannot be retired as asked; where some of them were, the error names them."""


class EvidenceFileError(ConnectwareError):
    """The file in which authorizations are recorded cannot be written."""


class ApiError(ConnectwareError):
    """Connectware answered something other than success.

    Args:
        status: the HTTP status of the answer, None where no answer came.
    """

    preposition = "with"

    def __init__(
        self, tried: str, *, where: str = "", answered: str = "", todo: str = "", status: int | None = None
    ) -> None:
        self.status = status
        super().__init__(tried, where=where, answered=answered, todo=todo)

    @property
    def refused(self) -> bool:
        """The server has said no, so that nothing was done. Whatever else it answers, it may have done it."""
        return self.status is not None and 400 <= self.status < 500

    def result(self) -> dict[str, Any]:
        return {**super().result(), "status": self.status}


class UnreachableError(ApiError):
    """No answer: name not resolved, connection refused or reset, time-out."""


class TlsError(ApiError):
    """The certificate of the server was not accepted."""


class AuthenticationError(ApiError):
    """Login refused, or a token that is not (or no longer) accepted (401)."""


class ForbiddenError(ApiError):
    """The account lacks a permission (403)."""


class NotFoundError(ApiError):
    """The path or the object does not exist (404)."""


class ConflictError(ApiError):
    """The object exists already or is in another state (409)."""


class LockedError(ApiError):
    """The registration window is closed (423)."""


class RateLimitedError(ApiError):
    """Too many requests (429), after the retries were used up."""


class ServerError(ApiError):
    """The server failed (5xx), after the retries were used up."""


class ContractError(ApiError):
    """An answer does not have the shape the contract promises."""


class ContractCorrectionError(ConnectwareError):
    """The user's corrections of the contract name a key that does not exist or a value of the wrong type."""
