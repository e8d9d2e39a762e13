# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: HTTP resources with the wildcards of MQTT."""

from __future__ import annotations

from .model import Permission

_READING = ("GET", "HEAD")


def topic_matches(pattern: str, topic: str) -> bool:
    """Tell whether a pattern with + (one level) and # (this and all below) covers a topic."""
    wanted = pattern.strip("/").split("/")
    given = topic.strip("/").split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(given):
            return False
        if level not in ("+", given[position]):
            return False
    return len(wanted) == len(given)


def allows(permissions: list[Permission], method: str, path: str) -> bool:
    """Tell whether permissions cover an HTTP request."""
    needed = "read" if method in _READING else "write"
    return any(
        permission.get("context", "http") == "http"
        and permission.get("operation") in (needed, "readWrite")
        and topic_matches(permission.get("resource", ""), path)
        for permission in permissions
    )


def http(resource: str, operation: str) -> Permission:
    """Return an HTTP permission."""
    return {"context": "http", "resource": resource, "operation": operation}


ADMIN = [http("/api/#", "readWrite"), {"context": "mqtt", "resource": "#", "operation": "readWrite"}]
READER = [http("/api/#", "read")]
REGISTRAR = [
    http("/api/client-registry", "readWrite"),
    http("/api/client-registry/+", "readWrite"),
    http("/api/listUsers", "read"),
    http("/api/system/info", "read"),
]
ROLLOUT = [*REGISTRAR, http("/api/users/#", "readWrite"), http("/api/roles", "read")]
