# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only all hosts of a rollout together show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.rollout import (
    HostOfRun,
    repeated_names,
    weighed,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError


def agent(name, verdict=e.REJECTED, reason=e.CREDENTIALS_REJECTED, **more):
    result = {"name": name, "username": name, "verdict": verdict, "reason": reason, "registered": False, "actions": []}
    return {**result, **more}


def lost(count, url="", wanted=None, **more):
    """A host on which so many agents would be registered anew."""
    return HostOfRun(url, count if wanted is None else wanted, [agent(f"press-{n}") for n in range(count)], **more)


def well(count, url=""):
    agents = [agent(f"well-{n}", e.REGISTERED, e.NONE, registered=True) for n in range(count)]
    return HostOfRun(url, count, agents)


@pytest.mark.parametrize("reason", [e.CREDENTIALS_MISSING, e.CREDENTIALS_REJECTED, e.CONFLICT_REASON])
def test_who_was_registered_before_is_registered_anew(reason):
    assert weighed([HostOfRun("", 1, [agent("press-1", reason=reason)])], "10%")["anew"] == ["press-1"]


@pytest.mark.parametrize(
    ("verdict", "twice"), [(e.AWAITING_REQUEST, ["press is on a and b"]), (e.REGISTERED, ["press is on a and b"]),
                           (e.RETIRED, [])],
)  # fmt: skip
def test_who_is_on_two_hosts_is_told_of_unless_it_was_taken_off_one(verdict, twice):
    hosts = [HostOfRun("", 1, [agent("press")], name="a"), HostOfRun("", 1, [agent("press", verdict)], name="b")]
    assert weighed([*hosts, HostOfRun("", 1, [agent("lathe")], name="c")], "10%")["twice"] == twice


@pytest.mark.parametrize("reason", [e.NONE, e.FIRST_START])
def test_who_starts_for_the_first_time_is_not(reason):
    assert weighed([HostOfRun("", 1, [agent("press-1", reason=reason)])], "0")["anew"] == []


def test_who_is_registered_again_counts_only_if_this_run_did_it():
    """An earlier batch has."""
    back = agent("a", e.REGISTERED, registered=True, actions=["restarted"])
    anew = agent("b", e.REGISTERED, registered=True, actions=["authorized", "restarted"])
    assert weighed([HostOfRun("", 2, [back, anew])], "10%")["anew"] == ["b"]


@pytest.mark.parametrize(
    ("limit", "lost_agents", "others", "stops"),
    [
        ("4", 4, 0, False),
        ("4", 5, 0, True),
        ("0", 1, 100, True),
        ("10%", 3, 0, False),  # at least three
        ("10%", 4, 0, True),
        ("10%", 4, 27, False),  # 10% of 31 is 3.1
        ("10%", 4, 26, True),  # 10% of 30 is 3
        (" 2.5 % ", 5, 195, False),
        (" 2.5 % ", 6, 194, True),
        ("100%", 50, 0, False),
    ],
)
def test_the_limit_is_a_number_or_a_percentage(limit, lost_agents, others, stops):
    assert bool(weighed([lost(lost_agents), well(others)], limit)["too_many"]) == stops


def test_a_percentage_is_of_the_agents_that_are_wanted_judged_or_not():
    """Hosts of later batches, and of those that could not be reached, have judged none yet."""
    assert not weighed([lost(4), HostOfRun("", 36, [])], "10%")["too_many"]


def test_agents_that_nobody_wants_by_name_count_too():
    assert not weighed([lost(4, wanted=0), HostOfRun("", 0, well(27).agents)], "10%")["too_many"]


@pytest.mark.parametrize("limit", ["", "ten", "-1", "4.5", "%", "1e3", "10 %%", "\N{ARABIC-INDIC DIGIT FOUR}"])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(SpecError, match=r"agents_max_reregistrations is .*a number such as 4"):
        weighed([lost(1)], limit)


def test_each_connectware_is_counted_for_itself():
    north, south = "https://north.example.com", "https://south.example.com"
    found = weighed([lost(4, north), well(50, south), lost(1, south)], "10%")
    assert len(found["anew"]) == 5
    (text,) = found["too_many"]
    assert text == (
        "4 of 4 agents would be registered anew, and agents_max_reregistrations (10%) allows 3:"
        " press-0, press-1, press-2, press-3."
        f" So many at once usually mean that connectware_url ({north}) is another Connectware"
    )


