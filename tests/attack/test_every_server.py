# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every combination of what nobody knows of Connectware and its agents, lived without an attacker.

Confirm while locked, requests that outlive the window, the order of 409 and 423, when the agent stores its credentials,
and when its user is made: all of them together, not in pairs. And whether a grant can be fetched, and how often.
"""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest
from attack.field import Container, Field, Ways, Wire
from attack.trial import GRACE, NAME, POLL, SETTLE, STORIES, converse, prepare, session_of
from simulator.harness import Simulator

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.server import ConnectwareServer

NAMED = {
    "confirm_while_locked": (True, False),
    "pending_survives_relock": (True, False),
    "answer_order": ("locked_first", "conflict_first"),
    "saves": ("before", "after"),
    "create_user_on": ("confirm", "poll"),
}
GRANTS = {
    "grant_repeatable": (True, False),
    "grant_while_locked": (True, False),
    "saves": ("before", "after"),
    "create_user_on": ("confirm", "poll"),
}


def combinations_of(values: dict[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(values, row, strict=True)) for row in product(*values.values())]


def lived(simulator: Simulator, story: str, saves: str, **switches: Any) -> list[str]:
    """What is wrong in the end; nothing, if the agent is registered, works, and the window is closed."""
    simulator.control("POST", "reset")
    simulator.switch(**switches)
    wire, chance = Wire(simulator), random.Random(str(switches))
    container = Container(NAME, wire, chance, Ways(saves=saves, poll=POLL))
    prepare(story, simulator, container)
    field = Field(container)
    policy = Policy(on_conflict="replace", settle=SETTLE, poll_interval=POLL, grace=GRACE)
    record, trouble = converse(field, ConnectwareServer(session_of(simulator, field)), policy)
    found = outcome(record)
    state = simulator.state()
    checks = {
        f"{found['verdict']}{trouble}: {found['message']}": found["registered"],
        "its credentials do not work": container.stored is not None and wire.opens(container.stored),
        "the window is open": not state["window"]["open"],
        f"still pending: {state['pending']}": not state["pending"],
        f"users: {state['users']}": [user["username"] for user in state["users"]].count(NAME) == 1,
    }
    return [what for what, well in checks.items() if not well]


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("values", [NAMED, GRANTS], ids=["named", "grants"])
def test_every_combination_is_lived(simulator: Simulator, values: dict[str, tuple[Any, ...]], story: str) -> None:
    rows = combinations_of(values)
    assert len(rows) == 2 ** len(values)
    wrong = [(row, found) for row in rows if (found := lived(simulator, story, **row))]
    assert not wrong, f"{len(wrong)} of {len(rows)}: {wrong[:3]}"


def test_a_life_can_fail(simulator: Simulator) -> None:
    """The counterpart: what cannot be served without a correction is not lived."""
    row = combinations_of(NAMED)[0]
    assert lived(simulator, STORIES[0], **row, pairing_id_field="code")
