# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use cases that only look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._agents import fleet
from .contract import Contract
from .contract_check import check_contract
from .fleet import NOTHING_TOLD, look_at_fleet, nothing_told, read_expected, told_version
from .registry import Registry
from .session import Session
from .system import System


def registry_facts(session: Session, params: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """The pending requests and the window."""
    state = Registry(session).state()
    wanted = params["usernames"]
    pending = [request for request in state.pending if wanted is None or request.username in wanted]
    return {
        "changed": False,
        "pending": [request.to_dict() for request in pending],
        "window": state.window.to_dict(),
    }


def connectware_facts(session: Session, params: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """Version, health and the contract in force, as far as asked for."""
    system = System(session)
    facts: dict[str, Any] = {"changed": False}
    if params["wait"] > 0:
        system.wait_healthy(params["wait"])
    if "version" in params["gather"]:
        facts["version"] = system.version()
    if "health" in params["gather"]:
        facts["health"] = system.health().to_dict()
    if "contract" in params["gather"]:
        facts["contract"] = contract_listing(session.contract)
    if "contract_check" in params["gather"]:
        facts["contract_check"] = check_contract(session)
    return facts


def fleet_facts(session: Session, params: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
    """The agents of the server and of the inventory.

    Raises:
        SpecError: an entry of the inventory has no name, or the pattern is none.
    """
    expected = None if params["expected"] is None else read_expected(params["expected"])
    concerns = fleet.compiled(params["name_pattern"])
    notices: list[str] = []
    seen = look_at_fleet(session, expected or (), connected=params["connected"], notices=notices)
    version = told_version(session, notices) if params["version"] else None
    entries = [entry.to_dict() for entry in fleet.compare(seen, expected, concerns)]
    return {
        "changed": False,
        "agents": entries,
        "ghosts": [entry["username"] for entry in entries if entry["ghost"]],
        "missing": [entry["username"] for entry in entries if entry["state"] == fleet.MISSING],
        "strangers": [stranger.to_dict() for stranger in seen.strangers],
        "undecided": seen.undecided,
        "version": version,
        "warnings": [*notices, *([NOTHING_TOLD] if expected is not None and nothing_told(seen) else [])],
    }


def contract_listing(contract: Contract) -> list[dict[str, Any]]:
    """Every entry of the contract with its value and where it comes from."""
    return [
        {"entry": ".".join(place), "value": entry.value, "provenance": entry.provenance}
        for place, entry in contract.entries()
    ]
