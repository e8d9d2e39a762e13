# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connectware itself: version, health, and which agents are connected."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .._agents.text import printable
from .._errors import ForbiddenError, NotFoundError, RateLimitedError, ServerError, UnreachableError
from .session import Session

POLL_INTERVAL = 2.0


@dataclass(frozen=True)
class Service:
    """One of Connectware's services and what it says of itself."""

    name: str
    status: str
    uptime: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For a result."""
        return {"name": self.name, "status": self.status, "uptime": self.uptime}


@dataclass(frozen=True)
class Health:
    """The services, and those of them that are not well."""

    services: tuple[Service, ...]
    ill: tuple[Service, ...]

    @property
    def healthy(self) -> bool:
        """All services are well."""
        return not self.ill

    def to_dict(self) -> dict[str, Any]:
        """For a result."""
        return {"healthy": self.healthy, "services": [service.to_dict() for service in self.services]}


class System:
    """The verbs of the system.

    Args:
        sleep, clock: replaced in tests.
    """

    def __init__(
        self,
        session: Session,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._sleep = sleep
        self._clock = clock

    def version(self) -> str:
        """Connectware's version, which the agents' image must equal."""
        return printable(self._session.call("system_info").needed_text("version"))

    def health(self) -> Health:
        """What each service says of itself."""
        answer = self._session.call("system_health")
        well = {str(status).casefold() for status in self._session.contract.setting("healthy")}
        services = tuple(
            Service(
                name=printable(answer.needed_text("name", item)),
                status=printable(answer.text("status", item) or "unknown"),
                uptime=_bounded(answer.text("uptime", item)),
            )
            for item in answer.needed_list("services")
            if isinstance(item, Mapping)
        )
        return Health(services, tuple(service for service in services if service.status.casefold() not in well))

    def connected_agents(self) -> frozenset[str] | None:
        """The names of the agents that are connected now.

        Returns:
            None where this Connectware does not tell, or not this account.

        Raises:
            ContractError: the answer cannot be read.
        """
        try:
            answer = self._session.call("system_agents")
        except (ForbiddenError, NotFoundError):
            return None
        away = {str(status).casefold() for status in self._session.contract.setting("disconnected")}
        return frozenset(
            answer.needed_text("name", item)
            for item in answer.needed_list("agents")
            if (answer.text("status", item) or "").casefold() not in away
        )

    def wait_healthy(self, timeout: float) -> None:
        """Wait until Connectware answers and all its services are well.

        An account that may not see the health waits for the version only.

        Args:
            timeout: seconds; 0 asks once.

        Raises:
            ApiError: the last one, or ServerError naming the services that are not well.
        """
        deadline = self._clock() + timeout
        while True:
            try:
                self._check_ready()
                return
            except (UnreachableError, ServerError, RateLimitedError, NotFoundError):
                # 404 is also the answer of a reverse proxy that does not know yet where Connectware is.
                if self._clock() >= deadline:
                    raise
            self._sleep(min(POLL_INTERVAL, max(deadline - self._clock(), 0.0)))

    def _check_ready(self) -> None:
        self.version()
        try:
            health = self.health()
        except (ForbiddenError, NotFoundError):
            return
        if not health.healthy:
            raise ServerError(
                "use Connectware",
                where=self._session.url,
                answered=", ".join(f"{service.name} is {service.status}" for service in health.ill),
                todo="Wait until its services are well, or correct settings.healthy in connectware_contract.",
            )


def _bounded(text: str | None) -> str | None:
    return None if text is None else printable(text)
