# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server or an engine that is slow, or goes away at the worst moment: what was done counts, and once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.server_side import FRESH_LIST
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window import WindowLease
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import EngineUnavailableError, ServerError

from .world import World


class LosesAnswers(World):
    """The engine restarts an agent, and its answer does not arrive, so many times."""

    lose = 0

    def look(self, looks, wait):
        seen = super().look(looks, wait)
        if self.lose and any(look.restart for look in looks):
            self.lose -= 1
            raise EngineUnavailableError("look at the agents", answered="the connection was lost")
        return seen


def conversation(world, *, timeout=180.0, book=None, policy=None):
    records = [AgentRecord(world.observe(name)) for name in world.agents]
    clock = Clock(lambda: world.now, world.sleep)
    return records, Conversation(
        records, world, world, policy or Policy(), timeout=timeout, lease=60.0, clock=clock, book=book or own_book()
    )


@pytest.mark.parametrize("lost", [0, 1, 99])
def test_a_restart_whose_answer_was_lost_is_told_and_not_repeated(lost):
    world = LosesAnswers(1, conflict_first=False)
    world.lose = lost
    agent = world.registered("press-1")
    agent.secret = "of a server that was restored"
    world._start(agent)
    world.sleep(3)
    records, course = conversation(world)

    course.run()

    assert world.restarts == {"press-1": 1}
    assert (records[0].actions, records[0].verdict.verdict) == (["restarted"], "conflict")


@pytest.mark.parametrize("lost", [0, 1, 99])
def test_an_agent_that_was_well_all_the_time_is_restarted_once_and_that_is_told(lost):
    world = LosesAnswers(1)
    world.lose = lost
    agent = world.registered("press-1")
    agent.events = [LogEvent("asking_new", world.now - 499), LogEvent("pairing", world.now - 499, "press-1", "abcdef")]
    records, course = conversation(world)

    course.run()

    assert world.restarts == {"press-1": 1}
    assert (records[0].actions, records[0].verdict.verdict) == (["restarted"], "registered")


def test_a_restart_that_never_happened_is_done():
    class GoneBefore(World):
        away = True

        def look(self, looks, wait):
            if self.away and any(look.restart for look in looks):
                self.away = False
                raise EngineUnavailableError("look at the agents", answered="connection refused")
            return super().look(looks, wait)

    world = GoneBefore(1)
    agent = world.registered("press-1")
    agent.events = [LogEvent("asking_new", world.now - 499), LogEvent("pairing", world.now - 499, "press-1", "abcdef")]
    records, course = conversation(world)

    course.run()

    assert world.restarts == {"press-1": 1} and records[0].actions == ["restarted"]


def test_when_time_is_out_an_outage_keeps_nobody_else_in(monkeypatch):
    """Two were let in and have not proven it; the first deletion meets a server that is just not there."""
    world = World(1)
    for name in ("press-1", "press-2"):
        world.add(name, poll=1000.0)
    delete, failed = world.delete_user, []

    def once(username, **options):
        if not failed:
            failed.append(username)
            raise ServerError("delete the user", answered="HTTP 503", status=503)
        return delete(username, **options)

    monkeypatch.setattr(world, "delete_user", once)
    world.sleep(1)
    records, course = conversation(world, timeout=12.0)
    world.window_until = world.now + 1000
    world.pending += [(agent.name, agent.pairing_id) for agent in world.agents.values()]

    course.run()

    assert world.users == set(failed), "the other one is out"
    assert all(record.timed_out for record in records)
    kept = next(record for record in records if record.name in failed)
    assert "could not be deleted" in kept.taken_back and "a stranger may use it" in kept.taken_back


