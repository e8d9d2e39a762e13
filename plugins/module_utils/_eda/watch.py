# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at Connectware after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Callable

from .._agents.fleet import ExpectedAgent
from .._connectware.connect import connect
from .._connectware.registry import Registry
from .._connectware.session import Session
from .._connectware.system import System
from .._connectware.users import Users
from .._errors import ConnectwareError, RateLimitedError, ServerError, SpecError, UnreachableError
from .memory import Memory, Patience, Sighting

PASSING = (UnreachableError, ServerError, RateLimitedError)  # what a Connectware that starts can look like

IN_FORCE = "What was read before stays in force."

log = logging.getLogger("edgefleet.connectware.registry")


class Watch:
    """Looks at one Connectware, again and again. It reads only: nothing is authorized, opened or deleted.

    Args:
        options: of `read_options`.
        expected: reads the agents of the inventory.
        sleep: waits before a request is repeated.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        expected: Callable[[], tuple[ExpectedAgent, ...]],
        *,
        sleep: Callable[[float], Any] = time.sleep,
    ) -> None:
        self.interval: float = options["interval"]
        self._ask_connected: bool = options["connected"]
        self._reload: float = options["reload"]
        self._expected = expected
        self._session: Session = connect(options, sleep=sleep)
        self._memory = Memory(Patience(options["grace"], options["remind"], options["max_disappeared"]))
        self._agents = expected()
        self._read_at = time.monotonic()
        self._seen = False

    def look(self) -> list[dict[str, Any]]:
        """The events since the last look.

        Raises:
            ConnectwareError: the first look has shown that it can never succeed as it is set up.
        """
        self._read_again()
        self._memory.expect(self._agents)
        try:
            sighting = self._sighting()
        except ConnectwareError as exc:
            # Later, anything may be the sign of an outage: a proxy answers 404, users are not loaded yet.
            if not self._seen and not isinstance(exc, PASSING):
                raise
            log.warning("%s", exc.message)
            return self._memory.lost_sight(exc, time.monotonic())
        self._seen = True
        return self._memory.saw(sighting, time.monotonic())

    def _sighting(self) -> Sighting:
        # The requests first: one that is authorized in between shows up twice, the other way round not at all.
        pending: dict[str, frozenset[str | None]] = {}
        for request in Registry(self._session).state().pending:
            pending[request.username] = pending.get(request.username, frozenset()) | {request.pairing_id}
        return Sighting(
            registered=frozenset(Users(self._session).find(agent.username for agent in self._agents)),
            pending=pending,
            connected=System(self._session).connected_agents() if self._ask_connected else None,
        )

    def _read_again(self) -> None:
        """The inventory grows while this runs; one that is just being edited must not end it."""
        if not 0 < self._reload <= time.monotonic() - self._read_at:
            return
        self._read_at = time.monotonic()
        try:
            self._agents = self._expected()
        except SpecError as exc:
            log.warning("%s %s", exc.message, IN_FORCE)
