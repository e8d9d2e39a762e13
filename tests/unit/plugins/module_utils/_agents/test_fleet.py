# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ghosts and missing agents: the server's agents held against the inventory's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import fleet
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import ExpectedAgent, ServerAgent
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import NAME
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

NAMES = st.sampled_from(["press", "Press", "robot", "press-1", "press-2", "\n", "x{{ 1 }}"])
AGENTS = st.lists(
    st.builds(
        ServerAgent,
        username=NAMES,
        evidence=st.sampled_from([fleet.BY_REGISTRATION, fleet.BY_ROLE, fleet.BY_INVENTORY]),
        registered=st.booleans(),
        pairing_ids=st.sampled_from([(), ("a82123",), (None, "b")]),
    ),
    unique_by=lambda agent: agent.username,
)
EXPECTED = st.lists(st.builds(ExpectedAgent, name=NAMES, username=NAMES, host=st.just("hamburg")))


def agent(username: str, evidence: str = fleet.BY_REGISTRATION, **more: Any) -> ServerAgent:
    return ServerAgent(username, evidence, **more)


def expected(*names: str) -> tuple[ExpectedAgent, ...]:
    return tuple(ExpectedAgent(name, name, "hamburg") for name in names)


def test_who_is_on_the_server_only_is_a_ghost() -> None:
    assert fleet.ghosts([agent("press"), agent("robot")], ["press"]) == (agent("robot"),)


@pytest.mark.parametrize(
    "no_ghost",
    [
        agent("robot", fleet.BY_INVENTORY),
        agent("robot", registered=False, pairing_ids=("a82123",)),
        agent("PRESS"),  # to a server that does not tell case apart it is the agent of the inventory
    ],
)
def test_no_ghost(no_ghost: ServerAgent) -> None:
    assert fleet.ghosts([no_ghost], ["press"]) == ()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [(None, ["hh-1", "mu-1"]), ("hh-.*", ["hh-1"]), ("hh", []), ("-1", []), (".*-1|x", ["hh-1", "mu-1"])],
)
def test_a_pattern_is_for_whole_names(pattern: str | None, found: list[str]) -> None:
    ghosts = fleet.ghosts([agent("hh-1"), agent("mu-1")], ["other"], fleet.compiled(pattern))
    assert [ghost.username for ghost in ghosts] == found


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(SpecError, match=r"'\(hh'.*regular expression.*Nothing was asked"):
        fleet.compiled("(hh")


def test_who_is_in_the_inventory_only_is_missing() -> None:
    there = [agent("press"), agent("robot", registered=False, pairing_ids=("a82123",))]
    assert fleet.missing(there, expected("press", "robot", "welder")) == expected("welder")


def test_the_username_counts_for_who_is_missing() -> None:
    named_otherwise = ExpectedAgent("press", "press-user", "hamburg")
    assert fleet.missing([agent("press-user")], [named_otherwise]) == ()
    assert fleet.missing([agent("press")], [named_otherwise]) == (named_otherwise,)
    assert fleet.ghosts([agent("press"), agent("press-user")], fleet.names_of([named_otherwise])) == ()


@given(AGENTS, EXPECTED)
def test_no_ghost_is_expected_and_nobody_is_both(agents: list[ServerAgent], inventory: list[ExpectedAgent]) -> None:
    ghosts = fleet.ghosts(agents, fleet.names_of(inventory))
    missing = fleet.missing(agents, inventory)
    names = {name.casefold() for name in fleet.names_of(inventory)}
    assert all(ghost.username.casefold() not in names for ghost in ghosts)
    assert all(ghost.registered and ghost.evidence != fleet.BY_INVENTORY for ghost in ghosts)
    assert set(missing) <= set(inventory)
    assert not {each.username for each in missing} & {each.username for each in agents if each.state != fleet.MISSING}


