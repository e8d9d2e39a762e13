# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users of Connectware: all of them, or by their exact names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from .._agents.text import NAME, printable
from .._errors import ContractError
from .answer import Answer
from .operation import fits_url
from .session import Session

MAX_NAMES = 100  # names in one request: as many users as a page has at most
MAX_LENGTH = 6000  # characters of an address that names take, so that it fits into every server: many allow 8,000
KEY_LENGTH = len("username%5Beq%5D=&")  # of each
MAX_PAGES = 1000


@dataclass(frozen=True)
class User:
    """A user; what the server does not tell is empty.

    Attributes:
        roles: names or IDs, as the server lists them.
        created_at: as the server writes it.
        created_by: who made it, where the server tells.
        by_registration: whether a registration made it; None where the server does not tell.
        unreadable: which of `roles` and `permissions` tell something that cannot be read.
        permissions: the resources of the API that it may write by permissions of its own, without those of its roles.
    """

    id: str
    username: str
    roles: tuple[str, ...] = ()
    created_at: str | None = None
    created_by: str | None = None
    permissions: tuple[str, ...] = ()
    by_registration: bool | None = None
    unreadable: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For a result: bounded and without control characters."""
        return {
            "id": printable(self.id, NAME),
            "username": printable(self.username, NAME),
            "roles": [printable(role, NAME) for role in self.roles],
            "created_at": None if self.created_at is None else printable(self.created_at),
        }


class Users:
    """The verbs of user management."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, usernames: Iterable[str]) -> dict[str, User]:
        """The users of exactly these names, by name; one without a user, or that no URL can have, is not there."""
        wanted = [name for name in dict.fromkeys(usernames) if fits_url(name)]
        found: dict[str, User] = {}
        for chunk in _chunks(wanted):
            missing = set(chunk)
            for user in self._pages(chunk):
                if user.username in missing:
                    found[user.username] = user
                    missing.remove(user.username)
                if not missing:  # a page that is full is then the last, too
                    break
        return found

    def all(self, needed: Iterable[str] = ()) -> tuple[User, ...]:
        """Every user, in the order of the server; costs one request for each page.

        A user slips from a page to the one before when another is deleted, and is on neither if that was in between. So
        those that must not be missed are asked for by name, where there are several pages.

        Args:
            needed: names of those that must not be missed.

        Raises:
            ContractError: there is no end to the pages.
        """
        found = tuple(self._pages(None))
        if not self._may_have_slipped(len(found)):
            return found
        seen = {user.username for user in found}
        return (*found, *self.find(name for name in needed if name not in seen).values())

    def _may_have_slipped(self, users: int) -> bool:
        contract = self._session.contract
        used = contract.operation("list_users").used_placeholders()
        return "page" in used and not ("rows" in used and users < contract.setting("rows_per_page"))

    def find_one(self, username: str) -> User | None:
        """The user of exactly this name."""
        return self.find([username]).get(username)

    def delete(self, user: User) -> None:
        """Delete a user; its credentials stop working. One that was gone already is fine.

        Raises:
            ContractError: the server says that it does not exist, but still lists it.
        """
        answer = self._session.call("delete_user", id=user.id, username=user.username)
        still = self.find_one(user.username) if answer.outcome == "absent" else None
        if still is not None and still.id == user.id:
            raise ContractError(
                answer.operation.tried,
                where=answer.where,
                answered=f"HTTP {answer.status}, but the user {printable(user.username)} still exists",
                todo="Correct the entry delete_user.path or list_users.fields.id in connectware_contract.",
                status=answer.status,
            )

    def _pages(self, names: Sequence[str] | None) -> Iterator[User]:
        """The users of these names, or all, of all pages.

        A page that is not full is the last, as the names of the page counts are unknown. Where the contract does not
        ask for so many rows, nobody knows how many a full page has: then it is the one that brings nothing new.
        """
        contract = self._session.contract
        used = contract.operation("list_users").used_placeholders()
        rows = contract.setting("rows_per_page")
        first = contract.setting("first_page")
        seen: set[str] = set()
        for page in range(first, first + MAX_PAGES):
            answer = self._session.call("list_users", usernames=names, page=page, rows=rows)
            items = answer.needed_list("users")
            users = [_user(answer, item) for item in items]
            new = [user for user in users if user.id not in seen]
            seen |= {user.id for user in new}
            yield from new
            if not new or "page" not in used or ("rows" in used and len(items) < rows):
                return
        answer.fail("users", f"there are users on each of {MAX_PAGES} pages, and no end is in sight")


def _user(answer: Answer, item: Any) -> User:
    if not isinstance(item, Mapping):
        answer.fail("users", "its entries are no objects")
    return User(
        id=answer.needed_text("id", item),
        username=answer.needed_text("username", item),
        roles=answer.texts("roles", item),
        created_at=answer.text("created_at", item),
        created_by=answer.text("created_by", item),
        permissions=answer.texts("permissions", item),
        by_registration=answer.flag("by_registration", item),
        unreadable=tuple(field for field in ("roles", "permissions") if not answer.tells_texts(field, item)),
    )


def _chunks(names: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    length = 0
    for name in names:
        needed = len(quote_plus(name)) + KEY_LENGTH
        if chunk and (len(chunk) >= MAX_NAMES or length + needed > MAX_LENGTH):
            yield chunk
            chunk, length = [], 0
        chunk.append(name)
        length += needed
    if chunk:
        yield chunk
