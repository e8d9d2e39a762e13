# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conversations with a world in memory, with and without turns."""

from __future__ import annotations

import json

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interim import Interim
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book

BETWEEN = 3.0  # seconds that pass between two turns, while other hosts have theirs
TURN = None  # seconds of a turn; None: there are none


@pytest.fixture(autouse=True, params=[None, 0.0, 1.5], ids=["at_once", "shortest_turns", "turns"])
def turn(request, monkeypatch):
    """Every course ends well whether a host has a worker for itself or shares it with others."""
    monkeypatch.setattr(f"{__name__}.TURN", request.param)
    return request.param


def talk(
    world, *, check=False, timeout=180.0, policy=None, lines=None, warnings=None, entries=None, windows=None, book=None
):
    records, interim, book = [AgentRecord(world.observe(name)) for name in world.agents], None, book or own_book()
    if lines is not None:
        listing = world.requests
        world.requests = lambda: lines.append(conversation.progress()) or listing()
    while True:
        conversation = Conversation(
            records, world, world, policy or Policy(), timeout=timeout, lease=60.0,
            clock=Clock(lambda: world.now, world.sleep), book=book, interim=interim,
        )  # fmt: skip
        try:
            conversation.predict() if check else conversation.run(TURN)
        finally:
            if warnings is not None:
                warnings += conversation.warnings
            if entries is not None:
                entries += [(one.outcome, one.message) for r in records for one in r.authorizations.asked]
            if windows is not None:
                windows += [one.window_open for r in records for one in r.authorizations.asked]
        if conversation.interim is None:
            return {record.name: outcome(record) for record in records}
        interim = Interim.from_dict(json.loads(json.dumps(conversation.interim.to_dict())))
        records = list(interim.records)
        world.sleep(BETWEEN)


def writes(world):
    return [call for call in world.calls if call not in ("requests", "existing")]


def windows_at_authorizations(world):
    """Of each authorization, what was done to the window last before it."""
    moves = [call for call in world.calls if call in ("open", "close") or call.startswith("authorize")]
    return [moves[at - 1] for at, call in enumerate(moves) if call.startswith("authorize")]
