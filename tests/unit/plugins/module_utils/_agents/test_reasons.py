# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why an agent needs its registration, as the decision table says it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import evidence as e
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy

from .table import ASKING, CACHED, CONFLICT, FAILURE, NOW, OTHER, OWN, PAIRING, is_, judge, seen


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
