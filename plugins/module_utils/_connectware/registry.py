# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Client Registry: its pending requests and its registration window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._agents.text import NAME, printable
from .._errors import ApiError, AuthenticationError, ContractError, RateLimitedError
from .answer import Answer
from .session import Session

NOT_IMPLEMENTED = 501


@dataclass(frozen=True)
class PendingRequest:
    """A client that asks to be registered; what it says of itself is hostile input.

    Attributes:
        pairing_id: None where the request shows none.
    """

    username: str
    pairing_id: str | None

    def to_dict(self) -> dict[str, Any]:
        """For a result: bounded and without control characters."""
        return {
            "username": printable(self.username, NAME),
            "pairing_id": None if self.pairing_id is None else printable(self.pairing_id, NAME),
        }


@dataclass(frozen=True)
class Window:
    """The registration window.

    Attributes:
        remaining: seconds until it closes by the server's clock; None while it is closed, or open without a known end.
        told: the list says whether it is open. Where it does not, `open` is False for want of an answer.
        blank: it does not, but it has the field of the end, with nothing in it: so a closed window looks, and an open
            one where Connectware never fills that in.
    """

    open: bool
    remaining: float | None = None
    told: bool = True
    blank: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For a result."""
        return {
            "open": self.open,
            "remaining": None if self.remaining is None else round(self.remaining, 1),
        }


@dataclass(frozen=True)
class RegistryState:
    """What the Client Registry shows at one moment."""

    pending: tuple[PendingRequest, ...]
    window: Window

    def by_username(self) -> dict[str, tuple[str | None, ...]]:
        """The pairing IDs of what is pending, None for a request that shows none."""
        found: dict[str, tuple[str | None, ...]] = {}
        for request in self.pending:
            found[request.username] = (*found.get(request.username, ()), request.pairing_id)
        return found


class Registry:
    """The verbs of the Client Registry. It remembers nothing: what it gives back is what the server has told."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def state(self) -> RegistryState:
        """All pending requests and the window, in one request."""
        answer = self._session.call("list_registry")
        items = answer.needed_list("pending")
        found = [_pending(answer, item) for item in items]
        pending = tuple(request for request in found if request is not None)
        if items and not pending:
            answer.needed_text("username", items[0])
        return RegistryState(pending, _window(answer))

    def open_window(self, seconds: float) -> float | None:
        """Open the window for so long from now on; the server closes it by itself.

        Returns:
            The seconds that it will be open by the server's own word; None if its answer does not tell.
        """
        answer = self._session.call(
            "unlock", milliseconds=max(1, round(seconds * 1000)), seconds=max(1, round(seconds))
        )
        told = _hint(answer)
        return told if told is not None and told > 0 else None

    def close_window(self) -> None:
        """Close the window now."""
        self._session.call("lock")

    def authorize(self, username: str, pairing_id: str | None = None) -> None:
        """Let in what is pending under this username. Call it right after `state` has shown exactly the right request.

        It is never repeated by itself: after a failure, what is pending may be another request, so look again first.

        Args:
            pairing_id: used only where the contract sends it along.
        """
        self._session.call("confirm", username=username, pairing_id=pairing_id)

    def deny(self, username: str) -> str:
        """Take what is pending under this username off the list.

        That there is such an operation is an assumption, so a refusal of whatever kind, a redirect and a web page mean
        that there is none for us.

        Returns:
            What this Connectware answered instead, and to which request; empty if it did so.

        Raises:
            ApiError: no answer, a failure of the server, or a login that is not taken.
        """
        try:
            answer = self._session.call("deny", username=username)
        except (AuthenticationError, RateLimitedError):
            raise
        except ApiError as exc:
            if isinstance(exc, ContractError) or exc.refused or exc.status == NOT_IMPLEMENTED:
                return f"{exc.where}: {exc.answered}"
            raise
        return f"{answer.where}: HTTP {answer.status}" if answer.outcome == "absent" else ""


def _window(answer: Answer) -> Window:
    locked = answer.flag("locked")
    remaining = answer.seconds_until("unlocked_until")
    if locked is None and remaining is None:
        return Window(open=False, told=False, blank=answer.has("unlocked_until"))
    if locked is True or (remaining is not None and remaining <= 0):
        return Window(open=False)
    return Window(open=True, remaining=remaining)


def _hint(answer: Answer) -> float | None:
    """Until when it is open by the answer to an opening; what cannot be read tells nothing: it has been opened."""
    if not isinstance(answer.data, Mapping):
        return None
    try:
        return answer.seconds_until("unlocked_until")
    except ContractError:
        return None


def _pending(answer: Answer, item: Any) -> PendingRequest | None:
    if not isinstance(item, Mapping):
        return None
    username = answer.text("username", item)
    return None if not username else PendingRequest(username, answer.text("pairing_id", item) or None)
