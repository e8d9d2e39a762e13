# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a change, when, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import ExpectedAgent
from ansible_collections.edgefleet.connectware.plugins.module_utils._eda.memory import (
    MAX_STRANGERS,
    Memory,
    Patience,
    Sighting,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import UnreachableError

GRACE, REMIND = 30.0, 1000.0
OUTAGE = UnreachableError("list the pending requests", where="GET https://c.example", answered="refused")


def agents(count: int) -> list[ExpectedAgent]:
    return [ExpectedAgent(f"a{number}", f"u{number}", f"host{number % 2}") for number in range(count)]


class Look:
    """A memory, and a server that it looks at at moments that the test chooses."""

    def __init__(self, count: int = 4, **patience: Any) -> None:
        self.agents = agents(count)
        self.memory = Memory(Patience(**{"grace": GRACE, "remind": REMIND, **patience}))
        self.memory.expect(self.agents)
        self.registered = {agent.username for agent in self.agents}
        self.connected: set[str] | None = None
        self.pending: dict[str, set[str | None]] = {}

    def at(self, now: float) -> list[tuple[Any, ...]]:
        return [brief(event) for event in self.events(now)]

    def events(self, now: float) -> list[dict[str, Any]]:
        sighting = Sighting(
            frozenset(self.registered),
            {name: frozenset(ids) for name, ids in self.pending.items()},
            None if self.connected is None else frozenset(self.connected),
        )
        return self.memory.saw(sighting, now)

    def away(self, now: float = 0.0) -> list[tuple[Any, ...]]:
        return [brief(event) for event in self.memory.lost_sight(OUTAGE, now)]


def brief(event: dict[str, Any]) -> tuple[Any, ...]:
    said = event["connectware"]
    return (said["type"], *(said[key] for key in ("name", "username") if said.get("known") is not None and key in said))


def test_nothing_is_told_while_nothing_changes() -> None:
    look = Look()
    assert [look.at(now) for now in (0, 15, 30, 4000)] == [[], [], [], []]


def test_an_agent_without_a_user_is_told_once_after_the_grace_and_once_more_as_a_reminder() -> None:
    look = Look()
    look.at(0)
    look.registered.remove("u1")
    assert look.at(10) == []
    assert look.at(39) == []
    first = look.events(40)
    assert [brief(event) for event in first] == [("agent_disappeared", "a1", "u1")]
    assert first[0]["connectware"]["reason"] == "user_missing"
    assert first[0]["connectware"]["host"] == "host1" and first[0]["meta"] == {"hosts": ["host1"]}
    assert first[0]["connectware"]["reminder"] is False
    assert look.at(41) == look.at(1039) == []
    again = look.events(1040)
    assert [brief(event) for event in again] == [("agent_disappeared", "a1", "u1")]
    assert again[0]["connectware"]["reminder"] is True
    look.registered.add("u1")
    assert look.at(1041) == [("agent_returned", "a1", "u1")]
    assert look.at(1042) == []


def test_reminders_can_be_turned_off() -> None:
    look = Look(remind=0.0)
    look.registered.remove("u1")
    look.at(0)
    assert len(look.at(GRACE)) == 1
    assert look.at(10**6) == []


def test_an_agent_that_is_registered_anew_within_the_grace_is_no_news() -> None:
    look = Look()
    look.registered.remove("u1")
    look.at(0)
    look.registered.add("u1")
    assert look.at(29) == []
    look.registered.remove("u1")
    assert look.at(31) == [], "its time counts from the new start"
    assert look.at(61) == [("agent_disappeared", "a1", "u1")]


def test_who_was_connected_and_is_not_any_more_has_disappeared() -> None:
    look = Look()
    look.connected = {"u0", "a1"}  # by username or by agent name
    look.at(0)
    look.connected = set()
    look.at(10)
    gone = look.events(40)
    assert [(e["connectware"]["name"], e["connectware"]["reason"]) for e in gone] == [
        ("a0", "not_connected"),
        ("a1", "not_connected"),
    ]
    # A server that stops telling has not said that anybody is back.
    look.connected = None
    assert look.at(50) == []
    look.connected = {"u0"}
    assert look.at(60) == [("agent_returned", "a0", "u0")]


def test_who_was_never_seen_connected_has_not_disappeared() -> None:
    look = Look()
    look.connected = set()
    assert look.at(0) == look.at(100) == []


def test_an_agent_that_the_server_lists_in_other_letters_is_told_when_it_goes() -> None:
    look = Look(2, grace=0)
    look.connected = {"A0", "U1"}
    assert look.at(0) == []
    look.connected = {"U1"}
    assert look.at(10) == [("agent_disappeared", "a0", "u0")]


def test_a_user_that_goes_later_is_told_although_it_was_not_connected_before() -> None:
    look = Look()
    look.connected = {"u1"}
    look.at(0)
    look.connected = set()
    look.at(1)
    assert len(look.at(31)) == 1
    look.registered.remove("u1")
    worse = look.events(32)
    assert worse[0]["connectware"]["reason"] == "user_missing" and worse[0]["connectware"]["reminder"] is False
    look.registered.add("u1")
    assert look.at(33) == [], "it has a user, and is not connected yet"
    look.connected = {"u1"}
    assert look.at(34) == [("agent_returned", "a1", "u1")]


def test_an_outage_is_told_once_and_looks_like_nothing_else() -> None:
    look = Look()
    look.connected = {agent.username for agent in look.agents}
    look.at(0)
    look.connected = set()  # it goes down: sessions first
    look.registered.clear()
    assert look.at(1) == []
    assert look.away() == [("connectware_unreachable",)]
    assert look.away() == []
    # It is back, and not everything is loaded yet.
    assert look.at(600) == [("connectware_reachable",)]
    assert look.at(629) == []
    look.registered = {agent.username for agent in look.agents}
    look.connected = {agent.username for agent in look.agents}
    assert look.at(640) == []


def test_an_outage_that_lasts_is_told_again() -> None:
    """A throttle of a rule may have swallowed the first event."""
    look = Look()
    look.at(0)
    told = [(now, event) for now in range(1, 7200, 15) for event in look.memory.lost_sight(OUTAGE, now)]
    moments = [now for now, _event in told]
    gaps = {later - now for now, later in zip(moments, moments[1:])}
    assert moments[0] == 1 and gaps == {REMIND + 5}, "the next look, 15 seconds apart"
    assert [event["connectware"]["reminder"] for _now, event in told] == [False, *[True] * (len(told) - 1)]


def test_what_was_told_before_an_outage_is_not_told_again_after_it() -> None:
    look = Look()
    look.registered.remove("u1")
    look.at(0)
    assert len(look.at(30)) == 1
    look.away()
    assert look.at(40) == [("connectware_reachable",)]
    look.registered.add("u1")
    assert look.at(41) == [("agent_returned", "a1", "u1")]


def test_an_agent_that_asks_is_told_after_the_grace_and_again_with_another_pairing_id() -> None:
    look = Look()
    look.pending = {"u1": {"a82123"}}
    assert look.at(0) == []
    asked = look.events(30)
    assert [brief(event) for event in asked] == [("pending_request", "a1", "u1")]
    said = asked[0]["connectware"]
    assert (said["known"], said["host"], said["pairing_ids"], said["registered"]) == (True, "host1", ["a82123"], True)
    assert asked[0]["meta"] == {"hosts": ["host1"]}
    assert look.at(31) == []
    look.pending["u1"].add("b71000")
    assert look.events(32)[0]["connectware"]["pairing_ids"] == ["a82123", "b71000"]
    look.pending["u1"].discard("a82123")
    assert look.at(33) == []
    look.pending.clear()
    assert look.at(34) == []
    look.pending = {"u1": {"b71000"}}
    assert look.at(35) == [], "a new request, with a time of its own"
    assert look.at(65) == [("pending_request", "a1", "u1")]


def test_a_stranger_is_told_at_once_and_once() -> None:
    look = Look()
    look.pending = {"nobody": {None}, "U1": {"a82123"}}
    told = look.events(0)
    assert [brief(event) for event in told] == [("pending_request", "U1"), ("pending_request", "nobody")]
    for event in told:
        assert event["connectware"]["known"] is False and event["connectware"]["notice"] is True
        assert event["connectware"]["host"] is None and event["meta"] == {"hosts": ["localhost"]}
    assert look.at(1) == look.at(5000) == []
    look.pending["nobody"] = {"another"}
    assert look.at(5001) == [("pending_request", "nobody")]
    look.pending.clear()
    look.at(5002)
    look.pending = {"nobody": {"another"}}
    assert look.at(5003) == [("pending_request", "nobody")]


def test_a_flood_of_strangers_is_told_in_small_portions() -> None:
    look = Look()
    look.pending = {f"stranger{number:02}": {"id"} for number in range(12)}
    portions = [look.at(now) for now in range(5)]
    assert [len(portion) for portion in portions] == [MAX_STRANGERS, MAX_STRANGERS, 2, 0, 0]
    assert len({name for portion in portions for name in portion}) == 12


@pytest.mark.parametrize(("count", "setting", "most"), [(4, "10%", 3), (40, "10%", 4), (41, "10%", 5), (40, "0", 0)])
def test_many_at_once_are_told_as_one_event_and_nothing_leads_to_a_rollout(count: int, setting: str, most: int) -> None:
    look = Look(count, max_disappeared=setting)
    look.at(0)
    gone = [agent.username for agent in look.agents[: most + 1]]
    look.registered -= set(gone)
    look.pending = {gone[0]: {"a82123"}, "nobody": {"x"}}
    assert look.at(10) == [("pending_request", "nobody")], "strangers are told of all the same"
    told = look.events(40)
    assert [brief(event) for event in told] == [("many_disappeared",)]
    said = told[0]["connectware"]
    assert (said["count"], said["most"], said["notice"]) == (most + 1, most, True)
    assert told[0]["meta"] == {"hosts": ["localhost"]}
    assert look.at(41) == look.at(1039) == []
    assert look.at(1040) == [("many_disappeared",)]
    # So few are left that they may be healed.
    look.registered.add(gone[-1])
    rest = look.at(1041)
    assert [each[0] for each in rest].count("agent_disappeared") == most
    assert [each[0] for each in rest].count("pending_request") == 1
    look.registered.update(gone)
    assert [each[0] for each in look.at(1042)].count("agent_returned") == most


def test_an_inventory_that_changes_keeps_what_is_known_of_the_others() -> None:
    look = Look(4)
    look.registered -= {"u0", "u1"}
    look.at(0)
    assert len(look.at(30)) == 2
    look.memory.expect([*look.agents[1:], ExpectedAgent("new", "new", "host9")])
    assert look.at(31) == []
    assert look.at(61) == [("agent_disappeared", "new", "new")]
    look.pending = {"u0": {"x"}}
    assert look.at(62) == [("pending_request", "u0")], "who is not in the inventory any more is a stranger"


def test_of_many_that_are_gone_it_is_told_how_many_may_only_be_new() -> None:
    """As where the inventory has grown, and nobody has rolled out what is new in it."""
    look = Look(4)
    look.at(0)
    look.memory.expect([*look.agents, *(ExpectedAgent(f"new{number}", f"new{number}", "host9") for number in range(6))])
    look.registered.remove("u0")
    look.at(1)
    (many,) = look.events(31)
    assert many["connectware"]["count"] == 7
    assert "6 of them have had no user there since the start" in many["connectware"]["message"]
