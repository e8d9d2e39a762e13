# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""ghosts_retired: the exact conversation, who goes, who stays, and what is refused before anything is deleted."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation, no_secret
from unit.plugins.modules.running import Run

REGISTRY, USERS, AGENTS, ROLES = "/api/client-registry", "/api/listUsers", "/api/system/agents", "/api/roles"
INVENTORY = {"hamburg": [{"name": "hh-1"}, {"name": "hh-2", "username": "hh-2-user"}]}


def made(name: str, **more: Any) -> dict[str, Any]:
    return {"id": f"id-{name}", "username": name, "createdBy": "client-registry", **more}


ADMIN = {"id": "0", "username": "admin", "createdBy": "seed"}
OLD, OLDER, FOREIGN = made("hh-8"), made("hh-9"), made("mu-1")
EVERYBODY = (ADMIN, made("hh-1"), made("hh-2-user"), OLD, OLDER, FOREIGN)


def looked(
    server: Conversation, users: Any = EVERYBODY, pending: Any = (), connected: Any = (), agents_status: int = 200
) -> Conversation:
    """What each run asks first."""
    server.expect("GET", REGISTRY, answer={"pendingRequests": list(pending)})
    server.expect("GET", USERS, answer={"users": list(users)}, query={"pageNumber": ["1"], "rowsPerPage": ["100"]})
    answer = {"agents": [{"name": name, "status": "connected"} for name in connected]}
    return server.expect("GET", AGENTS, status=agents_status, answer=answer)


def found(server: Conversation, *users: dict[str, Any], names: list[str] | None = None) -> Conversation:
    """A question for single users."""
    asked = names or [user["username"] for user in users]
    query = {"username[eq]": asked, "pageNumber": ["1"], "rowsPerPage": ["100"]}
    return server.expect("GET", USERS, answer={"users": list(users)}, query=query)


def kept(result: dict[str, Any]) -> dict[str, str | None]:
    return {each["username"]: each["kept"] for each in result["ghosts"]}


def retired(result: dict[str, Any]) -> list[str]:
    return [each["username"] for each in result["ghosts"] if each["retired"]]


@pytest.mark.parametrize("check", [False, True])
def test_by_default_they_are_only_shown(check: bool, server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), OLD, OLDER, FOREIGN)
    result = run("ghosts_retired", **params, expected=INVENTORY, check=check)
    assert not result["changed"] and retired(result) == []
    assert kept(result) == {"hh-8": None, "hh-9": None, "mu-1": None}
    assert "Could be retired: hh-8, hh-9, mu-1. Nothing was deleted" in result["message"]


def test_at_most_so_many_of_those_that_fit(server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), OLD, OLDER)
    server.expect("DELETE", "/api/users/id-hh-8", status=204).expect("DELETE", "/api/users/id-hh-9", status=204)
    found(server, names=["hh-8", "hh-9"])
    result = run("ghosts_retired", **params, expected=INVENTORY, max=2, name_pattern="hh-.*", diff=True)
    assert result["changed"] and retired(result) == ["hh-8", "hh-9"]
    assert result["message"] == "Retired: hh-8, hh-9."
    assert result["diff"]["after"] == {"hh-8": "not registered", "hh-9": "not registered"}


def test_check_mode_deletes_none(server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), OLD, OLDER)
    result = run("ghosts_retired", **params, expected=INVENTORY, max=2, name_pattern="hh-.*", check=True)
    assert result["changed"] and retired(result) == ["hh-8", "hh-9"]
    assert result["message"] == "Would be retired: hh-8, hh-9."


@pytest.mark.parametrize("check", [False, True])
def test_more_than_that_are_a_reason_to_stop(
    check: bool, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    found(looked(server), OLD, OLDER, FOREIGN)
    result = run("ghosts_retired", **params, expected=INVENTORY, max=2, name_pattern=".*", check=check)
    assert result["failed"] and "there are 3, at most 2 may go: hh-8, hh-9, mu-1" in result["msg"]


def test_a_name_that_no_url_can_have_keeps_that_ghost_and_no_other(
    server: Conversation, params: dict[str, Any], run: Run
) -> None:
    """JSON can have half of a character, and anybody can ask to be registered under it."""
    half = {**made("hh-\ud800"), "id": "id-half"}
    found(looked(server, (*EVERYBODY, half)), OLD, OLDER)
    server.expect("DELETE", "/api/users/id-hh-8", status=204).expect("DELETE", "/api/users/id-hh-9", status=204)
    found(server, names=["hh-8", "hh-9"])
    result = run("ghosts_retired", **params, expected=INVENTORY, max=2, name_pattern="hh-.*")
    assert retired(result) == ["hh-8", "hh-9"]
    assert "no text that can be sent" in str(kept(result)["hh-?"])


@pytest.mark.parametrize("check", [False, True])
def test_those_that_were_named(check: bool, server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), OLDER)
    found(server, names=["gone"])
    if not check:
        server.expect("DELETE", "/api/users/id-hh-9", status=204)
        found(server, names=["hh-9"])
    result = run("ghosts_retired", **params, expected=INVENTORY, usernames=["gone", "hh-9", "gone"], check=check)
    assert result["changed"] and retired(result) == ["hh-9"]
    done = "Would be retired" if check else "Retired"
    assert result["message"] == f"{done}: hh-9. No ghosts, or none any more: gone."


