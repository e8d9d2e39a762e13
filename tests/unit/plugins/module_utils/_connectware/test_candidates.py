# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an answer has what the contract looks for elsewhere."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.candidates import (
    FLAG,
    IDENTIFIER,
    LIST,
    MAX_PLACES,
    MOMENT,
    TEXT,
    Found,
    field_names,
    find,
    fits,
    places,
)

NAMES = st.text(max_size=70)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
PAIRING = ("pairingid", "pairing", "code")


@pytest.mark.parametrize(
    ("document", "kind", "hints", "expressions", "sure"),
    [
        ({"pairingCode": "a1"}, IDENTIFIER, PAIRING, ("pairingCode",), True),
        ({"x": {"pairing-id": "a1"}}, IDENTIFIER, PAIRING, ('x."pairing-id"',), True),
        ({"code": "a1", "pairing": "b2"}, IDENTIFIER, PAIRING, ("pairing", "code"), True),
        ({"code": "a1", "a": {"code": "b2"}}, IDENTIFIER, PAIRING, ("code", "a.code"), True),
        ({"a": {"code": "a1"}, "b": {"code": "b2"}}, IDENTIFIER, PAIRING, ("a.code", "b.code"), False),
        ({"pairing": "two words"}, IDENTIFIER, PAIRING, (), False),
        ({"pairing": ["a1"]}, IDENTIFIER, PAIRING, (), False),
        ({"pairing": True}, IDENTIFIER, PAIRING, (), False),
        ({"pairing": 481516}, IDENTIFIER, PAIRING, ("pairing",), True),
        ({"provider": "x", "uuid": "y"}, IDENTIFIER, ("id",), ("uuid",), True),
        ([{"a": 1}], LIST, ("users",), ("@",), True),
        ({"whatever": [{"a": 1}], "tags": ["a"]}, LIST, ("users",), ("whatever",), True),
        ({"a": [{"a": 1}], "b": [{"a": 1}]}, LIST, ("users",), ("a", "b"), False),
        ({"users": []}, LIST, ("users",), ("users",), True),
        ({"openUntil": "2099-01-01T00:00:00Z"}, MOMENT, ("until",), ("openUntil",), True),
        ({"openUntil": 1795557600}, MOMENT, ("until",), ("openUntil",), True),
        ({"openUntil": 30}, MOMENT, ("until",), (), False),
        ({"openUntil": "soon"}, MOMENT, ("until",), (), False),
        ({"openUntil": 10**15}, MOMENT, ("until",), (), False),
        ({"remainingMs": 30000}, MOMENT, ("remaining",), ("remainingMs",), True),
        ({"remainingMs": -1}, MOMENT, ("remaining",), (), False),
        ({"locked": "no", "isLocked": False}, FLAG, ("locked",), ("isLocked",), True),
        ({"unlocked": True, "isUnlocked": True, "notLocked": False}, FLAG, ("locked", "islocked", "closed"), (), False),
        ({"unlockedAt": "2026-01-01", "openedSince": 1795557600}, MOMENT, ("until", "unlock", "open"), (), False),
        ({"unlocked": "2099-01-01T00:00:00Z"}, MOMENT, ("until", "unlock"), ("unlocked",), True),
        ({"expiresAt": "2099-01-01T00:00:00Z"}, MOMENT, ("expire",), ("expiresAt",), True),
        ({"remainingSeconds": 212}, MOMENT, ("until", "remaining"), (), False),
        ("a text", TEXT, ("text",), (), False),
        (None, LIST, ("users",), (), False),
    ],
)
def test_find(document: Any, kind: str, hints: tuple[str, ...], expressions: tuple[str, ...], sure: bool) -> None:
    found = find(document, kind, hints)
    assert found.expressions == expressions
    assert found.sure is sure


def test_what_means_something_else_is_passed_over() -> None:
    assert find({"login": "a", "user": "b"}, TEXT, ("login", "user"), taken=("login",)) == Found(("user",), True)


def test_what_a_client_says_of_itself_is_no_place() -> None:
    """The context is the stranger's own text: it must not become the place of a name or of a pairing ID."""
    item = {"context": {"pairingId": "a1b2c3", "username": "press-01"}, "user": "mallory"}
    assert find(item, IDENTIFIER, PAIRING) == Found()
    assert find(item, TEXT, ("username", "user")) == Found(("user",), True)


def test_names_that_cannot_be_shown_are_passed_over() -> None:
    document = {"pairing\x1b[31m": "a", "pairing\nid": "b", "pairing" * 20: "c", "": "d", "pairing\u202eid": "e"}
    assert find(document, IDENTIFIER, PAIRING) == Found()
    assert field_names(document) == []


def test_an_endless_document_is_looked_at_in_part() -> None:
    wide = {f"key{number}": {"a": 1} for number in range(100_000)}
    assert len(list(places(wide))) == MAX_PLACES
    deep: Any = "end"
    for _level in range(500):
        deep = {"a": deep}
    assert len(list(places(deep))) < 10


@given(JSON)
def test_every_expression_leads_to_a_value_that_fits(document: Any) -> None:
    for kind in (LIST, TEXT, IDENTIFIER, MOMENT, FLAG):
        for expression in find(document, kind, ("a", "id", "pairing", "until", "locked")).expressions:
            assert fits(kind, jmespath.search(expression, document)), expression
            assert expression.isprintable()