def test_hosts_with_the_same_limit_are_counted_together_and_apart_from_others():
    """Hamburg's raised limit is none of Kiel's, and Kiel's strict one is none of Hamburg's."""
    hamburg, kiel, others = lost(5, limit="100%"), lost(1, limit="0"), lost(2)
    (text,) = weighed([hamburg, kiel, others], "10%")["too_many"]
    assert text.startswith("1 of 1 agents would be registered anew, and agents_max_reregistrations (0) allows 0:")
    (text,) = weighed([hamburg, others, lost(1), lost(1)], "10%")["too_many"]
    assert text.startswith("4 of 4 agents would be registered anew, and agents_max_reregistrations (10%) allows 3:")
    assert weighed([hamburg, others], "10%")["too_many"] == []


def test_a_percentage_is_of_the_agents_with_that_limit():
    assert weighed([lost(4, wanted=8, limit="50%"), well(100)], "10%")["too_many"] == []
    assert len(weighed([lost(5, wanted=8, limit="50%"), well(100)], "10%")["too_many"]) == 1


def test_a_limit_that_is_none_matters_where_agents_are_counted_by_it():
    assert weighed([lost(1), HostOfRun("", 1, well(1).agents, limit="ten")], "10%")["too_many"] == []
    with pytest.raises(SpecError, match="agents_max_reregistrations is ten"):
        weighed([well(1), lost(1, limit="ten")], "10%")


def test_a_long_list_is_cut_and_a_connectware_without_an_address_is_called_by_its_place():
    (text,) = weighed([lost(12)], "3")["too_many"]
    assert "press-9 and more." in text and "press-10" not in text and "(from the environment)" in text


def test_hostile_names_are_shown_without_their_control_characters():
    (text,) = weighed([HostOfRun("", 1, [agent("a\x1b[31m")])], "0")["too_many"]
    assert "\x1b" not in text and "a?[31m" in text


@pytest.mark.parametrize("verdict", [e.CONFLICTED, e.UNSAVED, e.UNPROVEN])
@pytest.mark.parametrize("replaces", [True, False])
def test_whose_user_may_be_deleted(verdict, replaces):
    found = weighed([HostOfRun("", 1, [agent("a", verdict, username="user-a")], replaces)], "10%")
    assert found["to_replace"] == (["user-a"] if replaces else [])


@pytest.mark.parametrize(
    ("reason", "may"), [(e.CREDENTIALS_MISSING, True), (e.CREDENTIALS_REJECTED, True), (e.FIRST_START, False)]
)
def test_the_conflict_of_one_that_was_registered_before_may_show_at_its_authorization(reason, may):
    found = weighed([HostOfRun("", 1, [agent("a", e.AWAITING_AUTHORIZATION, reason)], replaces=True)], "10%")
    assert found["to_replace"] == (["a"] if may else [])


def test_nobody_else_is_replaced():
    conflicts = (e.CONFLICTED, e.UNSAVED, e.UNPROVEN, e.AWAITING_AUTHORIZATION)
    verdicts = [verdict for verdict in e.VERDICTS if verdict not in conflicts]
    hosts = [HostOfRun("", 1, [agent("a", verdict)], replaces=True) for verdict in verdicts]
    assert weighed(hosts, "10%")["to_replace"] == []


@given(st.lists(st.integers(0, 9), max_size=6), st.integers(0, 40), st.integers(0, 100))
def test_how_agents_are_spread_over_hosts_does_not_matter(parts, others, percentage):
    apart = weighed([*(lost(part) for part in parts), well(others)], f"{percentage}%")
    together = weighed([lost(sum(parts)), well(others)], f"{percentage}%")
    assert bool(apart["too_many"]) == bool(together["too_many"])


# ---------------------------------------------------------------------------------------------------------- the names


def test_a_name_on_two_hosts():
    found = repeated_names([("a", {"name": "press-1"}), ("b", {"name": "press-2"}), ("c", {"name": "press-1"})])
    assert found == ["press-1 is on a and c"]


def test_a_username_that_is_the_name_of_another():
    found = repeated_names([("a", {"name": "press-1"}), ("b", {"name": "press-2", "username": "press-1"})])
    assert found == ["press-1 is on a and b"]


def test_two_on_one_host_are_left_to_the_check_of_that_host():
    assert repeated_names([("a", {"name": "press-1"}), ("a", {"name": "press-1"})]) == []


def test_what_is_no_agent_is_left_to_the_check_of_its_host():
    assert repeated_names([("a", "press-1"), ("b", "press-1"), ("a", {}), ("b", {"name": None}), ("c", None)]) == []


def test_numbers_are_names_as_yaml_has_them():
    assert repeated_names([("a", {"name": 17}), ("b", {"name": "17", "username": ""})]) == ["17 is on a and b"]
