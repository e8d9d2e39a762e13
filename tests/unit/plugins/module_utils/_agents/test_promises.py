# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the decision table promises, over all combinations."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.plugins.generated import examples

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Evidence, History, Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import (
    CONTAINER_STATES,
    EVENT_KINDS,
    LogEvent,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.registration import decide

from .table import NOW, OTHER, OWN, seen

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
