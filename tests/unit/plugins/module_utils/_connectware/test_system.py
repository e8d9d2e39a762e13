# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Version, health, and waiting for both."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.system import System
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    AuthenticationError,
    ContractError,
    NotFoundError,
    ServerError,
)

INFO, HEALTH = "/api/system/info", "/api/system/health"


def health(*statuses: str) -> dict[str, Any]:
    return {"system": {"status": [{"name": f"s{n}", "status": s, "uptime": 5} for n, s in enumerate(statuses)]}}


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def system(session: Session) -> System:
    clock = Clock()
    return System(session, sleep=clock.sleep, clock=clock)


def test_version(server: Conversation, system: System) -> None:
    server.expect("GET", INFO, answer={"version": "1.8.0"})
    assert system.version() == "1.8.0"


def test_health(server: Conversation, system: System) -> None:
    server.expect("GET", HEALTH, answer=health("Running", "stopped"))
    found = system.health()
    assert not found.healthy
    assert [service.name for service in found.ill] == ["s1"]
    assert found.to_dict()["services"][0] == {"name": "s0", "status": "Running", "uptime": "5"}


def test_health_of_another_shape(server: Conversation, system: System) -> None:
    server.expect("GET", HEALTH, answer={"system": "fine"})
    with pytest.raises(ContractError, match=r"system_health.fields.services"):
        system.health()


def test_it_waits_until_all_is_well(server: Conversation, system: System) -> None:
    server.expect("GET", INFO, status=500)
    server.expect("GET", INFO, answer={"version": "1"}).expect("GET", HEALTH, answer=health("running", "starting"))
    server.expect("GET", INFO, answer={"version": "1"}).expect("GET", HEALTH, answer=health("running", "running"))
    system.wait_healthy(60)


def test_a_proxy_that_does_not_know_connectware_yet_is_waited_for(server: Conversation, system: System) -> None:
    for _poll in range(2):
        server.expect("GET", INFO, status=404, answer=b"404 page not found")
    server.expect("GET", INFO, answer={"version": "1"}).expect("GET", HEALTH, answer=health("running"))
    system.wait_healthy(60)


@pytest.mark.parametrize(("timeout", "polls"), [(0, 1), (4, 3)])
def test_a_path_that_stays_unknown_is_told_in_the_end(
    timeout: float, polls: int, server: Conversation, system: System
) -> None:
    for _poll in range(polls):
        server.expect("GET", INFO, status=404, answer=b"404 page not found")
    with pytest.raises(NotFoundError, match=r"system_info"):
        system.wait_healthy(timeout)


def test_it_does_not_wait_for_ever(server: Conversation, system: System) -> None:
    for _poll in range(3):
        server.expect("GET", INFO, answer={"version": "1"}).expect("GET", HEALTH, answer=health("stopped"))
    with pytest.raises(ServerError, match="s0 is stopped"):
        system.wait_healthy(4)


@pytest.mark.parametrize("status", [403, 404])
def test_the_version_is_enough_for_who_may_not_see_the_health(
    status: int, server: Conversation, system: System
) -> None:
    server.expect("GET", INFO, answer={"version": "1"}).expect("GET", HEALTH, status=status)
    system.wait_healthy(60)


def test_a_wrong_token_is_not_waited_for(server: Conversation, system: System) -> None:
    server.expect("GET", INFO, status=401)
    with pytest.raises(AuthenticationError):
        system.wait_healthy(60)
