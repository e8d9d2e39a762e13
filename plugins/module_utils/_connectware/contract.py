# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""THE table: every path, method, field name and status code of Connectware's API, each with where it comes from.

Nothing else in the collection knows one of them. A user with another Connectware corrects entries in
`connectware_contract`, without a patch; see corrections.py for what is allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .operation import REPEAT_NEVER, REPEAT_UNSENT, Entry, Operation, Place, assumed, documented, observed

_REGISTRY_PERMISSION = "/api/client-registry and /api/client-registry/+ (http, readWrite)"
_USERS_PERMISSION = "/api/users/# (http, readWrite)"
# What is no list of permissions, or a permission of another shape, comes back as it is: then it is no text.
WRITABLE = "not_null({0}[?context!='mqtt' && operation!='read'].[context && resource || [@]][], {0})"
_WRITABLE = WRITABLE.replace("{0}", "permissions")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "login",
        "log in",
        method=documented("POST"),
        path=documented("/api/login"),
        body={
            "username": documented("{username}"),
            "password": documented("{password}"),
            "expireTimeInHours": documented("{hours}"),
            "label": documented("{label}"),
        },
        statuses={"done": assumed([200, 201])},
        fields={"token": observed("token"), "expires_at": observed("expiresAt")},
        placeholders=frozenset({"username", "password", "hours", "label"}),
        needed=(frozenset({"username"}), frozenset({"password"})),
        permission="to log in",
        with_token=False,
    ),
    Operation(
        "list_registry",
        "list the pending requests of the Client Registry",
        method=documented("GET"),
        path=observed("/api/client-registry"),
        statuses={"done": assumed([200])},
        fields={
            "pending": documented("pendingRequests"),
            "username": assumed("username"),
            "pairing_id": assumed("pairingId || pairingID || pairing_id"),
            "unlocked_until": assumed("unlockedUntil || openUntil || unlockUntil || expiresAt"),
            "locked": assumed("locked"),
        },
        permission=_REGISTRY_PERMISSION,
    ),
    Operation(
        "unlock",
        "open the registration window",
        method=assumed("POST"),
        path=assumed("/api/client-registry/unlock"),
        body={"duration": assumed("{milliseconds}")},
        statuses={"done": assumed([200, 201, 202, 204])},
        fields={"unlocked_until": assumed("unlockedUntil || openUntil || unlockUntil || expiresAt")},
        may_be_silent=True,
        placeholders=frozenset({"milliseconds", "seconds"}),
        needed=(frozenset({"milliseconds", "seconds"}),),
        permission=_REGISTRY_PERMISSION,
    ),
    Operation(
        "lock",
        "close the registration window",
        method=assumed("POST"),
        path=assumed("/api/client-registry/lock"),
        statuses={"done": assumed([200, 201, 202, 204])},
        permission=_REGISTRY_PERMISSION,
    ),
    Operation(
        "confirm",
        "authorize a pending request",
        method=assumed("POST"),
        path=documented("/api/client-registry/confirm"),
        body={"username": assumed("{username}")},
        statuses={"done": assumed([200, 201, 202, 204])},
        placeholders=frozenset({"username", "pairing_id"}),
        needed=(frozenset({"username"}),),
        # The request is keyed by the username: what waits under it may be another one by the time of a repetition.
        repeat=REPEAT_NEVER,
        permission=_REGISTRY_PERMISSION,
    ),
    Operation(
        "deny",
        "deny the pending requests of a username",
        method=assumed("POST"),
        path=assumed("/api/client-registry/deny"),
        body={"username": assumed("{username}")},
        # That there is such an operation at all is an assumption: a path that does not exist means that it cannot be.
        statuses={"done": assumed([200, 201, 202, 204]), "absent": assumed([404, 405])},
        placeholders=frozenset({"username"}),
        needed=(frozenset({"username"}),),
        repeat=REPEAT_NEVER,
        permission=_REGISTRY_PERMISSION,
    ),
    Operation(
        "list_users",
        "list users",
        method=documented("GET"),
        path=documented("/api/listUsers"),
        query={
            "username[eq]": documented("{usernames}"),
            "pageNumber": documented("{page}"),
            "rowsPerPage": documented("{rows}"),
        },
        statuses={"done": assumed([200])},
        fields={
            "users": documented("users"),
            "id": assumed("id"),
            "username": assumed("username"),
            # As with WRITABLE: whoever has to know a user's rights must see that they cannot be read.
            "roles": assumed("not_null(roles[].[name || id || @][], roles)"),
            # The resources of the API that it may write.
            "permissions": assumed(_WRITABLE),
            "created_by": assumed("createdBy"),
            "created_at": assumed("createdAt || created || creationDate"),
            # true or false; null where the answer does not tell: then the user is not deleted as a stale one.
            "by_registration": assumed("createdBy && createdBy == 'client-registry'"),
        },
        placeholders=frozenset({"usernames", "page", "rows"}),
        permission="/api/listUsers (http, read)",
    ),
    Operation(
        "get_user",
        "look at a user",
        method=assumed("GET"),
        path=documented("/api/users/{id}"),
        statuses={"done": assumed([200]), "absent": assumed([404])},
        placeholders=frozenset({"id"}),
        needed=(frozenset({"id"}),),
        permission=_USERS_PERMISSION,
    ),
    Operation(
        "delete_user",
        "delete a user",
        method=assumed("DELETE"),
        path=documented("/api/users/{id}"),
        statuses={"done": assumed([200, 202, 204]), "absent": assumed([404])},
        placeholders=frozenset({"id", "username"}),
        needed=(frozenset({"id", "username"}),),
        permission=_USERS_PERMISSION,
    ),
    Operation(
        "create_user",
        "create a user",
        method=documented("POST"),
        path=documented("/api/users"),
        body={
            "username": documented("{username}"),
            "password": documented("{password}"),
            "identityProvider": documented("{identity_provider}"),
            "grantTypes": documented([{"method": "{grant_type}", "isRequired": False}]),
            "roles": documented("{roles}"),
        },
        statuses={"done": documented([201])},
        fields={"id": assumed("id")},
        placeholders=frozenset({"username", "password", "identity_provider", "grant_type", "roles"}),
        needed=(frozenset({"username"}), frozenset({"password"})),
        repeat=REPEAT_UNSENT,
        permission="/api/users (http, readWrite)",
    ),
    Operation(
        "list_roles",
        "list roles",
        method=observed("GET"),
        path=observed("/api/roles"),
        query={"name[eq]": observed("{names}")},
        statuses={"done": assumed([200])},
        fields={
            "roles": assumed("roles"),
            "id": assumed("id"),
            "name": assumed("name"),
            "permissions": assumed(_WRITABLE),
        },
        placeholders=frozenset({"names"}),
        permission="/api/roles (http, read)",
    ),
    Operation(
        "system_info",
        "ask for the version",
        method=documented("GET"),
        path=documented("/api/system/info"),
        statuses={"done": assumed([200])},
        fields={"version": documented("version")},
        permission="/api/system/info (http, read)",
    ),
    Operation(
        "system_health",
        "ask for the health",
        method=documented("GET"),
        path=documented("/api/system/health"),
        statuses={"done": assumed([200])},
        fields={
            "services": documented("system.status"),
            "name": documented("name"),
            "status": documented("status"),
            "uptime": documented("uptime"),
        },
        permission="/api/system/health (http, read)",
    ),
    Operation(
        "system_agents",
        "list the connected agents",
        method=assumed("GET"),
        path=observed("/api/system/agents"),
        statuses={"done": assumed([200])},
        fields={
            "agents": assumed("not_null(agents, @)"),
            "name": assumed("name || agentName"),
            "status": assumed("status"),
        },
        permission="/api/system/agents (http, read)",
    ),
)

