# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the decision table about conflicts: a user of the agent's name exists, or somebody else was let in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Evidence, Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.registration import decide

from .table import ASKING, CACHED, CONFLICT, FAILURE, NOW, OTHER, OWN, PAIRING, POLICY, is_, judge, seen

# conflict


@pytest.mark.parametrize("state", ["running", "restarting", "exited"])
def test_conflict_fails_with_the_ways_out(state):
    verdict = judge(seen(state=state, credentials=False, events=(ASKING, PAIRING, CONFLICT)), user=True)
    is_(verdict, e.CONFLICTED, e.FAIL, e.CONFLICT_REASON)
    assert "on_conflict: replace" in verdict.message and "volume" in verdict.message and "name" in verdict.message


def test_conflict_replaces_once_if_allowed():
    policy = Policy(on_conflict="replace")
    observation = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT))
    is_(judge(observation, user=True, policy=policy), e.CONFLICTED, e.DELETE_USER)
    is_(judge(observation, user=True, policy=policy, replaced=True), e.CONFLICTED, e.WAIT)
    is_(judge(observation, user=True, policy=policy, replaced=True, wait_started_ago=99.0), e.CONFLICTED, e.FAIL)


def test_a_conflict_tells_since_when_the_user_exists():
    observation = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT))
    evidence = Evidence(observation, True, user_since="2026-01-02T03:04:05Z")
    assert "'agent-1' exists already since 2026-01-02T03:04:05Z" in decide(evidence, POLICY).message


def test_a_user_that_another_running_agent_answers_to_is_not_deleted():
    observation = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT))
    evidence = Evidence(observation, True, elsewhere="the container old on host munich")
    verdict = decide(evidence, Policy(on_conflict="replace"))
    is_(verdict, e.CONFLICTED, e.FAIL)
    assert "the container old on host munich" in verdict.message and "not deleted" in verdict.message


def test_a_user_that_must_be_kept_ends_the_conflict():
    observation = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT))
    verdict = judge(observation, user=True, policy=Policy(on_conflict="replace"), kept="It is an administrator.")
    is_(verdict, e.CONFLICTED, e.FAIL)
    assert "administrator" in verdict.message


def test_rejected_credentials_of_a_user_that_exists_are_told():
    observation = seen(events=(CACHED, PAIRING, CONFLICT))
    is_(judge(observation, user=True), e.CONFLICTED, e.FAIL, e.CREDENTIALS_REJECTED)


def test_after_the_stale_user_is_gone_the_agent_is_restarted_to_ask():
    """So that a line which was forged before its refusal is gone; once, then it is waited for."""
    running = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT))
    is_(judge(running, replaced=True), e.AWAITING_REQUEST, e.RESTART)
    is_(judge(running, replaced=True, asked_again=True), e.AWAITING_REQUEST, e.WAIT)
    is_(judge(running, replaced=True, pending=[OWN]), e.AWAITING_AUTHORIZATION, e.RESTART)
    is_(judge(running, replaced=True, pending=[OWN], asked_again=True), e.AWAITING_AUTHORIZATION, e.FAIL)
    cleared = {
        "asked_again": True,
        "cleared": True,
        "cleared_start": NOW - 60,
    }  # refused because of its own dead request, which is gone
    is_(judge(running, replaced=True, pending=[OWN], **cleared), e.AWAITING_AUTHORIZATION, e.AUTHORIZE)
    ended = replace(running, state="exited")
    is_(judge(ended, replaced=True), e.AWAITING_REQUEST, e.RESTART)


def test_what_was_said_before_a_refusal_is_not_believed():
    """An agent that is refused may not have said its own line yet, only something else may have."""
    refused = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT))
    is_(judge(refused, pending=[OWN]), e.AWAITING_AUTHORIZATION, e.RESTART)
    is_(judge(refused, pending=[OWN], asked_again=True), e.AWAITING_AUTHORIZATION, e.FAIL)
    # Refused because of its own dead request.
    done = {"asked_again": True, "cleared": True}
    is_(judge(refused, pending=[OWN], cleared_start=NOW - 60, **done), e.AWAITING_AUTHORIZATION, e.AUTHORIZE)
    is_(judge(refused, pending=[OWN], cleared_start=NOW - 90, **done), e.AWAITING_AUTHORIZATION, e.FAIL)
    fresh = {"cleared": True, "cleared_start": NOW - 90}
    is_(judge(refused, pending=[OWN], **fresh), e.AWAITING_AUTHORIZATION, e.RESTART)


