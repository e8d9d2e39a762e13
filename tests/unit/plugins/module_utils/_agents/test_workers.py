# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several workers of one run, each with a host of its own, share the window by one book."""

from __future__ import annotations

import sys

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window import WindowLease
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import UnreachableError

from .world import World


def worker(world, book):
    return WindowLease(world, 60.0, lambda: world.now, book)


def conversation(world, book):
    records = [AgentRecord(world.observe(name)) for name in world.agents]
    return Conversation(
        records, world, world, Policy(), clock=Clock(lambda: world.now, world.sleep), book=book
    ), records


@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
def test_a_window_that_another_worker_has_opened_is_closed_before_an_authorization(told):
    world, book = World(pending_survives=True, authorizes_while_closed=told), own_book()
    world.add("agent-1")
    other = worker(world, book)
    other.hold(other.look())
    world.sleep(8.0)
    assert world.pending, "it asks before its host has its first turn"
    talks, records = conversation(world, book)
    talks.run()
    moves = [call for call in world.calls if call in ("open", "close") or call.startswith("authorize")]
    assert moves[:3] == ["open", "close", "authorize agent-1"]
    assert [asked.window_open for asked in records[0].authorizations.asked] == [False]


def test_a_dead_request_goes_also_while_another_worker_needs_the_window():
    world, book = World(forgets_restarted=False), own_book()
    world.add("agent-1", poll=1.0)
    other, listing, busy = worker(world, book), world.requests, []
    other.hold(other.look())

    def renewing():
        if not busy:
            busy.append(True)
            other.hold(other.look())
            busy.clear()
        return listing()

    world.sleep(3.0)
    world.restart("agent-1")
    world.sleep(3.0)
    world.requests = renewing
    began = world.now
    talks, records = conversation(world, book)
    talks.run()
    assert outcome(records[0])["verdict"] == "registered" and world.now - began < 60.0
    assert not book.read().shared


@pytest.mark.parametrize("where", ["requests", "close_window"])
def test_an_interrupt_while_the_window_is_given_back_leaves_it_to_the_end_of_the_run(where):
    """In the middle of a run, where all are let in and the proof is yet to come."""
    world, book, hits = World(authorizes_while_closed=False), own_book(), []
    world.add("agent-1")
    asked = getattr(world, where)

    def interrupted(*arguments):
        frame, names = sys._getframe(), []
        while frame:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        if "give_back" in names and not hits:
            hits.append(where)
            raise KeyboardInterrupt
        return asked(*arguments)

    setattr(world, where, interrupted)
    talks, _records = conversation(world, book)
    with pytest.raises(KeyboardInterrupt):
        talks.run()
    assert hits and world.window_until > world.now
    worker(world, book).close_left_open()  # what the end of the run does
    assert world.window_until <= world.now


def test_a_window_that_could_not_be_closed_once_is_no_strangers_for_the_next_worker():
    world, book = World(), own_book()
    first, second = worker(world, book), worker(world, book)
    first.hold(first.look())
    world.sleep(5.0)
    closes = world.close_window

    def fails():
        world.close_window = closes
        raise UnreachableError("lock the registry")

    world.close_window = fails
    with pytest.raises(UnreachableError):
        first.give_back()
    world.sleep(3.0)
    second.hold(second.look())
    second.hold(second.look())
    assert not book.read().shared
    world.sleep(5.0)
    second.look()
    second.give_back()
    assert world.window_until <= world.now
