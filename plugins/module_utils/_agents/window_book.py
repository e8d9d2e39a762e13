# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers of one run know together of the registration window, on a page of memory that they share."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

LOCK_TIMEOUT = 5.0  # nobody holds the lock longer than it takes to change some numbers
CLAIM_LASTS = 60.0  # seconds after which a claim is one of a worker that was killed
_FORM = struct.Struct(">IIIdddBBBBB")
SIZE = _FORM.size


class Page(NamedTuple):
    """The book at one moment; times are seconds of a monotonic clock that all workers share.

    Attributes:
        holders: how many hosts need the window.
        parked: how many of them no worker speaks for at the moment: they are between two turns.
        claims: how often a worker of this run has begun to move the window, or has ended that: what was seen before
            either cannot be compared with what is known since.
        claimed_at: since when a worker is moving it; 0 while none does.
        low, high: between these moments the window ends by this run's own last opening; 0 if it has not opened it.
        shared: somebody else has opened or moved the window as well: this run never closes it.
        needs_open: requests were found not to outlive the closing of the window, or not to be authorized then.
        tells: Connectware has told this run whether the window is open: where it says nothing of that, it is closed.
        sure: Connectware has said yes to the last opening or closing of this run.
        mute: its list was empty there although this run had opened the window, and then opened it once more.
    """

    holders: int = 0
    parked: int = 0
    claims: int = 0
    claimed_at: float = 0.0
    low: float = 0.0
    high: float = 0.0
    shared: bool = False
    needs_open: bool = False
    tells: bool = False
    sure: bool = False
    mute: bool = False

    @property
    def opened(self) -> bool:
        """The window is open by this run's own doing, as far as it knows."""
        return self.high > 0


class WindowBook:
    """All changes of a page, each of them as a whole.

    Args:
        memory: at least SIZE bytes of zeros; shared with the forked workers, where there are any.
        mutex: a lock shared with them as well.
    """

    def __init__(self, memory: Any, mutex: Any) -> None:
        self._memory = memory
        self._mutex = mutex
        self._is_lost = False

    def read(self) -> Page:
        """What is known now."""
        with self._exclusive() as page:
            return page

    def enter(self) -> None:
        """One more host needs the window."""
        with self._exclusive() as page:
            self._write(page._replace(holders=page.holders + 1))

    def park(self) -> None:
        """One that needs it is between two turns from now on."""
        with self._exclusive() as page:
            self._write(page._replace(parked=page.parked + 1))

    def resume(self) -> None:
        """The next turn of one of those has begun."""
        with self._exclusive() as page:
            self._write(page._replace(parked=max(0, page.parked - 1)))

    def leave(self, last: bool = False) -> bool:
        """One fewer needs it.

        Args:
            last: the run is ending, so that those between two turns will not come back.

        Returns:
            Whether nobody is left.
        """
        with self._exclusive() as page:
            left = max(0, page.holders - 1)
            if last and left <= page.parked:
                left = 0
            self._write(page._replace(holders=left, parked=min(page.parked, left)))
            return left == 0

    def forget(self) -> None:
        """Begin anew, unless a worker needs the window again by now."""
        with self._exclusive() as page:
            if not page.holders:
                fresh = Page(claims=page.claims, claimed_at=page.claimed_at)
                self._write(fresh._replace(needs_open=page.needs_open, tells=page.tells, mute=page.mute))

    def claim(self, now: float) -> bool:
        """Take the sole right to move the window; False if another worker has it."""
        with self._exclusive() as page:
            if page.claimed_at and now - page.claimed_at < CLAIM_LASTS:
                return False
            self._write(page._replace(claims=page.claims + 1, claimed_at=max(now, 1e-9)))
            return True

    def release(self) -> None:
        """Give that right back."""
        with self._exclusive() as page:
            self._write(page._replace(claims=page.claims + 1, claimed_at=0.0))

    def opened(self, low: float, high: float, sure: bool = True) -> None:
        """This run has opened the window until then, or at least has asked for that."""
        with self._exclusive() as page:
            self._write(page._replace(low=low, high=high, sure=sure))

    def closed(self) -> None:
        """The window is not open any more by this run's doing."""
        with self._exclusive() as page:
            self._write(page._replace(low=0.0, high=0.0, sure=True))

    def share(self) -> None:
        """Somebody else needs the window too."""
        with self._exclusive() as page:
            self._write(page._replace(shared=True))

    def note_needs_open(self) -> None:
        """Nothing can be authorized while the window is closed."""
        with self._exclusive() as page:
            self._write(page._replace(needs_open=True))

    def note_tells(self) -> None:
        """Connectware tells whether the window is open."""
        with self._exclusive() as page:
            self._write(page._replace(tells=True))

    def note_mute(self) -> None:
        """Where Connectware would tell of an open window, it may never tell anything."""
        with self._exclusive() as page:
            self._write(page._replace(mute=True))

    def _write(self, page: Page) -> None:
        self._memory[:SIZE] = _FORM.pack(*page)

    @contextmanager
    def _exclusive(self) -> Iterator[Page]:
        """The page for one change. A worker that was killed may hold the lock for ever: then nobody closes.

        That is waited for once, not with each look again.
        """
        taken = self._mutex.acquire(timeout=0 if self._is_lost else LOCK_TIMEOUT)
        self._is_lost = not taken
        try:
            page = Page(*_FORM.unpack(bytes(self._memory[:SIZE])))
            flags = {name: bool(getattr(page, name)) for name in ("shared", "needs_open", "tells", "sure", "mute")}
            yield page._replace(**{**flags, "shared": flags["shared"] or not taken})
        finally:
            if taken:
                self._mutex.release()


def own_book() -> WindowBook:
    """A book of one worker alone."""
    return WindowBook(bytearray(SIZE), threading.Lock())
