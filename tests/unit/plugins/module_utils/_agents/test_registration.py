# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision table: a test a row, and its promises over all combinations."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.generated import examples

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Evidence, History, Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import (
    CONTAINER_STATES,
    EVENT_KINDS,
    LogEvent,
    Observation,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.registration import decide

NOW = 10_000.0
OWN, OTHER = "a82123", "b00002"
ASKING = LogEvent("asking_new", NOW - 50)
CACHED = LogEvent("asking_cached", NOW - 50)
PAIRING = LogEvent("pairing", NOW - 49, "agent-1", OWN)
CONFLICT = LogEvent("conflict", NOW - 2)
FAILURE = LogEvent("failure", NOW - 2, text="certificate has expired")
POLICY = Policy()


def seen(**changes):
    base = Observation(
        "agent-1", "agent-1", "c-1", "v-1", state="running", started_at=NOW - 60, created_at=NOW - 61,
        credentials=True, volume_created_at=NOW - 61, observed_at=NOW,
    )  # fmt: skip
    return replace(base, **changes)


def judge(observation, *, user=False, pending=(), window=False, policy=POLICY, **history):
    return decide(Evidence(observation, user, tuple(pending), window, History(**history)), policy)


def is_(verdict, name, action, reason=None):
    assert (verdict.verdict, verdict.action) == (name, action), verdict
    if reason is not None:
        assert verdict.reason == reason, verdict


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


def test_watching_proves_only_what_was_stored_after_the_authorization():
    policy = Policy(proof="watch", poll_interval=2.0)
    observation = seen(events=(ASKING, PAIRING))
    done = {"authorized": (OWN,), "authorized_ago": 9.0, "started_at_authorization": NOW - 60, "authorized_at": NOW}
    is_(judge(observation, user=True, policy=policy, watched=9.0, **done), e.REGISTERED, e.SETTLED)
    before = judge(observation, user=True, policy=policy, watched=9.0, saved_at_authorization=True, **done)
    is_(before, e.UNPROVEN, e.RESTART)


def test_a_list_without_pairing_ids_names_the_entry_of_the_contract():
    observation = seen(credentials=False, events=(ASKING, PAIRING))
    verdict = judge(observation, pending=[None], wait_started_ago=99.0, cleared=True)
    is_(verdict, e.IMPOSTOR, e.FAIL)
    assert "list_registry.fields.pairing_id" in verdict.message


def test_lost_credentials_are_told_from_a_name_that_was_taken_before():
    lost = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT), exit_code=0)
    is_(judge(lost, user=True), e.CONFLICTED, e.FAIL, e.CREDENTIALS_MISSING)
    older = seen(credentials=False, events=(ASKING, PAIRING, CONFLICT), volume_created_at=NOW - 9000)
    is_(judge(older, user=True), e.CONFLICTED, e.FAIL, e.CREDENTIALS_MISSING)


# impostor


@pytest.mark.parametrize("pending", [[OTHER], [OWN, OTHER], [OTHER, OWN], [None], [OWN, OWN], [OWN.upper()]])
def test_impostor_is_never_authorized(pending):
    observation = seen(credentials=False, events=(ASKING, PAIRING))
    is_(judge(observation, pending=pending), e.IMPOSTOR, e.WAIT)
    is_(judge(observation, pending=pending, wait_started_ago=99.0), e.IMPOSTOR, e.CLEAR)
    verdict = judge(observation, pending=pending, wait_started_ago=99.0, cleared=True)
    is_(verdict, e.IMPOSTOR, e.FAIL)
    assert str(pending[0]) in verdict.message and OWN in verdict.message


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


# by certificate


def test_an_agent_with_a_certificate_needs_its_user_and_no_credentials():
    agent = seen(credentials=False, by_certificate=True)
    is_(judge(agent, user=True), e.REGISTERED, e.SETTLED, e.NONE)
    is_(judge(replace(agent, started_at=NOW - 2), user=True), e.REGISTERED, e.WAIT, e.NONE)
    missing = judge(agent)
    is_(missing, e.REJECTED, e.FAIL, e.NONE)
    assert "certificate" in missing.message and "grant type" in missing.message


@pytest.mark.parametrize("volume", [{"credentials": False}, {"credentials": None, "volume_created_at": None}])
def test_an_agent_with_a_certificate_is_predicted_as_it_will_be(volume):
    """It needs no credentials, neither in the volume that is there nor in one that will be made."""
    agent = seen(planned=True, by_certificate=True, **volume)
    for policy in (Policy(), Policy(on_conflict="replace"), Policy(only_watch=True)):
        is_(judge(agent, user=True, policy=policy), e.REGISTERED, e.SETTLED, e.NONE)
        is_(judge(agent, policy=policy), e.REJECTED, e.FAIL, e.NONE)
    assert "grant type" in judge(agent).message
    is_(judge(agent, user=True, pending=[OTHER]), e.IMPOSTOR, e.WAIT)


