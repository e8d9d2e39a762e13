# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the decision table about what is pending under the agent's username, and whose it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Evidence
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.registration import decide

from .table import ASKING, CACHED, CONFLICT, NOW, OTHER, OWN, PAIRING, POLICY, is_, judge, seen

# awaiting_authorization


def test_exactly_our_own_request_is_authorized():
    is_(
        judge(seen(credentials=False, events=(ASKING, PAIRING)), pending=[OWN]),
        e.AWAITING_AUTHORIZATION,
        e.AUTHORIZE,
        e.FIRST_START,
    )


def test_it_is_authorized_once():
    observation = seen(credentials=False, events=(ASKING, PAIRING))
    again = {
        "authorized": (OWN,),
        "authorized_ago": 1.0,
        "started_at_authorization": observation.started_at,
        "authorized_at": NOW - 10,
    }
    is_(judge(observation, pending=[OWN], **again), e.AWAITING_AUTHORIZATION, e.WAIT)
    is_(judge(observation, pending=[OWN], wait_started_ago=99.0, **again), e.AWAITING_AUTHORIZATION, e.FAIL)


def test_an_authorization_that_failed_is_repeated_at_once_then_after_growing_pauses_and_not_for_ever():
    observation = seen(credentials=False, events=(ASKING, PAIRING))
    own = {"pending": [OWN], "window": True}
    is_(judge(observation, **own, failed_attempts=1), e.AWAITING_AUTHORIZATION, e.AUTHORIZE)
    waits = judge(observation, **own, failed_attempts=3, failed_ago=4.0)
    is_(waits, e.AWAITING_AUTHORIZATION, e.WAIT)
    assert waits.wait == 6.0 and waits.needs_window
    is_(judge(observation, **own, failed_attempts=3, failed_ago=10.0), e.AWAITING_AUTHORIZATION, e.AUTHORIZE)
    ended = judge(observation, **own, failed_attempts=3, refused="Could not authorize: HTTP 404.")
    is_(ended, e.AWAITING_AUTHORIZATION, e.FAIL)
    assert "HTTP 404" in ended.message


def test_a_log_with_two_pairing_ids_is_said_to_show_them_also_where_the_user_exists():
    """As of one that has lost its credentials, where Connectware tells of a conflict when it is authorized only."""
    events = (ASKING, PAIRING, ASKING, replace(PAIRING, pairing_id=OTHER))
    verdict = judge(seen(credentials=False, events=events), pending=[OTHER], user=True, wait_started_ago=99.0)
    is_(verdict, e.IMPOSTOR, e.FAIL)
    assert f"the agent's log shows more than one pairing ID for one request ({OWN}, {OTHER})" in verdict.message
    assert "Find out what writes those lines" in verdict.message and "other words" not in verdict.message


def test_a_list_without_pairing_ids_names_the_entry_of_the_contract():
    observation = seen(credentials=False, events=(ASKING, PAIRING))
    verdict = judge(observation, pending=[None], wait_started_ago=99.0, cleared=True)
    is_(verdict, e.IMPOSTOR, e.FAIL)
    assert "list_registry.fields.pairing_id" in verdict.message
    assert "the pairing ID (not shown) is pending" in verdict.message and "None" not in verdict.message


# impostor


@pytest.mark.parametrize("pending", [[OTHER], [OWN, OTHER], [OTHER, OWN], [None], [OWN, OWN], [OWN.upper()]])
def test_impostor_is_never_authorized(pending):
    observation = seen(credentials=False, events=(ASKING, PAIRING))
    is_(judge(observation, pending=pending), e.IMPOSTOR, e.WAIT)
    is_(judge(observation, pending=pending, wait_started_ago=99.0), e.IMPOSTOR, e.CLEAR)
    verdict = judge(observation, pending=pending, wait_started_ago=99.0, cleared=True)
    is_(verdict, e.IMPOSTOR, e.FAIL)
    assert (pending[0] or "(not shown)") in verdict.message and OWN in verdict.message


def test_request_of_an_agent_without_a_pairing_line_is_not_authorized():
    is_(judge(seen(credentials=False, started_at=NOW - 1), pending=[OWN]), e.IMPOSTOR, e.WAIT)


