# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users: exact names, pages, deletion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware import users
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.users import User, Users
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ContractError, ForbiddenError

LIST = "/api/listUsers"


def user(number: int, name: str | None = None) -> dict[str, Any]:
    return {"id": f"id-{number}", "username": name or f"user-{number}"}


def query(names: list[str], page: int) -> dict[str, list[str]]:
    return {"username[eq]": names, "pageNumber": [str(page)], "rowsPerPage": ["100"]}


def test_users_are_found_by_exact_name(server: Conversation, session: Session) -> None:
    answer = {"users": [user(1, "Press"), user(2, "press"), user(3, "press-2"), user(4, "press ")]}
    server.expect("GET", LIST, query=query(["press", "gone"], 1), answer=answer)
    assert Users(session).find(["press", "gone", "press"]) == {"press": User("id-2", "press")}


def test_nobody_to_look_for_asks_nothing(session: Session) -> None:
    assert Users(session).find([]) == {}


def test_all_that_the_server_tells(server: Conversation, session: Session) -> None:
    writes = {"context": "http", "resource": "/api/#", "operation": "readWrite"}
    permissions = [writes, {**writes, "resource": "/api/x", "operation": "read"}, {**writes, "context": "mqtt"}]
    answer = {**user(1, "press"), "roles": ["r1", {"name": "admin", "id": "9"}, {"id": "r3"}, 4, None],
              "createdAt": 1_700_000_000_000, "createdBy": "client-registry", "permissions": permissions}  # fmt: skip
    server.expect("GET", LIST, answer={"users": [answer]})
    found = Users(session).find_one("press")
    assert found is not None
    assert found.roles == ("r1", "admin", "r3", "4")
    assert found.created_at == "1700000000000"
    assert found.created_by == "client-registry"
    assert found.permissions == ("/api/#",)
    assert found.by_registration is True
    assert found.to_dict()["roles"] == ["r1", "admin", "r3", "4"]


def test_more_than_one_page(server: Conversation, session: Session) -> None:
    everybody = [user(number) for number in range(250)]
    for page in (1, 2, 3):
        server.expect(
            "GET", LIST, query=query(["user-249"], page), answer={"users": everybody[(page - 1) * 100 : page * 100]}
        )
    assert Users(session).find_one("user-249") == User("id-249", "user-249")


def test_who_slips_from_one_page_to_another_is_asked_for_by_name(server: Conversation, session: Session) -> None:
    """One of the first page is deleted when it was read, so that the first of the second page moves to the first."""
    everybody = [user(number) for number in range(150)]
    pages = {"pageNumber": ["1"], "rowsPerPage": ["100"]}
    server.expect("GET", LIST, query=pages, answer={"users": everybody[:100]})
    server.expect("GET", LIST, query={**pages, "pageNumber": ["2"]}, answer={"users": everybody[101:]})
    server.expect("GET", LIST, query=query(["user-100", "gone"], 1), answer={"users": [everybody[100]]})

    found = Users(session).all(["user-7", "user-100", "gone", "user-149"])

    assert sorted(each.username for each in found) == sorted(each["username"] for each in everybody)


def test_on_one_page_nobody_slips(server: Conversation, session: Session) -> None:
    server.expect("GET", LIST, answer={"users": [user(1)]})
    assert len(Users(session).all(["gone"])) == 1


BY_PAGES = {"username[eq]": "{usernames}", "page": "{page}"}  # as many users a page as the server likes


@pytest.fixture
def fixed(params: dict[str, Any]) -> Callable[[dict[str, Any]], Users]:
    """Users of a Connectware whose list takes other parameters."""
    return lambda query: Users(connect({**params, "connectware_contract": {"list_users": {"query": query}}}))


def test_pages_of_a_size_that_the_server_chooses(server: Conversation, fixed: Callable[[Any], Users]) -> None:
    everybody = [user(number) for number in range(50)]
    for page in (1, 2, 3, 4):
        part = everybody[(page - 1) * 20 : page * 20]
        server.expect("GET", LIST, query={"page": [str(page)]}, answer={"users": part})
    assert len(fixed(BY_PAGES).all()) == 50


def test_names_on_later_pages_of_such_a_size(server: Conversation, fixed: Callable[[Any], Users]) -> None:
    names = [f"user-{number}" for number in range(50)]
    for page in (1, 2, 3):
        part = [user(number) for number in range((page - 1) * 20, min(page * 20, 50))]
        server.expect("GET", LIST, query={"username[eq]": names, "page": [str(page)]}, answer={"users": part})
    assert list(fixed(BY_PAGES).find(names)) == names


@pytest.mark.parametrize("count", [3, 120])
def test_a_list_without_pages_is_asked_for_once(
    count: int, server: Conversation, fixed: Callable[[Any], Users]
) -> None:
    server.expect("GET", LIST, query={}, answer={"users": [user(number) for number in range(count)]})
    assert len(fixed({}).all()) == count


