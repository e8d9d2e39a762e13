# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in an agent's way on the server because it was there before, and what one run did about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Leftovers:
    """A stale user of its name, and its own earlier requests; in the words of History.

    Attributes:
        replaced: that user was deleted.
        name_taken: an authorization was refused with 409, and a user of its name is there since.
        kept: why that user must not, or could not, be deleted; empty if nobody tried or it was.
        undeniable: what the server answered instead of denying the requests; empty if it was not asked, or did so.
        cleared: the requests were denied, or the window was closed so that they lapse; `cleared_start` is the start of
            the container then.
    """

    replaced: bool = False
    name_taken: bool = False
    kept: str = ""
    undeniable: str = ""
    cleared: bool = False
    cleared_start: float | None = None

    def note_user(self, *, exists: bool) -> None:
        """What the server shows of a user of its name."""
        self.name_taken = self.name_taken and exists

    def note_replaced(self) -> None:
        """This run deleted the stale user."""
        self.replaced = True
        self.name_taken = False

    def note_cleared(self, start: float | None) -> None:
        """The earlier requests are told to go.

        Args:
            start: of the container, as it is now.
        """
        self.cleared, self.cleared_start = True, start
