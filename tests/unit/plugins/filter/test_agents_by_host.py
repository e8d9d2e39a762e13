# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter agents_by_host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.filter.agents_by_host import FilterModule
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.fleet import read_expected
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

agents_by_host = FilterModule().filters()["agents_by_host"]


def test_the_hosts_that_were_named_and_have_a_list() -> None:
    hostvars: dict[str, dict[str, Any]] = {
        "hall-1": {"agents_list": [{"name": "press-1"}, {"name": "press-2", "username": "p2", "manage": False}]},
        "hall-2": {"agents_list": [], "others": [{"name": "press-4"}]},
        "hall-3": {"agents_list": [{"name": "press-3"}]},
        "gateway": {},
    }
    assert agents_by_host(hostvars, ["hall-1", "hall-2", "gateway"]) == {
        "hall-1": [{"name": "press-1"}, {"name": "press-2", "username": "p2", "manage": False}],
        "hall-2": [],
    }
    assert agents_by_host(hostvars, hostvars, "others") == {"hall-2": [{"name": "press-4"}]}


def test_what_may_be_secret_stays_where_it_is() -> None:
    agent = {"name": "press-1", "container": "c", "volume": "v", "env": {"PASSWORD": "hunter2"}, "image": "i"}
    found = agents_by_host({"hall-1": {"agents_list": [agent]}}, ["hall-1"])
    assert found == {"hall-1": [{"name": "press-1", "container": "c", "volume": "v"}]}


@pytest.mark.parametrize(
    ("agents_list", "refused"),
    [
        (["press-1"], "entry 1 has no name"),
        ([{"name": "press-1"}, {"env": {}}], "entry 2 has no name"),
        ({"name": "press-1"}, "it is no list"),
        ("press-1", "it is no list"),
        ("", "it is no list"),
    ],
)
def test_what_is_no_agent_is_passed_on_and_refused(agents_list: Any, refused: str) -> None:
    with pytest.raises(SpecError, match=refused):
        read_expected(agents_by_host({"hall-1": {"agents_list": agents_list}}, ["hall-1"]))


def test_a_list_that_is_null_names_nobody() -> None:
    assert read_expected(agents_by_host({"hall-1": {"agents_list": None}}, ["hall-1"])) == ()