def test_an_agent_whose_certificate_is_refused_right_now_is_broken():
    failing = seen(credentials=False, by_certificate=True, events=(FAILURE,))
    is_(judge(failing, user=True), e.BROKEN, e.WAIT)
    verdict = judge(failing, user=True, wait_started_ago=99.0)
    is_(verdict, e.BROKEN, e.FAIL)
    assert "certificate has expired" in verdict.message
    recovered = replace(failing, events=(replace(FAILURE, at=NOW - 500),))
    is_(judge(recovered, user=True), e.REGISTERED, e.SETTLED)


ALERTS = {
    "tlsv1 alert unknown ca": "does not know the CA that has signed the agent's certificate",
    "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED": "expired by the clock of Connectware's broker",
    "ssl/tls alert certificate revoked": "knows the agent's certificate as revoked",
    "tlsv13 alert certificate required": "wants a certificate and was shown none",
    "sslv3 alert handshake failure": "wants a certificate and was shown none",
    "certificate verify failed: certificate has expired": "The agent refuses the certificate of its Connectware",
    "CERT_HAS_EXPIRED: certificate has expired": "The agent refuses the certificate of its Connectware",
    "self-signed certificate in certificate chain": "The agent refuses the certificate of its Connectware",
}


@pytest.mark.parametrize(("said", "advice"), ALERTS.items())
def test_what_is_wrong_with_a_certificate_comes_with_what_to_do(said, advice):
    failing = seen(credentials=False, by_certificate=True, events=(replace(FAILURE, text=f"Cannot connect: {said}"),))
    verdict = judge(failing, user=True, wait_started_ago=99.0)
    is_(verdict, e.BROKEN, e.FAIL)
    assert said in verdict.message and advice in verdict.message
    asking = replace(failing, by_certificate=False, events=(CACHED, *failing.events))
    for without in (asking, replace(asking, events=failing.events)):
        verdict = judge(without, wait_started_ago=999.0)
        is_(verdict, e.BROKEN, e.FAIL)
        assert said in verdict.message and advice in verdict.message


def test_so_does_an_agent_that_ends_by_it():
    said = ("Traceback", "ssl.SSLError: [SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2546)")
    crashing = seen(state="restarting", restart_count=9, exit_code=1, former_lines=said)
    for ended in (seen(state="exited", exit_code=1, last_lines=said), crashing):
        verdict = judge(ended, asked_again=True)
        is_(verdict, e.BROKEN, e.FAIL)
        assert "does not know the CA" in verdict.message


def test_other_failures_come_without_advice_on_certificates():
    said = LogEvent("unreachable", NOW - 2, text="connect ECONNREFUSED 10.0.0.1:443")
    refused = seen(credentials=False, events=(said,), connectware=("x",))
    assert judge(refused, wait_started_ago=999.0).message.endswith("connect ECONNREFUSED 10.0.0.1:443")


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


# connections: to Connectware, or to a machine

HOST, ADDRESS = ("connectware.example.com", ":8883"), ("10.0.0.1",)


@pytest.mark.parametrize(
    ("names", "said", "counts"),
    [
        (HOST, "[modbus] connect ECONNREFUSED 10.0.0.5:502", False),
        (HOST, "read ECONNRESET", False),
        (HOST, "getaddrinfo ENOTFOUND connectware.example.community", False),
        (HOST, "getaddrinfo ENOTFOUND plc.connectware.example.com.local", False),
        (HOST, "getaddrinfo ENOTFOUND Connectware.example.com.", True),
        (HOST, "connect ECONNREFUSED 10.0.0.1:8883", True),
        (HOST, "connect ECONNREFUSED 10.0.0.5:88830", False),
        (ADDRESS, "connect ETIMEDOUT 10.0.0.1:8883", True),
        (ADDRESS, "connect ETIMEDOUT 10.0.0.12:502", False),
        (ADDRESS, "connect ETIMEDOUT 110.0.0.1:502", False),
        ((), "connect ECONNREFUSED 10.0.0.5:502", True),  # nobody knows what the agent is told of Connectware
    ],
)
@pytest.mark.parametrize("by_certificate", [True, False])
def test_a_machine_that_is_off_is_no_failure_of_its_agent(names, said, counts, by_certificate):
    agent = seen(by_certificate=by_certificate, credentials=not by_certificate, connectware=names)
    agent = replace(agent, events=(LogEvent("unreachable", NOW - 2, text=said),))
    verdict = judge(agent, user=True, policy=Policy(only_watch=not by_certificate), wait_started_ago=99.0)
    is_(verdict, e.BROKEN if counts else e.REGISTERED, e.FAIL if counts else e.SETTLED, e.NONE)
    assert said in verdict.message or not counts
    assert "certificate has not expired" not in verdict.message