def test_old_conflict_with_credentials_is_proved_by_one_restart():
    old = LogEvent("conflict", NOW - 300)
    observation = seen(started_at=NOW - 400, events=(ASKING, PAIRING, old))
    is_(judge(observation, user=True), e.UNPROVEN, e.RESTART)
    is_(judge(observation, user=True, proved=True), e.CONFLICTED, e.FAIL)


def test_before_a_user_is_deleted_credentials_are_proved_by_one_restart():
    """Whoever can write into its log could else make a run delete the user of a healthy agent."""
    observation = seen(events=(ASKING, PAIRING, CONFLICT))
    policy = Policy(on_conflict="replace")
    is_(judge(observation, user=True, policy=policy), e.UNPROVEN, e.RESTART)
    is_(judge(observation, user=True, policy=policy, proved=True), e.CONFLICTED, e.DELETE_USER)
    is_(judge(observation, user=True), e.CONFLICTED, e.FAIL)


@pytest.mark.parametrize("at", [NOW - 2, NOW - 300])
@pytest.mark.parametrize("on_conflict", ["fail", "replace"])
@pytest.mark.parametrize("agent", [{}, {"by_certificate": True, "credentials": False}])
def test_a_machine_that_answers_409_is_no_conflict_of_its_agent(agent, on_conflict, at):
    """An agent that has not asked for a registration has met none, whatever else its log says."""
    policy = Policy(on_conflict=on_conflict)
    works = seen(events=(LogEvent("conflict", at), FAILURE, LogEvent("conflict", at)), started_at=NOW - 400, **agent)
    works = replace(works, events=(LogEvent("conflict", at),)) if "by_certificate" in agent else works
    for history in ({}, {"proved": True}, {"proved": True, "asked_again": True}):
        verdict = judge(works, user=True, policy=policy, **history)
        is_(verdict, e.REGISTERED, e.SETTLED, e.NONE)
    assert "by_certificate" in agent or "409" in verdict.message
    asked = replace(works, events=(CACHED, *works.events))
    assert judge(asked, user=True, policy=policy, proved=True).verdict == e.CONFLICTED


def test_without_credentials_a_conflict_counts_although_what_was_asked_is_gone_from_the_log():
    lost = seen(credentials=False, events=(CONFLICT,))
    is_(judge(lost, user=True), e.CONFLICTED, e.FAIL)
    is_(judge(lost, user=True, policy=Policy(on_conflict="replace")), e.CONFLICTED, e.DELETE_USER)
    unknown = replace(lost, credentials=None)
    is_(judge(unknown, user=True, policy=Policy(on_conflict="replace")), e.UNSAVED, e.WAIT)


@pytest.mark.parametrize("asked", [ASKING, CACHED])
def test_a_user_is_not_deleted_where_nobody_could_look_for_credentials_before_a_restart(asked):
    """As of an agent that somebody else runs without the folder: the conflict may have been solved long ago."""
    unknown = seen(credentials=None, events=(asked, PAIRING, CONFLICT))
    replace_it = Policy(on_conflict="replace")
    is_(judge(unknown, user=True, policy=replace_it), e.UNPROVEN, e.RESTART)
    is_(judge(unknown, user=True, policy=replace_it, proved=True), e.CONFLICTED, e.DELETE_USER)


def test_an_agent_that_writes_409_has_come_back_all_the_same():
    assert seen(events=(CONFLICT,)).came_back(10.0)
    assert not seen(events=(CACHED, CONFLICT)).came_back(10.0)


def test_lost_credentials_are_told_from_a_name_that_was_taken_before():
    lost = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT), exit_code=0)
    is_(judge(lost, user=True), e.CONFLICTED, e.FAIL, e.CREDENTIALS_MISSING)
    older = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT), volume_created_at=NOW - 9000)
    is_(judge(older, user=True), e.CONFLICTED, e.FAIL, e.CREDENTIALS_MISSING)


def test_a_conflict_that_the_authorization_told_of_holds_for_the_request_after_the_proof():
    """It asks anew, so it has no user; its earlier request may be in the way for ever, and only a person mend that."""
    asks = seen(events=(ASKING, PAIRING))
    proven = {"name_taken": True, "proved": True, "seen_ids": frozenset({OTHER})}
    verdict = judge(asks, user=True, pending=[OTHER], policy=Policy("replace"), **proven)
    is_(verdict, e.CONFLICTED, e.DELETE_USER, e.CONFLICT_REASON)
    is_(judge(asks, pending=[OTHER], policy=Policy("replace"), **proven), e.AWAITING_REQUEST, e.CLEAR)
    is_(judge(seen(), user=True, policy=Policy("replace"), **proven), e.REGISTERED, e.SETTLED)


