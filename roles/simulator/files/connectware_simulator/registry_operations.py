# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Client Registry's part of the API."""

from __future__ import annotations

from typing import Any

from .calls import Answer, ApiError, Call, list_value, permissions_value, text_value
from .clock import formatted
from .core import Connectware
from .model import PendingRequest
from .registry import Application

_MESSAGES = {
    "locked": "the client registry is locked",
    "conflict": "a user of that name exists",
    "pending": "the request waits for its authorization",
    "unknown": "no pending request of that username",
    "ambiguous": "several pending requests of that username",
}


def register(core: Connectware, call: Call) -> Answer:
    """Take a client's request."""
    agent_version = call.user_agent.partition("protocol-mapper/")[2]
    if not core.version_fits(agent_version):
        raise ApiError(400, "VERSION_MISMATCH", f"version {agent_version} is not {core.state.version}")
    username = text_value(call, "username", minimum=3) or ""
    csr = text_value(call, "csr", required=False)
    password = text_value(call, "password", minimum=5, required=csr is None)
    outcome, request = core.registry.register(
        Application(
            username=username,
            pairing_id=str(call.value("pairing_id") or ""),
            secret=password or csr or "",
            method="certificate" if csr else "password",
            csr=csr,
            context=call.value("context"),
            roles=tuple(list_value("roles", call.value("roles"), str)),
            permissions=tuple(permissions_value(call.value("permissions"))),
        )
    )
    if outcome in ("locked", "conflict"):
        raise call.error(outcome, _MESSAGES[outcome])
    if not _only_repeated(core, outcome, request):
        core.save()
    values: dict[str, Any] = {}
    if outcome == "granted" and request is not None and request.csr:
        values["certificate"] = _signed(core, request.csr, username)
    return call.answer(outcome, values)


def _only_repeated(core: Connectware, outcome: str, request: PendingRequest | None) -> bool:
    """Tell whether nothing is new but when it was asked: agents ask all the time, and thousands of them may wait."""
    if outcome != "pending" or request is None or core.switches.pending_ttl_ms:
        return False
    return request.seen_at > request.requested_at


def _signed(core: Connectware, csr: str, username: str) -> str:
    try:
        return core.authority.sign_request(csr, username)
    except ValueError as exc:
        raise ApiError(400, "BAD_REQUEST", f"bad CSR: {exc}") from exc


def registry_list(core: Connectware, call: Call) -> Answer:
    """List what waits, and until when the window is open."""
    style = core.switches.time_format
    pending = [
        call.item(
            {
                "username": item.username,
                "pairing_id": item.pairing_id,
                "context": item.context,
                "method": item.method,
                "roles": item.roles,
                "permissions": item.permissions,
                "requested_at": formatted(item.requested_at, style),
            }
        )
        for item in core.registry.pending()
    ]
    return call.answer("success", {**_window(core), "pending": pending, "locked": not core.registry.is_open()})


def registry_unlock(core: Connectware, call: Call) -> Answer:
    """Open the window."""
    given = call.value("duration")
    if given is None:
        given = next(iter(call.query_values("duration")), None)
    if given is None and core.switches.duration_required:
        raise ApiError(400, "BAD_REQUEST", "the duration in milliseconds is missing")
    if isinstance(given, bool):
        raise ApiError(400, "BAD_REQUEST", "the duration must be a number of milliseconds")
    try:
        core.registry.unlock(core.switches.default_window_ms if given is None else int(given))
    except (TypeError, ValueError, OverflowError) as exc:
        raise ApiError(400, "BAD_REQUEST", f"bad duration: {exc}") from exc
    core.save()
    return call.answer("success", _window(core))


def registry_lock(core: Connectware, call: Call) -> Answer:
    """Close the window."""
    core.registry.lock()
    core.save()
    return call.answer("success", _window(core))


def registry_confirm(core: Connectware, call: Call) -> Answer:
    """Grant what waits under a username."""
    username = text_value(call, "username", minimum=1) or ""
    return _settled(core, call, core.registry.confirm(username), username)


def registry_deny(core: Connectware, call: Call) -> Answer:
    """Refuse what waits under a username."""
    if not core.switches.deny_supported:
        raise ApiError(404, "NOT_FOUND", "no such resource")
    username = text_value(call, "username", minimum=1) or ""
    return _settled(core, call, core.registry.deny(username), username)


def _settled(core: Connectware, call: Call, outcome: str, username: str) -> Answer:
    core.save()
    if outcome != "success":
        raise call.error(outcome, _MESSAGES[outcome])
    return call.answer(outcome, {"username": username})


def _window(core: Connectware) -> dict[str, Any]:
    return {"window": formatted(core.registry.open_until(), core.switches.window_format)}
