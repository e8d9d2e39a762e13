# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""registry_info: who asks, and until when."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation, no_secret
from unit.plugins.modules.running import Run

LIST = "/api/client-registry"
PENDING = [{"username": "press-1", "pairingId": "a82123"}, {"username": "press-2"}, {"username": "\x1b[31mevil"}]


@pytest.mark.parametrize(
    ("usernames", "shown"),
    [(None, ["press-1", "press-2", "?[31mevil"]), (["press-2", "x"], ["press-2"]), ([], [])],
)
@pytest.mark.parametrize("check", [False, True])
def test_pending(
    usernames: list[str] | None, shown: list[str], check: bool, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    server.expect("GET", LIST, answer={"pendingRequests": PENDING, "unlockedUntil": 30_000})
    result = run("registry_info", **params, usernames=usernames, check=check)
    assert not result["changed"]
    assert [request["username"] for request in result["pending"]] == shown
    assert result["window"] == {"open": True, "remaining": 30.0}


def test_a_refused_token(server: Conversation, params: dict[str, Any], run: Run) -> None:
    server.expect("GET", LIST, status=401, answer={"code": "UNAUTHORIZED", "message": "expired"})
    result = run("registry_info", **params)
    assert result["failed"]
    assert "HTTP 401 UNAUTHORIZED expired" in result["msg"]
    assert result["error"]["status"] == 401
    assert no_secret(result["_printed"])
