# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registration window as this run holds it: opened in leases, given back when the last host needs it no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from .ports import Requests, ServerPort

MARGIN = 5.0  # seconds by which two readings of a window's end may differ without anybody having moved it


class WindowShare(Protocol):
    """What the hosts of one run know together: how many of them hold the window, and whether the run has opened it."""

    def enter(self) -> bool:
        """One more holds it; returns whether the run has opened it already."""

    def opened(self) -> None:
        """The run has opened it."""

    def leave(self) -> bool:
        """One fewer holds it; returns whether it is now to be closed: nobody is left, and the run had opened it."""


class OwnWindow:
    """A WindowShare of one host alone."""

    def __init__(self) -> None:
        self._opened = False

    def enter(self) -> bool:
        return self._opened

    def opened(self) -> None:
        self._opened = True

    def leave(self) -> bool:
        opened, self._opened = self._opened, False
        return opened


class WindowLease:
    """Opens the window only while it is needed and sees that it is closed only if that hurts nobody else.

    A window that was open before the run needed it, and one that somebody else has made longer meanwhile, is left to
    them. If a worker of the run is killed, the others never close it: then it ends with its lease.

    Args:
        seconds: length of a lease; always sent, because the server's own default is documented as 30 s.
        now: a monotonic clock.
    """

    def __init__(
        self, server: ServerPort, seconds: float, now: Callable[[], float], share: WindowShare | None = None
    ) -> None:
        self._server = server
        self._seconds = seconds
        self._now = now
        self._share: WindowShare = share if share is not None else OwnWindow()
        self._held = False
        self._foreign = False
        self._opened_at: float | None = None

    def hold(self, requests: Requests) -> Requests:
        """See to it that the window is open for a while; returns what is true then."""
        if not self._held:
            self._held = True
            self._foreign = not self._share.enter() and requests.window_open
        if requests.window_open and (requests.remaining is None or requests.remaining > self._seconds / 3):
            return requests
        self._server.open_window(self._seconds)
        if not self._foreign:
            self._share.opened()
        self._opened_at = self._now()
        return replace(requests, window_open=True, remaining=self._seconds)

    def close_now(self, latest: Requests) -> None:
        """Close the window although it is needed, so that requests lapse; `hold` opens it again.

        Left alone if it was open before this run needed it.

        Raises:
            ApiError: it could not be closed.
        """
        if self._held and not self._foreign and latest.window_open:
            self._server.close_window()

    def give_back(self, latest: Requests) -> None:
        """Not needed any more: close the window if nobody else needs it.

        Raises:
            ApiError: it could not be closed; it ends with its lease.
        """
        if not self._held:
            return
        self._held = False
        opened_at, self._opened_at = self._opened_at, None
        if self._share.leave() and not self._made_longer(latest, opened_at):
            self._server.close_window()

    def _made_longer(self, latest: Requests, opened_at: float | None) -> bool:
        left = self._seconds if opened_at is None else self._seconds - (self._now() - opened_at)
        return latest.window_open and latest.remaining is not None and latest.remaining > left + MARGIN
