# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter as_list."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.filter.as_list import FilterModule

as_list = FilterModule().filters()["as_list"]


@pytest.mark.parametrize(
    ("value", "entries"),
    [
        (["one", 2], ["one", "2"]),
        (("a,b",), ["a,b"]),
        ("one, two,,", ["one", "two"]),
        (4711, ["4711"]),
        ("", []),
        (None, []),
    ],
)
def test_a_text_with_commas_is_a_list_too(value: Any, entries: list[str]) -> None:
    assert as_list(value) == entries


def test_a_mapping_is_no_list() -> None:
    with pytest.raises(AnsibleFilterError, match="one text with commas, not a mapping"):
        as_list({"one": 1})
