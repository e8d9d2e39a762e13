# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter reregistrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.filter.reregistrations import FilterModule
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.limits import DEFAULT_LIMIT

NORTH = "https://north.example.com"
SOUTH = "https://south.example.com"
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
    found = reregistrations(hostvars, HOSTS, limit=0, url=SOUTH)

    assert found["anew"] == ["a-1", "b-1"]
    assert ["south" in text for text in found["too_many"]] == [False, True]
    assert reregistrations(hostvars, HOSTS, limit=1)["too_many"] == []
    assert len(reregistrations(hostvars, HOSTS, limit=1, url=NORTH)["too_many"]) == 1


def test_an_agent_of_two_hosts_is_told_of(reregistrations: Any, hostvars: Any) -> None:
    """Its name is in no agents_list of the inventory: a play gave it."""
    hostvars["d"]["registered"] = hostvars["b"]["registered"]

    assert reregistrations(hostvars, HOSTS)["twice"] == ["b-1 is on b and d"]


def test_a_host_says_its_limit_or_is_told(reregistrations: Any, hostvars: Any) -> None:
    hostvars["a"]["agents_max_reregistrations"] = 0

    (text,) = reregistrations(hostvars, HOSTS, limit=1, url=NORTH)["too_many"]
    assert "(0) allows 0: a-1" in text
    hostvars["b"]["agents_max_reregistrations"] = 0
    assert "allows 0: a-1, b-1" in reregistrations(hostvars, HOSTS, limit=9, url=NORTH)["too_many"][0]


@pytest.mark.parametrize(
    ("own", "given", "stopped"),
    [
        ({}, "10%", []),  # the role's default
        ({"a": 9}, 9, []),
        ({"a": 0}, 0, ["(0) allows 0: a-1"]),  # what is a's own says nothing of b
        ({"b": "0"}, "10%", ["(0) allows 0: b-1"]),
        ({"a": 9, "b": "0"}, 9, ["(0) allows 0: b-1"]),
        ({}, 0, ["(0) allows 0: a-1, b-1"]),  # the play says it
        ({"a": "50%", "b": 9}, 0, ["(0) allows 0: a-1, b-1"]),
        ({"a": "0", "b": 0}, "10%", []),
    ],
)
def test_what_holds_on_one_host_and_is_not_its_own_holds_for_all(
    reregistrations: Any, hostvars: Any, own: dict[str, Any], given: Any, stopped: list[str]
) -> None:
    for host, limit in own.items():
        hostvars[host]["agents_max_reregistrations"] = limit
    hostvars["b"]["connectware_url"] = NORTH

    found = reregistrations(hostvars, HOSTS, limit=given, asking="a", url=NORTH)["too_many"]

    assert [text for text, part in zip(found, stopped, strict=True) if f"{part}. So many" not in text] == []


def test_the_default_is_that_of_the_role() -> None:
    defaults = Path(__file__).resolve().parents[4] / "roles" / "agents" / "defaults" / "main.yml"

    assert yaml.safe_load(defaults.read_text())["agents_max_reregistrations"] == DEFAULT_LIMIT


def test_a_host_says_what_to_do_with_a_conflict_or_is_told(reregistrations: Any, hostvars: Any) -> None:
    assert reregistrations(hostvars, HOSTS, on_conflict="replace")["to_replace"] == ["a-1"]
    assert reregistrations(hostvars, HOSTS)["to_replace"] == []


@pytest.mark.parametrize(
    ("own", "given", "to_replace"),
    [
        ({}, "fail", []),  # the role's default
        ({}, "replace", ["a-1", "b-1"]),  # the play says it
        ({"a": "fail", "b": "fail"}, "replace", ["a-1", "b-1"]),
        ({"a": "replace", "b": "replace"}, "fail", []),
        ({"a": "replace"}, "replace", ["a-1"]),  # what is a's own says nothing of b
        ({"a": "fail", "b": "replace"}, "fail", ["b-1"]),
    ],
)
def test_what_a_play_says_of_conflicts_counts_for_all_hosts(
    reregistrations: Any, hostvars: Any, own: dict[str, str], given: str, to_replace: list[str]
) -> None:
    for host in HOSTS:
        hostvars[host].pop("agents_on_conflict", None)
    for host, on_conflict in own.items():
        hostvars[host]["agents_on_conflict"] = on_conflict

    assert reregistrations(hostvars, HOSTS, asking="a", on_conflict=given)["to_replace"] == to_replace


@pytest.mark.parametrize(
    ("own", "given", "named"),
    [
        ({}, SOUTH, [SOUTH]),  # the play says it
        ({"a": NORTH, "b": NORTH}, SOUTH, [SOUTH]),
        ({"a": NORTH, "b": SOUTH}, NORTH, [NORTH, SOUTH]),
        ({"a": NORTH}, NORTH, [NORTH, "from the environment"]),  # what is a's own says nothing of b
        ({"b": NORTH}, "", ["from the environment", NORTH]),
    ],
)
def test_the_connectware_that_a_play_names_is_that_of_all_hosts(
    reregistrations: Any, hostvars: Any, own: dict[str, str], given: str, named: list[str]
) -> None:
    del hostvars["a"]["connectware_url"]
    for host, url in own.items():
        hostvars[host]["connectware_url"] = url

    found = reregistrations(hostvars, HOSTS, asking="a", limit=0, url=given)["too_many"]

    assert [text.partition("connectware_url (")[2].partition(")")[0] for text in found] == named


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