SETTINGS: dict[str, Entry] = {
    "auth_header": observed("Authorization"),
    "auth_value": observed("Bearer {token}"),
    "first_page": documented(1),
    "rows_per_page": documented(100),
    "login_hours": assumed(1),
    "healthy": assumed(["running", "healthy", "up", "ok", "started"]),
    "administrator_roles": assumed(["admin", "administrator", "connectware-admin"]),
    "administrator_resources": assumed(["#", "/#", "/api/#", "/api/users/#", "/api/users"]),
    # Whether pending requests outlive the closing of the window, and can be authorized then, see ClosingFirst. Null
    # lets each run find out.
    "confirms_while_locked": assumed(None),
    # Names or IDs, as list_users shows them, of roles that agents have and nobody else; nothing public names one.
    "agent_roles": assumed([]),
    # What an agent in system_agents says of itself while it does not work; with any other word it counts as connected.
    "disconnected": assumed(["disconnected", "offline", "unavailable", "stopped", "exited", "lost"]),
}
"""What belongs to no operation alone."""

ERROR_STATUSES: dict[str, Entry] = {
    "authentication": assumed([401]),
    "forbidden": assumed([403]),
    "not_found": assumed([404]),
    "conflict": documented([409]),
    "locked": documented([423]),
    "rate_limited": assumed([429]),
    "unavailable": assumed([502, 503, 504]),
}
ERROR_FIELDS: dict[str, Entry] = {"code": documented("code"), "message": documented("message")}


@dataclass(frozen=True)
class Contract:
    """The table, with the user's corrections if there are any."""

    operations: Mapping[str, Operation]
    settings: Mapping[str, Entry]
    error_statuses: Mapping[str, Entry]
    error_fields: Mapping[str, Entry]

    def operation(self, name: str) -> Operation:
        """One operation by its key."""
        return self.operations[name]

    def setting(self, name: str) -> Any:
        """The value of one setting."""
        return self.settings[name].value

    def error_kind(self, status: int) -> str | None:
        """What an error status means; None where the contract does not say."""
        for kind, codes in self.error_statuses.items():
            if status in codes.value:
                return kind
        return None

    def entries(self) -> Iterator[tuple[Place, Entry]]:
        """Every correctable entry and its place."""
        for operation in self.operations.values():
            yield from operation.entries()
        for above, section in (
            (("settings",), self.settings),
            (("errors", "statuses"), self.error_statuses),
            (("errors", "fields"), self.error_fields),
        ):
            for key, entry in section.items():
                yield (*above, key), entry


DEFAULT_CONTRACT = Contract(
    operations={operation.name: operation for operation in OPERATIONS},
    settings=SETTINGS,
    error_statuses=ERROR_STATUSES,
    error_fields=ERROR_FIELDS,
)
