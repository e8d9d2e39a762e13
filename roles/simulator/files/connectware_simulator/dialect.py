# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialect: every path, method, field name and status code the simulator speaks, as data.

A field is a dotted path into the JSON document; None leaves the field out, "@" is the whole document.
"""

from __future__ import annotations

import copy
from typing import Any

DEFAULT_DIALECT: dict[str, Any] = {
    "operations": {
        "login": {
            "method": "POST",
            "path": "/api/login",
            "statuses": {"success": 200},
            "request": {
                "username": "username",
                "password": "password",
                "hours": "expireTimeInHours",
                "label": "label",
            },
            "response": {"token": "token", "expires_at": "expiresAt", "permissions": "permissions"},
        },
        "register": {
            "method": "POST",
            "path": "/api/client-registry/register",
            "statuses": {"locked": 423, "pending": 202, "granted": 201, "conflict": 409},
            "request": {
                "username": "username",
                "password": "password",
                "csr": "csr",
                "pairing_id": "pairingId",
                "context": "context",
                "roles": "roles",
                "permissions": "permissions",
            },
            "response": {"certificate": "certificate"},
        },
        "registry_list": {
            "method": "GET",
            "path": "/api/client-registry",
            "statuses": {"success": 200},
            "response": {"pending": "pendingRequests", "window": "unlockedUntil", "locked": None},
            "item": {
                "username": "username",
                "pairing_id": "pairingId",
                "context": "context",
                "method": "method",
                "roles": "roles",
                "permissions": "permissions",
                "requested_at": "createdAt",
            },
        },
        "registry_unlock": {
            "method": "POST",
            "path": "/api/client-registry/unlock",
            "statuses": {"success": 200},
            "request": {"duration": "duration"},
            "response": {"window": "unlockedUntil"},
        },
        "registry_lock": {
            "method": "POST",
            "path": "/api/client-registry/lock",
            "statuses": {"success": 200},
            "response": {"window": "unlockedUntil"},
        },
        "registry_confirm": {
            "method": "POST",
            "path": "/api/client-registry/confirm",
            "statuses": {
                "success": 200,
                "unknown": 404,
                "locked": 423,
                "conflict": 409,
                "ambiguous": 409,
            },
            "request": {"username": "username"},
            "response": {"username": "username"},
        },
        "registry_deny": {
            "method": "POST",
            "path": "/api/client-registry/deny",
            "statuses": {"success": 200, "unknown": 404},
            "request": {"username": "username"},
            "response": {"username": None},
        },
        "list_users": {
            "method": "GET",
            "path": "/api/listUsers",
            "statuses": {"success": 200},
            "request": {"username": "username[eq]", "page": "pageNumber", "rows": "rowsPerPage"},
            "response": {
                "users": "users",
                "page": "pagination.pageNumber",
                "rows": "pagination.rowsPerPage",
                "pages": "pagination.totalPages",
                "total": "pagination.totalRows",
            },
        },
        "create_user": {
            "method": "POST",
            "path": "/api/users",
            "statuses": {"success": 201, "conflict": 409},
        },
        "get_user": {
            "method": "GET",
            "path": "/api/users/{id}",
            "statuses": {"success": 200, "unknown": 404},
        },
        "change_user": {
            "method": "PUT",
            "path": "/api/users/{id}",
            "statuses": {"success": 200, "unknown": 404},
        },
        "delete_user": {
            "method": "DELETE",
            "path": "/api/users/{id}",
            "statuses": {"success": 204, "unknown": 404},
        },
        "list_roles": {
            "method": "GET",
            "path": "/api/roles",
            "statuses": {"success": 200},
            "request": {"name": "name[eq]"},
            "response": {"roles": "roles"},
            "item": {"id": "id", "name": "name", "permissions": "permissions"},
        },
        "system_info": {
            "method": "GET",
            "path": "/api/system/info",
            "statuses": {"success": 200},
            "response": {"version": "version"},
        },
        "system_health": {
            "method": "GET",
            "path": "/api/system/health",
            "statuses": {"success": 200},
            "response": {"services": "system.status"},
            "item": {"name": "name", "status": "status", "uptime": "uptime"},
            "words": {"running": "running"},
        },
        "system_agents": {
            "method": "GET",
            "path": "/api/system/agents",
            "statuses": {"success": 200},
            "response": {"agents": "agents"},
            "item": {"name": "name", "status": "status", "connected_at": "connectedAt"},
        },
    },
    # how a user looks in every answer and in create and change requests
    "user": {
        "id": "id",
        "username": "username",
        "password": "password",
        "identity_provider": "identityProvider",
        "grant_types": "grantTypes",
        "roles": "roles",
        "permissions": "permissions",
        "created_at": "createdAt",
        "updated_at": "updatedAt",
        "created_by": "createdBy",
    },
    "error": {"code": "code", "message": "message"},
    # how a token comes with a request; without a scheme the header is the bare token
    "auth": {"header": "Authorization", "scheme": "Bearer"},
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return base with changes laid over it, mapping by mapping."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def read_field(document: Any, path: str | None) -> Any:
    """Return what stands at a dotted path, None when it is absent."""
    if path is None:
        return None
    if isinstance(document, dict) and path in document:
        return document[path]
    for key in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def write_field(document: dict[str, Any], path: str | None, value: Any) -> None:
    """Put a value at a dotted path; a path of None drops it."""
    if path is None:
        return
    *parents, last = path.split(".")
    for key in parents:
        document = document.setdefault(key, {})
    document[last] = value


def shaped(fields: dict[str, str | None], values: dict[str, Any]) -> Any:
    """Build the document that carries values under the names of the dialect."""
    document: dict[str, Any] = {}
    for name, path in fields.items():
        if path == "@" and name in values:
            return values[name]
        if name in values:
            write_field(document, path, values[name])
    return document