def test_a_second_run_changes_nothing(server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server, [ADMIN, made("hh-1")]), names=["hh-9"])
    result = run("ghosts_retired", **params, expected=INVENTORY, usernames=["hh-9"])
    assert not result["changed"] and result["message"] == "There are no ghosts."


def test_a_name_that_is_no_ghosts_is_said_where_there_are_others(
    server: Conversation, params: dict[str, Any], run: Run
) -> None:
    """As one that is misspelled."""
    found(looked(server), names=["hh-99"])
    result = run("ghosts_retired", **params, expected=INVENTORY, usernames=["hh-99"])
    assert not result["changed"] and result["message"] == "None of these is a ghost, or none any more: hh-99."


@pytest.mark.parametrize(
    ("empty", "says"),
    [
        ({"usernames": [""]}, "ghosts_usernames has an empty name"),
        ({"usernames": "hh-8, "}, "ghosts_usernames has an empty name"),
        ({"name_pattern": "", "max": 10}, "it is not said which names this inventory is responsible for"),
    ],
)
def test_empty_texts_name_nobody(
    empty: dict[str, Any], says: str, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    """As of an answer that was left empty."""
    result = run("ghosts_retired", **params, expected=INVENTORY, **empty)
    assert result["failed"] and says in result["msg"] and server.seen == []


def test_an_empty_pattern_is_none(server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), OLD, OLDER, FOREIGN)
    result = run("ghosts_retired", **params, expected=INVENTORY, name_pattern="")
    assert "Could be retired: hh-8, hh-9, mu-1." in result["message"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("hh-1", "the inventory's host hamburg has it"),
        ("hh-2", "the inventory's host hamburg has it"),
        ("HH-2-USER", "the inventory's host hamburg has it"),
        ("admin", "there is no evidence that it is an agent"),
    ],
)
def test_a_name_that_must_not_go(name: str, why: str, server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), OLDER)
    found(server, *[user for user in EVERYBODY if user["username"] == name], names=[name])
    result = run("ghosts_retired", **params, expected=INVENTORY, usernames=["hh-9", name])
    assert result["failed"] and f"{name}: {why}" in result["msg"] and "Nothing was deleted" in result["msg"]


def test_a_named_ghost_that_does_not_fit_the_pattern(server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), FOREIGN)
    result = run("ghosts_retired", **params, expected=INVENTORY, usernames=["mu-1"], name_pattern="hh-.*")
    assert result["failed"] and "mu-1: there is no evidence" in result["msg"]


WRITES = {"context": "http", "resource": "/api/#", "operation": "readWrite"}
ROLE_LIST = {"roles": [{"id": "r1", "name": "agents"}, {"id": "r2", "name": "Admin"}]}


