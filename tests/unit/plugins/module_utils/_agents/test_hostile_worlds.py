# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong at once: no stranger is in at the end unless it is said, and what is told is true.

HOSTILE_SEEDS says how many worlds there are.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import registration
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.server_side import ServerSide
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ApiError

from .hostile import lived

SEEDS = int(os.environ.get("HOSTILE_SEEDS", "1500"))
MUTANT_SEEDS = 1500
IN = "a stranger is in"


def test_every_world_ends_well():
    wrong = [what for seed in range(SEEDS) for what in lived(seed)]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize(
    ("owner", "name", "mutant", "ends"),
    [
        (ServerSide, "take_back_unproven", lambda _self, _records: None, IN),
        (registration, "provisional", lambda _facts, verdict: verdict, IN),
        (AgentRecord, "_came_back", property(lambda record: record.verdict.verdict == "registered"), IN),
        (ApiError, "refused", False, "authorized once too often"),
        (ApiError, "refused", False, "whom somebody else has let in was thrown out"),
    ],
    ids=["not_at_the_end", "not_with_a_failure", "watched_is_in", "refused_counts", "refused_is_taken_back"],
)
def test_a_world_can_end_badly(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, mutant: Any, ends: str):
    """The counterpart: where something is missing of what keeps strangers out, one is in; and the like."""
    monkeypatch.setattr(owner, name, mutant)
    found = (what for seed in range(MUTANT_SEEDS) for what in lived(seed))
    assert any(ends in what for what in found)
