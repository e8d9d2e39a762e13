# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions that show whether the parameters of a list do what the contract says, and what absent looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from .._errors import ContractError
from .answer import searched
from .findings import NOT_PROVABLE, OK, WRONG, Correction, Findings
from .judging import judge_look
from .operation import fits_url, placeholders_in
from .session import Look

NOBODY = "00000000-0000-0000-0000-000000000000"
_NUMBER = re.compile(r"\d+\Z")


class Asks(Protocol):
    """Whoever can ask."""

    def ask(self, name: str, *, silent: bool = False, **params: Any) -> Look | None:
        """One question; None where it may not be asked or got no answer."""


def probe_users(check: Asks, findings: Findings, users: list[Any] | None) -> list[str]:
    """Ask for some users and for single pages.

    Returns:
        IDs of users that were seen.
    """
    contract = findings.contract
    first, rows = contract.setting("first_page"), contract.setting("rows_per_page")
    if users is None or not _all_ok(findings, "list_users", ("users", "id", "username")):
        if users == [] or _was_refused(findings):
            _probe_other_numbers(check, findings, first, rows)
        findings.rest(contract.operation("list_users"), NOT_PROVABLE, "to be seen when the rest of list_users fits")
        return []
    seen = [user for user in users if isinstance(user, Mapping)]
    names = [_read(contract, "list_users", "username", user) for user in seen]
    ids = [_read(contract, "list_users", "id", user) for user in seen]
    _probe_filter(check, findings, "list_users", "usernames", names[:2], page=first, rows=rows)
    _probe_pages(check, findings, ids, first, rows)
    return ids


def probe_roles(check: Asks, findings: Findings, roles: list[Any] | None) -> None:
    """Ask for a single role."""
    if roles and _all_ok(findings, "list_roles", ("roles", "name")):
        names = [_read(findings.contract, "list_roles", "name", role) for role in roles if isinstance(role, Mapping)]
        _probe_filter(check, findings, "list_roles", "names", names[:1])
    operation = findings.contract.operation("list_roles")
    findings.rest(operation, NOT_PROVABLE, "to be seen when the rest of list_roles fits")


def probe_single_user(check: Asks, findings: Findings, ids: list[str]) -> None:
    """Look at a user that exists, and at one that does not."""
    operation = findings.contract.operation("get_user")
    if not ids:
        findings.rest(operation, NOT_PROVABLE, "no ID of a user was seen")
        return
    look = check.ask("get_user", id=ids[0])
    if look is None:
        return
    judge_look(findings, look)
    if look.answer.status // 100 != 2 or not look.readable:
        return
    look = check.ask("get_user", silent=True, id="0" if _NUMBER.match(ids[0]) else NOBODY)
    if look is None:
        return
    place, status = ("get_user", "statuses", "absent"), look.answer.status
    if look.answer.outcome == "absent":
        findings.add(place, OK, f"HTTP {status} for a user that does not exist")
    elif 400 <= status < 500 and findings.contract.error_kind(status) in (None, "not_found"):
        codes = operation.statuses["absent"].value
        correction = Correction(([*codes, status],), sure=True, note="what a user that does not exist is answered with")
        findings.add(place, WRONG, f"HTTP {status} for a user that does not exist", correction)


def _probe_filter(check: Asks, findings: Findings, name: str, placeholder: str, names: list[str], **more: Any) -> None:
    """Ask for these names, as far as they can be asked for: they and nobody else must be there."""
    names = list(filter(fits_url, names))
    keys = _keys_with(findings, name, placeholder)
    field = "users" if name == "list_users" else "roles"
    if not keys or not names:
        return
    look = check.ask(name, silent=True, **{placeholder: names}, **more)
    if look is None:
        return
    place = (name, "query", keys[0])
    got = _names(findings, look, field, "username" if name == "list_users" else "name")
    if got is None:
        result = f"asked for {len(names)} by name: {look.error.answered if look.error else 'another answer'}"
        findings.add(place, WRONG, result, _refused(findings, place))
    elif set(got) == set(names):
        findings.add(place, OK, f"asked for {len(names)} by name, and they alone came")
    else:
        ours, others = len(set(got) & set(names)), len(set(got) - set(names))
        result = f"asked for {len(names)} by name; {ours} of them and {others} others came"
        findings.add(place, WRONG, result, _refused(findings, place))


