# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is pending under the username of a client: whose it is, and why the client cannot be let in by it."""

from __future__ import annotations

from .._agents.text import printable, shortlist
from .._errors import RegistrationError

MOST_LISTED = 10


def is_ours(pending: tuple[str | None, ...], pairing_id: str) -> bool:
    """Exactly one request is pending under the username, and it carries the pairing ID."""
    return pending == (pairing_id,)


def refusal(
    username: str, pending: tuple[str | None, ...], pairing_id: str, *, window_open: bool = True
) -> RegistrationError:
    """Why the client cannot be let in."""
    tried = f"authorize {printable(username)} with the pairing ID {printable(pairing_id)}"
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
        answered=f"under that username there is pending: {listed(pending)}; nobody was authorized",
        todo="Read the pairing ID from the log of the client itself; it changes whenever the client starts anew."
        " If it is right, somebody else asks under this name: find out who before anything is authorized.",
    )


def listed(pending: tuple[str | None, ...]) -> str:
    """The pairing IDs, in words; of many the first."""
    if not pending:
        return "no requests"
    shown = [repr(printable(pairing_id or "no pairing ID")) for pairing_id in pending]
    return f"{len(pending)} request{'s' if len(pending) > 1 else ''} with {shortlist(shown, MOST_LISTED)}"
