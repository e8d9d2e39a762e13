# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window is closed by the last worker of a run, and only if the run has opened it."""

from __future__ import annotations

import multiprocessing

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Requests
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window import WindowLease
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.window_share import shared_window

CLOSED, OPEN = Requests({}, False, None), Requests({}, True, 60.0)


class Server:
    def __init__(self):
        self.calls = []

    def open_window(self, seconds):
        assert seconds == 60.0
        self.calls.append("open")

    def close_window(self):
        self.calls.append("close")


def leases(count):
    server, share = Server(), shared_window()
    return server, [WindowLease(server, 60.0, lambda: 0.0, share) for _number in range(count)]


def test_the_last_of_several_hosts_closes_what_the_first_has_opened():
    server, (first, second, third) = leases(3)
    first.hold(CLOSED)
    second.hold(OPEN)
    first.give_back(OPEN)
    third.hold(OPEN)
    second.give_back(OPEN)
    assert server.calls == ["open"]
    third.give_back(OPEN)
    assert server.calls == ["open", "close"]


def test_a_window_that_was_open_before_is_left_open_by_all():
    server, (first, second) = leases(2)
    first.hold(OPEN)
    second.hold(OPEN)
    first.give_back(OPEN)
    second.give_back(OPEN)
    assert server.calls == []


def test_a_foreign_window_that_is_renewed_stays_theirs():
    server, (lease,) = leases(1)
    lease.hold(OPEN)
    lease.hold(Requests({}, True, 5.0))
    lease.give_back(OPEN)
    assert server.calls == ["open"]


def test_giving_back_twice_counts_once():
    server, (first, second) = leases(2)
    first.hold(CLOSED)
    second.hold(OPEN)
    first.give_back(OPEN)
    first.give_back(OPEN)
    assert server.calls == ["open"]


def test_forked_workers_share_it():
    share = shared_window()
    context = multiprocessing.get_context("fork")
    share.enter()
    share.opened()

    def worker(queue):
        queue.put((share.enter(), share.leave()))

    queue = context.Queue()
    process = context.Process(target=worker, args=(queue,))
    process.start()
    assert queue.get(timeout=10) == (True, False)
    process.join(10)
    assert share.leave() is True
