# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the conversation needs of the two worlds it speaks to: a factory host and a Connectware."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .._errors import EngineUnavailableError, RateLimitedError, ServerError, UnreachableError
from .observation import Observation

# What passes by itself when a server or a host is restarted: waited for, once it has answered in this run.
OUTAGE = (EngineUnavailableError, RateLimitedError, ServerError, UnreachableError)


@dataclass(frozen=True)
class Look:
    """One agent to look at.

    Attributes:
        restart: restart its container first.
        seen: the fingerprint of the last observation; the look waits until it changes. Empty: do not wait.
        unmark_after: remove the mark of an agent that was never registered, if the agent has run for so many seconds
            with credentials and without asking; 0 removes it at once, None does not.
    """

    observation: Observation
    restart: bool = False
    seen: str = ""
    unmark_after: float | None = None


class HostPort(Protocol):
    """A factory host."""

    def look(self, looks: Sequence[Look], wait: float) -> list[Observation]:
        """Restart what is to be restarted, then observe; wait up to `wait` seconds for a change.

        Raises:
            EngineError: the Docker Engine refused or failed.
        """


@dataclass(frozen=True)
class Requests:
    """The Client Registry at one moment.

    Attributes:
        pending: username -> pairing IDs of its pending requests, None where a request shows none.
        window_open: the registration window is open.
        remaining: seconds until it closes; None if that is unknown or it is closed.
        known: Connectware tells whether the window is open. Where it does not, `window_open` is False in what a server
            gives back; what this run knows of it by its own doing, WindowLease says.
        blank: it does not, but has a place for that, with nothing in it. So a closed window looks, unless this
            Connectware never tells.
    """

    pending: dict[str, tuple[str | None, ...]]
    window_open: bool
    remaining: float | None
    known: bool = True
    blank: bool = False

    @property
    def may_be_open(self) -> bool:
        """The window is open, or nobody knows whether it is."""
        return self.window_open or not self.known


class ServerPort(Protocol):
    """A Connectware. Every method can raise ApiError.

    Attributes:
        authorizes_while_closed: its requests outlive the closing of the window, and can be authorized then; None if
            that is unknown.
    """

    authorizes_while_closed: bool | None

    def requests(self) -> Requests:
        """The pending requests and the state of the window."""

    def existing(self, usernames: Iterable[str]) -> Mapping[str, str | None]:
        """Those of the usernames that exist, and since when, as the server writes it; None if it does not tell."""

    def open_window(self, seconds: float) -> float | None:
        """Open the window, or let it stay open, for so long from now.

        Returns:
            The seconds that it will be open by the server's own word; None if it does not tell.
        """

    def close_window(self) -> None:
        """Close the window."""

    def authorize(self, username: str, pairing_id: str) -> None:
        """Authorize the pending request of this username.

        Args:
            pairing_id: sent along only where the contract has a place for it.
        """

    def delete_user(self, username: str, *, ours: bool = False) -> None:
        """Delete this user; one that is gone already is no error.

        Args:
            ours: an authorization of this run has made it.

        Raises:
            ProtectedUserError: it is not ours, and was not made by a registration or has administrator rights.
        """

    def undeletable(self, usernames: Iterable[str]) -> Mapping[str, str]:
        """Those of the usernames that `delete_user` would refuse to delete, and why; nothing is changed."""

    def deny(self, username: str) -> str:
        """Take the pending requests of this username off the list.

        Returns:
            What the server answered instead, if it knows no way to do that; empty if it does.
        """
