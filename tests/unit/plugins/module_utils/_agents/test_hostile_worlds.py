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
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ApiError, NotFoundError

from .hostile import Hostile, lived

SEEDS = int(os.environ.get("HOSTILE_SEEDS", "1500"))
MUTANT_SEEDS = 1500
IN = "a stranger is in"


def test_every_world_ends_well():
    wrong = [what for seed in range(SEEDS) for what in lived(seed)]
    assert not wrong, wrong[:5]


def test_a_seed_is_one_world(monkeypatch: pytest.MonkeyPatch):
    """Else what one run finds, no other one shows again."""
    asked: list[list[str]] = []
    settle = Hostile.__init__

    def kept(world: Hostile, seed: int) -> None:
        settle(world, seed)
        asked.append(world.calls)

    monkeypatch.setattr(Hostile, "__init__", kept)
    for seed in (*range(100), *range(100)):
        lived(seed)
    assert asked[:100] == asked[100:]
    assert any(asked)


def test_a_request_that_goes_while_it_is_authorized_is_not_found():
    world = Hostile(0)
    world.at_peace = True
    with pytest.raises(NotFoundError):
        world.authorize("agent-0", "c0ffee")


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
