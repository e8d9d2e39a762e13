# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTPS API: from a request to its operation, with login, permissions and faults on the way."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

from aiohttp import web

from . import registry_operations, system_operations, user_operations
from .calls import Answer, ApiError, Call
from .clock import http_date
from .core import Connectware
from .dialect import DEFAULT_DIALECT, shaped
from .faults import Fault
from .model import User
from .permissions import allows

Operation = Callable[[Connectware, Call], Answer]

_PUBLIC = {"login", "register"}
_OPERATIONS: dict[str, Operation] = {
    "login": user_operations.login,
    "register": registry_operations.register,
    "registry_list": registry_operations.registry_list,
    "registry_unlock": registry_operations.registry_unlock,
    "registry_lock": registry_operations.registry_lock,
    "registry_confirm": registry_operations.registry_confirm,
    "registry_deny": registry_operations.registry_deny,
    "list_users": user_operations.list_users,
    "create_user": user_operations.create_user,
    "get_user": user_operations.get_user,
    "change_user": user_operations.change_user,
    "delete_user": user_operations.delete_user,
    "list_roles": user_operations.list_roles,
    "system_info": system_operations.system_info,
    "system_health": system_operations.system_health,
    "system_agents": system_operations.system_agents,
}


class Api:
    """The web application."""

    def __init__(self, core: Connectware) -> None:
        self._core = core

    def application(self) -> web.Application:
        """Return what aiohttp serves."""
        application = web.Application(client_max_size=4 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self.handle)
        return application

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request and write it down."""
        dialect = self._core.switches.full_dialect()
        operation, values, known_path = _find(dialect["operations"], request.method, request.path)
        user = self._logged_in(request)
        fault = self._core.faults.next_for(operation or "unknown")
        status: int | None = None
        try:
            response = await self._answer(request, operation, values, known_path, user, fault)
            status = response.status if response is not None else None
            if response is None:
                raise ConnectionResetError("cut by a fault")
            response.headers["Date"] = http_date()
            return response
        finally:
            self._core.journal.record(
                operation=operation or "unknown",
                method=request.method,
                path=request.path,
                status=status,
                user=user.username if user else None,
                user_agent=request.headers.get("User-Agent", ""),
                fault=fault.name() if fault else None,
                authorization=dialect["auth"]["header"] in request.headers,
                api_token_in_query="apiToken" in request.query,
            )

    async def _answer(
        self,
        request: web.Request,
        operation: str | None,
        values: dict[str, str],
        known_path: bool,
        user: User | None,
        fault: Fault | None,
    ) -> web.StreamResponse | None:
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is None or fault.only_delays():
            return self._response(await self._perform(request, operation, values, known_path, user))
        usual = Answer(200, {})
        if fault.effect or fault.half:
            usual = await self._perform(request, operation, values, known_path, user)
        return await self._broken(request, fault, usual)

    async def _perform(
        self,
        request: web.Request,
        operation: str | None,
        values: dict[str, str],
        known_path: bool,
        user: User | None,
    ) -> Answer:
        try:
            body = await _json_body(request)
            self._authorize(request, operation, values, user)
            if operation is None:
                raise ApiError(405 if known_path else 404, "NOT_FOUND", "no such resource")
            call = Call(
                operation=operation,
                spec=self._core.switches.full_dialect()["operations"][operation],
                path_values=values,
                query={name: request.query.getall(name) for name in request.query},
                body=body,
                user_agent=request.headers.get("User-Agent", ""),
                user=user,
            )
            return _OPERATIONS[operation](self._core, call)
        except ApiError as error:
            names = self._core.switches.full_dialect()["error"]
            document = shaped(names, {"code": error.code, "message": error.message})
            return Answer(error.status, document)

    def _logged_in(self, request: web.Request) -> User | None:
        auth = self._core.switches.full_dialect()["auth"]
        token = _token_of(request.headers.get(auth["header"], ""), auth["scheme"])
        if token:
            return self._core.users.user_of_token(token)
        if self._core.switches.api_token_in_query and "apiToken" in request.query:
            return self._core.users.user_of_token(request.query["apiToken"])
        return None

    def _authorize(
        self, request: web.Request, operation: str | None, values: dict[str, str], user: User | None
    ) -> None:
        if operation in _PUBLIC:
            return
        if operation == "system_health" and not self._core.switches.health_needs_login:
            return
        if user is None:
            raise ApiError(401, "UNAUTHORIZED", "a valid token is required")
        permissions = self._core.users.permissions_of(user)
        resources = [(request.method, request.path), *_default_resource(operation, values)]
        if not any(allows(permissions, method, path) for method, path in resources):
            raise ApiError(403, "FORBIDDEN", f"{user.username} may not {request.method} {request.path}")

    @staticmethod
    def _response(answer: Answer) -> web.Response:
        if answer.document is None:
            return web.Response(status=answer.status, headers=answer.headers)
        return web.json_response(answer.document, status=answer.status, headers=answer.headers)

    async def _broken(self, request: web.Request, fault: Fault, usual: Answer) -> web.StreamResponse | None:
        if fault.reset:
            _reset(request)
            return None
        if fault.half:
            return await _half(request, usual)
        headers: dict[str, str] = {}
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        if fault.redirect:
            headers["Location"] = fault.redirect
            return web.Response(status=fault.status or 307, headers=headers)
        if fault.non_json or fault.body is not None:
            text = "<html><body>gateway</body></html>" if fault.body is None else fault.body * fault.repeat
            kind = "text/html" if fault.non_json else "application/json"
            return web.Response(status=fault.status or 200, text=text, headers=headers, content_type=kind)
        document = shaped(self._core.switches.full_dialect()["error"], {"code": "FAULT", "message": "injected fault"})
        return web.json_response(document, status=fault.status or 500, headers=headers)


def _find(operations: dict[str, Any], method: str, path: str) -> tuple[str | None, dict[str, str], bool]:
    """Find the operation of a request; fixed paths win over those with a placeholder."""
    known_path = False
    for name, spec in sorted(operations.items(), key=lambda item: item[1]["path"].count("{")):
        values = _path_values(spec["path"], path)
        if values is None:
            continue
        known_path = True
        if spec["method"] == method:
            return name, values, True
    return None, {}, known_path


def _token_of(header: str, scheme: str | None) -> str:
    """Return the token of a header, empty when the header has another scheme."""
    if not scheme:
        return header.strip()
    given, _blank, token = header.partition(" ")
    return token.strip() if given.lower() == scheme.lower() else ""


def _default_resource(operation: str | None, values: dict[str, str]) -> list[tuple[str, str]]:
    """What an operation is in the default dialect: permissions that are given for it hold in every dialect."""
    if operation is None:
        return []
    spec = DEFAULT_DIALECT["operations"][operation]
    path = spec["path"]
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return [(spec["method"], path)]


def _path_values(template: str, path: str) -> dict[str, str] | None:
    wanted, given = template.strip("/").split("/"), path.strip("/").split("/")
    if len(wanted) != len(given):
        return None
    values: dict[str, str] = {}
    for level, text in zip(wanted, given, strict=True):
        if level.startswith("{"):
            values[level.strip("{}")] = text
        elif level != text:
            return None
    return values


async def _json_body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise ApiError(400, "BAD_REQUEST", "the body is no JSON") from exc
    if not isinstance(body, dict):
        raise ApiError(400, "BAD_REQUEST", "the body must be an object")
    return body


def _reset(request: web.Request) -> None:
    """Cut the connection so that the client sees a reset."""
    transport = request.transport
    if transport is None:
        return
    plain = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _half(request: web.Request, answer: Answer) -> web.StreamResponse | None:
    """Announce a whole answer and send half of it."""
    body = json.dumps(answer.document if answer.document is not None else {"half": True}).encode()
    response = web.StreamResponse(status=200 if answer.status == 204 else answer.status)
    response.content_type = "application/json"
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