def test_a_machine_that_is_off_does_not_hide_what_the_agent_says_of_connectware():
    machine = LogEvent("unreachable", NOW - 1, text="connect ECONNREFUSED 10.0.0.5:502")
    agent = seen(connectware=HOST, events=(FAILURE, machine))
    is_(judge(agent, user=True, policy=Policy(only_watch=True)), e.BROKEN, e.WAIT)
    over = replace(agent, events=(replace(FAILURE, at=NOW - 500), machine))
    is_(judge(over, user=True, policy=Policy(only_watch=True)), e.REGISTERED, e.SETTLED)


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


def test_one_that_asks_again_in_a_new_start_after_its_authorization_is_not_believed():
    """Where Connectware tells of its user only when a request is authorized, it is never told 409."""
    asks = seen(credentials=False, started_at=NOW - 20, events=(ASKING, PAIRING))
    done = {"authorized": (OTHER,), "started_at_authorization": NOW - 100, "authorized_at": NOW - 60}
    again = judge(asks, user=True, pending=(OWN,), **done)
    is_(again, e.AWAITING_REQUEST, e.TAKE_BACK)
    assert "asks again" in again.message
    is_(judge(asks, user=True, pending=(OWN,), existed=True, **done), e.AWAITING_AUTHORIZATION, e.AUTHORIZE)


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
    is_(judge(new, user=True), e.CONFLICTED, e.FAIL)
    is_(judge(seen(planned=True), user=True), e.REGISTERED, e.SETTLED, e.NONE)
    another_volume = seen(planned=True, credentials=None)
    is_(judge(another_volume, user=True), e.REGISTERED, e.SETTLED, e.NONE)
    is_(judge(replace(another_volume, volume_created_at=None), user=True), e.CONFLICTED, e.FAIL)


# reasons


@pytest.mark.parametrize("events", [(), (CACHED, PAIRING), (ASKING, PAIRING)])
@pytest.mark.parametrize("credentials", [True, False])
@pytest.mark.parametrize("volume_created_at", [NOW - 61, NOW - 86_400])
def test_credentials_of_an_agent_that_was_never_registered_prove_nothing(events, credentials, volume_created_at):
    agent = seen(events=events, credentials=credentials, volume_created_at=volume_created_at, never_registered=True)
    assert judge(agent).reason == e.FIRST_START
    if credentials and (not events or CACHED in events):
        assert judge(replace(agent, never_registered=False)).reason == e.CREDENTIALS_REJECTED


def test_a_mark_says_nothing_about_an_agent_whose_user_exists():
    lost = seen(credentials=False, never_registered=True)
    assert judge(lost, user=True).reason == e.CREDENTIALS_MISSING
    rejected = seen(events=(CACHED, PAIRING, CONFLICT), never_registered=True)
    assert judge(rejected, user=True).reason == e.CREDENTIALS_REJECTED


def test_a_mark_changes_nothing_but_the_reason():
    for user, credentials, events in itertools.product(
        (True, False), (True, False, None), ((), (ASKING, PAIRING), (CACHED, PAIRING), (CACHED, PAIRING, CONFLICT))
    ):
        agent = seen(credentials=credentials, events=events)
        marked = judge(replace(agent, never_registered=True), user=user, pending=[OWN] if events else [])
        plain = judge(agent, user=user, pending=[OWN] if events else [])
        assert replace(marked, reason="") == replace(plain, reason="")


def test_a_predicted_start_of_an_agent_that_was_never_registered():
    agent = seen(state="exited", planned=True, never_registered=True)
    is_(judge(agent), e.AWAITING_REQUEST, e.WAIT, e.FIRST_START)
    is_(judge(replace(agent, never_registered=False)), e.AWAITING_REQUEST, e.WAIT, e.CREDENTIALS_REJECTED)


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "restarting", "restart_count": 5, "exit_code": 1},
        {"state": "exited", "exit_code": 1},
        {"state": "exited", "exit_code": 1, "credentials": False, "events": (CACHED, PAIRING)},
        {"state": "absent", "credentials": None, "volume_created_at": None},
        {"trouble": "Could not restart the container c-1"},
    ],
)
def test_a_broken_agent_whose_user_exists_is_to_be_mended_and_not_registered_anew(broken):
    """Else agents that crash on a bad setting would stop all hosts, as if they talked to another Connectware."""
    agent = seen(**broken)
    is_(judge(agent, user=True), e.BROKEN, judge(agent, user=True).action, e.NONE)
    assert judge(agent).reason != e.NONE
    failing = replace(agent, state="running", by_certificate=True, credentials=False, events=(FAILURE,), trouble="")
    is_(judge(failing, user=True), e.BROKEN, e.WAIT, e.NONE)


