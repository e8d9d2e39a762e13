# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""fleet_info: the agents of the server and of the inventory."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation, no_secret
from unit.plugins.modules.running import Run

REGISTRY = "/api/client-registry"
USERS = "/api/listUsers"
AGENTS = "/api/system/agents"
MADE = {"createdBy": "client-registry"}
PEOPLE = (
    {"id": "1", "username": "admin", "createdBy": "seed"},
    {"id": "2", "username": "press-1", **MADE, "createdAt": "2026-03-01T08:00:00Z", "roles": ["r1"]},
    {"id": "3", "username": "old-1", **MADE},
    {"id": "4", "username": "welder-user", "createdBy": "admin"},
    {"id": "5", "username": "somebody"},
)
INVENTORY = {
    "hamburg": [{"name": "press-1", "image": "x"}, {"name": "press-2"}, {"name": "press-3"}],
    "munich": [{"name": "welder", "username": "welder-user"}],
    "empty": None,
}
PENDING = (
    {"username": "press-2", "pairingId": "a82123"},
    {"username": "\x1b[31mevil", "pairingId": "b00000"},
    {"username": "\x1b[31mevil"},
)


def answers(server: Conversation, users: Any = PEOPLE, pending: Any = PENDING) -> Conversation:
    server.expect("GET", REGISTRY, answer={"pendingRequests": list(pending)})
    return server.expect("GET", USERS, answer={"users": list(users)})


def states(result: dict[str, Any]) -> dict[str, tuple[str, bool, str]]:
    return {each["username"]: (each["state"], each["ghost"], each["evidence"]) for each in result["agents"]}


@pytest.mark.parametrize("check", [False, True])
def test_the_fleet(check: bool, server: Conversation, params: dict[str, Any], run: Run) -> None:
    answers(server)
    result = run("fleet_info", **params, expected=INVENTORY, check=check)
    assert not result["changed"]
    assert states(result) == {
        "old-1": ("registered", True, "registration"),
        "press-1": ("registered", False, "registration"),
        "press-2": ("pending", False, "inventory"),
        "press-3": ("missing", False, "inventory"),
        "welder-user": ("registered", False, "inventory"),
    }
    assert result["ghosts"] == ["old-1"]
    assert result["missing"] == ["press-3"]
    assert result["strangers"] == [{"username": "?[31mevil", "pairing_ids": ["b00000", None]}]
    assert result["agents"][1] == {
        "username": "press-1", "name": "press-1", "host": "hamburg", "state": "registered", "ghost": False,
        "evidence": "registration", "pairing_ids": [], "roles": ["r1"], "created_at": "2026-03-01T08:00:00Z",
        "connected": None,
    }  # fmt: skip
    assert result["agents"][4]["name"] == "welder"
    assert result["undecided"] == 1
    assert "warnings" not in result


def test_without_an_inventory_nobody_is_a_ghost(server: Conversation, params: dict[str, Any], run: Run) -> None:
    answers(server)
    result = run("fleet_info", **params)
    assert states(result) == {
        "old-1": ("registered", False, "registration"),
        "press-1": ("registered", False, "registration"),
    }
    assert result["ghosts"] == result["missing"] == []
    assert [stranger["username"] for stranger in result["strangers"]] == ["?[31mevil", "press-2"]


def test_a_part_of_the_fleet(server: Conversation, params: dict[str, Any], run: Run) -> None:
    answers(server)
    result = run("fleet_info", **params, expected=INVENTORY, name_pattern="(press|welder)-.*")
    assert result["ghosts"] == []
    assert states(result)["old-1"] == ("registered", False, "registration")


def test_a_role_is_evidence_where_the_user_says_so(server: Conversation, params: dict[str, Any], run: Run) -> None:
    answers(server, [{"id": "7", "username": "by-hand", "createdBy": "admin", "roles": ["agents"]}], [])
    contract = {"settings": {"agent_roles": ["agents"]}}
    result = run("fleet_info", **params, expected=INVENTORY, connectware_contract=contract)
    assert states(result)["by-hand"] == ("registered", True, "role")


