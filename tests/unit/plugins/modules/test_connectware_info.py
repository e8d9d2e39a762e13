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


def test_the_check_of_the_contract(server: Conversation, params: dict[str, Any], run: Run) -> None:
    """With the corrections that it prints it is given to itself again, in check mode as well."""
    for path in ("/api/system/info", "/api/system/health"):
        server.expect("GET", path, status=404)
    server.expect("GET", "/api/client-registry", answer={"waiting": [{"username": "a", "pairingCode": "a1b2c3"}]})
    for path in ("/api/listUsers", "/api/roles", "/api/system/agents"):
        server.expect("GET", path, status=403)
    result = run("connectware_info", **params, gather=["contract_check"], check=True)
    assert not result["changed"] and "version" not in result
    check = result["contract_check"]
    assert check["fits"] is False
    assert check["corrections"] == {"list_registry": {"fields": {"pending": "waiting", "pairing_id": "pairingCode"}}}
    assert check["report"][0].startswith("wrong: system_info.path (documented: /api/system/info): HTTP 404")
    assert "a1b2c3" not in result["_printed"] and params["connectware_token"] not in result["_printed"]