@pytest.mark.parametrize(
    ("ghost", "more", "why"),
    [
        (OLDER, {"connected": ["hh-9"]}, "it is connected now"),
        (OLDER, {"connected": ["HH-9"]}, "it is connected now"),
        (OLDER, {"pending": [{"username": "HH-9", "pairingId": "a82123"}]}, "a request is pending under its name"),
        (OLDER, {"pending": [{"username": "hh-9", "pairingId": "a82123"}]}, "a request is pending under its name"),
        (made("hh-9", permissions=[WRITES]), {}, "administrator rights (it may write /api/#)"),
        (made("hh-9", roles=["r2"]), {}, "administrator rights (its role Admin)"),
        (made("hh-9", roles=["r3"]), {}, "its role r3 is unknown"),
        (made("hh-9", roles={"r2": True}), {}, "its roles cannot be read by list_users.fields.roles"),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_who_is_kept(
    ghost: dict[str, Any], more: dict[str, Any], why: str, named: bool, server: Conversation, params: dict[str, Any],
    run: Run,
) -> None:  # fmt: skip
    found(looked(server, [ADMIN, made("hh-1"), ghost], **more), ghost)
    if isinstance(ghost.get("roles"), list):
        server.expect("GET", ROLES, answer=ROLE_LIST)
    if named:
        result = run("ghosts_retired", **params, expected=INVENTORY, usernames=["hh-9"])
        assert result["failed"] and why in result["msg"] and "Nothing was deleted" in result["msg"]
    else:
        result = run("ghosts_retired", **params, expected=INVENTORY, max=5, name_pattern=".*")
        assert not result["changed"] and why in kept(result)["hh-9"]
        assert result["message"].startswith("Kept: hh-9 (") and why in result["message"]


def test_a_role_alone_is_not_enough_to_be_deleted(server: Conversation, params: dict[str, Any], run: Run) -> None:
    by_hand = {"id": "7", "username": "by-hand", "createdBy": "admin", "roles": ["r1"]}
    found(looked(server, [ADMIN, by_hand]), by_hand)
    result = run(
        "ghosts_retired", **params, expected=INVENTORY, max=5, name_pattern=".*",
        connectware_contract={"settings": {"agent_roles": ["r1"]}},
    )  # fmt: skip
    assert kept(result) == {"by-hand": "it was not made by a registration but by admin"}


def test_the_roles_are_asked_for_once(server: Conversation, params: dict[str, Any], run: Run) -> None:
    ghosts = [made(f"hh-{number}", roles=["r1"]) for number in range(3, 9)]
    found(looked(server, ghosts), *ghosts).expect("GET", ROLES, answer=ROLE_LIST)
    result = run("ghosts_retired", **params, expected=INVENTORY, max=9, name_pattern=".*", check=True)
    assert len(retired(result)) == 6


@pytest.mark.parametrize("name", ["rollout", "Rollout"])
def test_the_own_account(name: str, server: Conversation, login_params: dict[str, Any], run: Run) -> None:
    server.expect_login()
    own = made(name)
    found(looked(server, [own]), own)
    result = run("ghosts_retired", **login_params, expected=INVENTORY, max=5, name_pattern=".*")
    assert not result["changed"] and "logs in with" in kept(result)[name]


def test_a_connectware_that_does_not_tell_who_is_connected(
    server: Conversation, params: dict[str, Any], run: Run
) -> None:
    found(looked(server, [OLDER], agents_status=404), OLDER)
    result = run("ghosts_retired", **params, expected=INVENTORY)
    assert kept(result) == {"hh-9": None} and result["ghosts"][0]["connected"] is None
    assert "does not tell which agents are connected" in str(result["warnings"])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"expected": {}}, "names no agent at all"),
        ({"expected": {"hamburg": []}, "usernames": ["hh-9"]}, "names no agent at all"),
        ({"expected": INVENTORY, "max": 1}, "Set agents_name_pattern"),
        ({"expected": INVENTORY, "max": -1}, "from 0 on"),
        ({"expected": {"hamburg": ["hh-1"]}}, "entry 1 has no name"),
        ({"expected": INVENTORY, "name_pattern": "*"}, "no regular expression"),
    ],
)
def test_what_is_refused_asks_nothing(
    options: dict[str, Any], text: str, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    result = run("ghosts_retired", **params, **options)
    assert result["failed"] and text in result["msg"] and "Nothing was asked" in result["msg"]
    assert server.seen == []


def test_a_failure_in_the_middle_names_who_is_gone(server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), OLD, OLDER)
    server.expect("DELETE", "/api/users/id-hh-8", status=204)
    server.expect("DELETE", "/api/users/id-hh-9", status=403, answer={"code": "F", "message": "no"})
    result = run("ghosts_retired", **params, expected=INVENTORY, max=2, name_pattern="hh-.*")
    assert result["failed"] and "retire the ghost hh-9" in result["msg"]
    assert "Retired before: hh-8" in result["msg"] and "/api/users/#" in result["msg"]
    assert no_secret(result["_printed"])


def test_one_that_is_there_again(server: Conversation, params: dict[str, Any], run: Run) -> None:
    found(looked(server), OLDER).expect("DELETE", "/api/users/id-hh-9", status=204)
    found(server, OLDER)
    result = run("ghosts_retired", **params, expected=INVENTORY, usernames=["hh-9"])
    assert result["failed"] and "users of these names exist" in result["msg"]
