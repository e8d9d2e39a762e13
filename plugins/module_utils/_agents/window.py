# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registration window as this run holds it, beside other runs that it can only see by what they do to the window.

Runs share nothing but the Client Registry, which tells when the window ends. So that is what they tell each other by:

- A run that is *alone* opens the window for at most three quarters of the lease, and remembers the end.
- A run that finds the window open by somebody else *shares* it: it keeps the end further away than a run that is alone
  would ever set it, up to the whole lease.
- A run that sees another end than its own has company, and shares from then on. Who shares never closes: the window
  ends by itself, at most one lease after the last of them.
- A run that was alone all the time closes, after one more look right before: when nobody needs it any more, and before
  an authorization, see ClosingFirst.

Two runs that open the closed window in the very same moment are told apart by the length, which is drawn. What is left
is a run that comes between another's last look and its closing, some milliseconds later: it finds the window closed
with its next look, and opens it again.

A Connectware may tell nothing of the window. Then runs cannot see each other, nor what an administrator does: each
counts on what it has done itself, which its workers know together, and closes what it has opened.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from .._errors import ApiError
from .ports import Requests, ServerPort
from .window_book import Page, WindowBook, own_book
from .window_sight import SLACK, Sight, as_known, is_first_blank, is_other_end

ALONE_LEAST, ALONE_MOST = 0.5, 0.75  # parts of a lease for which a run opens that is alone
RENEW = 0.25  # part of a lease that is left when it opens again
LONGEST_OPENING = 10.0  # seconds that an opening may take until it has effect
LEAST_REST = 2.0  # seconds; longer than it takes to list and to open
DICE = random.SystemRandom()  # forked workers and runs of one moment must not draw the same