def test_a_server_that_tells_nothing_of_its_users(server: Conversation, params: dict[str, Any], run: Run) -> None:
    answers(server, [{"id": "7", "username": "press-1"}, {"id": "8", "username": "old-1"}], [])
    result = run("fleet_info", **params, expected=INVENTORY)
    assert result["ghosts"] == [] and result["undecided"] == 2
    assert "list_users.fields.by_registration" in str(result["warnings"])


def test_who_is_connected(server: Conversation, params: dict[str, Any], run: Run) -> None:
    answers(server)
    there = [{"name": "press-1", "status": "connected"}, {"name": "old-1", "status": "Offline"}]
    server.expect("GET", AGENTS, answer={"agents": there})
    result = run("fleet_info", **params, connected=True)
    assert [(each["username"], each["connected"]) for each in result["agents"]] == [("old-1", False), ("press-1", True)]


def test_an_agent_is_connected_under_its_name_or_its_username(
    server: Conversation, params: dict[str, Any], run: Run
) -> None:
    for name in ("welder", "welder-user"):
        answers(server).expect("GET", AGENTS, answer={"agents": [{"name": name}]})
        result = run("fleet_info", **params, expected=INVENTORY, connected=True)
        assert [each["username"] for each in result["agents"] if each["connected"]] == ["welder-user"]


@pytest.mark.parametrize(
    ("status", "answer", "told", "warned"),
    [
        (200, {"version": "1.8.0"}, "1.8.0", False),
        (403, {"code": "F", "message": "no"}, None, False),
        (404, {"code": "F", "message": "no"}, None, False),
        (200, {"release": "1.8.0"}, None, True),
    ],
)
def test_the_version(
    status: int,
    answer: dict[str, str],
    told: str | None,
    warned: bool,
    server: Conversation,
    params: dict[str, Any],
    run: Run,
) -> None:
    answers(server).expect("GET", "/api/system/info", status=status, answer=answer)
    result = run("fleet_info", **params, version=True)
    assert result["version"] == told and result["agents"]
    assert ("system_info.fields.version" in str(result.get("warnings"))) is warned


def test_the_version_is_asked_for_only_where_it_is_wanted(
    server: Conversation, params: dict[str, Any], run: Run
) -> None:
    answers(server)
    assert run("fleet_info", **params)["version"] is None


@pytest.mark.parametrize("status", [403, 404])
def test_a_connectware_that_does_not_tell_who_is_connected(
    status: int, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    answers(server).expect("GET", AGENTS, status=status, answer={"code": "X", "message": "no"})
    result = run("fleet_info", **params, connected=True)
    assert [each["connected"] for each in result["agents"]] == [None, None]


def test_connected_agents_of_another_shape(server: Conversation, params: dict[str, Any], run: Run) -> None:
    answers(server).expect("GET", AGENTS, answer={"agents": [{"title": "press-1"}]})
    result = run("fleet_info", **params, connected=True)
    assert "system_agents.fields.name" in str(result["warnings"])
    assert result["agents"] and {agent["connected"] for agent in result["agents"]} == {None}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"expected": {"hamburg": [{"nme": "press-1"}]}}, "host hamburg: entry 1 has no name"),
        ({"expected": {"hamburg": "press-1"}}, "host hamburg: it is no list"),
        ({"name_pattern": "("}, "no regular expression"),
    ],
)
def test_what_cannot_be_read_asks_nothing(
    options: dict[str, Any], text: str, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    result = run("fleet_info", **params, **options)
    assert result["failed"] and text in result["msg"]
    assert server.seen == []


def test_an_account_that_may_not_list_users(server: Conversation, params: dict[str, Any], run: Run) -> None:
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, status=403, answer={"code": "F", "message": "no"})
    result = run("fleet_info", **params)
    assert result["failed"] and "/api/listUsers (http, read)" in result["msg"]
    assert no_secret(result["_printed"])
