# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever nobody has documented of Connectware and its agents: every way works, with the same code and no options.

Each combination of the simulator's switches and of an agent's habits gets one life of three agents. Every two values
meet in some combination, and all values of the four that are NAMED. By default the first one is tried; SWITCHES=all
tries them all (`make switches`).

The life has something for each of them: Connectware restarts while requests are pending, an agent is restarted while
its request is, and one is retired with its request. Left out are what cannot be served without an option (UNSERVED),
and `confirm_ambiguous`: nothing is authorized while two requests of a username are listed, so that it only matters
for a request that comes in between, which the attacks are made of (tests/attack). `default_window_ms` and
`duration_required` are met by each run's duration.
"""

from __future__ import annotations

import os
from itertools import combinations, product

import pytest
from integration import lives
from integration.pairwise import all_pairs, pairs_of
from simulator.harness import until

SEED = int(os.environ.get("SWITCHES_SEED", "12"))
SELECTED = None if os.environ.get("SWITCHES") == "all" else 1
ADMINISTRATORS = 120  # seconds for which an administrator opens the window: no run closes it

SWITCHES = {
    "same_username": ["append", "replace", "reject"],
    "confirm_while_locked": [False, True],
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
# Switches that only mean something together. The order of answers means nothing where `register` never tells of a 409.
TOGETHER = {
    "conflict": [
        {"conflict_told_by": "register", "answer_order": "locked_first"},
        {"conflict_told_by": "register", "answer_order": "conflict_first"},
        {"conflict_told_by": "confirm"},
    ],
}
# All combinations of these are lived, and of what becomes of a grant where the agent's user is made at once.
TOGETHER_WITH_ALL = {
    "confirm_while_locked": [False, True],
    "pending_survives_relock": [False, True],
    "conflict": [0, 1],
    "SIMULATOR_STORE": ["after", "before"],
}
A_GRANT = {"grant_repeatable": False, "create_user_on": "confirm", "grant_while_locked": True}
NAMED = [dict(zip(TOGETHER_WITH_ALL, row, strict=True)) for row in product(*TOGETHER_WITH_ALL.values())]
NAMED = [{**row, **A_GRANT} if number in (0, 1) else row for number, row in enumerate(NAMED)]
PARAMETERS = {**SWITCHES, **HABITS, **{name: list(range(len(values))) for name, values in TOGETHER.items()}}
COMBINATIONS = all_pairs(PARAMETERS, SEED, NAMED)

# What cannot be served without an option: the switches, what the message must name, and why.
UNSERVED = [
    pytest.param(
        {"rows_per_page_max": 20},
        ["list users", "at most 20 rows"],
        {"settings": {"rows_per_page": 20}},
        id="smaller_pages: at most 100 users a page is documented, so 100 are asked for",
        marks=pytest.mark.long,
    ),
    pytest.param(
        {"duration_field": "milliseconds", "duration_required": True},
        ["open the registration window", "duration"],
        {"unlock": {"body": {"milliseconds": "{milliseconds}", "duration": None}}},
        id="duration_field: the name of the parameter is assumed, and only one name can be sent",
        marks=pytest.mark.long,
    ),
    pytest.param(
        {"pairing_id_field": "code"},
        ["pairing_id", "connectware_contract"],
        {"list_registry": {"fields": {"pairing_id": "code"}}},
        id="pairing_id_field: three spellings are read, another one must be told",
        marks=pytest.mark.long,
    ),
]


def test_every_pair_is_met():
    met = {pair for row in COMBINATIONS for pair in pairs_of(row)}
    for one, other in combinations(sorted(PARAMETERS), 2):
        for value in PARAMETERS[one]:
            assert {(one, value, other, other_value) for other_value in PARAMETERS[other]} <= met
    for row in NAMED:
        assert any(row.items() <= combination.items() for combination in COMBINATIONS), row
    granted = [row["SIMULATOR_STORE"] for row in NAMED if A_GRANT.items() <= row.items()]
    assert len(NAMED) == 16 and sorted(granted) == ["after", "before"]
    assert all_pairs(PARAMETERS, SEED, NAMED) == COMBINATIONS, "the same seed gives the same combinations"


@pytest.mark.parametrize("number", range(1, len(COMBINATIONS[:SELECTED]) + 1))
def test_one_life(factory, own_simulator, number):
    """Registered, nothing to do, deleted on the server, emptied on the host, replaced, nothing to do, retired."""
    combination = COMBINATIONS[number - 1]
    print("not default:", {k: v for k, v in combination.items() if v != PARAMETERS[k][0]})
    habits = {name: combination[name] for name in HABITS}
    switches = {name: combination[name] for name in SWITCHES}
    for name, values in TOGETHER.items():
        switches |= values[combination[name]]
    own_simulator.switch(**switches)
    site = lives.quick(lives.with_own(factory(3), own_simulator), "deleted", "emptied", "spared", **habits)
    site.variables["agents_poll_interval"] = 2
    site.variables["agents_timeout"] = ADMINISTRATORS + 30  # a request may stay until that window closes by itself
    deleted, emptied, spared = site.names()

    lives.deployed_only(site)
    restarted_with_requests(site, switches)
    lives.let_in_first(site)
    own_simulator.control("POST", "window", {"open_ms": 0})  # where it outlived the restart, it is not the run's
    lives.nothing_to_do(site)

    own_simulator.control("DELETE", f"users/{deleted}")
    asks_twice(site, deleted, switches["same_username"])
    lives.empty(emptied)
    before = site.starts()
    if stays_blocked(switches):
        run = site.rollout().failed(deleted, "from before its restart is still pending", "deny it in Connectware")
        denied_by_hand(site, deleted)
    run = site.rollout().failed(emptied, "409")
    assert lives.verdicts(run)[deleted] == ("registered", "credentials_rejected"), run.output
    assert lives.verdicts(run)[emptied][0] == "conflict", run.output
    assert lives.verdicts(run)[spared] == ("registered", "none"), run.output
    assert lives.touched(before, site.starts()) == {deleted, emptied}
    lives.all_connected(site, [deleted, spared])
    own_simulator.control("POST", "window", {"open_ms": 0})
    refused_request = switches["conflict_told_by"] == "confirm" and switches["pending_survives_relock"]
    assert {name for name, _id in site.pending()} <= ({emptied} if refused_request else set())

    by_proof = switches["conflict_told_by"] == "confirm" and habits["SIMULATOR_STORE"] == "before"
    if by_proof and stays_blocked(switches):  # with credentials in the volume, a restart has to show that it asks
        run = site.rollout(agents_on_conflict="replace").failed(emptied, "from before its restart is still pending")
        assert run.agents[emptied]["actions"] == ["restarted", "user_deleted"], run.output
        denied_by_hand(site, emptied)
    lives.healed(site, [emptied], agents_on_conflict="replace")
    lives.nothing_to_do(site)
    retired_with_a_request(site, spared, switches)


def asks(site, name):
    """The agent has a pending request, as soon as an administrator opens the window."""
    if not site.simulator.state()["window"]["open"]:
        site.simulator.control("POST", "window", {"open_ms": ADMINISTRATORS * 1000})
    return [pairing_id for username, pairing_id in site.pending() if username == name]


def lasting(switches):
    """What is pending stays so, for as long as a run needs to begin."""
    outlives = switches["pending_survives_relock"] or not switches["max_window_ms"]
    return outlives and not switches["pending_ttl_ms"]


def restarted_with_requests(site, switches):
    """Connectware restarts while all ask in an open window: requests and window survive it, or do not."""

    def requests():
        return {
            (each["username"], each["pairing_id"], each["requested_at"]) for each in site.simulator.state()["pending"]
        }

    until(lambda: all(asks(site, name) for name in site.names()), "all ask")
    before = requests()
    assert site.simulator.stop() == 0
    site.simulator.start()
    after, window = requests(), site.simulator.state()["window"]
    if lasting(switches):
        assert (after & before == before) is switches["pending_survives_restart"]
    assert switches["pending_survives_restart"] or not after & before
    if not switches["max_window_ms"]:
        assert window["open"] is switches["window_survives_restart"]


def asks_twice(site, name, same_username):
    """It is restarted while its request is pending, and asks again: two of its name, or one, or a 409."""
    (old_id,) = until(lambda: asks(site, name), f"{name} asks")
    lives.restart(name)

    def asked_again():
        conflict = "409 Conflict" in lives.log_of(name).rpartition("Starting in distributed")[2]
        return (conflict and same_username == "reject") or set(asks(site, name)) - {old_id}

    until(asked_again, f"{name} asks again")


def stays_blocked(switches):
    """The request from before the restart stays listed, and there is no way to get rid of it but by hand."""
    lasts = switches["pending_survives_relock"] and not switches["pending_ttl_ms"] and not switches["deny_supported"]
    return lasts and switches["same_username"] != "replace"


def denied_by_hand(site, name):
    site.simulator.switch(deny_supported=True)
    answer = site.simulator.client()("POST", "/api/client-registry/deny", json={"username": name})
    assert answer.ok, answer.text
    site.simulator.switch(deny_supported=False)


def retired_with_a_request(site, name, switches):
    """What is left of an agent is denied, where that can be done, or told; it may also have gone by itself."""
    site.simulator.control("DELETE", f"users/{name}")
    until(lambda: asks(site, name), f"{name} asks")
    run = site.retire().ok()
    denied, told = (
        "denied" in run.agents[name]["actions"],
        f"retired agent {name} is still pending" in " ".join(run.output.split()),
    )
    if lasting(switches):
        assert (denied, told) == (switches["deny_supported"], not switches["deny_supported"]), run.output
    assert not site.pending() or told, run.output
    assert not set(site.names()) & site.simulator.usernames()
    assert [site.container(each) for each in site.names()] == [None, None, None]


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