def test_everybody_over_all_pages(server: Conversation, session: Session) -> None:
    everybody = [user(number) for number in range(250)]
    for page in (1, 2, 3):
        asked = {"pageNumber": [str(page)], "rowsPerPage": ["100"]}
        server.expect("GET", LIST, query=asked, answer={"users": everybody[(page - 1) * 100 : page * 100]})
    assert [each.username for each in Users(session).all()] == [each["username"] for each in everybody]


def test_pages_without_an_end(server: Conversation, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "MAX_PAGES", 2)
    for page in range(2):
        server.expect("GET", LIST, answer={"users": [user(100 * page + number) for number in range(100)]})
    with pytest.raises(ContractError, match="each of 2 pages"):
        Users(session).all()


def test_a_full_last_page(server: Conversation, session: Session) -> None:
    everybody = [user(number) for number in range(100)]
    server.expect("GET", LIST, answer={"users": everybody}).expect("GET", LIST, answer={"users": []})
    assert Users(session).find_one("nobody") is None


def test_a_server_that_ignores_pages_ends_the_search(server: Conversation, session: Session) -> None:
    everybody = [user(number) for number in range(120)]
    server.expect("GET", LIST, answer={"users": everybody}).expect("GET", LIST, answer={"users": everybody})
    assert Users(session).find_one("nobody") is None


def test_many_names_are_asked_for_in_short_requests(server: Conversation, session: Session) -> None:
    names = [f"user-{number}" for number in range(220)]
    for start in (0, 100, 200):
        part = names[start : start + 100]
        answer = {"users": [user(number) for number in range(start, start + len(part))]}
        server.expect("GET", LIST, query=query(part, 1), answer=answer)
    assert list(Users(session).find(names)) == names


@pytest.mark.parametrize("count", [51, 100])
def test_as_many_names_as_a_page_has_users_are_one_request(count: int, server: Conversation, session: Session) -> None:
    names = [f"user-{number}" for number in range(count)]
    server.expect("GET", LIST, query=query(names, 1), answer={"users": [user(number) for number in range(count)]})
    assert list(Users(session).find(names)) == names


def test_long_names_make_shorter_requests(server: Conversation, session: Session) -> None:
    names = [f"{number:02}" + "x" * 2000 for number in range(5)]
    server.expect("GET", LIST, query=query(names[:2], 1), answer={"users": []})
    server.expect("GET", LIST, query=query(names[2:4], 1), answer={"users": []})
    server.expect("GET", LIST, query=query(names[4:], 1), answer={"users": []})
    assert Users(session).find(names) == {}


@pytest.mark.parametrize("name", ["пресс-линия-северная-{:03}", "プレス機-{:03}", "press {:03}"])
def test_an_address_is_not_longer_than_servers_take(name: str, server: Conversation, session: Session) -> None:
    """A name that is written with percent signs takes up to twelve times the characters that it has."""
    names = [name.format(number) for number in range(100)]
    chunks = list(users._chunks(names))
    for chunk in chunks:
        server.expect("GET", LIST, query=query(chunk, 1), answer={"users": []})
    assert Users(session).find(names) == {}
    lengths = [len(urlencode([("username[eq]", each) for each in chunk])) for chunk in chunks]
    assert max(lengths) < 7000 and (len(chunks) == 1) is not name.startswith("п")


@pytest.mark.parametrize("answer", [None, {}, [7], [{"id": 1}], [{"username": "x"}], [{"id": "", "username": "x"}]])
def test_users_of_another_shape(answer: Any, server: Conversation, session: Session) -> None:
    server.expect("GET", LIST, answer={"users": answer})
    with pytest.raises(ContractError, match=r"list_users.fields"):
        Users(session).find_one("x")


def test_deletion(server: Conversation, session: Session) -> None:
    server.expect("DELETE", "/api/users/id-1", status=204)
    Users(session).delete(User("id-1", "press"))


def test_deletion_of_somebody_who_is_gone(server: Conversation, session: Session) -> None:
    server.expect("DELETE", "/api/users/id-1", status=404).expect("GET", LIST, answer={"users": []})
    Users(session).delete(User("id-1", "press"))


def test_deletion_at_a_wrong_path_is_no_success(server: Conversation, session: Session) -> None:
    server.expect("DELETE", "/api/users/id-1", status=404).expect("GET", LIST, answer={"users": [user(1, "press")]})
    with pytest.raises(ContractError, match="still exists"):
        Users(session).delete(User("id-1", "press"))


def test_deletion_without_permission(server: Conversation, session: Session) -> None:
    server.expect("DELETE", "/api/users/id-1", status=403, answer={"code": "F", "message": "no"})
    with pytest.raises(ForbiddenError, match="/api/users/#"):
        Users(session).delete(User("id-1", "press"))
