# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation that registers the agents of one host: judge, act, wait, until every agent is settled.

Knows neither Docker nor HTTP (see ports.py), so it is tested without both. The order within a round is what keeps it
safe: requests are listed again right before they are authorized, users are deleted before a window is opened for their
agents, and the window is closed on every way out.

Where more hosts wait than there are workers, conversations take turns (see turns.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .._errors import ConnectwareError
from . import evidence as e
from .evidence import Policy, Verdict
from .host_side import HostSide
from .interim import Interim
from .ports import OUTAGE, HostPort, ServerPort
from .progress import of_agents
from .record import AgentRecord
from .recorder import Recorder
from .server_side import ServerSide
from .turns import began, number_of, turn_ends
from .window import DICE, WindowLease
from .window_book import WindowBook

LONGEST_LOOK = 10.0  # seconds that one look at the host may wait, so that the window can be opened again in time
FRESH_HOST = 4.0  # seconds after which an agent that waits for the server is looked at on its host again
POLL_FIRST, POLL_MOST = 0.4, 2.0  # seconds between two lists of requests, growing
OUTAGE_PAUSE = 2.0  # seconds until something that did not answer is asked again


@dataclass(frozen=True)
class Clock:
    """Time, injectable."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Conversation:
    """Registers the agents of one host.

    Args:
        records: one an agent, with its first observation; those of `interim` where there is one.
        policy: what the user allows.
        timeout: seconds for everything, all turns together, and what counts of the waits between two.
        lease: seconds for which the window is opened at a time.
        book: what the conversations of all hosts of this run know together of the window.
        recorder: is told of each authorization before it is asked for, and when it is settled.
        interim: what the turn before has left.
        draw: a number from 0 to 1, for the length of the window; another one in each run.
    """

    def __init__(
        self,
        records: Sequence[AgentRecord],
        host: HostPort,
        server: ServerPort,
        policy: Policy,
        *,
        timeout: float = 180.0,
        lease: float = 60.0,
        clock: Clock = Clock(),
        book: WindowBook | None = None,
        recorder: Recorder | None = None,
        interim: Interim | None = None,
        draw: Callable[[], float] = DICE.random,
    ) -> None:
        self._records = list(records)
        self._host = HostSide(self._records, host, clock.now)
        self._policy = policy
        self._timeout = timeout
        self._clock = clock
        self.ending = False  # on its way out: what is still done then must not be interrupted
        self.interim: Interim | None = None  # for the next turn; None where there is nothing left to do
        self._before = interim
        self._window = WindowLease(server, lease, clock.now, book, draw)
        self._recorder = recorder if recorder is not None else Recorder()
        self._server = ServerSide(self._records, server, self._window, self._recorder, clock.now)
        self.warnings = self._server.warnings
        self._began = clock.now()
        self._pause = POLL_FIRST
        self._outage: ConnectwareError | None = None

    def predict(self, *, watch_started: bool = False) -> None:
        """Check mode: judge on what the server says now; change nothing.

        Args:
            watch_started: agents that have just started are watched until they have shown whether they ask.
        """
        self._begin()
        while watch_started and self._clock.now() < self._began + self._timeout:
            started = [record for record in self._open_records() if _verdict(record).verdict == e.REGISTERED]
            if not started:
                break
            self._host.watch(started, min(LONGEST_LOOK, _patience(started)))
            self._server.ask()
            self._judge(started)
        replaced = self._with(e.DELETE_USER)
        if replaced:
            self._server.foretell_kept(replaced)
            self._judge(replaced)

    def run(self, turn: float | None = None) -> None:
        """Bring every agent to a final verdict, or mark it as timed out.

        A server or an engine that stops answering in the middle is waited for until time is out.

        Args:
            turn: seconds after which it ends although agents are still waited for; `interim` then has what the next
                turn needs. At least one round is made. None: no limit.

        Raises:
            ConnectwareError: of one of the two worlds; the records keep what was reached until then. The window is
                closed all the same; if that fails, `warnings` says so, because the window then closes by itself.
        """
        interrupted = True
        try:
            self._begin()
            self._rounds(turn)
            interrupted = False
        except ConnectwareError:
            interrupted = False
            self._server.take_back_unproven(self._open_records())
            raise
        finally:
            self.ending = True
            if self.interim is None:
                self._close_window(interrupted)
                self._recorder.end()
        self._host.unmark()

    def progress(self) -> str:
        """How far it is, in a line; may be asked from another thread."""
        outage = self._outage
        return of_agents(self._records, self._clock.now(), "" if outage is None else outage.message)

    def _begin(self) -> None:
        """Judge on what is true now. Only between two turns may an outage have begun; else nothing ever answered."""
        if self._before is None:
            for record in self._records:
                record.observe(record.observation, self._host.seen_at)
            self._server.ask()
            self._judge(self._open_records())
            if self._policy.only_watch and self._open_records():
                self._refresh()  # started long ago perhaps, by the clock of a host that had to wait for a worker
            return
        self._began = began(self._before, self._clock.now())
        self._server.users_at = self._before.users_at
        self._recorder.resume(entry for record in self._records for entry in record.authorizations.asked)
        if self._before.holds_window:
            self._window.resume()
        self._refresh()

    def _rounds(self, turn: float | None) -> None:
        number, now = number_of(self._before), self._clock.now()
        deadline = until = self._began + self._timeout
        if turn is not None:
            until = turn_ends(turn, number, began=self._began, now=now, deadline=deadline)
        while self._open_records():
            if self._clock.now() >= deadline:
                self._run_out_of_time()
                return
            self._round(min(deadline, until))
            if not until <= self._clock.now() < deadline:
                continue
            self._note()  # in an outage too: the next turn takes what is settled for recorded
            if self._may_park():
                holds = self._window.park()
                now = self._clock.now()
                self.interim = Interim(tuple(self._records), self._began, now, self._server.users_at, holds, number)
                return

    def _may_park(self) -> bool:
        """There is something left to do; and nothing to tell that only the end of a conversation tells."""
        return bool(self._open_records()) and self._recorder.failure is None

    def _round(self, until: float) -> None:
        """Act, wait and judge once; nothing is decided on what was known before an outage."""
        if self._outage is not None:
            self._clock.sleep(max(0.0, min(OUTAGE_PAUSE, until - self._clock.now())))
            self._refresh()
            return
        with self._bearing_outages():
            self._act()
            if self._clock.now() < until or self._with(e.RESTART):
                self._wait(until)
        self._judge_all()

    def _refresh(self) -> None:
        """Look at host and server, and judge."""
        with self._bearing_outages():
            self._host.observe(self._open_records())
            self._server.ask()
        self._judge_all()

    @contextmanager
    def _bearing_outages(self) -> Iterator[None]:
        try:
            yield
        except OUTAGE as exc:
            self._outage = exc
            for record in self._records:
                record.waits.lose_sight()
        else:
            self._outage = None

    def _run_out_of_time(self) -> None:
        if self._outage is not None:
            raise self._outage
        if any(record.let_in for record in self._open_records()):
            self._refresh()  # while Connectware took its time, it may have come back
        self._server.take_back_unproven(self._open_records())
        for record in self._open_records():
            record.timed_out = True

    def _close_window(self, interrupted: bool = False) -> None:
        try:
            self._window.give_back(last=interrupted)
        except ConnectwareError as exc:
            self.warnings.append(f"{exc.message} The registration window closes by itself when its lease ends.")

    def _open_records(self) -> list[AgentRecord]:
        return [record for record in self._records if not record.final]

    def _judge_all(self) -> None:
        if self._outage is None:
            self._judge(self._open_records())
            self._note()

    def _note(self) -> None:
        for record in self._records:
            self._recorder.note(record.authorizations.asked)

    def _judge(self, records: Iterable[AgentRecord]) -> None:
        for record in records:
            record.judge(self._policy, self._server.requests.window_open, self._clock.now())

    def _with(self, action: str) -> list[AgentRecord]:
        return [record for record in self._open_records() if record.wants(action)]

    def _act(self) -> None:
        for record in self._with(e.DELETE_USER):
            self._server.replace_user(record)
            self._judge([record])  # it is restarted before it can ask anew in the same start
            self._pause = POLL_FIRST
        for record in self._with(e.TAKE_BACK):
            self._server.take_back(record)
        self._clear(self._with(e.CLEAR))
        self._authorize(self._with(e.AUTHORIZE))
        if any(_verdict(record).needs_window for record in self._open_records()):
            self._server.hold_window()
        elif not self._with(e.CLEAR):  # one that could not be cleared yet is so by closing what is held
            self._close_window()

    def _clear(self, records: Sequence[AgentRecord]) -> None:
        if records:
            self._server.clear(records)
            self._judge(records)

    def _authorize(self, records: Sequence[AgentRecord]) -> None:
        """What is pending is judged once more, on a list made right before: a slow server is asked for more of them."""
        left = list(records)
        while left:
            with self._server.listed(left) as possible:
                if possible:
                    self._judge(left)
                left = self._server.authorize(left) if possible else []
            if any(_verdict(record).needs_window for record in left):
                self._server.hold_window()
            self._pause = POLL_FIRST

    def _wait(self, until: float) -> None:
        """Until there is news: from the host where an agent waits for it, else from the server."""
        waiting = self._open_records()
        if not waiting:
            return
        now = self._clock.now()
        rest = self._window.rest(self._server.requests)
        limit = max(0.0, min(LONGEST_LOOK, until - now, _patience(waiting), rest))
        on_host = [record for record in waiting if _verdict(record).looks_at == "host"]
        if len(on_host) < len(waiting):
            limit = min(limit, self._pause)
        if on_host:
            self._host.follow(on_host, limit)
        elif now - self._host.seen_at > min(FRESH_HOST, self._policy.poll_interval):
            self._host.observe(waiting)
        else:
            self._clock.sleep(limit)
            self._pause = min(self._pause * 1.5, POLL_MOST)
        self._server.ask()


def _patience(waiting: Sequence[AgentRecord]) -> float:
    """Seconds after which time alone changes something: what all settle together is waited for as a whole."""
    waits = [_verdict(record).wait for record in waiting]
    settling = all(record.wants(e.RESTART) or _verdict(record).verdict == e.REGISTERED for record in waiting)
    return max(waits) if settling else min(waits)


def _verdict(record: AgentRecord) -> Verdict:
    if record.verdict is None:
        raise ValueError(f"the agent {record.name} was not judged")
    return record.verdict
