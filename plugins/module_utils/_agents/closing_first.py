# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the window is closed before an authorization.

The API authorizes by username alone. So wherever requests outlive the closing of the window, and can be authorized
then, it is closed first: no stranger's request can take the place of the one that was listed. Where nobody knows
whether they do, the run tries it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from .._errors import ApiError
from .ports import OUTAGE
from .window import WindowLease


class ClosingFirst:
    """What is known of that, and the closing itself.

    Args:
        window: of this conversation.
        works: whether it does by the user's own word; None if nobody knows.
        warnings: gets what the user has to mend.
    """

    def __init__(self, window: WindowLease, works: bool | None, warnings: list[str]) -> None:
        self._window = window
        self._works = works
        self._warnings = warnings

    @property
    def wanted(self) -> bool:
        """The window is to be closed before the next authorization."""
        return self._works is not False and not self._window.needs_open

    @contextmanager
    def closed(self) -> Iterator[bool]:
        """Close the window for a while; one that the server does not close is left as it is.

        Yields:
            False if another worker of this run moves the window right now: the next round has another chance.

        Raises:
            ApiError: it could not be closed for now, although that works.
        """
        with ExitStack() as quiet:
            yield self._closed(quiet)

    def _closed(self, quiet: ExitStack) -> bool:
        try:
            return quiet.enter_context(self._window.closed())
        except OUTAGE:
            if self._works:
                raise
        except ApiError as exc:
            self._never_again(exc.message)
        return True

    def note_requests_went(self) -> None:
        """It does not work: what was pending is not any more."""
        self._never_again("the pending requests went when the registration window was closed")

    def note_refused(self) -> None:
        """It does not work: the server wants the window open."""
        self._never_again("an authorization was refused while the registration window was closed")

    def _never_again(self, why: str) -> None:
        self._window.note_needs_open()
        if self._works:
            self._warnings.append(
                f"connectware_contract.settings.confirms_while_locked is true, but this is what happened: {why}. This"
                " run does without; set it to false."
            )
