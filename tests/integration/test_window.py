# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may happen to the registration window and its requests, and to Connectware itself, in the middle of a run."""

from __future__ import annotations

import subprocess

import pytest
from integration import lives
from integration.bed import Factory
from simulator.harness import until

BUSY = {"operation": "registry_confirm", "status": 503, "count": 0}


def ended_well(site: Factory, process: subprocess.Popen[bytes]) -> None:
    assert process.wait(120) == 0, said(site)
    lives.all_connected(site)
    lives.closed_and_clean(site)


def seen_open(site: Factory) -> bool:
    """The window is open, and the run has listed the requests since it opened it."""
    operations = [entry["operation"] for entry in site.counts()["log"]]
    if not site.simulator.state()["window"]["open"] or "registry_unlock" not in operations:
        return False
    return "registry_list" in operations[len(operations) - operations[::-1].index("registry_unlock") :]


def said(site: Factory) -> str:
    return (site.directory / "started.log").read_text()


def refused(site: Factory) -> int:
    """How many authorizations were refused so far."""
    log = site.counts()["log"]
    return len([entry for entry in log if entry["operation"] == "registry_confirm" and entry["status"] >= 400])


@pytest.mark.parametrize(
    "survives",
    [False, pytest.param(True, marks=pytest.mark.long)],
    ids=["requests_vanish", "requests_survive"],
)
@pytest.mark.parametrize(
    "while_locked",
    [False, pytest.param(True, marks=pytest.mark.long)],
    ids=["confirm_needs_window", "confirm_while_locked"],
)
def test_a_window_that_somebody_closes_is_opened_again(factory, survives, while_locked):
    """Closed as soon as requests are listed, three times over, while authorizations get no answer."""
    site = lives.quick(factory(3))
    site.simulator.switch(pending_survives_relock=survives, confirm_while_locked=while_locked)
    site.simulator.control("POST", "faults", BUSY)
    process = site.start("rollout")
    try:
        for _number in range(3):
            until(lambda: site.pending() and seen_open(site), "the run has listed requests in an open window", 120)
            site.simulator.control("POST", "window", {"open_ms": 0})
            assert bool(site.pending()) == survives
        site.simulator.control("DELETE", "faults")
        ended_well(site, process)
    finally:
        process.kill()
    lives.nothing_to_do(site)


def test_a_window_that_is_closed_before_the_run_has_seen_it_open(factory):
    site = lives.quick(factory(1))
    process = site.start("rollout")
    try:
        until(lambda: site.simulator.state()["window"]["open"], "the window is open", 120)
        site.simulator.control("POST", "window", {"open_ms": 0})
        ended_well(site, process)
    finally:
        process.kill()


def test_an_authorization_that_meets_a_closed_window_is_tried_again(factory):
    """The window closes between the list and the authorization, which is refused with 423."""
    site = lives.quick(factory(1))
    site.simulator.switch(pending_survives_relock=True)
    site.simulator.control("POST", "faults", {"operation": "registry_confirm", "delay": 1.5})
    process = site.start("rollout")
    try:
        until(site.pending, "it asks", 120)
        until(lambda: site.simulator.control("GET", "faults")["faults"] == [], "the authorization is on its way", 20)
        site.simulator.control("POST", "window", {"open_ms": 0})
        ended_well(site, process)
    finally:
        process.kill()
    assert 1 <= refused(site) <= 2, "it is tried once more before the window is open again"
    assert 423 in {entry["status"] for entry in site.counts()["log"] if entry["operation"] == "registry_confirm"}
    lives.nothing_to_do(site)


@pytest.mark.parametrize(
    ("works", "told"),
    [(True, None), pytest.param(False, None, marks=pytest.mark.long), (False, True)],
    ids=["where_it_works", "where_it_does_not", "where_it_does_not_although_the_contract_says_so"],
)
def test_the_window_is_closed_before_an_authorization(factory, works, told):
    site = lives.quick(factory(3))
    site.simulator.switch(pending_survives_relock=works, confirm_while_locked=works)
    run = site.rollout(connectware_contract={"settings": {"confirms_while_locked": told}}).ok()
    log = [entry["operation"] for entry in site.counts()["log"]]
    moves = [name for name in log if name in ("registry_unlock", "registry_lock", "registry_confirm")]
    before = [moves[: at + 1] for at, name in enumerate(moves) if name == "registry_confirm"]
    last = [next(name for name in reversed(part) if name != "registry_confirm") for part in before]
    assert last == ["registry_lock" if works else "registry_unlock"] * 3
    assert ("settings.confirms_while_locked is true, but" in run.output) is bool(told)
    lives.all_connected(site)
    lives.closed_and_clean(site)


