# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence for the decision table, and what it says of it."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Evidence, History, Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent, Observation
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
