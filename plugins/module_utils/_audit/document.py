# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as JSON. Its fields are documented in roles/audit/files/audit.schema.json."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from .rows import GHOST, STATES, AgentRow, Report

SCHEMA = 1
"""Grows when a field goes or changes its meaning; a new field does not count."""


def document(report: Report, *, title: str, generated_at: str, connectware_url: str | None) -> dict[str, Any]:
    """The report in plain types.

    Args:
        generated_at: ISO 8601 with its zone.
    """
    return {
        "schema": SCHEMA,
        "title": title,
        "generated_at": generated_at,
        "connectware": {"url": connectware_url, "error": report.server_error, "version": report.server_version},
        "totals": _totals(report),
        "factories": _factories(report),
        "hosts": [asdict(host) for host in report.hosts],
        "agents": [{"state": agent.state, **_plain(agent)} for agent in report.agents],
        "strangers": [dict(stranger) for stranger in report.strangers],
        "notices": list(report.notices),
        "left_out": list(report.left_out),
    }


def _plain(agent: AgentRow) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(agent).items()}


def _states(agents: Iterable[AgentRow]) -> dict[str, int]:
    counted = Counter(agent.state for agent in agents)
    return {state: counted[state] for state in STATES}


def _totals(report: Report) -> dict[str, Any]:
    """How many there are of everything; an agent counts once in states and once in verdicts."""
    return {
        "hosts": len(report.hosts),
        "agents": sum(agent.verdict != GHOST for agent in report.agents),
        "states": _states(report.agents),
        "verdicts": dict(sorted(Counter(agent.verdict for agent in report.agents).items())),
        "findings": dict(sorted(Counter(each for agent in report.agents for each in agent.findings).items())),
        "host_statuses": dict(sorted(Counter(host.status for host in report.hosts).items())),
    }


def _factories(report: Report) -> list[dict[str, Any]]:
    """The factories by name, with the states of the agents that the inventory names."""
    agents: dict[str, list[AgentRow]] = {}
    for agent in report.agents:
        if agent.factory is not None and agent.verdict != GHOST:
            agents.setdefault(agent.factory, []).append(agent)
    hosts = Counter(host.factory for host in report.hosts)
    return [
        {
            "name": factory,
            "hosts": hosts[factory],
            "agents": len(agents.get(factory, ())),
            "states": _states(agents.get(factory, ())),
        }
        for factory in sorted(hosts)
    ]