def test_one_that_is_restarted_and_may_lose_its_user_then_counts_before():
    agent = seen(state="restarting", restart_count=5, exit_code=1, credentials=False)
    replacing = Policy(on_conflict="replace")
    is_(judge(agent, user=True, policy=replacing), e.BROKEN, e.RESTART, e.CREDENTIALS_MISSING)
    is_(judge(agent, user=True), e.BROKEN, e.RESTART, e.NONE)
    is_(judge(agent, user=True, policy=replacing, asked_again=True), e.BROKEN, e.FAIL, e.NONE)


@pytest.mark.parametrize("events", [(), (ASKING, PAIRING)])
def test_nor_is_an_agent_in_whose_name_somebody_else_asks(events):
    agent = seen(events=events)
    is_(judge(agent, user=True, pending=[OTHER], wait_started_ago=99.0), e.IMPOSTOR, e.FAIL, e.NONE)
    assert judge(agent, pending=[OTHER]).reason != e.NONE
    assert judge(replace(agent, planned=True), user=True, pending=[OTHER]).reason == e.NONE


def test_old_volume_with_new_credentials_means_credentials_missing():
    observation = seen(credentials=False, events=(ASKING, PAIRING), volume_created_at=NOW - 9000)
    assert judge(observation, pending=[OWN]).reason == e.CREDENTIALS_MISSING


# the promises

events = st.lists(
    st.one_of(
        st.builds(
            LogEvent, st.sampled_from([k for k in EVENT_KINDS if k != "pairing"]), st.floats(NOW - 100, NOW) | st.none()
        ),
        st.builds(
            LogEvent, st.just("pairing"), st.floats(NOW - 100, NOW), st.just("agent-1"), st.sampled_from([OWN, OTHER])
        ),
    ),
    max_size=5,
).map(tuple)
observations = st.builds(
    seen,
    state=st.sampled_from(CONTAINER_STATES),
    exit_code=st.none() | st.integers(0, 255),
    restart_count=st.integers(0, 9),
    started_at=st.none() | st.floats(NOW - 200, NOW) | st.just(NOW + 3600),
    created_at=st.none() | st.floats(NOW - 5000, NOW),
    credentials=st.none() | st.booleans(),
    volume_created_at=st.none() | st.floats(NOW - 5000, NOW),
    events=events,
    log_readable=st.booleans(),
    asked_after=st.none() | st.floats(0, 30),
    former_ids=st.lists(st.sampled_from([OWN, OTHER, "c00003"]), max_size=2).map(tuple),
    by_certificate=st.booleans(),
    connectware=st.sampled_from([(), ("connectware", ":8883")]),
    planned=st.booleans(),
)
histories = st.builds(
    History,
    asked_again=st.booleans(),
    proved=st.booleans(),
    proved_new=st.booleans(),
    authorized=st.lists(st.sampled_from([OWN, OTHER]), max_size=2).map(tuple),
    existed=st.booleans(),
    authorized_ago=st.none() | st.floats(0, 200),
    started_at_authorization=st.none() | st.floats(NOW - 200, NOW),
    authorized_at=st.floats(0, NOW),
    saved_at_authorization=st.booleans(),
    replaced=st.booleans(),
    kept=st.sampled_from(["", "it must be kept"]),
    seen_ids=st.lists(st.sampled_from([OWN, OTHER]), max_size=2).map(tuple),
    pairing_seen_at=st.none() | st.floats(NOW - 200, NOW),
    cleared=st.booleans(),
    cleared_start=st.none() | st.floats(NOW - 200, NOW),
    name_taken=st.booleans(),
    asks_now=st.booleans(),
    failed_attempts=st.integers(0, 9),
    failed_ago=st.floats(0, 99),
    refused=st.sampled_from(["", "", "HTTP 404"]),
    taken_back=st.sampled_from(["", "it was taken back"]),
    wait_started_ago=st.floats(0, 200),
    watched=st.floats(0, 200),
    time_to_ask=st.none() | st.floats(0, 30),
)
evidences = st.builds(
    Evidence,
    observations,
    st.booleans(),
    st.lists(st.sampled_from([OWN, OTHER, None, ""]), max_size=3).map(tuple),
    st.booleans(),
    histories,
    st.none() | st.just("2026-01-01T00:00:00Z"),
    st.sampled_from(["", "the container c-2 on host munich"]),
)
policies = st.builds(
    Policy, st.sampled_from(["fail", "replace"]), st.sampled_from(["restart", "watch"]), only_watch=st.booleans()
)


