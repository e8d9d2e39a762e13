# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registration window as this run holds it: opened in leases, given back at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .ports import Requests, ServerPort

MARGIN = 5.0  # seconds by which two readings of a window's end may differ without anybody having moved it


class WindowLease:
    """Opens the window only while it is needed and closes it only if that hurts nobody else.

    Args:
        seconds: length of a lease; always sent, because the server's own default is documented as 30 s.
        now: a monotonic clock.
    """

    def __init__(self, server: ServerPort, seconds: float, now: Callable[[], float]) -> None:
        self._server = server
        self._seconds = seconds
        self._now = now
        self._opened_at: float | None = None
        self._was_open_before = False

    def hold(self, requests: Requests) -> Requests:
        """See to it that the window is open for a while; returns what is true then."""
        if requests.window_open and (requests.remaining is None or requests.remaining > self._seconds / 3):
            self._was_open_before = self._was_open_before or self._opened_at is None
            return requests
        if requests.window_open and self._opened_at is None:
            self._was_open_before = True
        self._server.open_window(self._seconds)
        self._opened_at = self._now()
        return replace(requests, window_open=True, remaining=self._seconds)

    def give_back(self, latest: Requests) -> None:
        """Close the window, unless it was open before or somebody else has made it longer meanwhile."""
        if self._opened_at is None or self._was_open_before:
            return
        left = self._seconds - (self._now() - self._opened_at)
        self._opened_at = None
        if left <= 0:
            return
        if latest.window_open and latest.remaining is not None and latest.remaining > left + MARGIN:
            return
        self._server.close_window()
