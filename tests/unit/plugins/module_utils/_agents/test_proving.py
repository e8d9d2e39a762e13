# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the decision table about proofs: a restart, or watching, and clocks that were set back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord

from .table import ASKING, CONFLICT, NOW, OWN, PAIRING, POLICY, is_, judge, seen

# unproven


def test_pairing_line_of_this_start_is_proved_by_one_restart():
    observation = seen(events=(ASKING, PAIRING))
    is_(judge(observation, user=True), e.UNPROVEN, e.RESTART, e.NONE)
    is_(judge(observation, user=True, proved=True), e.AWAITING_REQUEST, e.WAIT)


def test_one_that_asks_before_our_eyes_has_lost_its_registration():
    """Its restart only proves it; the brake counts it before that."""
    asks, cached = seen(events=(ASKING, PAIRING)), seen(events=(LogEvent("asking_cached", NOW), PAIRING))
    is_(judge(asks, user=True, asks_now=True), e.UNPROVEN, e.RESTART, e.CREDENTIALS_MISSING)
    is_(judge(cached, user=True, asks_now=True), e.UNPROVEN, e.RESTART, e.CREDENTIALS_REJECTED)
    refused = replace(cached, events=(*cached.events, CONFLICT))
    policy = Policy(on_conflict="replace")
    is_(judge(refused, user=True, policy=policy, asks_now=True), e.UNPROVEN, e.RESTART, e.CREDENTIALS_REJECTED)


def test_proof_by_watching():
    policy = Policy(proof="watch", poll_interval=2.0)
    observation = seen(events=(ASKING, PAIRING))
    verdict = judge(observation, user=True, policy=policy)
    is_(verdict, e.UNPROVEN, e.WAIT)
    assert verdict.needs_window
    is_(judge(observation, user=True, policy=policy, watched=6.0), e.REGISTERED, e.SETTLED)


def test_watching_proves_only_what_was_stored_after_the_authorization():
    policy = Policy(proof="watch", poll_interval=2.0)
    observation = seen(events=(ASKING, PAIRING))
    done = {"authorized": (OWN,), "authorized_ago": 9.0, "started_at_authorization": NOW - 60, "authorized_at": NOW}
    is_(judge(observation, user=True, policy=policy, watched=9.0, **done), e.REGISTERED, e.SETTLED)
    before = judge(observation, user=True, policy=policy, watched=9.0, saved_at_authorization=True, **done)
    is_(before, e.UNPROVEN, e.RESTART)


def test_a_new_registration_is_proven_although_its_log_was_rotated_meanwhile():
    done = {"authorized": (OWN,), "authorized_ago": 9.0, "started_at_authorization": NOW - 60, "authorized_at": NOW}
    is_(judge(seen(), user=True, **done), e.UNPROVEN, e.RESTART)
    is_(judge(seen(started_at=NOW - 20), user=True, proved_new=True, **done), e.REGISTERED, e.SETTLED)


def test_new_registration_ends_with_one_restart():
    observation = seen(events=(ASKING, PAIRING))
    done = {
        "authorized": (OWN,),
        "authorized_ago": 2.0,
        "started_at_authorization": observation.started_at,
        "authorized_at": NOW - 10,
    }
    is_(judge(observation, user=True, **done), e.UNPROVEN, e.RESTART, e.FIRST_START)
    is_(judge(observation, user=True, saved_at_authorization=True, **done), e.UNPROVEN, e.WAIT)
    is_(
        judge(observation, user=True, saved_at_authorization=True, **{**done, "authorized_ago": 6.0}),
        e.UNPROVEN,
        e.RESTART,
    )


# a host whose clock was set back

FUTURE = {"started_at": NOW + 3600, "created_at": NOW - 500}


@pytest.mark.parametrize("by_certificate", [True, False])
def test_an_agent_that_starts_in_the_future_is_proven_by_one_restart(by_certificate):
    """Nobody knows how long it has run; the restart gives it a start by the clock of now."""
    agent = seen(**FUTURE, by_certificate=by_certificate, credentials=not by_certificate)
    verdict = judge(agent, user=True)
    is_(verdict, e.UNPROVEN, e.RESTART, e.NONE)
    assert "clock" in verdict.message and not verdict.needs_window
    is_(judge(replace(agent, started_at=NOW - 20), user=True, proved=True), e.REGISTERED, e.SETTLED)
    is_(judge(agent, user=True, policy=Policy(only_watch=True)), e.UNPROVEN, e.FAIL)
    for no_restart in ({"proved": True}, {"policy": Policy(proof="watch")}):
        is_(judge(agent, user=True, **no_restart), e.REGISTERED, e.WAIT)
        is_(judge(agent, user=True, wait_started_ago=11.0, **no_restart), e.REGISTERED, e.SETTLED)


@pytest.mark.parametrize("by_certificate", [True, False])
def test_a_start_in_the_future_after_an_authorization_is_proven_once_too(by_certificate):
    """What a restart proves then is told by another mark than before an authorization."""
    agent = seen(**FUTURE, by_certificate=by_certificate, credentials=not by_certificate)
    proven = {"authorized": ("a82123",), "proved_new": True}
    is_(judge(agent, user=True, **proven), e.REGISTERED, e.WAIT)
    is_(judge(agent, user=True, wait_started_ago=11.0, **proven), e.REGISTERED, e.SETTLED)


def test_a_start_in_the_future_is_no_reason_to_wait_until_then():
    is_(judge(seen(**FUTURE, credentials=False), user=True), e.UNSAVED, e.WAIT)
    is_(judge(seen(**FUTURE, credentials=False), user=True, wait_started_ago=11.0), e.UNSAVED, e.RESTART)
    is_(judge(seen(**FUTURE), wait_started_ago=11.0), e.REJECTED, e.RESTART)
    is_(judge(seen(**FUTURE, credentials=False), wait_started_ago=31.0), e.UNREADABLE, e.RESTART)


def test_a_start_in_the_future_does_not_teach_how_long_a_start_takes():
    record = AgentRecord(seen(**FUTURE, credentials=False, events=(ASKING, PAIRING)))
    record.observe(record.observation, 0.0)
    record.user_exists = True
    record.observe(seen(started_at=NOW - 2), 0.0)
    assert record.judge(POLICY, window_open=False, now=0.0).action == e.WAIT
    slow = AgentRecord(seen(started_at=NOW + 1))  # as measured over the network
    slow.user_exists = True
    assert slow.judge(POLICY, window_open=False, now=0.0).verdict == e.REGISTERED
