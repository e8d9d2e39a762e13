# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which users this collection must not delete, whatever it is told: those of people and other software.

A user may be deleted only if a registration has made it and it has no administrator rights. Where Connectware does not
tell, it is kept: deleting it by hand is one click, and a wrong deletion cannot be undone. The same goes for roles and
permissions that cannot be read. Where an entry has none of them at all, or an empty list, it has no rights: that is how
a list leaves out what is empty.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._agents.text import printable
from .._errors import ForbiddenError, NotFoundError, ProtectedUserError
from .answer import Answer
from .session import Session
from .users import User

KEPT = "Nothing was deleted. If this user may go, delete it in Connectware (User Management) by hand and run again"


class Protection:
    """Tells it of any number of users; the roles are asked for once (one request), and only if a user has any."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._roles: Answer | None = None

    def check(self, user: User) -> None:
        """See that a user is one that a registration has made, without administrator rights.

        Raises:
            ProtectedUserError: it is not, or Connectware does not tell.
            ApiError: Connectware did not answer.
        """
        if user.by_registration is None:
            raise _protected(
                user,
                "Connectware does not tell whether a registration has made it",
                f"{KEPT}; or correct the entry list_users.fields.by_registration in connectware_contract.",
            )
        if not user.by_registration:
            maker = f" but by {printable(user.created_by)}" if user.created_by else ""
            raise _protected(user, f"it was not made by a registration{maker}", f"{KEPT}.")
        if user.unreadable:
            field = user.unreadable[0]
            raise _unreadable(user, f"its {field} cannot be read by list_users.fields.{field}")
        rights = _rights(self._session, user.permissions)
        if rights is None and user.roles:
            rights = _rights_by_roles(self._session, user, self._all_roles(user))
        if rights is not None:
            raise _protected(user, f"it has administrator rights ({rights})", f"{KEPT}.")

    def _all_roles(self, user: User) -> Answer:
        if self._roles is None:
            try:
                self._roles = self._session.call("list_roles", names=None)
            except (ForbiddenError, NotFoundError) as exc:
                text = f"whether its roles give it administrator rights is unknown: {exc.message}"
                raise _protected(user, text, f"{KEPT}.") from exc
        return self._roles


def _rights(session: Session, resources: Iterable[str]) -> str | None:
    """The first of the resources that only an administrator may write."""
    reserved = session.contract.setting("administrator_resources")
    found = next((resource for resource in resources if any(_covers(resource, other) for other in reserved)), None)
    return None if found is None else f"it may write {printable(found)}"


def _covers(resource: str, other: str) -> bool:
    """Whether a resource is another one, or reaches a part of it by a wildcard.

    A single name below it, as `/api/users/me` below `/api/users/#`, is no right of an administrator. That resources may
    have the wildcards of topic filters, `+` for any level and `#` for all that follow, is assumed.
    """
    levels, others = resource.split("/"), other.split("/")
    for number, level in enumerate(levels):
        if level == "#" or (others[number:] == ["#"] and level == "+"):
            return True
        if number >= len(others) or level not in ("+", others[number]):
            return False
    return len(levels) == len(others)


def _rights_by_roles(session: Session, user: User, answer: Answer) -> str | None:
    named = {role: item for item in answer.needed_list("roles") for role in _names(answer, item)}
    reserved = [str(name).casefold() for name in session.contract.setting("administrator_roles")]
    for role in user.roles:
        if role not in named:
            raise _protected(user, f"its role {printable(role)} is unknown to Connectware's list of roles", f"{KEPT}.")
        item = named[role]
        for name in _names(answer, item):
            if name.casefold() in reserved:
                return f"its role {printable(name)}"
        if not answer.text("name", item):
            raise _unreadable(user, f"its role {printable(role)} shows no name by list_roles.fields.name")
        if not answer.tells_texts("permissions", item):
            text = f"what its role {printable(role)} may do cannot be read by list_roles.fields.permissions"
            raise _unreadable(user, text)
        rights = _rights(session, answer.texts("permissions", item))
        if rights is not None:
            return f"by its role {printable(role)} {rights}"
    return None


def _names(answer: Answer, role: object) -> tuple[str, ...]:
    return tuple(text for text in (answer.text("id", role), answer.text("name", role)) if text)


def _unreadable(user: User, answered: str) -> ProtectedUserError:
    return _protected(user, answered, f"{KEPT}; or correct that entry in connectware_contract.")


def _protected(user: User, answered: str, todo: str) -> ProtectedUserError:
    return ProtectedUserError(f"delete the user {printable(user.username)}", answered=answered, todo=todo)