def test_a_pairing_line_that_is_gone_gets_one_restart_even_while_a_request_is_pending():
    gone = seen(credentials=False)
    is_(judge(gone, pending=[OWN]), e.UNREADABLE, e.RESTART)
    verdict = judge(gone, pending=[OWN])
    assert not verdict.needs_window, "what it asked before the restart must not be listed beside what it asks then"
    is_(judge(gone, pending=[OWN], asked_again=True), e.IMPOSTOR, e.WAIT)
    verdict = judge(gone, pending=[OWN], asked_again=True, wait_started_ago=99.0)
    is_(verdict, e.IMPOSTOR, e.FAIL)
    assert "agents_log_patterns" in verdict.message
    verdict = judge(seen(credentials=False, log_readable=False, log_driver="none"), pending=[OWN])
    is_(verdict, e.UNREADABLE, e.FAIL)
    assert "'none'" in verdict.message


def test_a_log_that_contradicts_itself_is_not_believed():
    forged = LogEvent("pairing", NOW - 40, "agent-1", OTHER)
    for events, pending in (((ASKING, PAIRING, forged), [OTHER]), ((ASKING, forged, PAIRING), [OWN])):
        verdict = judge(seen(credentials=False, events=events), pending=pending)
        is_(verdict, e.UNREADABLE, e.RESTART)
        assert OWN in verdict.message and OTHER in verdict.message
        is_(judge(seen(credentials=False, events=events), pending=pending, asked_again=True), e.UNREADABLE, e.FAIL)
    # That it begins to ask anew in between can be written by anybody, too: a restart shows what it says now.
    for again in (ASKING, CACHED):
        asked_anew = seen(credentials=False, events=(ASKING, forged, again, PAIRING))
        is_(judge(asked_anew, pending=[OWN]), e.UNREADABLE, e.RESTART)


@pytest.mark.parametrize(
    ("pairing", "seen_at", "rest"),
    [
        (replace(PAIRING, at=NOW - 5.0), None, 0.0),
        (replace(PAIRING, at=NOW - 2.0), None, 3.0),
        (replace(PAIRING, at=NOW - 0.5, since=NOW - 5.5), None, 0.0),  # repeated at each poll
        (replace(PAIRING, at=None), NOW - 4.0, 1.0),  # of a log without times, from when this run first saw it
        (replace(PAIRING, at=None), None, 5.0),
        (replace(PAIRING, at=NOW + 1000.0), NOW - 6.0, 0.0),  # a clock that was set back
        (replace(PAIRING, at=NOW + 1000.0), None, 5.0),
    ],
)
def test_a_fresh_pairing_id_is_watched_for_a_poll_before_it_is_believed(pairing, seen_at, rest):
    observation = seen(credentials=False, events=(ASKING, pairing))
    verdict = judge(observation, pending=[OWN], window=True, pairing_seen_at=seen_at)
    if rest:
        is_(verdict, e.AWAITING_AUTHORIZATION, e.WAIT)
        assert (verdict.wait, verdict.looks_at, verdict.needs_window) == (rest, "host", True)
    else:
        is_(verdict, e.AWAITING_AUTHORIZATION, e.AUTHORIZE)


@pytest.mark.parametrize("pending", [[OTHER], [OTHER, OWN], [OWN, OTHER]])
def test_its_own_earlier_request_is_cleared_and_never_authorized(pending):
    observation = seen(credentials=False, events=(ASKING, PAIRING), former_ids=(OTHER,))
    is_(judge(observation, pending=pending), e.AWAITING_REQUEST, e.CLEAR)
    is_(judge(observation, pending=pending, cleared=True, window=True), e.AWAITING_REQUEST, e.WAIT)
    is_(judge(observation, pending=pending, cleared=True), e.AWAITING_REQUEST, e.WAIT)
    verdict = judge(observation, pending=pending, cleared=True, wait_started_ago=99.0)
    is_(verdict, e.AWAITING_REQUEST, e.FAIL)
    assert OTHER in verdict.message and "listed all the same: deny it" in verdict.message
    ended = replace(observation, events=(ASKING, PAIRING, CONFLICT), state="restarting", restart_count=4)
    is_(judge(ended, pending=pending), e.AWAITING_REQUEST, e.CLEAR)  # some end when they are refused
    remembered = judge(replace(observation, former_ids=()), pending=pending, seen_ids=(OTHER, OWN))
    is_(remembered, e.AWAITING_REQUEST, e.CLEAR)
    is_(judge(observation, pending=[*pending, "c0ffee"]), e.IMPOSTOR, e.WAIT)


def test_a_check_by_name_only_would_let_the_impostor_in():
    """The counterpart: the same evidence passes the rule that other tools use, so the tests above can fail."""
    evidence = Evidence(seen(credentials=False, events=(ASKING, PAIRING)), False, (OTHER,))
    by_name_only = len(evidence.pending) == 1
    assert by_name_only and decide(evidence, POLICY).action != e.AUTHORIZE
