# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation that registers the agents of one host: judge, act, wait, until every agent is settled.

Knows neither Docker nor HTTP (see ports.py), so it is tested without both. The order within a round is what keeps it
safe: requests are listed again right before they are authorized, users are deleted before a window is opened for their
agents, and the window is closed on every way out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .._errors import (
    ApiError,
    ConflictError,
    ConnectwareError,
    EngineUnavailableError,
    EvidenceFileError,
    LockedError,
    NotFoundError,
    ProtectedUserError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)
from . import evidence as e
from .evidence import Policy, Verdict
from .observation import Observation
from .ports import HostPort, Look, Requests, ServerPort
from .progress import of_agents
from .record import AgentRecord
from .recorder import Recorder
from .window import WindowLease
from .window_book import WindowBook

LONGEST_LOOK = 10.0  # seconds that one look at the host may wait, so that the window can be opened again in time
FRESH_HOST = 4.0  # seconds after which an agent that waits for the server is looked at on its host again
FRESH_USERS = 10.0  # seconds after which users are listed again although nothing was done to them
POLL_FIRST, POLL_MOST = 0.4, 2.0  # seconds between two lists of requests, growing
# An authorization that ends like this may have taken effect, or may work with the next list: look again.
LOOK_AGAIN = (ConflictError, LockedError, NotFoundError, RateLimitedError, ServerError, UnreachableError)
# What passes by itself when a server or an engine is restarted: waited for, once it has answered in this run.
OUTAGE = (EngineUnavailableError, RateLimitedError, ServerError, UnreachableError)
OUTAGE_PAUSE = 2.0  # seconds until something that did not answer is asked again


