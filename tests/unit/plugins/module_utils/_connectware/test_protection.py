# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which users are never deleted as stale ones."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.protection import Protection
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.server import ConnectwareServer
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.users import User, Users
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ProtectedUserError, ServerError

ROLES, USERS = "/api/roles", "/api/listUsers"
LISTED = {"id": "id-1", "username": "press", "createdBy": "client-registry"}
WRITES_ALL = {"context": "http", "resource": "/api/#", "operation": "readWrite"}


def made(**fields: Any) -> User:
    return User(**{"id": "id-1", "username": "press", "by_registration": True, **fields})


def test_a_user_that_a_registration_made_may_go_without_another_request(session: Session) -> None:
    Protection(session).check(made())


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"by_registration": None}, "does not tell"),
        ({"by_registration": False, "created_by": "admin"}, "not made by a registration but by admin"),
        ({"by_registration": False}, "not made by a registration"),
        ({"permissions": ("/api/x", "/api/#")}, "administrator rights (it may write /api/#)"),
        ({"permissions": ("/api/x", "/api/+")}, "administrator rights (it may write /api/+)"),
        ({"permissions": ("/api/users/+",)}, "administrator rights (it may write /api/users/+)"),
        ({"permissions": ("/api/users/+/roles",)}, "administrator rights (it may write /api/users/+/roles)"),
        ({"permissions": ("/+/users",)}, "administrator rights (it may write /+/users)"),
        ({"permissions": ("+/#",)}, "administrator rights (it may write +/#)"),
    ],
)
def test_others_are_kept(session: Session, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ProtectedUserError) as caught:
        Protection(session).check(made(**fields))
    assert says in caught.value.message and "Nothing was deleted" in caught.value.message


@pytest.mark.parametrize("resource", ["/api/users/me", "/data/+", "/api", "/api/roles/+"])
def test_a_permission_that_reaches_no_reserved_resource_keeps_nobody(session: Session, resource: str) -> None:
    Protection(session).check(made(permissions=(resource,)))


@pytest.mark.parametrize("role", ["r-agent", "connectware-agent"])
def test_a_harmless_role(server: Conversation, session: Session, role: str) -> None:
    permissions = [{"context": "mqtt", "resource": "#", "operation": "readWrite"}]
    roles = [{"id": "r-agent", "name": "connectware-agent", "permissions": permissions}]
    server.expect("GET", ROLES, answer={"roles": roles})
    Protection(session).check(made(roles=(role,)))


@pytest.mark.parametrize(
    ("roles", "says"),
    [
        ([{"id": "r-1", "name": "Admin"}], "its role Admin"),
        ([{"id": "r-1", "name": "boss", "permissions": [WRITES_ALL]}], "by its role r-1 it may write /api/#"),
        ([{"id": "r-2", "name": "other"}], "its role r-1 is unknown"),
    ],
)
def test_a_role_with_administrator_rights_or_an_unknown_one(
    server: Conversation, session: Session, roles: list[Any], says: str
) -> None:
    server.expect("GET", ROLES, answer={"roles": roles})
    with pytest.raises(ProtectedUserError, match=says):
        Protection(session).check(made(roles=("r-1",)))


@pytest.mark.parametrize(
    ("fields", "entry"),
    [
        *[({"roles": roles}, "list_users.fields.roles") for roles in (
            [{"roleId": "r1", "title": "admin"}], "admin", {"admin": True}, {}, True,
            ["r1", {"title": "admin"}], [True],
        )],
        *[({"roles": [], "permissions": permissions}, "list_users.fields.permissions") for permissions in (
            [{"resource": "/#", "operation": "write"}], [{**WRITES_ALL, "resource": ["/#"]}], ["/api/#"], "all", True,
            [{"context": "http", "operation": "write", "path": "/#"}], {"http": ["/#"]}, [["/#"]],
        )],
    ],
)  # fmt: skip
def test_rights_that_cannot_be_read(server: Conversation, session: Session, fields: Any, entry: str) -> None:
    """No more is asked, and nothing that is told in another way than assumed counts as no rights."""
    server.expect("GET", USERS, answer={"users": [{**LISTED, **fields}]})
    user = Users(session).find_one("press")
    assert user is not None
    with pytest.raises(ProtectedUserError, match="cannot be read") as caught:
        Protection(session).check(user)
    assert entry in caught.value.message and "connectware_contract" in caught.value.message


@pytest.mark.parametrize(
    "fields", [{}, {"roles": None, "permissions": None}, {"roles": []}, {"roles": [], "permissions": []},
               {"permissions": [{**WRITES_ALL, "operation": "read"}, {**WRITES_ALL, "context": "mqtt"}]}],
)  # fmt: skip
def test_a_user_without_any_rights_may_go(server: Conversation, session: Session, fields: Any) -> None:
    server.expect("GET", USERS, answer={"users": [{**LISTED, **fields}]})
    user = Users(session).find_one("press")
    assert user is not None
    Protection(session).check(user)


@pytest.mark.parametrize(
    ("role", "entry"),
    [
        ({"id": "r-1", "title": "admin"}, "list_roles.fields.name"),
        ({"id": "r-1", "name": "boss", "permissions": {"http": ["/#"]}}, "list_roles.fields.permissions"),
        ({"id": "r-1", "name": "boss", "permissions": [{"resource": "/#"}]}, "list_roles.fields.permissions"),
    ],
)
def test_a_role_that_cannot_be_read(server: Conversation, session: Session, role: Any, entry: str) -> None:
    server.expect("GET", ROLES, answer={"roles": [role]})
    with pytest.raises(ProtectedUserError, match=entry) as caught:
        Protection(session).check(made(roles=("r-1",)))
    assert "connectware_contract" in caught.value.message


def test_which_of_several_would_not_be_deleted_is_told_with_few_reading_requests(
    server: Conversation, session: Session
) -> None:
    users = [{**LISTED, "id": name, "username": name, "roles": ["r-1"]} for name in ("press", "mill")]
    users += [{"id": "b", "username": "boss", "createdBy": "admin"}]
    server.expect("GET", USERS, answer={"users": users})
    server.expect("GET", ROLES, answer={"roles": [{"id": "r-1", "name": "agents"}]})
    refused = ConnectwareServer(session).undeletable(["press", "mill", "boss", "nobody"])
    assert list(refused) == ["boss"] and "not made by a registration" in refused["boss"]


def test_roles_that_may_not_be_seen(server: Conversation, session: Session) -> None:
    server.expect("GET", ROLES, status=403, answer={"code": "FORBIDDEN", "message": "no"})
    with pytest.raises(ProtectedUserError, match="/api/roles") as caught:
        Protection(session).check(made(roles=("r-1",)))
    assert "403" in caught.value.message


def test_a_server_that_fails_is_no_reason_to_keep_or_to_delete(server: Conversation, session: Session) -> None:
    server.expect("GET", ROLES, status=500, answer={"code": "X", "message": "broken"})
    with pytest.raises(ServerError):
        Protection(session).check(made(roles=("r-1",)))
