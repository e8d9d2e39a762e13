# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workers of one run: the last one closes the window, and only if the run has opened it."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Requests
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window import WindowLease
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import CLAIM_LASTS
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.window_share import (
    PLACES,
    shared_windows,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import UnreachableError

URL = "https://connectware.example.com"


class Server:
    """A window; time passes only where a test says so. `tells` is whether its end is in the list."""

    def __init__(self, left=0.0, tells=True):
        self.left, self.tells, self.now = left, tells, 1.0
        self.calls = []

    def time_passes(self, seconds):
        self.now += seconds
        self.left = max(0.0, self.left - seconds)

    def requests(self):
        return Requests({}, self.left > 0, self.left if self.left > 0 and self.tells else None)

    def open_window(self, seconds):
        self.left = seconds
        self.calls.append("open")

    def close_window(self):
        self.left = 0.0
        self.calls.append("close")


def leases(count, server=None):
    server, book = server or Server(), shared_windows().book(URL)
    return server, [WindowLease(server, 60.0, lambda: server.now, book, lambda: 0.5) for _number in range(count)]


def held(lease):
    return lease.hold(lease.look())


@pytest.mark.parametrize("tells", [True, False])
def test_the_last_of_several_hosts_closes_what_the_first_has_opened(tells):
    server, (first, second, third) = leases(3, Server(tells=tells))
    held(first)
    held(second)
    first.give_back()
    held(third)
    second.give_back()
    assert server.calls == ["open"]
    third.give_back()
    assert server.calls == ["open", "close"]


def test_whoever_is_closing_it_is_not_left_with_nothing_by_another_that_gives_it_back():
    """The main process ends, and a worker that was interrupted unwinds in the same moment."""
    server, (worker, main) = leases(2)
    held(worker)
    listed = server.requests

    def requests():
        server.requests = listed
        worker.give_back(last=True)
        return listed()

    server.requests = requests
    main.close_left_open()
    assert server.calls == ["open", "close"]


def test_a_window_that_was_open_before_is_left_open_by_all():
    server, (first, second) = leases(2, Server(60.0))
    held(first)
    held(second)
    first.give_back()
    second.give_back()
    assert server.calls == []


def test_a_foreign_window_that_is_renewed_stays_theirs():
    server, (lease,) = leases(1, Server(5.0))
    held(lease)
    lease.give_back()
    assert server.calls == ["open"] and server.left == 60.0


def test_giving_back_twice_counts_once():
    server, (first, second) = leases(2)
    held(first)
    held(second)
    first.give_back()
    first.give_back()
    assert server.calls == ["open"]


def test_one_that_another_run_has_made_longer_is_left_to_it():
    server, (lease,) = leases(1)
    held(lease)
    server.left = 60.0
    lease.give_back()
    assert server.calls == ["open"]


def test_hosts_that_find_it_closed_together_open_it_once():
    server, (first, second) = leases(2)
    seen = second.look()
    held(first)
    second.hold(seen)
    assert server.calls == ["open"]


def test_what_another_worker_of_the_run_moves_meanwhile_is_nobody_elses_doing():
    server, (first, second) = leases(2)
    held(first)
    held(second)
    server.time_passes(30.0)
    seen = second.look()
    held(first)  # opens it again: another end than `second` knew
    second.hold(seen)
    first.give_back()
    second.give_back()
    assert server.calls == ["open", "open", "close"]


def test_a_list_from_before_another_worker_opened_that_is_read_after_it_tells_nothing():
    """Else its opening would be taken for that of somebody else, and nobody would close."""
    server, (first, second) = leases(2)
    held(first)
    held(second)
    server.time_passes(60.0)
    seen, listed = first.look(), server.requests
    has_answered, may_read = threading.Event(), threading.Event()

    def slowly():
        answer = listed()
        has_answered.set()
        assert may_read.wait(10.0)
        return answer

    def with_the_other():
        server.requests = slowly
        other.start()
        assert has_answered.wait(10.0)
        server.requests = listed
        return listed()

    other = threading.Thread(target=second.look)
    server.requests = with_the_other
    first.hold(seen)
    may_read.set()
    other.join(10.0)
    held(second)
    first.give_back()
    second.give_back()
    assert server.calls == ["open", "open", "close"]


def test_closing_for_a_moment_is_for_who_is_alone():
    server, (lease,) = leases(1)
    held(lease)
    assert lease.close_now()
    held(lease)
    lease.give_back()
    assert server.calls == ["open", "close", "open", "close"]


def test_who_closes_for_a_moment_is_told_that_another_worker_is_moving_the_window():
    server, (lease, other) = leases(2)
    held(lease)
    held(other)
    with other.closed() as possible:
        assert possible and not lease.close_now()
    assert server.calls == ["open", "close"], "by the one that had the claim"
    held(lease)
    assert lease.close_now()


@pytest.mark.parametrize("left", [60.0, 300.0])
def test_a_shared_window_is_not_closed_for_a_moment(left):
    server, (lease,) = leases(1)
    held(lease)
    server.left = left
    lease.close_now()
    lease.give_back()
    assert server.calls == ["open"]


def test_a_worker_that_was_killed_while_it_held_the_window_leaves_it_to_lapse():
    server, (killed, other) = leases(2)
    held(killed)
    held(other)
    other.give_back()
    assert server.calls == ["open"]


def test_a_claim_of_a_worker_that_was_killed_ends():
    book = shared_windows().book(URL)
    assert book.claim(10.0)
    assert not book.claim(11.0)
    assert book.claim(10.0 + CLAIM_LASTS)


def test_an_opening_that_fails_leaves_the_next_worker_its_try():
    server, (first, second) = leases(2)
    opening = server.open_window

    def failing(_seconds):
        server.open_window = opening
        raise UnreachableError("open the registration window")

    server.open_window = failing
    with pytest.raises(UnreachableError):
        held(first)
    assert held(second).window_open
    first.give_back()
    second.give_back()
    assert server.calls == ["open", "close"]


def test_an_opening_that_is_interrupted_before_its_answer_is_closed():
    server, (lease,) = leases(1)
    opened = server.open_window

    def interrupted(seconds):
        opened(seconds)
        raise KeyboardInterrupt

    server.open_window = interrupted
    with pytest.raises(KeyboardInterrupt):
        held(lease)
    lease.give_back()
    assert server.calls == ["open", "close"]


def next_turn(server, lease):
    """What another worker has for the same host afterwards."""
    lease.park()
    later = WindowLease(server, 60.0, lambda: server.now, lease._book, lambda: 0.5)
    later.resume()
    return later


def test_a_host_between_two_turns_holds_the_window():
    server, (first, second) = leases(2)
    held(first)
    held(second)
    first.park()
    second.give_back()
    assert server.calls == ["open"]


def test_the_last_one_closes_after_its_last_turn():
    server, (first, second) = leases(2)
    held(first)
    held(second)
    first = next_turn(server, first)
    second.give_back()
    first = next_turn(server, first)
    first.give_back()
    assert server.calls == ["open", "close"]
    assert first._book.read().parked == 0


def test_a_run_that_ends_does_not_wait_for_those_between_two_turns():
    server, (first, second, third) = leases(3)
    for lease in (first, second, third):
        held(lease)
    first.park()
    second.give_back(last=True)
    assert server.calls == ["open"], "another worker still speaks for its host"
    third.give_back(last=True)
    assert server.calls == ["open", "close"]


@pytest.mark.parametrize("company", [False, True])
def test_what_nobody_can_give_back_is_closed_unless_others_need_it(company):
    server, (lease, last) = leases(2)
    last.close_left_open()
    held(lease)
    lease.park()
    if company:
        server.left = 3600.0
    last.close_left_open()
    assert server.calls == (["open"] if company else ["open", "close"])


class LostLock:
    """Of a worker that was killed while it wrote."""

    def __init__(self):
        self.waited = []

    def acquire(self, timeout):
        self.waited.append(timeout)
        return False


def test_without_the_lock_nobody_closes():
    server, (lease,) = leases(1)
    held(lease)
    lease._book._mutex = LostLock()
    lease.give_back()
    assert server.calls == ["open"]


def test_a_lock_that_is_lost_is_waited_for_once():
    _server, (lease,) = leases(1)
    held(lease)
    lost = lease._book._mutex = LostLock()
    lease.look()
    lease.give_back()
    assert lost.waited[0] > 0 and len(lost.waited) > 1 and not any(lost.waited[1:])


def test_forked_workers_share_it():
    book = shared_windows().book(URL)
    context = multiprocessing.get_context("fork")
    book.enter()
    book.opened(30.0, 31.0)

    def worker(queue):
        book.enter()
        queue.put((book.read(), book.leave()))

    queue = context.Queue()
    process = context.Process(target=worker, args=(queue,))
    process.start()
    page, nobody_left = queue.get(timeout=10)
    process.join(10)
    assert page.opened and page.holders == 2 and not nobody_left
    assert book.leave()


@pytest.mark.parametrize(
    "same", [URL + "/", "https://connectware.example.com:443", "HTTPS://Connectware.Example.com", f" {URL}"]
)
def test_spellings_of_one_address_are_one_connectware(same):
    shelf = shared_windows()
    shelf.book(URL).enter()
    assert shelf.place(same) == shelf.place(URL)
    assert shelf.book(same).read().holders == 1


@pytest.mark.parametrize(
    "other",
    [
        "http://connectware.example.com",
        "https://connectware.example.com:8443",
        "https://connectware.example.com/north",
        "https://south.example.com",
        "no address:at all",
    ],
)
def test_each_connectware_has_a_window_of_its_own(other):
    shelf, north, south = shared_windows(), Server(), Server(3600.0)
    ours = WindowLease(north, 60.0, lambda: north.now, shelf.book(URL), lambda: 0.5)
    theirs = WindowLease(south, 60.0, lambda: south.now, shelf.book(other), lambda: 0.5)
    held(theirs)
    held(ours)
    ours.give_back()
    assert north.calls == ["open", "close"], "it is closed although another window of the run is needed and not ours"
    theirs.give_back()
    assert south.calls == []


def test_more_connectwares_than_there_is_room_for_are_as_runs_of_their_own():
    shelf = shared_windows()
    places = {shelf.place(f"https://number-{number}.example.com") for number in range(PLACES)}
    assert places == set(range(PLACES))
    assert shelf.book("https://one-more.example.com") is None
    assert shelf.place("https://number-7.example.com") == 7


def test_forked_workers_agree_on_the_places():
    shelf = shared_windows()
    context = multiprocessing.get_context("fork")

    def worker(queue, url):
        shelf.book(url).enter()
        queue.put((url, shelf.place(url)))

    queue = context.Queue()
    urls = [f"https://number-{number % 3}.example.com" for number in range(9)]
    processes = [context.Process(target=worker, args=(queue, url)) for url in urls]
    for process in processes:
        process.start()
    found = {queue.get(timeout=10) for _process in processes}
    for process in processes:
        process.join(10)
    assert len(found) == 3 == len({place for _url, place in found})
    assert [shelf.book(url).read().holders for url in sorted(set(urls))] == [3, 3, 3]
