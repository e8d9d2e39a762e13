# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter reregistrations."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.filter.reregistrations import FilterModule

NORTH = "https://north.example.com"
HOSTS = ["a", "b", "c", "d"]


def lost(name: str) -> dict[str, Any]:
    return {
        "name": name, "username": name, "verdict": "conflict", "reason": "conflict", "registered": False, "actions": [],
    }  # fmt: skip


@pytest.fixture
def reregistrations() -> Any:
    return FilterModule().filters()["reregistrations"]


@pytest.fixture
def hostvars() -> dict[str, dict[str, Any]]:
    return {
        "a": {"agents_list": [{"name": "a-1"}], "registered": {"agents": [lost("a-1")]}, "connectware_url": NORTH},
        "b": {"agents_list": [{"name": "b-1"}], "registered": {"agents": [lost("b-1")]}, "agents_on_conflict": "fail"},
        "c": {"agents_list": None, "registered": {"msg": "it could not be reached"}},
        "d": {"agents_list": "a-1"},
    }


def test_a_host_says_which_connectware_it_has_or_is_told(reregistrations: Any, hostvars: Any) -> None:
    found = reregistrations(hostvars, HOSTS, limit=0, url="https://south.example.com")

    assert found["anew"] == ["a-1", "b-1"]
    assert ["south" in text for text in found["too_many"]] == [False, True]
    assert reregistrations(hostvars, HOSTS, limit=1)["too_many"] == []
    assert len(reregistrations(hostvars, HOSTS, limit=1, url=NORTH)["too_many"]) == 1


def test_a_host_says_what_to_do_with_a_conflict_or_is_told(reregistrations: Any, hostvars: Any) -> None:
    assert reregistrations(hostvars, HOSTS, on_conflict="replace")["to_replace"] == ["a-1"]
    assert reregistrations(hostvars, HOSTS)["to_replace"] == []


def test_the_result_is_where_it_was_registered(reregistrations: Any, hostvars: Any) -> None:
    hostvars["d"]["seen"] = {"agents": [lost("d-1")]}

    assert reregistrations(hostvars, HOSTS, registered="seen")["anew"] == ["d-1"]


@pytest.mark.parametrize("result", ["text", {"agents": ["a-1"]}, {"agents": [{"name": "a-1"}]}, {"agents": 1}])
def test_what_is_no_result_is_refused(reregistrations: Any, hostvars: Any, result: Any) -> None:
    hostvars["d"]["seen"] = result

    with pytest.raises(AnsibleFilterError, match="seen of host d is no result of edgefleet"):
        reregistrations(hostvars, HOSTS, registered="seen")


def test_a_limit_that_is_none_is_an_error_of_the_filter(reregistrations: Any, hostvars: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"reregistrations: Could not tell how many agents .* is ten"):
        reregistrations(hostvars, HOSTS, limit="ten")