@pytest.mark.parametrize(
    ("observation", "history"),
    [
        (seen(events=(ASKING, PAIRING, CONFLICT)), {}),
        (seen(events=(ASKING, PAIRING)), {"name_taken": True}),
    ],
    ids=["told_by_its_log", "told_by_connectware"],
)
def test_whose_conflict_is_to_be_proven_is_watched_until_it_would_have_asked(observation, history):
    """Also by the host, which removes the mark of one that was never registered after so long a silence."""
    verdict = judge(observation, user=True, pending=[OWN] if history else [], policy=Policy("replace"), **history)
    is_(verdict, e.UNPROVEN, e.RESTART)
    assert verdict.wait == POLICY.settle


# authorized in this run, and not let in


def test_an_authorization_holds_only_until_the_agent_fails():
    done = {"authorized": (OWN,), "authorized_ago": 99.0, "started_at_authorization": NOW - 60, "authorized_at": NOW}
    crashed = judge(seen(state="exited", exit_code=28, events=(ASKING, PAIRING)), user=True, **done)
    is_(crashed, e.BROKEN, e.TAKE_BACK)
    is_(judge(seen(state="exited", events=(ASKING, PAIRING)), user=False, **done), e.BROKEN, e.FAIL)
    ended = {"taken_back": "it was thrown out", "taken_back_as": e.BROKEN}
    is_(judge(seen(state="exited", events=(ASKING, PAIRING)), user=True, **done, **ended), e.BROKEN, e.FAIL)


def test_a_second_pairing_id_after_the_authorization_takes_it_back():
    forged_first = (ASKING, replace(PAIRING, pairing_id=OTHER), PAIRING)
    done = {"authorized": (OTHER,), "authorized_ago": 1.0, "started_at_authorization": NOW - 60, "authorized_at": NOW}
    verdict = judge(seen(credentials=False, events=forged_first), user=True, **done)
    is_(verdict, e.IMPOSTOR, e.TAKE_BACK)
    assert OWN in verdict.message and OTHER in verdict.message


def test_one_that_asks_again_in_a_new_start_after_its_authorization_is_not_believed():
    """Where Connectware tells of its user only when a request is authorized, it is never told 409."""
    asks = seen(credentials=False, started_at=NOW - 20, events=(ASKING, PAIRING))
    done = {"authorized": (OTHER,), "started_at_authorization": NOW - 100, "authorized_at": NOW - 60}
    again = judge(asks, user=True, pending=(OWN,), **done)
    is_(again, e.AWAITING_REQUEST, e.TAKE_BACK)
    assert "asks again" in again.message
    is_(judge(asks, user=True, pending=(OWN,), existed=True, **done), e.AWAITING_AUTHORIZATION, e.AUTHORIZE)


def test_authorized_agent_that_asks_again_after_its_restart_fails():
    observation = seen(events=(ASKING, PAIRING))
    verdict = judge(
        observation,
        user=True,
        authorized=(OWN,),
        authorized_ago=9.0,
        started_at_authorization=NOW - 90,
        proved_new=True,
    )
    is_(verdict, e.AWAITING_REQUEST, e.TAKE_BACK)
    assert "persist" in verdict.message


def test_an_authorization_that_let_somebody_else_in_is_taken_back():
    late = replace(CONFLICT, at=NOW - 1)
    observation = seen(credentials=False, events=(ASKING, PAIRING, late))
    done = {
        "authorized": (OWN,),
        "authorized_ago": 2.0,
        "started_at_authorization": observation.started_at,
        "authorized_at": NOW - 10,
    }
    verdict = judge(observation, user=True, policy=Policy(on_conflict="replace"), **done)
    is_(verdict, e.IMPOSTOR, e.TAKE_BACK)
    assert "place" in verdict.message and "agent-1" in verdict.message
    ended = judge(observation, taken_back="it was thrown out", **done)
    is_(ended, e.AWAITING_REQUEST, e.FAIL)
    assert ended.message == "it was thrown out"
    is_(judge(observation, user=True, **{**done, "authorized_at": NOW - 1}), e.UNSAVED, e.WAIT)


def test_a_conflict_with_a_user_that_was_there_before_the_authorization_is_one_like_any_other():
    observation = seen(credentials=False, events=(ASKING, PAIRING, replace(CONFLICT, at=NOW - 1)))
    done = {
        "authorized": (OWN,),
        "authorized_ago": 2.0,
        "started_at_authorization": observation.started_at,
        "authorized_at": NOW - 10,
        "existed": True,
    }
    failed = judge(observation, user=True, **done)
    is_(failed, e.CONFLICTED, e.TAKE_BACK)  # where it is said that nothing was deleted
    assert "agents_on_conflict" in failed.message
    is_(judge(observation, user=True, policy=Policy(on_conflict="replace"), **done), e.CONFLICTED, e.DELETE_USER)
