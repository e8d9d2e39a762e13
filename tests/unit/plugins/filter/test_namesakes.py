# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter namesakes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.filter.namesakes import FilterModule

HOSTVARS: dict[str, dict[str, Any]] = {
    "a": {"agents_list": [{"name": "press-1"}, {"name": "press-2"}]},
    "b": {"agents_list": [{"name": "welder", "username": "press-1"}]},
    "c": {"agents_list": [{"name": "press-3"}]},
    "d": {},
}


@pytest.mark.parametrize(("hosts", "found"), [("abcd", {"press-1": ["a", "b"]}), ("acd", {}), ("", {})])
def test_the_hosts_that_share_a_name_or_a_username(hosts: str, found: dict[str, list[str]]) -> None:
    assert FilterModule().filters()["namesakes"](HOSTVARS, list(hosts)) == found