@pytest.mark.parametrize(
    "switches",
    [
        pytest.param({"pending_survives_restart": True, "window_survives_restart": False}, marks=pytest.mark.long),
        {"pending_survives_restart": False, "window_survives_restart": False},
        pytest.param({"pending_survives_restart": False, "window_survives_restart": True}, marks=pytest.mark.long),
    ],
    ids=["requests_survive", "nothing_survives", "window_survives"],
)
def test_connectware_restarts_in_the_middle_of_a_rollout(factory, own_simulator, switches):
    site = lives.quick(lives.with_own(factory(3), own_simulator))
    own_simulator.switch(**switches)
    own_simulator.control("POST", "faults", BUSY)
    process = site.start("rollout")
    try:
        until(lambda: len(site.pending()) == 3, "all ask", 120)
        assert own_simulator.stop() == 0
        own_simulator.start()  # the fault is forgotten
        ended_well(site, process)
    finally:
        process.kill()
    lives.nothing_to_do(site)


@pytest.mark.long
def test_connectware_restarts_while_nothing_runs(factory, own_simulator):
    """Agents that wait for the broker and then log in again need nothing."""
    site = lives.quick(lives.with_own(factory(2), own_simulator))
    lives.first_rollout(site)
    before = site.starts()
    own_simulator.stop()
    for name in site.names():
        until(lambda name=name: "Cannot reach broker" in lives.log_of(name), f"{name} has noticed")
    own_simulator.start()
    lives.all_connected(site)
    lives.nothing_to_do(site)
    assert site.starts() == before


@pytest.mark.long
@pytest.mark.parametrize("order", ["locked_first", "conflict_first"])
def test_a_conflict_is_found_whichever_answer_comes_first(factory, order):
    """Where 409 comes before 423, the conflict shows with a closed window."""
    site = lives.quick(factory(2))
    site.simulator.switch(answer_order=order)
    lives.first_rollout(site)
    lost = site.names()[0]
    lives.empty(lost)
    lives.restart(lost)
    text = "409 Conflict" if order == "conflict_first" else "newly generated"
    until(lambda: text in lives.log_of(lost).rpartition("Connected to")[2], "it asks")
    lives.conflicts(site, [lost])
    lives.healed(site, [lost], agents_on_conflict="replace")
    lives.nothing_to_do(site)


@pytest.mark.long
@pytest.mark.parametrize("deny", [False, True], ids=["no_deny", "deny"])
@pytest.mark.parametrize("survives", [False, True], ids=["requests_vanish", "requests_survive"])
def test_restarted_while_its_request_is_pending(factory, survives, deny):
    """Its old request stays listed beside the new one: both are its own, but none is authorized while both are listed.

    Denied, or gone with the window, the old one makes room; where it outlives the window, a message says what to do.
    """
    site = lives.quick(factory(2))
    one, _two = site.names()
    site.simulator.switch(same_username="append", pending_survives_relock=survives, deny_supported=deny)
    site.simulator.control("POST", "faults", BUSY)
    process = site.start("rollout")
    try:
        until(lambda: len(site.pending()) == 2 and refused(site), "both ask, and were to be authorized", 120)
        (old_id,) = (pairing_id for name, pairing_id in site.pending() if name == one)
        lives.restart(one)
        until(lambda: len([name for name, _id in site.pending() if name == one]) == 2, "both requests are listed")
        site.simulator.control("DELETE", "faults")
        code = process.wait(120)
    finally:
        process.kill()
    if survives and not deny:
        assert code != 0, said(site)
        assert old_id in said(site)
        assert one not in site.simulator.usernames(), "one of two requests was authorized"
        site.simulator.switch(pending_survives_relock=False)
        site.simulator.control("POST", "window", {"open_ms": 0})
        site.rollout().ok()
    else:
        assert code == 0, said(site)
    lives.all_connected(site)
    lives.closed_and_clean(site)
    lives.nothing_to_do(site)
