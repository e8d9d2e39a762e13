# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision table, a test a row: the rows of registration.py, but those of certificates and of proofs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord

from .table import ASKING, CACHED, FAILURE, NOW, OTHER, OWN, PAIRING, POLICY, is_, judge, seen

# broken


def test_absent_container_is_broken():
    is_(judge(seen(state="absent"), user=True), e.BROKEN, e.FAIL)


@pytest.mark.parametrize("state", ["exited", "created", "dead", "paused"])
def test_container_that_does_not_run_is_broken(state):
    is_(judge(seen(state=state, exit_code=3), user=True), e.BROKEN, e.FAIL)


def test_crash_loop_is_broken_only_after_some_restarts():
    is_(judge(seen(state="restarting", restart_count=1)), e.BROKEN, e.WAIT)
    is_(judge(seen(state="restarting", restart_count=5, exit_code=139)), e.BROKEN, e.RESTART)
    verdict = judge(seen(state="restarting", restart_count=5, exit_code=139), asked_again=True)
    is_(verdict, e.BROKEN, e.FAIL)
    assert "139" in verdict.message


def test_a_known_failure_before_any_request_is_broken():
    fresh = seen(credentials=False, events=(FAILURE,), started_at=NOW - 5)
    is_(judge(fresh), e.BROKEN, e.WAIT)
    verdict = judge(seen(credentials=False, events=(FAILURE,)))
    is_(verdict, e.BROKEN, e.FAIL)
    assert "certificate has expired" in verdict.message


# only watched


def test_where_nothing_may_be_done_what_would_need_it_fails():
    policy = Policy(only_watch=True)
    is_(judge(seen(), user=True, policy=policy), e.REGISTERED, e.SETTLED)
    asks = seen(events=(CACHED, PAIRING))
    is_(judge(asks, policy=policy), e.AWAITING_REQUEST, e.FAIL)
    is_(judge(asks, user=True, policy=policy), e.UNPROVEN, e.FAIL)
    is_(judge(asks, pending=[OWN], policy=policy), e.AWAITING_AUTHORIZATION, e.FAIL)
    starting = judge(seen(credentials=False, started_at=NOW - 1), policy=policy)
    is_(starting, e.AWAITING_REQUEST, e.WAIT)
    assert not starting.needs_window
    failing = seen(events=(FAILURE,))
    is_(judge(failing, user=True, policy=policy), e.BROKEN, e.WAIT)
    is_(judge(failing, user=True, policy=policy, wait_started_ago=99.0), e.BROKEN, e.FAIL)


# registered


def test_registered():
    is_(judge(seen(), user=True), e.REGISTERED, e.SETTLED, e.NONE)


def test_just_started_is_watched_first():
    verdict = judge(seen(started_at=NOW - 2), user=True)
    is_(verdict, e.REGISTERED, e.WAIT)
    assert verdict.wait == pytest.approx(8.0)
    learned = judge(seen(started_at=NOW - 2), user=True, time_to_ask=0.4)
    is_(learned, e.REGISTERED, e.SETTLED)
    from_log = judge(seen(started_at=NOW - 2, asked_after=0.4), user=True)
    is_(from_log, e.REGISTERED, e.SETTLED)


@pytest.mark.parametrize("uptime", [12.0, 29.0, 31.0, 5000.0])
def test_who_has_just_started_and_does_not_reach_connectware_is_watched_for_longer(uptime):
    """Its credentials may be refused as soon as it gets as far: that it does not ask proves nothing yet."""
    said = LogEvent("unreachable", NOW - 1, text="Cannot reach broker: ECONNREFUSED")
    verdict = judge(seen(started_at=NOW - uptime, events=(said,)), user=True)
    is_(verdict, e.REGISTERED, e.WAIT if uptime < POLICY.grace else e.SETTLED)
    assert "Cannot reach broker: ECONNREFUSED" in verdict.message
    assert verdict.action == e.SETTLED or verdict.wait == POLICY.grace - uptime


def test_a_late_request_does_not_teach_how_long_a_start_takes():
    late = seen(started_at=NOW - 5000, events=(CACHED, PAIRING))
    record = AgentRecord(late)
    record.observe(late, 0.0)
    record.user_exists = True
    record.observe(seen(started_at=NOW - 11), 0.0)
    assert record.judge(POLICY, window_open=False, now=0.0).action == e.SETTLED
    long_ago = judge(seen(started_at=NOW - 11, asked_after=5000.0), user=True)
    is_(long_ago, e.REGISTERED, e.SETTLED)


def test_failures_of_other_things_do_not_matter_to_a_registered_agent():
    verdict = judge(seen(events=(FAILURE,)), user=True)
    is_(verdict, e.REGISTERED, e.SETTLED)
    assert "certificate has expired" in verdict.message


# unsaved


def test_credentials_deleted_under_a_running_agent():
    observation = seen(credentials=False)
    is_(judge(observation, user=True), e.UNSAVED, e.RESTART, e.CREDENTIALS_MISSING)
    is_(judge(observation, user=True, asked_again=True), e.UNSAVED, e.FAIL)


