# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One agent during one run: what was seen of it, and what was done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from . import authorization as a
from . import evidence as e
from .authorization import Authorization
from .authorizations import Authorizations, of_agent
from .evidence import Evidence, History, Policy, Verdict
from .leftovers import Leftovers
from .observation import Observation
from .refusals import Refusals
from .registration import decide
from .restarts import Restarts
from .sightings import Sightings
from .waits import Waits

LISTED = {e.AWAITING_AUTHORIZATION, e.IMPOSTOR}
"""Verdicts while something is pending under its name."""


@dataclass
class AgentRecord:
    """Everything the conversation knows of one agent. Times are seconds of the caller's monotonic clock.

    Attributes:
        observation: the newest one.
        user_exists, user_since, pending: the newest of the server.
        elsewhere, runs_elsewhere: see Evidence, and whether that was seen, or can only not be ruled out.
        verdict: the newest one; None before the first judgement.
        actions: what was done, in order, in words.
        trouble: the last failure of an attempt to authorize it.
        authorizations: what Connectware was asked to let in.
        taken_back: what was done about a user that an authorization has made in vain, in words.
        reason: the first one that was found in this run.
        first: the first verdict.
        sightings: what it has shown over all looks.
        waits: for how long it has been judged, and judged the same.
        restarts: what it was restarted for.
        leftovers: what is in its way on the server, and what was done about that.
    """

    observation: Observation
    user_exists: bool = False
    user_since: str | None = None
    elsewhere: str = ""
    runs_elsewhere: bool = False
    pending: tuple[str | None, ...] = ()
    verdict: Verdict | None = None
    actions: list[str] = field(default_factory=list)
    timed_out: bool = False
    trouble: str = ""
    authorizations: Authorizations = field(default_factory=Authorizations)
    taken_back: str = ""
    reason: str = e.NONE
    first: Verdict | None = None
    sightings: Sightings = field(default_factory=Sightings)
    waits: Waits = field(default_factory=Waits)
    restarts: Restarts = field(default_factory=Restarts)
    leftovers: Leftovers = field(default_factory=Leftovers)
    _observed_at: float = 0.0
    _taken_back_as: str = ""

    @property
    def name(self) -> str:
        return self.observation.name

    @property
    def final(self) -> bool:
        return self.timed_out or (self.verdict is not None and self.verdict.final)

    @property
    def failed(self) -> bool:
        return self.timed_out or (self.verdict is not None and self.verdict.action == e.FAIL)

    def wants(self, action: str) -> bool:
        """This is what is to be done now, by the newest verdict."""
        return self.verdict is not None and self.verdict.action == action

    @property
    def unsure_of_user(self) -> bool:
        """The server has not shown yet what this run did to the user."""
        if self.authorizations.taken:
            return not self.user_exists
        return self.leftovers.replaced and self.user_exists

    def observe(self, observation: Observation, now: float) -> None:
        """Take a newer observation."""
        known = self.observation  # what only the deployment knows is not looked up again
        begun, self.restarts.begun = self.restarts.begun, False
        if observation.trouble or known.trouble:  # that ends it, also where a turn ends before
            self.observation = replace(known, trouble=observation.trouble or known.trouble)
            return
        digest = known.image_digest if known.image_id == observation.image_id else None
        self.observation = replace(
            observation,
            username=known.username,  # nor is who it is: a host speaks for its own agents only
            container=known.container,
            volume=known.volume,
            managed=known.managed,
            by_certificate=known.by_certificate,
            image_digest=digest,
            mark_trouble=observation.mark_trouble or known.mark_trouble,
        )
        self._observed_at = now
        if begun and observation.started_at != known.started_at:
            self.note_restarted()  # although its answer was lost
        self.sightings.take(known, observation)

    def refuse_unrecorded(self, why: str) -> None:
        """Its request is not authorized, because that cannot be recorded."""
        if self.verdict is not None:
            self.verdict = replace(self.verdict, action=e.FAIL, message=why)

    def give_up(self, why: str) -> None:
        """Its container could not be brought to what is wanted: nothing is decided about it in this run."""
        self.end(Verdict(e.BROKEN, e.NONE, e.FAIL, why))

    def end(self, verdict: Verdict, found: Verdict | None = None) -> None:
        """A verdict that the decision table does not know: that of a retirement.

        Args:
            found: how it was found, for a diff.
        """
        self.verdict = verdict
        self.first = self.first or found or verdict

    def note_denied(self) -> None:
        """Its pending requests were denied."""
        self.pending = ()
        self.actions.append("denied")

    def judge(self, policy: Policy, window_open: bool, now: float) -> Verdict:
        """Decide on what is known now."""
        verdict = decide(self._evidence(window_open, now), policy)
        if not self._goes_on(verdict):
            self.waits.begin(now)
            if self.verdict is not None:  # what it has waited for until now was something else
                verdict = decide(self._evidence(window_open, now), policy)
        if verdict.verdict == e.UNPROVEN and verdict.needs_window:
            if window_open:
                self.waits.watch(now)
            else:
                self.waits.lose_sight()
        if self.reason == e.NONE:
            self.reason = verdict.reason
        self.verdict = verdict
        if self.first is None:
            self.first = verdict
        self.waits.judged(now)
        if verdict.final and verdict.action != e.FAIL:
            self.authorizations.settle(a.PROVED)
        return verdict

    def _goes_on(self, verdict: Verdict) -> bool:
        """It is what it was. After an authorization, whose request is listed can change with every poll of anybody."""
        both = {verdict.verdict} if self.verdict is None else {verdict.verdict, self.verdict.verdict}
        return self.verdict is not None and (len(both) == 1 or (bool(self.authorizations.taken) and both == LISTED))

    def waiting_since(self, now: float) -> float:
        """Seconds since the present verdict was reached."""
        return now - self.waits.since

    def _evidence(self, window_open: bool, now: float) -> Evidence:
        let_in, refusals, left = self.authorizations, self.authorizations.refusals, self.leftovers
        history = History(
            ran=self.sightings.ran,
            asked_again=self.restarts.asked_again,
            proved=self.restarts.proved,
            proved_new=self.restarts.proved_new,
            authorized=tuple(let_in.taken),
            existed=let_in.existed,
            authorized_ago=None if let_in.at is None else now - let_in.at,
            started_at_authorization=let_in.start,
            authorized_at=let_in.host_time,
            saved_at_authorization=let_in.saved,
            replaced=left.replaced,
            failed_attempts=refusals.in_a_row,
            failed_ago=0.0 if refusals.at is None else now - refusals.at,
            refused=refusals.final,
            name_taken=left.name_taken,
            asks_now=self.sightings.asks_anew(self.observation),
            kept=left.kept,
            seen_ids=tuple(self.sightings.pairing_ids),
            pairing_seen_at=self.sightings.pairing_since,
            cleared=left.cleared,
            undeniable=left.undeniable,
            cleared_start=left.cleared_start,
            taken_back=self.taken_back,
            taken_back_as=self._taken_back_as,
            wait_started_ago=self.waiting_since(now) if self.verdict is not None else 0.0,
            watched=self.waits.watched,
            time_to_ask=self.sightings.time_to_ask,
        )
        return Evidence(
            self.observation, self.user_exists, self.pending, window_open, history, self.user_since, self.elsewhere
        )

    def authorization(self, listed_id: str, *, window_open: bool) -> Authorization:
        """What is to be recorded before its request is authorized; belongs into `authorizations.asked` then."""
        return of_agent(self.observation, listed_id, window_open, self.reason)

    def note_authorized(self, pairing_id: str, now: float, *, sure: bool = True) -> None:
        """This run authorized its request.

        Args:
            sure: Connectware said so; else it only looks like that.
        """
        existed = sure and self.user_exists  # else it was not there: what fails beside a user counts as failed at once
        self.authorizations.take(pairing_id, now, sure=sure, existed=existed)
        self.pending = ()
        self.waits.since = now
        self.actions.append("authorized")

    def note_asked(self, now: float) -> None:
        """Connectware is asked to authorize its request right now."""
        self.authorizations.ask(self.observation, self._observed_at, now)

    def note_attempt(self, pairing_id: str, trouble: str, *, refused: bool = False) -> None:
        """An authorization failed, or its answer was lost.

        Args:
            refused: it certainly had no effect.
        """
        self.trouble = trouble
        self.authorizations.fail(pairing_id, trouble, refused=refused, user_exists=self.user_exists)

    def note_user(self, existing: Mapping[str, str | None]) -> None:
        """What the server shows of its user."""
        self.user_exists = self.observation.username in existing
        self.user_since = existing.get(self.observation.username)
        self.leftovers.note_user(exists=self.user_exists)

    def settle_attempt(self, now: float) -> None:
        """The server shows whether the attempt has taken effect all the same.

        There was no user before it. That a request is listed still, or again, does not tell who has become one.
        """
        attempted = self.authorizations.attempted(self.user_exists)
        if attempted is not None:
            self.note_authorized(attempted, now, sure=False)

    def begin_restart(self) -> None:
        """It is going to be restarted; the next observation shows whether it was, where nobody can say so."""
        self.restarts.begun = True

    def note_restarted(self) -> None:
        """This run restarted its container; the verdict tells what for."""
        self.restarts.take(self.verdict, bool(self.authorizations.taken))
        self.actions.append("restarted")

    def note_unmarked(self) -> None:
        """The mark that it was never registered is gone. That is part of an authorization, else told of."""
        if not self.authorizations.taken:
            self.actions.append("unmarked")

    def note_mark_trouble(self, why: str) -> None:
        """That mark could not be removed."""
        self.observation = replace(self.observation, mark_trouble=why)

    def note_replaced(self) -> None:
        """This run deleted its stale user."""
        self.leftovers.note_replaced()
        self.authorizations.refusals = Refusals()
        self.restarts.asked_again = False  # it may have given up since, and now it can ask in vain no more
        self.user_exists = False
        self.actions.append("user_deleted")

    @property
    def let_in(self) -> bool:
        """This run has let somebody in under its name, and it has not come back with the credentials of that."""
        return bool(self.authorizations.taken and not self.taken_back) and not self._came_back

    @property
    def unproven(self) -> bool:
        """The same, and the user of that is there."""
        return self.let_in and self.user_exists

    @property
    def _came_back(self) -> bool:
        """Or is about to; but who had credentials before, or was started by the engine since, may just as well ask."""
        if self.verdict is None or self.verdict.verdict != e.REGISTERED:
            return False
        return self.verdict.final or not (self.authorizations.saved or self.observation.restart_count)

    def note_taken_back(self, trouble: str = "", *, why: str = "") -> None:
        """What this run has let in under its name was thrown out again; a user that was there before it was not.

        Args:
            trouble: why that failed; empty if it did not.
            why: it was thrown out; empty for what its verdict says.
        """
        why = (why or (self.verdict.message if self.verdict else "")).rstrip(". ")
        self._taken_back_as = self.verdict.verdict if self.verdict else ""
        gone, said = self.authorizations.taken_back(self.observation.username, trouble)
        self.taken_back = f"{why}. {said}"
        self.authorizations.settle(a.TAKEN_BACK if gone else a.NOT_TAKEN_BACK, self.taken_back)
        if gone:
            self.user_exists = False
            self.actions.append("taken_back")
