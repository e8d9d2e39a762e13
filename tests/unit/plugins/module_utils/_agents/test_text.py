# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of others are bounded, whether there is one of them or many; and what is said of their values."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import kind_of, printable, shortlist


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "a boolean"),
        (7, "an integer"),
        (0.5, "a number"),
        ("x", "a string"),
        ({}, "a mapping"),
        ([], "a list"),
        (b"x", "bytes"),
    ],
)
def test_the_kind_of_a_value_is_in_words_of_yaml(value: object, words: str) -> None:
    assert kind_of(value) == words


@pytest.mark.parametrize(
    ("kind", "words"), [(int, "an integer"), (str, "a string"), (dict, "a mapping"), (list, "a list")]
)
def test_a_class_of_ansibles_own_is_what_it_stands_for(kind: Any, words: str) -> None:
    tagged = type("_AnsibleTagged", (kind,), {})
    assert kind_of(tagged()) == words


@pytest.mark.parametrize(
    ("text", "shown"), [("press", "press"), ("a\tb\x1b[31m", "a?b?[31m"), ("a" * 9, "a" * 9), ("a" * 10, "aaaaaa...")]
)
def test_a_text_of_others_has_no_control_characters_and_an_end(text, shown):
    assert printable(text, 9) == shown


@pytest.mark.parametrize(
    ("texts", "shown"), [([], ""), (["a"], "a"), (["a", "b"], "a; b"), (["a", "b", "c", "d"], "a; b and 2 more")]
)
def test_of_many_texts_the_first_are_named_and_the_others_counted(texts, shown):
    assert shortlist(texts, 2, "; ") == shown
