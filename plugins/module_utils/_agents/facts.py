# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What follows from Evidence: the questions that the rows of the decision table ask."""

from __future__ import annotations

from dataclasses import dataclass

from .evidence import (
    CONFLICT_REASON,
    CREDENTIALS_MISSING,
    CREDENTIALS_REJECTED,
    FIRST_START,
    NONE,
    Evidence,
    Policy,
)
from .observation import ASKING_CACHED, CONFLICT, FAILURES, PAIRING, RUNNING, UNREACHABLE, LogEvent, shown_ids
from .reach import is_about

PATIENCE = 3  # poll intervals of the agent that anything may take which depends on its next poll
SAME_BIRTH = 120.0  # seconds between a volume and a container that one deployment made
LEAST_SETTLE = 1.0  # seconds that any restarted agent is watched


@dataclass(frozen=True)
class Facts:
    """Evidence and policy, with names for what they imply."""

    evidence: Evidence
    policy: Policy

    @property
    def events(self) -> tuple[LogEvent, ...]:
        """The events of this start that are about registration."""
        return self.evidence.observation.registration_events

    @property
    def foreign_conflict(self) -> bool:
        """The log tells of a conflict, and not that the agent has asked for anything."""
        return not self.events and any(event.kind == CONFLICT for event in self.evidence.observation.events)

    @property
    def news(self) -> tuple[LogEvent, ...]:
        """The events that this run's authorization has not made history."""
        history, seen = self.evidence.history, self.evidence.observation
        if history.authorized and seen.started_at == history.started_at_authorization:
            return tuple(event for event in self.events if event.at is not None and event.at > history.authorized_at)
        return self.events

    @property
    def failure(self) -> str:
        """The last recognised failure of this start, for messages; empty if there is none."""
        texts = [event.text for event in self.evidence.observation.events if event.kind in FAILURES]
        return texts[-1] if texts else ""

    @property
    def failing(self) -> str:
        """The failure that is the last word of the log, if it is so fresh that the agent may still repeat it."""
        seen = self.evidence.observation
        last = seen.events[-1] if seen.events else None
        return last.text if last is not None and last.kind in FAILURES and self._is_fresh(last) else ""

    @property
    def own_failure(self) -> LogEvent | None:
        """The same, but not a connection to something else than its Connectware: a machine may be off."""
        seen, about_registration = self.evidence.observation, self.events
        for event in reversed(seen.events):
            if event in about_registration or (event.kind in FAILURES and not self._is_fresh(event)):
                return None
            foreign = event.kind == UNREACHABLE and seen.connectware and not is_about(event.text, seen.connectware)
            if event.kind in FAILURES and not foreign:
                return event
        return None

    def _is_fresh(self, event: LogEvent) -> bool:
        return event.at is None or self.evidence.observation.observed_at - event.at <= self.patience

    @property
    def last_words(self) -> str:
        """The end of the log, of the start before too where the engine has started it again."""
        seen = self.evidence.observation
        return " ".join((*seen.last_lines, *seen.former_lines))

    @property
    def running(self) -> bool:
        return self.evidence.observation.state == RUNNING

    @property
    def in_conflict(self) -> bool:
        """The last word of the agent is a conflict."""
        return bool(self.news) and self.news[-1].kind == CONFLICT

    @property
    def claimed_ids(self) -> tuple[str, ...]:
        """The pairing IDs that the current run of its container shows; several contradict each other.

        That it has begun to ask anew in between excuses nothing: whoever can write a pairing line can write that too.
        """
        return shown_ids(self.events)

    @property
    def own_id(self) -> str | None:
        """The pairing ID that our own container's current run says; None too where it says more than one."""
        ids = self.claimed_ids
        return ids[0] if len(ids) == 1 else None

    @property
    def shown_for(self) -> float:
        """Seconds for which its log has shown its own pairing ID, by the host's clock; 0 if that is not known."""
        first = [event.at if event.since is None else event.since for event in self.events if event.kind == PAIRING]
        times = [at for at in (*first, self.evidence.history.pairing_seen_at) if at is not None]
        return max(0.0, self.evidence.observation.observed_at - min(times)) if times else 0.0

    @property
    def earlier_ids(self) -> frozenset[str]:
        """The pairing IDs under which our own container has asked before."""
        return frozenset((*self.evidence.observation.former_ids, *self.evidence.history.seen_ids)) - {self.own_id or ""}

    @property
    def uptime(self) -> float:
        """Seconds since the container's start, by the engine's own clock; if that was set back, since we look."""
        seen = self.evidence.observation
        return self.evidence.history.wait_started_ago if seen.starts_in_future else seen.uptime

    @property
    def patience(self) -> float:
        """Seconds that anything may take which depends on the agent's next polls: more on a host that is slow now."""
        usual, learned = PATIENCE * self.policy.poll_interval, self.evidence.history.time_to_ask
        return usual if learned is None else max(usual, min(self.policy.grace, PATIENCE * learned))

    @property
    def settle_time(self) -> float:
        """Seconds after which an agent that is silent stays silent; learned from its own earlier start if possible."""
        learned = self.evidence.history.time_to_ask
        if learned is not None:
            return min(self.policy.grace, 1.5 * learned + LEAST_SETTLE)
        bound = self.evidence.observation.asked_after  # from the container's creation: too long rather than too short
        return self.policy.settle if bound is None else min(self.policy.settle, 1.5 * bound + LEAST_SETTLE)

    @property
    def unsettled(self) -> float:
        """Seconds that it must still be watched; 0 if it has run long enough."""
        return max(0.0, self.settle_time - self.uptime)

    @property
    def same_start(self) -> bool:
        """The agent still runs in the start in which this run authorized it."""
        history = self.evidence.history
        return bool(history.authorized) and self.evidence.observation.started_at == history.started_at_authorization

    @property
    def cleared_here(self) -> bool:
        """Its own dead requests were cleared in the start in which it runs: they may be what it was refused for."""
        history = self.evidence.history
        return history.cleared and self.evidence.observation.started_at == history.cleared_start

    @property
    def proof_failed(self) -> bool:
        """It was restarted as a proof, or restarted after its authorization, and asks again."""
        if not self.events:
            return False
        if self.evidence.history.authorized:
            return not self.same_start
        return self.evidence.history.proved

    @property
    def reason(self) -> str:
        """Why a registration is needed."""
        asked_cached = any(event.kind == ASKING_CACHED for event in self.events)
        if self.in_conflict:
            if asked_cached:
                return CREDENTIALS_REJECTED
            return CONFLICT_REASON if self._young_volume and self._first_run else CREDENTIALS_MISSING
        if self.evidence.observation.never_registered and not self.evidence.user_exists:
            return FIRST_START  # credentials that were stored, and cached, before anybody was let in prove nothing
        if asked_cached:
            return CREDENTIALS_REJECTED
        if not self.events and self.evidence.observation.credentials:  # its user tells whether they are worth anything
            return NONE if self.evidence.user_exists else CREDENTIALS_REJECTED
        had_user = self.evidence.user_exists and not self.evidence.history.authorized
        return FIRST_START if self._young_volume and not had_user else CREDENTIALS_MISSING

    @property
    def _young_volume(self) -> bool:
        """It is to be made yet, or was made together with the container: one that outlived its container was not."""
        seen = self.evidence.observation
        if seen.volume_created_at is None:
            return True
        return seen.created_at is not None and abs(seen.created_at - seen.volume_created_at) < SAME_BIRTH

    @property
    def _first_run(self) -> bool:
        """The container was started when it was made, and has not ended since."""
        return self.evidence.observation.exit_code is None
