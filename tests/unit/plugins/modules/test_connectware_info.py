# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""connectware_info: version, health, and the contract in force."""

from __future__ import annotations

from typing import Any

from unit.plugins.module_utils._connectware.conversation import Conversation
from unit.plugins.modules.running import Run


def test_version_and_health(server: Conversation, params: dict[str, Any], run: Run) -> None:
    service = {"name": "broker", "status": "running", "uptime": 5}
    server.expect("GET", "/api/system/info", answer={"version": "1.8.0"})
    server.expect("GET", "/api/system/health", answer={"system": {"status": [service]}})
    result = run("connectware_info", **params)
    assert not result["changed"]
    assert result["version"] == "1.8.0"
    assert result["health"] == {"healthy": True, "services": [{**service, "uptime": "5"}]}
    assert "contract" not in result


def test_the_contract_asks_nothing(server: Conversation, params: dict[str, Any], run: Run) -> None:
    corrections = {"unlock": {"path": "/api/open"}}
    result = run("connectware_info", **params, gather=["contract"], connectware_contract=corrections)
    entries = {entry["entry"]: entry for entry in result["contract"]}
    assert entries["unlock.path"] == {"entry": "unlock.path", "value": "/api/open", "provenance": "user"}
    assert entries["unlock.method"]["provenance"] == "assumed"
    assert server.seen == []