@settings(max_examples=examples(3000))
@given(evidences, policies)
def test_promises_over_all_combinations(evidence, policy):
    verdict = decide(evidence, policy)
    assert verdict.verdict in e.VERDICTS and verdict.action in e.ACTIONS and verdict.reason in e.REASONS
    assert verdict.wait >= 0
    own = [event.pairing_id for event in evidence.observation.events if event.kind == "pairing"]
    if verdict.action == e.AUTHORIZE:
        assert len(set(own)) == 1 and evidence.pending == (own[-1],)
        first = [event.at for event in evidence.observation.events if event.kind == "pairing"]
        first = [at for at in (*first, evidence.history.pairing_seen_at) if at is not None]
        assert first and evidence.observation.observed_at - min(first) >= policy.poll_interval
        assert own[-1] not in evidence.history.authorized
        assert not evidence.history.taken_back and not evidence.history.refused
        assert evidence.observation.state == "running"
    if verdict.action == e.DELETE_USER:
        assert policy.on_conflict == "replace" and evidence.user_exists and not evidence.history.replaced
        assert not evidence.elsewhere and not evidence.history.kept
        asks = {event.kind for event in evidence.observation.events} & {"asking_new", "asking_cached", "pairing"}
        refused = evidence.history.name_taken and evidence.pending
        missing = evidence.observation.credentials is False and not evidence.observation.by_certificate
        assert asks or refused or missing or evidence.observation.planned
    if verdict.action == e.TAKE_BACK:
        assert evidence.history.authorized and not evidence.history.taken_back
    if verdict.action == e.CLEAR:
        assert not evidence.history.cleared and evidence.pending
    if policy.only_watch:
        assert verdict.action in (e.SETTLED, e.WAIT, e.FAIL) and not verdict.needs_window
    if verdict.verdict == e.REGISTERED:
        assert verdict.action in (e.SETTLED, e.WAIT) and evidence.user_exists and not evidence.pending
    if verdict.action == e.SETTLED:
        assert verdict.verdict == e.REGISTERED
    if verdict.action == e.RESTART:
        assert not evidence.observation.planned
        history = evidence.history
        spent = (
            history.asked_again
            if verdict.verdict != e.UNPROVEN
            else (history.proved_new if history.authorized else history.proved)
        )
        assert not spent
    if verdict.action == e.FAIL:
        assert verdict.message


@settings(max_examples=examples(500))
@given(evidences, policies)
def test_a_registered_agent_is_never_touched(evidence, policy):
    clean = replace(
        evidence.observation,
        state="running",
        credentials=True,
        events=tuple(event for event in evidence.observation.events if event.kind == "conflict"),
        started_at=NOW - 150,
        planned=False,
        asked_after=None,
        by_certificate=False,
    )
    verdict = decide(replace(evidence, observation=clean, user_exists=True, pending=(), history=History()), policy)
    assert (verdict.verdict, verdict.action) == (e.REGISTERED, e.SETTLED)


def test_a_check_by_name_only_would_let_the_impostor_in():
    """The counterpart: the same evidence passes the rule that other tools use, so the tests above can fail."""
    evidence = Evidence(seen(credentials=False, events=(ASKING, PAIRING)), False, (OTHER,))
    by_name_only = len(evidence.pending) == 1
    assert by_name_only and decide(evidence, POLICY).action != e.AUTHORIZE


@pytest.mark.parametrize("uptime", [12.0, 29.0, 31.0, 5000.0])
def test_who_has_just_started_and_does_not_reach_connectware_is_watched_for_longer(uptime):
    """Its credentials may be refused as soon as it gets as far: that it does not ask proves nothing yet."""
    said = LogEvent("unreachable", NOW - 1, text="Cannot reach broker: ECONNREFUSED")
    verdict = judge(seen(started_at=NOW - uptime, events=(said,)), user=True)
    is_(verdict, e.REGISTERED, e.WAIT if uptime < POLICY.grace else e.SETTLED)
    assert "Cannot reach broker: ECONNREFUSED" in verdict.message
    assert verdict.action == e.SETTLED or verdict.wait == POLICY.grace - uptime


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