def test_some_agents_store_last():
    observation = seen(credentials=False, events=(ASKING, PAIRING))
    is_(judge(observation, user=True), e.UNSAVED, e.WAIT)
    is_(judge(observation, user=True, wait_started_ago=99.0), e.UNSAVED, e.RESTART)


def test_unknown_credentials_are_never_taken_for_present():
    is_(judge(seen(credentials=None), user=True), e.UNSAVED, e.WAIT)
    is_(judge(seen(credentials=None), user=True, wait_started_ago=99.0), e.UNSAVED, e.FAIL)


# awaiting_request


def test_request_that_met_a_closed_window():
    verdict = judge(seen(credentials=False, events=(ASKING, PAIRING)))
    is_(verdict, e.AWAITING_REQUEST, e.WAIT, e.FIRST_START)
    assert verdict.needs_window
    is_(
        judge(seen(credentials=False, events=(ASKING, PAIRING)), window=True, wait_started_ago=99.0),
        e.AWAITING_REQUEST,
        e.RESTART,
    )


def test_an_agent_that_says_why_it_cannot_ask_is_broken_and_not_restarted():
    observation = seen(credentials=False, events=(ASKING, PAIRING, FAILURE))
    verdict = judge(observation)
    is_(verdict, e.BROKEN, e.WAIT)
    assert verdict.needs_window
    verdict = judge(observation, window=True, wait_started_ago=99.0)
    is_(verdict, e.BROKEN, e.FAIL)
    assert "certificate has expired" in verdict.message
    over = seen(credentials=False, events=(ASKING, PAIRING, replace(FAILURE, at=NOW - 40)))
    is_(judge(over), e.AWAITING_REQUEST, e.WAIT)


def test_patience_begins_with_the_verdict_that_needs_it():
    record = AgentRecord(seen(credentials=False, events=(ASKING, PAIRING)))
    assert record.judge(POLICY, window_open=True, now=0.0).verdict == e.AWAITING_REQUEST
    record.pending = (OTHER,)
    assert (record.judge(POLICY, True, 100.0).verdict, record.verdict.action) == (e.IMPOSTOR, e.WAIT)
    assert record.judge(POLICY, True, 116.0).action == e.CLEAR


# rejected


def test_user_deleted_on_the_server():
    is_(judge(seen()), e.REJECTED, e.WAIT, e.CREDENTIALS_REJECTED)
    is_(judge(seen(), wait_started_ago=99.0), e.REJECTED, e.RESTART, e.CREDENTIALS_REJECTED)
    is_(judge(seen(events=(CACHED, PAIRING))), e.AWAITING_REQUEST, e.WAIT, e.CREDENTIALS_REJECTED)


# unreadable


def test_starting_agent_is_waited_for_with_an_open_window():
    verdict = judge(seen(credentials=False, started_at=NOW - 1))
    is_(verdict, e.AWAITING_REQUEST, e.WAIT, e.FIRST_START)
    assert verdict.needs_window


def test_rotated_log_gets_one_restart_for_a_fresh_line():
    is_(judge(seen(credentials=False)), e.UNREADABLE, e.RESTART)
    is_(judge(seen(credentials=False), asked_again=True), e.UNREADABLE, e.FAIL)


def test_log_driver_that_cannot_be_read_is_named():
    verdict = judge(seen(credentials=False, log_readable=False, log_driver="syslog"))
    is_(verdict, e.UNREADABLE, e.FAIL)
    assert "syslog" in verdict.message and "json-file" in verdict.message


@pytest.mark.parametrize("evidence", [{"credentials": True}, {"credentials": False, "user": True}])
def test_where_nobody_could_read_what_it_asks_it_is_not_restarted_for_that(evidence):
    """Credentials whose user is gone, and a user whose credentials are."""
    user = evidence.pop("user", False)
    verdict = judge(seen(log_readable=False, log_driver="syslog", **evidence), user=user, wait_started_ago=99.0)
    is_(verdict, e.UNREADABLE, e.FAIL)
    assert not verdict.needs_window and "json-file" in verdict.message


# check mode


def test_planned_agents():
    new = seen(state="absent", planned=True, credentials=None, volume_created_at=None, started_at=None, created_at=None)
    is_(judge(new), e.AWAITING_REQUEST, e.WAIT, e.FIRST_START)
    outlived = replace(new, volume_created_at=NOW - 90 * 86400)  # its container, and nobody has marked it
    is_(judge(outlived), e.AWAITING_REQUEST, e.WAIT, e.CREDENTIALS_MISSING)
    is_(judge(replace(outlived, never_registered=True)), e.AWAITING_REQUEST, e.WAIT, e.FIRST_START)
    is_(judge(new, user=True), e.CONFLICTED, e.FAIL)
    is_(judge(seen(planned=True), user=True), e.REGISTERED, e.SETTLED, e.NONE)
    another_volume = seen(planned=True, credentials=None)
    is_(judge(another_volume, user=True), e.REGISTERED, e.SETTLED, e.NONE)
    is_(judge(replace(another_volume, volume_created_at=None), user=True), e.CONFLICTED, e.FAIL)
