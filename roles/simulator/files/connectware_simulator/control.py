# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: plain HTTP on the loopback, for tests; no part of the imitation."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from . import secret
from .clock import formatted, now_ms, stop_at
from .core import Connectware
from .faults import Fault, FaultError
from .model import User
from .registry import Application
from .switches import SwitchError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Look into the simulator and meddle with it."""

    def __init__(self, core: Connectware) -> None:
        self._core = core

    def application(self) -> web.Application:
        """Return what aiohttp serves."""
        application = web.Application(middlewares=[_errors])
        application.router.add_routes(
            [
                web.get("/control/state", self.state),
                web.get("/control/requests", self.requests),
                web.post("/control/reset-counters", self.reset_counters),
                web.post("/control/reset", self.reset),
                web.get("/control/switches", self.switches),
                web.put("/control/switches", self.change_switches),
                web.post("/control/users", self.add_user),
                web.delete("/control/users/{name}", self.delete_user),
                web.post("/control/password", self.password),
                web.post("/control/disconnect", self.disconnect),
                web.post("/control/window", self.window),
                web.get("/control/window-history", self.window_history),
                web.post("/control/clock", self.clock),
                web.post("/control/version", self.version),
                web.post("/control/expire-tokens", self.expire_tokens),
                web.get("/control/faults", self.faults),
                web.post("/control/faults", self.add_fault),
                web.delete("/control/faults", self.clear_faults),
                web.post("/control/register", self.register),
            ]
        )
        return application

    async def state(self, request: web.Request) -> web.Response:
        """Show users, pending requests, window and connected MQTT clients."""
        core = self._core
        core.registry.settle()
        until = core.registry.open_until()
        return web.json_response(
            {
                "version": core.state.version,
                "users": [self._user(user) for user in core.state.users],
                "pending": [
                    {
                        "username": item.username,
                        "pairing_id": item.pairing_id,
                        "method": item.method,
                        "requested_at": formatted(item.requested_at, "iso"),
                        "seen_at": formatted(item.seen_at, "iso"),
                    }
                    for item in core.state.pending
                ],
                "window": {
                    "open": until is not None,
                    "until": formatted(until, "iso"),
                    "remaining_ms": formatted(until, "remaining_ms") or 0,
                },
                "mqtt_clients": core.broker.clients(),
                "mqtt_logins": core.broker.logins,
                "tokens": len(core.state.tokens),
            }
        )

    def _user(self, user: User) -> dict[str, Any]:
        roles = [self._core.users.role(role_id) for role_id in user.roles]
        return {
            "id": user.id,
            "username": user.username,
            "created_by": user.created_by,
            "created_at": formatted(user.created_at, "iso"),
            "roles": [role.name for role in roles if role is not None],
            "grant_methods": user.grant_methods,
        }

    async def requests(self, request: web.Request) -> web.Response:
        """Show the requests counted since the last reset."""
        return web.json_response(self._core.journal.as_mapping())

    async def reset_counters(self, request: web.Request) -> web.Response:
        """Count from zero."""
        self._core.journal.reset()
        self._core.registry.window_history.clear()
        self._core.broker.logins.update(accepted=0, rejected=0)
        return web.json_response({})

    async def reset(self, request: web.Request) -> web.Response:
        """Put everything back to the first start."""
        stop_at(None)
        self._core.reset()
        return web.json_response({})

    async def switches(self, request: web.Request) -> web.Response:
        """Show the switches and the dialect they amount to."""
        switches = self._core.switches
        return web.json_response({**switches.as_mapping(), "full_dialect": switches.full_dialect()})

    async def change_switches(self, request: web.Request) -> web.Response:
        """Turn the switches that are named."""
        self._core.change_switches(await _body(request))
        return web.json_response(self._core.switches.as_mapping())

    async def add_user(self, request: web.Request) -> web.Response:
        """Make a user past all rules of the API."""
        body = await _body(request)
        username = body["username"]
        if self._core.users.by_name(username) is not None:
            return web.json_response({"error": f"user {username} exists"}, status=409)
        roles = [role.id for role in self._core.state.roles if role.name == body.get("role")]
        user = self._core.users.add(
            username,
            secret.hashed(body.get("password", secret.hashed("x"))),
            created_by=body.get("created_by", "control"),
            grant_methods=body.get("grant_methods", ["password"]),
            roles=roles,
            permissions=body.get("permissions", []),
            mfa=bool(body.get("mfa", False)),
        )
        self._core.save()
        return web.json_response(self._user(user), status=201)

    async def delete_user(self, request: web.Request) -> web.Response:
        """Delete a user by name."""
        self._core.remove_user(self._named(request.match_info["name"]))
        return web.json_response({})

    async def password(self, request: web.Request) -> web.Response:
        """Change a user's password; sessions live on unless told."""
        body = await _body(request)
        user = self._named(body["username"])
        self._core.users.change(user, {"password": body["password"]})
        self._core.save()
        cut = self._core.broker.cut(user.username) if body.get("disconnect") else 0
        return web.json_response({"disconnected": cut})

    async def disconnect(self, request: web.Request) -> web.Response:
        """Cut a user's MQTT sessions, all of them without a name."""
        username = (await _body(request)).get("username")
        broker = self._core.broker
        cut = broker.cut(username) if username else broker.cut_all()
        return web.json_response({"disconnected": cut})

    def _named(self, username: str) -> User:
        user = self._core.users.by_name(username)
        if user is None:
            raise web.HTTPNotFound(text=f"no user {username}")
        return user

    async def window(self, request: web.Request) -> web.Response:
        """Open the window for a time; 0 closes it."""
        duration = int((await _body(request))["open_ms"])
        if duration > 0:
            self._core.registry.unlock(duration)
        else:
            self._core.registry.lock()
        self._core.save()
        return web.json_response({"until": formatted(self._core.registry.open_until(), "iso")})

    async def window_history(self, request: web.Request) -> web.Response:
        """Show what happened to the window since the last reset of the counters."""
        self._core.registry.settle()
        return web.json_response({"history": [asdict(change) for change in self._core.registry.window_history]})

    async def clock(self, request: web.Request) -> web.Response:
        """Stop the clock at a moment; without one it goes on by itself."""
        moment = (await _body(request)).get("now_ms")
        stop_at(None if moment is None else int(moment))
        return web.json_response({"now_ms": now_ms()})

    async def version(self, request: web.Request) -> web.Response:
        """Become another version."""
        self._core.state.version = str((await _body(request))["version"])
        self._core.save()
        return web.json_response({"version": self._core.state.version})

    async def expire_tokens(self, request: web.Request) -> web.Response:
        """Let every token end now."""
        expired = self._core.users.expire_tokens()
        self._core.save()
        return web.json_response({"expired": expired})

    async def faults(self, request: web.Request) -> web.Response:
        """Show the faults still to come."""
        return web.json_response({"faults": self._core.faults.as_list()})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Plan a fault."""
        self._core.faults.add(Fault.from_mapping(await _body(request)))
        return web.json_response({}, status=201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Plan no faults."""
        self._core.faults.clear()
        return web.json_response({})

    async def register(self, request: web.Request) -> web.Response:
        """Ask for registration as a stranger would."""
        body = await _body(request)
        pairing_id = str(body["pairing_id"])
        outcome, _answer = self._core.registry.register(
            Application(
                username=body["username"],
                pairing_id=pairing_id,
                secret=body.get("password", f"impostor-{pairing_id}"),
                context=body.get("context"),
            )
        )
        self._core.save()
        statuses = self._core.switches.full_dialect()["operations"]["register"]["statuses"]
        return web.json_response({"outcome": outcome, "status": statuses[outcome]})


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (SwitchError, FaultError, KeyError, TypeError, ValueError, OverflowError) as exc:
        return web.json_response({"error": f"{type(exc).__name__}: {exc}"}, status=400)


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    body = json.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise TypeError("the body must be an object")
    return body