@pytest.mark.parametrize("closes_first", [False, True])
def test_each_authorization_of_a_slow_server_goes_by_a_list_made_right_before(closes_first, monkeypatch):
    """And what the evidence says of the window is true, although another worker of the run needs it meanwhile."""
    slow = 5.0
    world = World(3, pending_survives=True, authorizes_while_closed=closes_first)
    book = own_book()
    other = WindowLease(world, 60.0, lambda: world.now, book)
    listed, ages, opened = [world.now], [], []
    requests, authorize = world.requests, world.authorize

    def list_them():
        listed.append(world.now)
        return requests()

    def slowly(username, pairing_id):
        ages.append(world.now - listed[-1])
        opened.append(world.now < world.window_until)
        world.now += slow
        if closes_first:
            other.hold(requests())
        authorize(username, pairing_id)

    monkeypatch.setattr(world, "requests", list_them)
    monkeypatch.setattr(world, "authorize", slowly)
    for number in range(20):
        world.add(f"agent-{number:02d}")
    records, course = conversation(world, timeout=900.0, book=book)

    course.run()

    assert len(ages) == 20 and max(ages) <= FRESH_LIST
    told = [asked.window_open for record in records for asked in record.authorizations.asked]
    assert told == opened == [not closes_first] * 20
    assert {record.verdict.verdict for record in records} == {"registered"}


def test_an_agent_is_not_watched_while_connectware_does_not_answer(monkeypatch):
    """Nobody knows whether the window was open then, so its silence proves nothing."""
    world = World(1)
    agent = world.registered("press-1")
    agent.events = [LogEvent("asking_new", world.now - 499), LogEvent("pairing", world.now - 499, "press-1", "abcdef")]
    began, requests = world.now, world.requests

    def away():
        if 12.0 < world.now - began < 26.0:
            world.sleep(1.0)
            raise ServerError("list the requests", answered="HTTP 503", status=503)
        return requests()

    monkeypatch.setattr(world, "requests", away)
    records, course = conversation(world, policy=Policy(proof="watch"))

    course.run()

    assert records[0].verdict.verdict == "registered"
    assert world.now - began > 26.0 + 3 * Policy().poll_interval


def test_an_agent_is_not_watched_while_the_window_is_closed():
    """As by an administrator, until it is opened again: an agent that asks is locked out, and shows nothing of that."""
    world, policy = World(1), Policy(proof="watch")
    agent = world.registered("press-1")
    agent.events = [LogEvent("asking_new", world.now - 499), LogEvent("pairing", world.now - 499, "press-1", "abcdef")]
    record = AgentRecord(world.observe("press-1"), user_exists=True)
    for window_open, now in ((True, 0.0), (False, 10.0), (True, 14.0), (True, 16.0)):
        record.judge(policy, window_open, now)
    assert record.verdict.verdict == "unproven" and record.waits.watched == 2.0


class Stopped(World):
    """Somebody else stops the container for so many seconds, once its request is authorized."""

    seconds = 0.0
    state = "exited"
    _until: float | None = None

    def authorize(self, username, pairing_id):
        super().authorize(username, pairing_id)
        self._until = self.now + self.seconds

    def observe(self, name):
        seen = super().observe(name)
        stopped = self._until is not None and self.now < self._until
        return replace(seen, state=self.state) if stopped else seen


@pytest.mark.parametrize("state", ["exited", "absent"])
def test_a_container_that_somebody_else_restarts_or_makes_anew_meanwhile_is_not_broken(state):
    """As another run on the same host does: else the user that was just made would be deleted again."""
    world = Stopped(1)
    world.seconds, world.state = 1.5, state
    world.add("press-1")
    records, course = conversation(world)

    course.run()

    assert (records[0].verdict.verdict, records[0].taken_back) == ("registered", "")
    assert records[0].actions == ["authorized", "restarted"] and world.users == {"press-1"}


def test_one_that_stays_away_is_broken_a_moment_later():
    world = Stopped(1)
    world.seconds = 600.0
    world.add("press-1")
    records, course = conversation(world)

    course.run()

    assert records[0].verdict.verdict == "broken" and "its container is exited" in records[0].taken_back
    assert not world.users and world.now < world._until - 500
