# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter repeated_names."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.filter.repeated_names import FilterModule

HOSTVARS: dict[str, dict[str, Any]] = {
    "a": {"agents_list": [{"name": "press-1"}, {"name": "press-2"}]},
    "b": {"agents_list": [{"name": "press-1"}]},
    "c": {"agents_list": None},
    "d": {},
    "e": {"agents_list": 17},
    "f": {"agents_list": {"name": "press-1"}},
}


@pytest.mark.parametrize(("hosts", "found"), [("abcdef", ["press-1 is on a and b"]), ("acdef", []), ("", [])])
def test_the_hosts_that_were_named_are_looked_at(hosts: str, found: list[str]) -> None:
    assert FilterModule().filters()["repeated_names"](HOSTVARS, list(hosts)) == found
