# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which shape the fields of an answer must have, and what an answer has instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import ContractError
from . import candidates
from .answer import Answer, searched, told_as_texts
from .candidates import FLAG, IDENTIFIER, LIST, MOMENT, TEXT, Found
from .contract import WRITABLE
from .findings import MISSING, NOT_PROVABLE, OK, WRONG_TYPE, Correction, Findings

MAX_ITEMS = 100


@dataclass(frozen=True)
class Shape:
    """What a field must be.

    Attributes:
        hints: parts of names, in lower case, by which it can be found elsewhere.
        within: the field with the list whose items have it; empty for the answer itself.
        needed: a run fails without it.
        note: what to know where nothing is there.
        template: where the expression is more than a place, what is made of a place with a value of the kind `of`.
        telling: only an item in which it is true proves it.
        texts: a list in which anything but texts counts as rights that cannot be read, see protection.py.
    """

    kind: str
    hints: tuple[str, ...]
    within: str = ""
    needed: bool = True
    note: str = ""
    template: str = ""
    of: str = ""
    telling: str = ""
    texts: bool = False


_WINDOW_NOTE = "while the window is closed that is usual: run the check again while it is open"
_LOCKED_NOTE = "list_registry.fields.unlocked_until alone is enough"
_PENDING = "no pending request to see it in: open the window, start one agent, and run the check again"
_USER = "no user to see it in"

SHAPES: dict[str, dict[str, Shape]] = {
    "login": {
        "token": Shape(TEXT, ("token", "accesstoken", "jwt", "bearer", "apikey", "key")),
        "expires_at": Shape(MOMENT, ("expire", "validuntil", "validto", "until", "exp"), needed=False),
    },
    "list_registry": {
        "pending": Shape(LIST, ("pendingrequests", "pending", "requests", "waiting", "clients", "items")),
        "username": Shape(TEXT, ("username", "login", "user", "commonname", "client", "name"), "pending"),
        "pairing_id": Shape(IDENTIFIER, ("pairingid", "pairing", "fingerprint", "code", "verification"), "pending"),
        "unlocked_until": Shape(
            MOMENT,
            ("until", "unlock", "openuntil", "expire", "remaining", "open", "valid"),
            needed=False,
            note=_WINDOW_NOTE,
        ),
        "locked": Shape(FLAG, ("locked", "islocked", "closed"), needed=False, note=_LOCKED_NOTE),
    },
    "list_users": {
        "users": Shape(LIST, ("users", "people", "accounts", "items", "entries", "results")),
        "id": Shape(IDENTIFIER, ("id", "uuid", "userid", "key"), "users"),
        "username": Shape(TEXT, ("username", "login", "user", "name"), "users"),
        "roles": Shape(LIST, ("roles", "groups", "memberof"), "users", needed=False, texts=True),
        "permissions": Shape(LIST, ("permissions", "rights"), "users", needed=False, template=WRITABLE, texts=True),
        "created_by": Shape(TEXT, ("createdby", "madeby", "creator", "origin"), "users", needed=False),
        "created_at": Shape(TEXT, ("createdat", "creationdate", "made", "created"), "users", needed=False),
        "by_registration": Shape(
            FLAG,
            ("createdby", "madeby", "creator", "origin"),
            "users",
            needed=False,
            note="without it no user is deleted as a stale one",
            template="{0} && {0} == 'client-registry'",
            of=TEXT,
            telling="no user is said to be made by a registration: run the check again when an agent is registered",
        ),
    },
    "list_roles": {
        "roles": Shape(LIST, ("roles", "groups", "items")),
        "id": Shape(IDENTIFIER, ("id", "uuid", "roleid", "key"), "roles"),
        "name": Shape(TEXT, ("name", "title", "label"), "roles"),
        "permissions": Shape(LIST, ("permissions", "rights"), "roles", needed=False, template=WRITABLE, texts=True),
    },
    "system_info": {"version": Shape(TEXT, ("version", "release"))},
    "system_health": {
        "services": Shape(LIST, ("services", "servicelist", "status", "components", "health")),
        "name": Shape(TEXT, ("name", "service", "component"), "services"),
        "status": Shape(TEXT, ("status", "state", "health"), "services"),
        "uptime": Shape(TEXT, ("uptime", "since"), "services", needed=False),
    },
    "system_agents": {
        "agents": Shape(LIST, ("agents", "clients", "items")),
        "name": Shape(TEXT, ("agentname", "name", "agent", "username"), "agents"),
        "status": Shape(TEXT, ("status", "state", "connected"), "agents", needed=False),
    },
}
_WHEN_EMPTY = {
    "list_registry": _PENDING,
    "list_users": _USER,
    "system_agents": "no agent to see it in: run the check again while one is connected",
}


def judge_fields(findings: Findings, answer: Answer) -> dict[str, list[Any]]:
    """Say of each field of an answer whether it has its shape.

    Returns:
        The items of each list, also of one that was found at another place.
    """
    shapes = SHAPES.get(answer.operation.name, {})
    items: dict[str, list[Any]] = {}
    for field in (name for name in answer.operation.fields if name in shapes and not shapes[name].within):
        items[field] = _judge_whole(findings, answer, field, shapes[field])
    taken: list[str] = []
    for field in (name for name in answer.operation.fields if name in shapes and shapes[name].within):
        _judge_items(findings, answer, field, shapes[field], items.get(shapes[field].within, []), taken)
    return items


