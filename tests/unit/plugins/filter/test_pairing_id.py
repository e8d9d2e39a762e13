# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter pairing_id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.filter.pairing_id import FilterModule

START = "Starting in distributed (edge) mode"


def line(message: str) -> str:
    return json.dumps({"level": 30, "time": 1_700_000_000_000, "msg": message})


def pairing(pairing_id: str, username: str = "press-1") -> str:
    return line(f"Username: {username}, pairing ID (should match in UI): {pairing_id}")


ASKING = line("Asking for Connectware registration at 1.2.3.4 with cached credentials...")


@pytest.fixture
def pairing_id() -> Any:
    return FilterModule().filters()["pairing_id"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([START, pairing("a82123")], "a82123"),
        ([pairing("a82123"), ASKING, pairing("b00000")], "b00000"),
        ([pairing("a82123"), pairing("a82123")], "a82123"),
        ([pairing("a82123"), pairing("ffffff", "press-2")], "a82123"),
        ([pairing("a82123"), line(START)], None),
        ([pairing("a82123"), "noise \x1b[31m{{ 7*7 }}"], "a82123"),
        (["Username: press-1, pairing ID (should match in UI): a82123\r"], "a82123"),
        ([f"2026-11-30T22:45:10.123456789Z {pairing('a82123')}"], "a82123"),
        ([f"\x1b[32m{pairing('a82123')}\x1b[0m"], "a82123"),
        ([f"\ufeff{pairing('a82123')}"], "a82123"),
        ([], None),
    ],
)
def test_the_last_of_the_current_start_counts(lines: list[str], found: str | None, pairing_id: Any) -> None:
    assert pairing_id("\n".join(lines), "press-1") == found
    assert pairing_id("\n".join(lines).encode(), "press-1") == found


def test_lines_of_others_are_no_riddle(pairing_id: Any) -> None:
    assert pairing_id(f"agent-1  | {pairing('a82123')}", "press-2") is None


def test_half_a_character_is_read_over(pairing_id: Any) -> None:
    """As JSON may have it."""
    assert pairing_id("\ud83d noise\n" + pairing("a82123"), "press-1") == "a82123"


def test_a_username_that_yaml_takes_for_a_number(pairing_id: Any) -> None:
    assert pairing_id(pairing("a82123", "20231"), 20231) == "a82123"


def test_an_id_that_looks_like_a_number_stays_a_text(pairing_id: Any) -> None:
    """Up to ansible-core 2.18 native types evaluate what a template returns, but for one kind of text."""
    try:
        from ansible.template.native_helpers import ansible_native_concat as evaluated
    except ImportError:
        evaluated = "".join
    assert evaluated(iter([pairing_id(pairing("123e45"), "press-1")])) == "123e45"


def test_a_log_that_contradicts_itself_is_refused(pairing_id: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="a82123, ffffff"):
        pairing_id("\n".join([pairing("a82123"), pairing("ffffff")]), "press-1")


def test_corrected_patterns(pairing_id: Any) -> None:
    patterns = {"pairing": "^code (?P<pairing_id>[0-9]+) for (?P<username>.+)$"}
    assert pairing_id("code 42 for press-1", "press-1", patterns) == "42"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((None, "press-1"), "must be a string"),
        ((["x"], "press-1"), "must be a string"),
        (("x", ""), "username"),
        (("x", None), "username"),
        (("x", "press-1", {"pairng": "x"}), "pairng"),
        (("x", "press-1", {"pairing": "("}), "regular expression"),
        (("x", "press-1", '{"pairing": "x"}'), "log_patterns must be a dictionary, not a string"),
        (("x", True), "username"),
        ((f"agent-1  | {pairing('a82123')}", "press-1"), "something stands before its lines"),
        ((f"agent-1  | {pairing('a82123')}\nconnect ECONNREFUSED", "press-1"), "something stands before its lines"),
        ((pairing("a" * 65), "press-1"), "or they have another form"),
        (("Nov 30 22:45:10 plant x[7]: Username: press-1, pairing ID (should match in UI): a8", "press-1"), "journal"),
    ],
)
def test_wrong_arguments_are_told(arguments: tuple[Any, ...], text: str, pairing_id: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=text):
        pairing_id(*arguments)
