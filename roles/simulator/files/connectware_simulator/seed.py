# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fresh Connectware holds: roles and the people who may log in."""

from __future__ import annotations

import secrets as random_secrets
import uuid
from typing import Any

from . import permissions, secret
from .model import Role, State
from .users import UserDirectory

DEFAULT_VERSION = "1.8.0"
AGENT_ROLE = "connectware-agent"
_SEED = "seed"  # by whom users of the configuration were made

_ROLES = {
    "admin": permissions.ADMIN,
    "rollout": permissions.ROLLOUT,
    "registrar": permissions.REGISTRAR,
    "reader": permissions.READER,
    "nothing": [],
    AGENT_ROLE: [{"context": "mqtt", "resource": "#", "operation": "readWrite"}],
}
DEFAULT_USERS: list[dict[str, Any]] = [
    {"username": "admin", "role": "admin"},
    {"username": "rollout", "role": "rollout"},
    {"username": "registrar", "role": "registrar"},
    {"username": "reader", "role": "reader"},
    {"username": "nobody", "role": "nothing"},
]


def complete_users(configured: list[dict[str, Any]], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lay the configured users over the default ones; who has no password keeps the known one or gets one."""
    passwords = {item["username"]: item["password"] for item in known}
    result = {item["username"]: dict(item) for item in DEFAULT_USERS}
    for item in configured:
        result[item["username"]] = {**result.get(item["username"], {}), **item}
    for name, item in result.items():
        item.setdefault("password", passwords.get(name) or random_secrets.token_urlsafe(12))
    return list(result.values())


def fresh_state(version: str, users: list[dict[str, Any]], switches: dict[str, Any]) -> State:
    """Return the state of the first start."""
    state = State(version=version, configured_version=version, configured_switches=switches)
    for name, granted in _ROLES.items():
        role_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"role.{name}"))
        state.roles.append(Role(id=role_id, name=name, permissions=list(granted)))
    for item in users:
        _add(state, item)
    return state


def follow_config(
    state: State,
    version: str,
    users: list[dict[str, Any]],
    known: list[dict[str, Any]],
    switches: dict[str, Any],
) -> None:
    """Bring what the configuration has changed since the last start into a state that was kept."""
    if version != state.configured_version:
        state.version = state.configured_version = version
    state.switch_overrides = {
        name: value
        for name, value in state.switch_overrides.items()
        if switches.get(name) == state.configured_switches.get(name)
    }
    state.configured_switches = switches
    _follow_users(state, users, known)


def _follow_users(state: State, users: list[dict[str, Any]], known: list[dict[str, Any]]) -> None:
    configured = {item["username"] for item in users}
    for user in [user for user in state.users if user.created_by == _SEED and user.username not in configured]:
        UserDirectory(state).remove(user)
    before = {item["username"]: item for item in known}
    for item in users:
        if item == before.get(item["username"]):
            continue
        state.users = [user for user in state.users if user.username != item["username"]]
        _add(state, item)


def _add(state: State, item: dict[str, Any]) -> None:
    by_name = {role.name: role.id for role in state.roles}
    UserDirectory(state).add(
        item["username"],
        secret.hashed(item["password"]),
        created_by=_SEED,
        roles=[by_name[item["role"]]] if item.get("role") else [],
        permissions=item.get("permissions", ()),
        mfa=bool(item.get("mfa", False)),
    )