def _judge_whole(findings: Findings, answer: Answer, field: str, shape: Shape) -> list[Any]:
    place = (answer.operation.name, "fields", field)
    value, problem = _read(answer, field, answer.data)
    if problem is None and candidates.fits(shape.kind, value):
        findings.add(place, OK, f"{described(value)} is there")
        return value if isinstance(value, list) else []
    found = candidates.find(answer.data, shape.kind, shape.hints)
    result, message = _unfit(value, problem, shape, found, f"the answer has {_fields(answer, answer.data)}")
    findings.add(place, result, message, _correction(result, found, "found in the answer"))
    if shape.kind == LIST and found.expressions:
        return list(searched(found.expressions[0], answer.data))
    return []


def _judge_items(
    findings: Findings, answer: Answer, field: str, shape: Shape, items: list[Any], taken: list[str]
) -> None:
    operation = answer.operation.name
    place = (operation, "fields", field)
    if not items:
        findings.add(place, NOT_PROVABLE, _WHEN_EMPTY.get(operation, f"nothing in {operation}.fields.{shape.within}"))
        return
    objects = [item for item in items[:MAX_ITEMS] if isinstance(item, Mapping)]
    if not objects:
        findings.add(place, WRONG_TYPE, f"the items of the list are no objects, the first is {described(items[0])}")
        return
    unreadable = [item for item in objects if not told_as_texts(_read(answer, field, item)[0])] if shape.texts else []
    if unreadable:
        has = f"{len(unreadable)} of {len(objects)} have something else; one has {_fields(answer, unreadable[0])}"
        text = f"a list of texts was expected, and a user whose rights cannot be read is never deleted; {has}"
        findings.add(place, WRONG_TYPE, text, _correction(WRONG_TYPE, Found(), ""))
        return
    _judge_objects(findings, answer, field, shape, objects, taken)


def _judge_objects(
    findings: Findings, answer: Answer, field: str, shape: Shape, objects: list[Mapping[str, Any]], taken: list[str]
) -> None:
    place = (answer.operation.name, "fields", field)
    fitting = [item for item in objects if candidates.fits(shape.kind, _read(answer, field, item)[0])]
    if len(fitting) == len(objects) or (fitting and not shape.needed):
        taken.append(answer.operation.fields[field].value)
        if shape.telling and not any(_read(answer, field, item)[0] for item in fitting):
            findings.add(place, NOT_PROVABLE, shape.telling)
        else:
            findings.add(place, OK, f"{shape.kind} in {len(fitting)} of {len(objects)}")
        return
    lacking = next(item for item in objects if item not in fitting)
    found = _found_in(lacking, shape, objects, taken)
    if found.sure:
        taken.append(found.expressions[0])
    value, problem = _read(answer, field, lacking)
    has = f"{len(objects) - len(fitting)} of {len(objects)} have not; one has {_fields(answer, lacking)}"
    result, message = _unfit(value, problem, shape, found, has)
    findings.add(place, result, message, _correction(result, found, "found in an item of the list"))


def _found_in(lacking: Mapping[str, Any], shape: Shape, objects: list[Mapping[str, Any]], taken: list[str]) -> Found:
    """Where an item that lacks the field may have it."""
    found = candidates.find(lacking, shape.of or shape.kind, shape.hints, () if shape.of else tuple(taken))
    if shape.template:
        return Found(tuple(shape.template.replace("{0}", name) for name in found.expressions))
    if found.sure and any(_lists_objects(found.expressions[0], item) for item in objects):
        return Found(found.expressions)  # which part of the objects is meant, only the user can say
    return found


def _lists_objects(expression: str, document: Any) -> bool:
    value = searched(expression, document)
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)


def _unfit(value: Any, problem: str | None, shape: Shape, found: Found, has: str) -> tuple[str, str]:
    if problem is not None:
        return WRONG_TYPE, problem
    if value is not None and value != "":
        return WRONG_TYPE, f"{described(value)} is there, {shape.kind} was expected; {has}"
    if shape.needed or found.expressions:
        return MISSING, f"{shape.kind} was expected, nothing is there; {has}"
    return NOT_PROVABLE, f"nothing is there, which is allowed; {shape.note or has}"


def _correction(result: str, found: Found, note: str) -> Correction | None:
    if result == NOT_PROVABLE:
        return None
    if not found.expressions:
        return Correction((), sure=False, note="where is it? see the fields above; a JMESPath expression")
    more = "" if found.sure else "; is it this?"
    return Correction(found.expressions, found.sure, note + more)


def _read(answer: Answer, field: str, document: Any) -> tuple[Any, str | None]:
    if document is None:
        return None, None
    try:
        return answer.read(field, document), None
    except ContractError:
        return None, "the expression cannot be applied to this answer"


def _fields(answer: Answer, document: Any) -> str:
    if not isinstance(document, Mapping):
        return described(document)
    names = [answer.redactor.shown(name, 60) for name in candidates.field_names(document)]
    return f"the fields {', '.join(names)}" if names else "no fields"


def described(value: Any) -> str:
    """The kind of a value, never the value itself."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return "true or false"
    kinds = {Mapping: "an object", str: "a text", (int, float): "a number", type(None): "nothing"}
    for kind, text in kinds.items():
        if isinstance(value, kind):  # type: ignore[arg-type]  # mypy loses the kinds of a mapping's keys
            return text
    return "something else"
