# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of others, and what is said of their values."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import kind_of


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
