# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Login, users and roles: their part of the API."""

from __future__ import annotations

from typing import Any

from . import secret
from .calls import Answer, ApiError, Call, list_value, permissions_value, text_value
from .clock import formatted
from .core import Connectware
from .dialect import read_field, shaped
from .model import User

LONGEST_TOKEN_HOURS = 100 * 366 * 24


def login(core: Connectware, call: Call) -> Answer:
    """Give a token for a name and a password."""
    user = core.users.check_password(text_value(call, "username"), text_value(call, "password"))
    if user is None:
        raise ApiError(401, "UNAUTHORIZED", "wrong username or password")
    if user.mfa:
        raise ApiError(401, "MFA_REQUIRED", "a second factor is required")
    hours = call.value("hours")
    hours = core.switches.token_hours_default if hours is None else hours
    if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 < hours <= LONGEST_TOKEN_HOURS:
        raise ApiError(400, "BAD_REQUEST", f"expireTimeInHours must be a positive number to {LONGEST_TOKEN_HOURS}")
    token = core.users.new_token(user, hours, str(call.value("label") or ""))
    core.save()
    return call.answer(
        "success",
        {
            "token": token.token,
            "expires_at": formatted(token.expires_at, core.switches.time_format),
            "permissions": core.users.permissions_of(user),
        },
    )


def list_users(core: Connectware, call: Call) -> Answer:
    """List users by page, all or those of some names."""
    names = call.query_values("username")
    if core.switches.username_filter_list == "comma":
        names = [name for text in names for name in text.split(",")]
    page = _number(call, "page", core.switches.first_page, minimum=core.switches.first_page)
    rows = _number(call, "rows", core.switches.rows_per_page_default)
    if rows > core.switches.rows_per_page_max:
        raise ApiError(400, "BAD_REQUEST", f"at most {core.switches.rows_per_page_max} rows a page")
    found = [user for user in core.state.users if not names or user.username in names]
    found.sort(key=lambda user: user.username)
    start = (page - core.switches.first_page) * rows
    shown = found[start : start + rows]
    return call.answer(
        "success",
        {
            "users": [_shown(core, user) for user in shown],
            "page": page,
            "rows": rows,
            "pages": -(-len(found) // rows),
            "total": len(found),
        },
    )


def _number(call: Call, name: str, default: int, *, minimum: int = 1) -> int:
    text = next(iter(call.query_values(name)), None)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < minimum:
        raise ApiError(400, "BAD_REQUEST", f"{name} must be a number from {minimum} on")
    return int(text)


def create_user(core: Connectware, call: Call) -> Answer:
    """Make a user."""
    given = _given(core, call)
    username, password = given.get("username"), given.get("password")
    if not isinstance(username, str) or len(username) < 3:
        raise ApiError(400, "BAD_REQUEST", "username must have at least 3 characters")
    if password is None:
        raise ApiError(400, "BAD_REQUEST", "password is missing")
    if core.users.by_name(username) is not None:
        raise call.error("conflict", "a user of that name exists")
    user = core.users.add(
        username,
        secret.hashed(password),
        created_by=call.user.username if call.user else "",
        grant_methods=given.get("grant_methods") or ["password"],
        roles=given.get("roles") or [],
        permissions=given.get("permissions") or [],
        identity_provider=given.get("identity_provider") or "local",
    )
    core.save()
    return Answer(call.status("success"), _shown(core, user))


def get_user(core: Connectware, call: Call) -> Answer:
    """Show a user."""
    return Answer(call.status("success"), _shown(core, _wanted(core, call)))


def change_user(core: Connectware, call: Call) -> Answer:
    """Change a user."""
    user = _wanted(core, call)
    core.users.change(user, _given(core, call))
    core.save()
    return Answer(call.status("success"), _shown(core, user))


def delete_user(core: Connectware, call: Call) -> Answer:
    """Delete a user, whose MQTT sessions end."""
    core.remove_user(_wanted(core, call))
    status = call.status("success")
    return Answer(status, None if status == 204 else {})


def list_roles(core: Connectware, call: Call) -> Answer:
    """List roles, all or those of some names."""
    names = call.query_values("name")
    roles = [
        call.item({"id": role.id, "name": role.name, "permissions": role.permissions})
        for role in core.state.roles
        if not names or role.name in names
    ]
    return call.answer("success", {"roles": roles})


def _wanted(core: Connectware, call: Call) -> User:
    user = core.users.by_id(call.path_values["id"])
    if user is None:
        raise call.error("unknown", "no such user")
    return user


def _given(core: Connectware, call: Call) -> dict[str, Any]:
    names = core.switches.full_dialect()["user"]
    given = {name: read_field(call.body, path) for name, path in names.items()}
    password = given.get("password")
    if password is not None and (not isinstance(password, str) or len(password) < 5):
        raise ApiError(400, "BAD_REQUEST", "password must have at least 5 characters")
    for role_id in list_value("roles", given.get("roles"), str):
        if core.users.role(role_id) is None:
            raise ApiError(400, "BAD_REQUEST", f"no such role: {role_id}")
    permissions_value(given.get("permissions"))
    if given.get("grant_types") is not None:
        types = list_value("grant types", given["grant_types"], dict)
        given["grant_methods"] = list_value("methods of grant types", [item.get("method") for item in types], str)
    return given


def _shown(core: Connectware, user: User) -> dict[str, Any]:
    style = core.switches.time_format
    return shaped(
        {**core.switches.full_dialect()["user"], "password": None},
        {
            "id": user.id,
            "username": user.username,
            "identity_provider": user.identity_provider,
            "grant_types": [{"method": name, "isRequired": False} for name in user.grant_methods],
            "roles": user.roles,
            "permissions": user.permissions,
            "created_at": formatted(user.created_at, style),
            "updated_at": formatted(user.updated_at, style),
            "created_by": user.created_by,
        },
    )