def _probe_pages(check: Asks, findings: Findings, ids: list[str], first: int, rows: int) -> None:
    """Ask for pages of one, and for what comes after the first page."""
    if len(ids) < 2:
        return
    one = _page(check, findings, first, 1)
    two = _page(check, findings, first + 1, 1)
    for key in _keys_with(findings, "list_users", "rows"):
        place = ("list_users", "query", key)
        if one is not None and len(one) == 1:
            findings.add(place, OK, "asked for one user a page, one came")
        else:
            text = f"asked for one user a page, {'none' if one is None else len(one)} came"
            findings.add(place, WRONG, text, _refused(findings, place))
    turned = one is not None and two is not None and len(one) == len(two) == 1 and one != two
    for key in _keys_with(findings, "list_users", "page"):
        place = ("list_users", "query", key)
        if one is None or len(one) != 1:
            findings.add(place, NOT_PROVABLE, "to be seen when a page can have one user")
        elif turned:
            findings.add(place, OK, "the second page has another user than the first")
        else:
            findings.add(place, WRONG, "the second page is not what follows the first", _refused(findings, place))
    if turned:
        _judge_numbers(check, findings, ids, first, rows)


def _judge_numbers(check: Asks, findings: Findings, ids: list[str], first: int, rows: int) -> None:
    before = _page(check, findings, first - 1, 1) if first > 0 else None
    # A server that takes page 0 for no page at all answers with everybody, or with its first page.
    if before and len(before) == 1 and before[0] not in ids:
        correction = Correction((first - 1,), sure=True, note="there is a page before it")
        findings.add(("settings", "first_page"), WRONG, f"page {first - 1} has users too", correction)
    else:
        findings.add(("settings", "first_page"), OK, "it is the first")
    place = ("settings", "rows_per_page")
    following = _page(check, findings, first + 1, rows) if len(ids) < rows else None
    if following and set(following) - set(ids):
        correction = Correction((len(ids),), sure=True, note="a page has no more")
        findings.add(place, WRONG, f"asked for {rows}, {len(ids)} came, and the next page has more", correction)
    else:
        findings.add(place, OK, f"asked for {rows}, {len(ids)} came")


def _was_refused(findings: Findings) -> bool:
    """The list is there, but not for these parameters."""
    found = [finding for place, finding in findings.found.items() if place[:2] == ("list_users", "query")]
    return any(finding.result == WRONG for finding in found)


def _probe_other_numbers(check: Asks, findings: Findings, first: int, rows: int) -> None:
    """Whoever asks is a user: where the first page is empty or refused, it is another one, or has too many rows."""
    other = 1 if first == 0 else 0
    if _page_has_items(check, other, rows):
        correction = Correction((other,), sure=True, note="this page has users")
        findings.add(("settings", "first_page"), WRONG, f"page {other} has users, page {first} has none", correction)
    elif rows > 1 and _page_has_items(check, first, 1):
        correction = Correction((), sure=False, note="the most that Connectware allows")
        findings.add(("settings", "rows_per_page"), WRONG, f"{rows} are refused, 1 is not", correction)


def _page_has_items(check: Asks, page: int, rows: int) -> bool:
    look = check.ask("list_users", silent=True, usernames=None, page=page, rows=rows)
    return look is not None and bool(_items(look, "users"))


def _page(check: Asks, findings: Findings, page: int, rows: int) -> list[str] | None:
    look = check.ask("list_users", silent=True, usernames=None, page=page, rows=rows)
    return None if look is None else _names(findings, look, "users", "id")


def _names(findings: Findings, look: Look, list_field: str, field: str) -> list[str] | None:
    items = _items(look, list_field)
    if items is None:
        return None
    name = look.answer.operation.name
    return [_read(findings.contract, name, field, item) for item in items if isinstance(item, Mapping)]


def _items(look: Look, field: str) -> list[Any] | None:
    if look.error is not None and look.answer.status // 100 != 2:
        return None
    try:
        value = look.answer.read(field)
    except ContractError:
        return None
    return value if isinstance(value, list) else None


def _read(contract: Any, operation: str, field: str, item: Any) -> str:
    return str(searched(contract.operation(operation).fields[field].value, item))


def _all_ok(findings: Findings, operation: str, fields: tuple[str, ...]) -> bool:
    found = [findings.found.get((operation, "fields", field)) for field in fields]
    return all(finding is not None and finding.result == OK for finding in found)


def _keys_with(findings: Findings, operation: str, placeholder: str) -> list[str]:
    entries = findings.contract.operation(operation).entries()
    return [place[2] for place, entry in entries if place[1] == "query" and placeholder in placeholders_in(entry.value)]


def _refused(findings: Findings, place: tuple[str, ...]) -> Correction:
    value = findings.contract.operation(place[0]).query[place[2]].value
    return Correction((value,), sure=False, note="under which name? write all parameters: query is replaced as a whole")