class WindowLease:
    """Opens the window only while it is needed and sees that it is closed only if that hurts nobody else.

    If a worker of the run is killed, the others never close it: then it ends with its lease.

    Args:
        lease: seconds after which the window ends at the latest when nobody needs it any more. Runs that meet should
            have the same.
        now: a monotonic clock.
        book: what the workers of this run know together.
        draw: a number from 0 to 1, another one in each run.
    """

    def __init__(
        self,
        server: ServerPort,
        lease: float,
        now: Callable[[], float],
        book: WindowBook | None = None,
        draw: Callable[[], float] = DICE.random,
    ) -> None:
        self._server = server
        self._lease = lease
        self._now = now
        self._book = book if book is not None else own_book()
        self._draw = draw
        self._held = False
        self._moving = False
        self._sight: Sight | None = None
        # What sets the end of a run that shares apart from that of one that is alone, misread or not.
        self._shared_renew = ALONE_MOST * lease + 2 * SLACK
        self._shared_length = max(lease, ALONE_MOST * lease + 4 * SLACK)

    def look(self) -> Requests:
        """List the requests, and see whether somebody else has moved the window.

        Raises:
            ApiError: Connectware did not answer.
        """
        claims, asked = self._book.read().claims, self._now()
        listed = self._server.requests()
        answered, page = self._now(), self._book.read()
        if listed.known and not page.tells:
            self._book.note_tells()
        requests = as_known(listed, page, answered)
        self._sight = Sight(requests, asked, answered, claims, told=listed.known or page.tells)
        if self._held or self._moving:
            self._compare()
        return requests

    def hold(self, requests: Requests) -> Requests:
        """See to it that the window is open for a while; returns what is true then.

        Args:
            requests: as `look` has returned them.

        Raises:
            ApiError: it could not be opened.
        """
        if not self._held:
            self._held = True
            self._book.enter()
            self._compare()
        if not self._is_due(requests):
            return requests
        with self._claimed() as mine:
            if mine:
                requests = self.look()
                if self._is_due(requests):
                    return self._opened(requests)
        return requests

    def rest(self, requests: Requests) -> float:
        """For how many seconds the window need not be looked after, as `hold` has left it.

        Args:
            requests: as `hold` has returned them.
        """
        if not self._held or requests.remaining is None:
            return float("inf")
        return max(LEAST_REST, requests.remaining - LEAST_REST)

    def close_now(self) -> bool:
        """Close the window although it is needed, so that requests lapse; `hold` opens it again.

        Left alone if somebody else needs it too, or had opened it before.

        Returns:
            False if another worker of this run moves the window right now: the next round has another chance.

        Raises:
            ApiError: it could not be closed.
        """
        with self.closed() as possible:
            return possible

    @contextmanager
    def closed(self) -> Iterator[bool]:
        """Within, the window is closed and stays so: what was listed then cannot be exchanged before it is authorized.

        Open all the same where somebody else needs it: this run cannot take it from them.

        Yields:
            False if another worker of this run moves the window right now: the next round has another chance.

        Raises:
            ApiError: it could not be closed.
        """
        if not self._held and not self._book.read().opened:  # nor by another worker of this run
            yield True
            return
        with self._claimed() as mine:
            if mine and self._is_ours_alone():
                self._close()
            yield mine

    def resume(self) -> None:
        """Hold it again that an earlier turn of the same conversation has parked."""
        self._held = True
        self._book.resume()

    def park(self) -> bool:
        """Leave it as it is until the next turn; returns whether it is needed then."""
        if self._held:
            self._book.park()
        return self._held

    @property
    def needs_open(self) -> bool:
        """This run has found that nothing can be authorized while the window is closed."""
        return self._book.read().needs_open

    def note_needs_open(self) -> None:
        """All workers of this run know that from now on."""
        self._book.note_needs_open()

    def give_back(self, last: bool = False) -> None:
        """Not needed any more: close the window if nobody else needs it.

        Args:
            last: the run is ending, and with it whoever has parked the window.

        Raises:
            ApiError: it could not be looked at or closed; it ends with its lease.
        """
        if not self._held:
            return
        self._held = False
        if not self._book.leave(last):
            return
        with self._claimed() as mine:
            if not mine:
                return  # whoever moves it now closes it, by what the book says
            if self._is_ours_alone() and not self._book.read().holders:
                self._close()
            self._book.forget()  # what could not be closed is remembered: whoever needs it next, or the end of the run

    def close_left_open(self) -> None:
        """Close what the run has opened and nobody of it can give back any more; nothing if that would hurt others.

        Raises:
            ApiError: it could not be looked at or closed; it ends with its lease.
        """
        with self._claimed() as mine:
            if mine and self._is_ours_alone():
                self._close()

    def _opened(self, requests: Requests) -> Requests:
        page = self._book.read()
        if is_first_blank(requests, page):
            self._book.note_mute()  # if the next list is empty there again
        length = self._shared_length
        if not page.shared:
            length = self._lease * (ALONE_LEAST + (ALONE_MOST - ALONE_LEAST) * self._draw())
        asked = self._now()
        # Before the answer: a run that is interrupted in the middle of this may have opened it, and closes it then.
        self._book.opened(asked + length, asked + length + LONGEST_OPENING, sure=False)
        try:
            told = self._server.open_window(length)
        except ApiError as exc:
            if exc.refused:
                self._book.opened(page.low, page.high, page.sure)  # nothing was done
            raise
        if told is not None and told > length + SLACK + 1 and asked + told > page.high + SLACK + 1:
            self._book.share()  # a server that keeps a later end: it is somebody else's, not our own earlier one
        left = length if told is None else told  # some servers cap what is asked for
        self._book.opened(asked + left, self._now() + left)
        return replace(requests, window_open=True, remaining=left)

    def _close(self) -> None:
        self._server.close_window()
        self._book.closed()

    def _is_ours_alone(self) -> bool:
        """By a look right now: this run has opened it, and nobody else has touched it since."""
        page = self._book.read()
        if page.shared or not page.opened:
            return False
        may_be_open = self.look().may_be_open
        return may_be_open and not self._book.read().shared

    def _is_due(self, requests: Requests) -> bool:
        """It is closed, or ends soon: for those who share that is while it still ends later than one run alone sets."""
        if not requests.window_open:
            return True
        page, left = self._book.read(), requests.remaining
        if left is None and page.opened:
            left = page.low - self._now()
        return left is not None and left <= (self._shared_renew if page.shared else RENEW * self._lease)

    def _compare(self) -> None:
        """The end that was seen last with the one that this run has set."""
        sight, page = self._sight, self._book.read()
        if sight is None or not sight.told or page.shared or self._is_moving(page, sight):
            return
        if not sight.requests.window_open:
            self._book.closed()
        elif not page.opened or is_other_end(sight, page):
            self._book.share()

    def _is_moving(self, page: Page, sight: Sight) -> bool:
        """Another worker of this run has moved it since, or may just be moving it: then nothing can be compared."""
        return page.claims != sight.claims or (page.claimed_at > 0 and not self._moving)

    @contextmanager
    def _claimed(self) -> Iterator[bool]:
        """Whether this worker is the one that moves the window now."""
        self._moving = self._book.claim(self._now())
        try:
            yield self._moving
        finally:
            if self._moving:
                self._moving = False
                self._book.release()
