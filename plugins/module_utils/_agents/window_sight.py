# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one list of requests says of the registration window, beside what the run knows of its own doing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .ports import Requests
from .window_book import Page

SLACK = 1.0  # seconds by which an end may be misread: servers tell moments, and their own time, in whole seconds


@dataclass(frozen=True)
class Sight:
    """One list of requests, the moments between which it was made, and the claims of the run until then.

    Attributes:
        told: what it says of the window is by Connectware's own word.
    """

    requests: Requests
    asked: float
    answered: float
    claims: int
    told: bool


def as_known(listed: Requests, page: Page, now: float) -> Requests:
    """A list with what it leaves open of the window, from the book of the run.

    By that the window is open until it must have ended. Where nobody knows whether an opening took effect, it may end
    at any moment: so it is opened again if it is needed, and closed if it is not. The same goes for a list with nothing
    in the place of the end, where none was filled in yet: so it looks too when somebody has closed the window since.
    """
    if listed.known:
        return listed
    if page.tells:
        return replace(listed, known=True)
    if now < page.high:
        if is_first_blank(listed, page):
            return listed
        left = max(0.0, page.low - now) if page.sure else 0.0
        return replace(listed, window_open=True, remaining=left, known=True)
    return replace(listed, known=listed.blank or page.opened or page.sure)


def is_first_blank(listed: Requests, page: Page) -> bool:
    """Whether a list that should have told of the window that this run has opened is empty there for the first time."""
    return listed.blank and page.opened and page.sure and not (page.tells or page.mute)


def is_other_end(sight: Sight, page: Page) -> bool:
    """The end that was seen cannot be the one that this run has set."""
    left = sight.requests.remaining
    if left is None:
        return False
    return sight.asked + left > page.high + SLACK + 1 or sight.answered + left < page.low - SLACK - 1
