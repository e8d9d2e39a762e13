# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One agent during one run: what was seen of it, what was done about it, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .evidence import (
    BROKEN,
    FAIL,
    NONE,
    REGISTERED,
    RESTART,
    SETTLED,
    UNPROVEN,
    WAIT,
    Evidence,
    History,
    Policy,
    Verdict,
)
from .observation import ASKING_NEW, Observation
from .registration import decide


@dataclass
class AgentRecord:
    """Everything the conversation knows of one agent. Times are seconds of the caller's monotonic clock.

    Attributes:
        observation: the newest one.
        user_exists, user_since, pending: the newest of the server.
        elsewhere: see Evidence.
        verdict: the newest one; None before the first judgement.
        actions: what was done, in order, in words.
        trouble: the last failure of an attempt to authorize it.
    """

    observation: Observation
    user_exists: bool = False
    user_since: str | None = None
    elsewhere: str = ""
    pending: tuple[str | None, ...] = ()
    verdict: Verdict | None = None
    actions: list[str] = field(default_factory=list)
    timed_out: bool = False
    trouble: str = ""
    _attempted: str | None = None
    _authorized: list[str] = field(default_factory=list)
    _authorized_at: float | None = None
    _start_then: float | None = None
    _host_time_then: float = 0.0
    _observed_at: float = 0.0
    _saved_then: bool = False
    _asked_again: bool = False
    _proved: bool = False
    _proved_new: bool = False
    _replaced: bool = False
    _kept: str = ""
    _cleared: bool = False
    _taken_back: str = ""
    _taken_back_as: str = ""
    _seen_ids: dict[str, None] = field(default_factory=dict)
    _verdict_since: float = 0.0
    _watched: float = 0.0
    _watched_at: float | None = None
    _time_to_ask: float | None = None
    _reason: str = NONE
    _first: Verdict | None = None

    @property
    def name(self) -> str:
        return self.observation.name

    @property
    def final(self) -> bool:
        return self.timed_out or (self.verdict is not None and self.verdict.final)

    @property
    def failed(self) -> bool:
        return self.timed_out or (self.verdict is not None and self.verdict.action == FAIL)

    @property
    def unsure_of_user(self) -> bool:
        """The server has not shown yet what this run did to the user."""
        if self._authorized:
            return not self.user_exists
        return self._replaced and self.user_exists

    def observe(self, observation: Observation, now: float) -> None:
        """Take a newer observation, and learn how long this agent takes from its start to its request.

        Only new credentials are asked for right after a start; with cached ones it may have worked for days before.
        """
        known = self.observation  # what only the deployment knows is not looked up again
        self.observation = replace(observation, managed=known.managed, by_certificate=known.by_certificate)
        events, started = observation.events, observation.started_at
        self._observed_at = now
        self._seen_ids.update((event.pairing_id, None) for event in events if event.pairing_id)
        if events and started is not None and events[0].kind == ASKING_NEW and events[0].at is not None:
            self._time_to_ask = max(0.0, events[0].at - started)

    def give_up(self, why: str) -> None:
        """Its container could not be brought to what is wanted: nothing is decided about it in this run."""
        self.end(Verdict(BROKEN, NONE, FAIL, why))

    def end(self, verdict: Verdict, found: Verdict | None = None) -> None:
        """A verdict that the decision table does not know: that of a retirement.

        Args:
            found: how it was found, for a diff.
        """
        self.verdict = verdict
        self._first = self._first or found or verdict

    def note_denied(self) -> None:
        """Its pending requests were denied."""
        self.pending = ()
        self.actions.append("denied")

    def judge(self, policy: Policy, window_open: bool, now: float) -> Verdict:
        """Decide on what is known now."""
        verdict = decide(self._evidence(window_open, now), policy)
        if self.verdict is None or self.verdict.verdict != verdict.verdict:
            self._verdict_since = now
            self._watched_at = None
            if self.verdict is not None:  # what it has waited for until now was something else
                verdict = decide(self._evidence(window_open, now), policy)
        if verdict.verdict == UNPROVEN and verdict.needs_window and window_open:
            self._watched += now - (self._watched_at if self._watched_at is not None else now)
            self._watched_at = now
        if self._reason == NONE:
            self._reason = verdict.reason
        self.verdict = verdict
        if self._first is None:
            self._first = verdict
        return verdict

    def waiting_since(self, now: float) -> float:
        """Seconds since the present verdict was reached."""
        return now - self._verdict_since

    def _evidence(self, window_open: bool, now: float) -> Evidence:
        history = History(
            asked_again=self._asked_again,
            proved=self._proved,
            proved_new=self._proved_new,
            authorized=tuple(self._authorized),
            authorized_ago=None if self._authorized_at is None else now - self._authorized_at,
            started_at_authorization=self._start_then,
            authorized_at=self._host_time_then,
            saved_at_authorization=self._saved_then,
            replaced=self._replaced,
            kept=self._kept,
            seen_ids=tuple(self._seen_ids),
            cleared=self._cleared,
            taken_back=self._taken_back,
            taken_back_as=self._taken_back_as,
            wait_started_ago=self.waiting_since(now) if self.verdict is not None else 0.0,
            watched=self._watched,
            time_to_ask=self._time_to_ask,
        )
        return Evidence(
            self.observation, self.user_exists, self.pending, window_open, history, self.user_since, self.elsewhere
        )

    def note_authorized(self, pairing_id: str, now: float) -> None:
        """This run authorized its request."""
        self._attempted = None
        self._authorized.append(pairing_id)
        self._authorized_at = now
        self._start_then = self.observation.started_at
        known = [event.at for event in self.observation.events if event.at is not None]
        # The look is a little older than its arrival here, so that this is rather too early than too late.
        self._host_time_then = max([self.observation.observed_at + now - self._observed_at, *known])
        self._saved_then = bool(self.observation.credentials)
        self.pending = ()
        self.actions.append("authorized")

    def note_attempt(self, pairing_id: str, trouble: str) -> None:
        """An authorization failed, or its answer was lost."""
        self._attempted = pairing_id
        self.trouble = trouble

    def settle_attempt(self, now: float) -> None:
        """The server shows whether the attempt has taken effect all the same."""
        if self._attempted is not None and self.user_exists and not self.pending:
            self.note_authorized(self._attempted, now)

    def note_restarted(self) -> None:
        """This run restarted its container; the verdict tells what for."""
        if self.verdict is None or self.verdict.action != RESTART:
            raise ValueError("an agent is restarted only where its verdict says so")
        if self.verdict.verdict != UNPROVEN:
            self._asked_again = True
        elif self._authorized:
            self._proved_new = True
        else:
            self._proved = True
        self.actions.append("restarted")

    def note_replaced(self) -> None:
        """This run deleted its stale user."""
        self._replaced = True
        self._asked_again = False  # it may have given up since, and now it can ask in vain no more
        self.user_exists = False
        self.actions.append("user_deleted")

    @property
    def unproven(self) -> bool:
        """This run has let somebody in under its name, and it has not come back with the credentials of that."""
        came_back = self.verdict is not None and self.verdict.verdict == REGISTERED
        return bool(self._authorized and self.user_exists and not self._taken_back) and not came_back

    def note_kept(self, why: str) -> None:
        """The user that is in the way must not, or could not, be deleted."""
        self._kept = why

    def note_cleared(self) -> None:
        """Its earlier requests were denied, or the window was closed so that they lapse."""
        self._cleared = True

    def note_taken_back(self, trouble: str = "") -> None:
        """What this run has let in under its name was thrown out again.

        Args:
            trouble: why that failed; empty if it did not.
        """
        why = (self.verdict.message if self.verdict else "").rstrip(". ")
        self._taken_back_as = self.verdict.verdict if self.verdict else ""
        if trouble:
            self._taken_back = (
                f"{why}. That user could not be deleted: {trouble} Delete it in Connectware now: a stranger may use it."
            )
            return
        self.user_exists = False
        self._taken_back = (
            f"{why}. It did not prove to have got in, so the user that its authorization has made was deleted at once."
            " Mend what is wrong, and find out whether somebody else asks with this name; then run again."
        )
        self.actions.append("taken_back")

    @property
    def would_change(self) -> bool:
        """Check mode: a run would do something about this agent."""
        verdict = self.verdict
        if verdict is None or verdict.final or verdict.verdict == REGISTERED:
            return False
        return verdict.needs_window or verdict.action != WAIT

    def before(self) -> dict[str, Any]:
        """How it was found, for a diff."""
        first = self._first
        return {"verdict": first.verdict if first else "", "registered": _is_registered(first)}

    def complaint(self) -> str:
        """Why it failed, with the end of its log: for the message of the task."""
        verdict = self.verdict
        text = f"{verdict.verdict}: {self._taken_back or verdict.message}" if verdict else "it was not judged"
        if self.timed_out:
            text = f"time is out, see timeout (agents_timeout); last seen: {text}"
        if self.trouble:
            text = f"{text.rstrip('. ')}. {self.trouble}"
        for title, lines in (
            ("Last log lines", self.observation.last_lines),
            ("Before the engine started it again", self.observation.former_lines),
        ):
            if lines:
                text = f"{text.rstrip('. ')}. {title}: {' | '.join(lines[-3:])}"
        return text

    def _shown_verdict(self) -> str:
        """One that ran out of time while it was still being watched is not called registered."""
        name = self.verdict.verdict if self.verdict else ""
        return UNPROVEN if self.timed_out and name == REGISTERED else name

    def outcome(self, *, predicted: bool = False) -> dict[str, Any]:
        """For the result of the task: the same keys in every state.

        Args:
            predicted: check mode, where a change is one that a run would make.
        """
        seen, verdict = self.observation, self.verdict
        ids = [event.pairing_id for event in seen.events if event.pairing_id]
        return {
            "name": seen.name,
            "username": seen.username,
            "container": seen.container,
            "volume": seen.volume,
            "verdict": self._shown_verdict(),
            "reason": self._reason,
            "pairing_id": self._authorized[-1] if self._authorized else (ids[-1] if ids else None),
            "registered": _is_registered(verdict),
            "changed": self.would_change if predicted else bool(self.actions),
            "actions": list(self.actions),
            "message": self._taken_back or (verdict.message if verdict else ""),
            "last_lines": list(seen.last_lines) if self.failed else [],
        }


def _is_registered(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.verdict == REGISTERED and verdict.action == SETTLED
