# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server of one client, whose registration window is told of in the result."""

from __future__ import annotations

from .server import ConnectwareServer
from .session import Session

OPENED, CLOSED = "window_opened", "window_closed"


class NotingServer(ConnectwareServer):
    """Notes what is done to the window: that it was opened only once, however long it was held then.

    Args:
        actions: gets it.
    """

    def __init__(self, session: Session, actions: list[str]) -> None:
        super().__init__(session)
        self._actions = actions

    def open_window(self, seconds: float) -> float | None:
        told = super().open_window(seconds)
        if [action for action in self._actions if action in (OPENED, CLOSED)][-1:] != [OPENED]:
            self._actions.append(OPENED)
        return told

    def close_window(self) -> None:
        super().close_window()
        self._actions.append(CLOSED)
