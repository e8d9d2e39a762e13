# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever nobody has documented of Connectware and its agents: every way works, with the same code and no options.

Each combination of the simulator's switches and of an agent's habits gets one life of three agents. Every two values
meet in some combination. By default the most telling one is tried; SWITCHES=all tries them all (`make switches`).
"""

from __future__ import annotations

import os
from itertools import combinations

import pytest
from integration import lives
from integration.pairwise import all_pairs, pairs_of

SEED = int(os.environ.get("SWITCHES_SEED", "3"))
SELECTED = None if os.environ.get("SWITCHES") == "all" else 1

SWITCHES = {
    "answer_order": ["locked_first", "conflict_first"],
    "same_username": ["append", "replace", "reject"],
    "confirm_while_locked": [False, True],
    "confirm_ambiguous": ["first", "last", "all", "reject"],
    "create_user_on": ["confirm", "poll"],
    "grant_while_locked": [True, False],
    "grant_repeatable": [True, False],
    "pending_survives_relock": [False, True],
    "pending_survives_restart": [True, False],
    "window_survives_restart": [False, True],
    "pending_ttl_ms": [0, 1500],
    "unlock_again": ["restart", "extend"],
    "max_window_ms": [0, 3000],
    "duration_required": [False, True],
    "default_window_ms": [30000, 1],
    "time_format": ["iso", "epoch_ms", "epoch_s"],
    "window_format": ["iso", "epoch_ms", "epoch_s", "remaining_ms"],
    "window_field": ["unlockedUntil", "openUntil", "unlockUntil", "expiresAt"],
    "pairing_id_field": ["pairingId", "pairingID", "pairing_id"],
    "username_filter_list": ["repeated", "comma"],
    "deny_supported": [False, True],
}
HABITS = {
    "SIMULATOR_STORE": ["after", "before"],
    "SIMULATOR_ON_CONFLICT": ["poll", "exit", "silent"],
    "SIMULATOR_ANNOUNCE": ["before_answer", "after_answer"],
    "SIMULATOR_PAIRING_LINE": ["once", "each"],
}
PARAMETERS = {**SWITCHES, **HABITS}
COMBINATIONS = all_pairs(PARAMETERS, SEED)

# What cannot be served without an option: the switches, what the message must name, and why.
UNSERVED = [
    pytest.param(
        {"rows_per_page_max": 20},
        ["list users", "at most 20 rows"],
        {"settings": {"rows_per_page": 20}},
        id="smaller_pages: at most 100 users a page is documented, so 100 are asked for",
    ),
    pytest.param(
        {"duration_field": "milliseconds", "duration_required": True},
        ["open the registration window", "duration"],
        {"unlock": {"body": {"milliseconds": "{milliseconds}", "duration": None}}},
        id="duration_field: the name of the parameter is assumed, and only one name can be sent",
    ),
    pytest.param(
        {"pairing_id_field": "code"},
        ["pairing_id", "connectware_contract"],
        {"list_registry": {"fields": {"pairing_id": "code"}}},
        id="pairing_id_field: three spellings are read, another one must be told",
    ),
]


def test_every_pair_is_met():
    met = {pair for row in COMBINATIONS for pair in pairs_of(row)}
    for one, other in combinations(sorted(PARAMETERS), 2):
        for value in PARAMETERS[one]:
            assert {(one, value, other, other_value) for other_value in PARAMETERS[other]} <= met
    assert all_pairs(PARAMETERS, SEED) == COMBINATIONS, "the same seed gives the same combinations"


@pytest.mark.parametrize("number", range(1, len(COMBINATIONS[:SELECTED]) + 1))
def test_one_life(factory, number):
    """Registered, nothing to do, deleted on the server, emptied on the host, replaced, nothing to do, retired."""
    combination = COMBINATIONS[number - 1]
    print("not default:", {k: v for k, v in combination.items() if v != PARAMETERS[k][0]})
    habits = {name: combination[name] for name in HABITS}
    site = lives.quick(factory(), "deleted", "emptied", "spared", **habits)
    site.variables["agents_poll_interval"] = 2
    site.simulator.switch(**{name: combination[name] for name in SWITCHES})
    lives.first_rollout(site)
    lives.nothing_to_do(site)

    deleted, emptied, spared = site.names()
    before = site.starts()
    site.simulator.control("DELETE", f"users/{deleted}")
    lives.empty(emptied)
    run = site.rollout().failed(emptied, "409")
    assert lives.verdicts(run)[deleted] == ("registered", "credentials_rejected"), run.output
    assert lives.verdicts(run)[emptied][0] == "conflict", run.output
    assert lives.verdicts(run)[spared] == ("registered", "none"), run.output
    assert lives.touched(before, site.starts()) == {deleted, emptied}
    lives.all_connected(site, [deleted, spared])
    lives.closed_and_clean(site)

    lives.healed(site, [emptied], agents_on_conflict="replace")
    lives.nothing_to_do(site)
    site.retire().ok()
    assert not set(site.names()) & site.simulator.usernames()
    assert [site.container(name) for name in site.names()] == [None, None, None]


@pytest.mark.parametrize(("switches", "texts", "correction"), UNSERVED)
def test_what_cannot_be_served_says_so_and_a_correction_serves_it(factory, switches, texts, correction):
    site = lives.quick(factory(), "one", "two")
    site.simulator.switch(**switches)
    site.rollout().failed(*texts)
    assert not set(site.names()) & site.simulator.usernames()
    assert not site.simulator.state()["window"]["open"]
    site.variables["connectware_contract"] = correction
    run = site.rollout().ok()
    assert {verdict for verdict, _reason in lives.verdicts(run).values()} == {"registered"}
    lives.all_connected(site)
    lives.nothing_to_do(site)