def test_many_ghosts_are_not_each_compared_with_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def counted(self: ServerAgent, other: object) -> bool:
        compared.append(self)
        return self is other

    seen = fleet.Fleet(tuple(agent(f"ghost-{number}") for number in range(500)))
    monkeypatch.setattr(ServerAgent, "__eq__", counted)

    entries = fleet.compare(seen, expected("press"))

    assert [entry.ghost for entry in entries].count(True) == 500
    assert len(compared) <= 500


@pytest.mark.parametrize(
    ("agents_list", "found"),
    [
        (None, []),
        ([], []),
        ([{"name": "press"}, {"name": "robot", "username": "r2"}], [("press", "press"), ("robot", "r2")]),
        ([{"name": "press", "username": ""}], [("press", "press")]),
        ([{"name": 4711}], [("4711", "4711")]),
    ],
)
def test_what_a_host_names(agents_list: Any, found: list[tuple[str, str]]) -> None:
    agents = fleet.expected_agents("hamburg", agents_list)
    assert [(each.name, each.username) for each in agents] == found
    assert all(each.host == "hamburg" for each in agents)


@pytest.mark.parametrize("wrong", ["press", {"name": "press"}, 7])
def test_no_list(wrong: Any) -> None:
    with pytest.raises(SpecError, match=r"host hamburg: it is no list"):
        fleet.expected_agents("hamburg", wrong)


@pytest.mark.parametrize("wrong", ["press", {}, {"name": ""}, {"name": None}, {"name": True}, ["press"], None])
def test_an_entry_without_a_name_is_no_agent_that_can_be_passed_over(wrong: Any) -> None:
    with pytest.raises(SpecError, match=r"host hamburg: entry 2 has no name"):
        fleet.expected_agents("hamburg", [{"name": "press"}, wrong])


@pytest.mark.parametrize("wrong", [{"name": "{{ site }}-1"}, {"name": "hh-1", "username": "{% if x %}"}])
def test_a_template_that_was_not_filled_in_is_no_name(wrong: Any) -> None:
    with pytest.raises(SpecError, match=r"host hamburg: entry 1 has a template"):
        fleet.expected_agents("hamburg", [wrong])


@given(AGENTS, st.lists(st.builds(fleet.Stranger, username=NAMES, pairing_ids=st.just((None, "a")))), st.integers(0, 9))
def test_a_fleet_survives_as_plain_data(
    agents: list[ServerAgent], strangers: list[fleet.Stranger], undecided: int
) -> None:
    seen = fleet.Fleet(tuple(agents), tuple(strangers), undecided)
    assert fleet.Fleet.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen


@pytest.mark.parametrize("wrong", [{}, [], {"agents": [{}], "strangers": []}, {"agents": None, "strangers": []}])
def test_other_data_is_no_fleet(wrong: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        fleet.Fleet.from_dict(wrong)


@given(st.lists(st.text(max_size=80) | NAMES, unique=True), st.sets(NAMES))
def test_every_agent_can_be_a_host_of_its_own(usernames: list[str], taken: set[str]) -> None:
    names = [fleet.host_name(username, taken) for username in usernames]
    assert len(set(names)) == len(names) and not set(names) & taken
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,63}", name) for name in names)


def test_a_plain_name_stays_what_it_is() -> None:
    assert fleet.host_name("hh-press_01.x", ()) == "hh-press_01.x"
    assert fleet.host_name("hamburg", {"hamburg"}).startswith("connectware-agent-")


def test_hostile_names_in_a_result() -> None:
    shown = fleet.Entry(agent("\x1b[31m" + "x" * 500, pairing_ids=("\r", None)), ghost=True).to_dict()
    assert shown["username"].startswith("?[31mx") and len(shown["username"]) == NAME
    assert shown["pairing_ids"] == ["?", None]
    assert fleet.Stranger("\x00", ("\x07",)).to_dict() == {"username": "?", "pairing_ids": ["?"]}