@dataclass(frozen=True)
class Clock:
    """Time, injectable."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Conversation:
    """Registers the agents of one host.

    Args:
        records: one an agent, with its first observation.
        policy: what the user allows.
        timeout: seconds for everything.
        lease: seconds for which the window is opened at a time.
        book: what the conversations of all hosts of this run know together of the window.
        recorder: is told of each authorization before it is asked for, and when it is settled.
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
    ) -> None:
        self._records = list(records)
        self._host = host
        self._server = server
        self._policy = policy
        self._timeout = timeout
        self._clock = clock
        self.warnings: list[str] = []
        self.ending = False  # on its way out: what is still done then must not be interrupted
        self._window = WindowLease(server, lease, clock.now, book)
        self._recorder = recorder if recorder is not None else Recorder()
        self._requests = Requests({}, False, None)
        self._users_at: float | None = None
        self._host_at = clock.now()
        for record in self._records:
            record.observe(record.observation, self._host_at)
        self._pause = POLL_FIRST
        self._outage: ConnectwareError | None = None

    def predict(self) -> None:
        """Check mode: judge once on what the server says now; change nothing."""
        self._ask_server()
        self._judge(self._open_records())

    def run(self) -> None:
        """Bring every agent to a final verdict, or mark it as timed out.

        A server or an engine that stops answering in the middle is waited for until time is out.

        Raises:
            ConnectwareError: of one of the two worlds; the records keep what was reached until then. The window is
                closed all the same; if that fails, `warnings` says so, because the window then closes by itself.
        """
        deadline = self._clock.now() + self._timeout
        try:
            self._ask_server()
            self._judge(self._open_records())
            while self._open_records():
                if self._clock.now() >= deadline:
                    self._run_out_of_time()
                    break
                self._round(deadline)
        finally:
            self.ending = True
            self._close_window()
            self._recorder.end()

    def progress(self) -> str:
        """How far it is, in a line; may be asked from another thread."""
        outage = self._outage
        return of_agents(self._records, self._clock.now(), "" if outage is None else outage.message)

    def _round(self, deadline: float) -> None:
        """Act, wait and judge once; nothing is decided on what was known before an outage."""
        try:
            if self._outage is None:
                self._act()
                self._wait(deadline)
            else:
                self._clock.sleep(max(0.0, min(OUTAGE_PAUSE, deadline - self._clock.now())))
                self._look([Look(record.observation) for record in self._open_records()], 0.0)
                self._ask_server()
        except OUTAGE as exc:
            self._outage = exc
            return
        self._outage = None
        self._judge(self._open_records())
        for record in self._records:
            self._recorder.note(record.authorizations.asked)

    def _run_out_of_time(self) -> None:
        if self._outage is not None:
            raise self._outage
        for record in self._open_records():
            if record.unproven:
                self._take_back(record)
            record.timed_out = True

    def _close_window(self) -> None:
        try:
            self._window.give_back()
        except ConnectwareError as exc:
            self.warnings.append(f"{exc.message} The registration window closes by itself when its lease ends.")

    def _open_records(self) -> list[AgentRecord]:
        return [record for record in self._records if not record.final]

    def _judge(self, records: Iterable[AgentRecord]) -> None:
        for record in records:
            record.judge(self._policy, self._requests.window_open, self._clock.now())

    def _with(self, action: str) -> list[AgentRecord]:
        return [record for record in self._open_records() if _verdict(record).action == action]

    def _act(self) -> None:
        for record in self._with(e.DELETE_USER):
            self._replace_user(record)
        for record in self._with(e.TAKE_BACK):
            self._take_back(record)
        self._clear(self._with(e.CLEAR))
        self._authorize()
        if any(_verdict(record).needs_window for record in self._open_records()):
            self._take(self._window.hold(self._requests))
        else:
            self._close_window()

    def _replace_user(self, record: AgentRecord) -> None:
        try:
            self._server.delete_user(record.observation.username)
        except ProtectedUserError as exc:
            record.note_kept(exc.message)
        else:
            record.note_replaced()
        self._pause = POLL_FIRST

    def _take_back(self, record: AgentRecord) -> None:
        """Throw out what this run has let in under the agent's name; that it failed is part of the agent's end."""
        try:
            self._server.delete_user(record.observation.username, ours=True)
        except OUTAGE:
            raise
        except ApiError as exc:
            record.note_taken_back(exc.message)
        else:
            record.note_taken_back()

    def _clear(self, records: Sequence[AgentRecord]) -> None:
        """Let the agents' own earlier requests go: by denying them, else by closing the window for a moment."""
        denied = [self._server.deny(record.observation.username) for record in records]
        if not all(denied):
            self._window.close_now()
        for record in records:
            record.note_cleared()
        if records:
            self._list_requests()
            self._judge(records)

    def _authorize(self) -> None:
        """Authorize what is pending, judged once more on a list made right before."""
        ready = self._with(e.AUTHORIZE)
        if not ready:
            return
        self._list_requests()
        self._judge(ready)
        for record in ready:
            if _verdict(record).action == e.AUTHORIZE and record.pending[0] is not None:
                self._authorize_one(record, record.pending[0])
        self._pause = POLL_FIRST

    def _authorize_one(self, record: AgentRecord, pairing_id: str) -> None:
        authorization = record.authorization(pairing_id)
        try:
            self._recorder.begin(authorization)
        except EvidenceFileError as exc:
            record.refuse_unrecorded(exc.message)
            return
        record.authorizations.asked.append(authorization)
        try:
            self._server.authorize(record.observation.username, pairing_id)
        except LOOK_AGAIN as exc:
            record.note_attempt(pairing_id, exc.message)
            self._users_at = None
        except ApiError as exc:
            record.note_attempt(pairing_id, exc.message, refused=True)
            raise
        else:
            record.note_authorized(pairing_id, self._clock.now())

    def _wait(self, deadline: float) -> None:
        """Until there is news: from the host where an agent waits for it, else from the server."""
        waiting = self._open_records()
        if not waiting:
            return
        now = self._clock.now()
        limit = max(0.0, min(LONGEST_LOOK, deadline - now, _patience(waiting), self._window.rest(self._requests)))
        on_host = [record for record in waiting if _verdict(record).looks_at == "host"]
        if len(on_host) < len(waiting):
            limit = min(limit, self._pause)
        if on_host:
            self._look([_look_at(record) for record in on_host], limit)
        elif now - self._host_at > min(FRESH_HOST, self._policy.poll_interval):
            self._look([Look(record.observation) for record in waiting], 0.0)
        else:
            self._clock.sleep(limit)
            self._pause = min(self._pause * 1.5, POLL_MOST)
        self._ask_server()

    def _look(self, looks: Sequence[Look], wait: float) -> None:
        seen: dict[str, Observation] = {o.name: o for o in self._host.look(looks, wait)}
        restarted = {look.observation.name for look in looks if look.restart}
        for record in self._records:
            if record.name in restarted:
                record.note_restarted()
            if record.name in seen:
                record.observe(seen[record.name], self._clock.now())
        self._host_at = self._clock.now()

    def _ask_server(self) -> None:
        self._list_requests()
        now = self._clock.now()
        stale = self._users_at is None or now - self._users_at > FRESH_USERS
        if stale or any(record.unsure_of_user for record in self._open_records()):
            existing = self._server.existing([record.observation.username for record in self._records])
            for record in self._records:
                record.user_exists = record.observation.username in existing
                record.user_since = existing.get(record.observation.username)
                record.settle_attempt(now)
            self._users_at = now

    def _list_requests(self) -> None:
        self._take(self._window.look())

    def _take(self, requests: Requests) -> None:
        self._requests = requests
        for record in self._records:
            record.pending = self._requests.pending.get(record.observation.username, ())


def _look_at(record: AgentRecord) -> Look:
    if _verdict(record).action == e.RESTART:
        return Look(record.observation, restart=True)
    return Look(record.observation, seen=record.observation.fingerprint())


def _patience(waiting: Sequence[AgentRecord]) -> float:
    """Seconds after which time alone changes something: what all settle together is waited for as a whole."""
    waits = [_verdict(record).wait for record in waiting]
    settling = all(_verdict(r).action == e.RESTART or _verdict(r).verdict == e.REGISTERED for r in waiting)
    return max(waits) if settling else min(waits)


def _verdict(record: AgentRecord) -> Verdict:
    if record.verdict is None:
        raise ValueError(f"the agent {record.name} was not judged")
    return record.verdict
