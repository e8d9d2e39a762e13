# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one run has authorized for one agent, and when that was by the clocks that the decision table compares."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import authorization as a
from .authorization import Authorization
from .observation import Observation, shown_ids
from .refusals import Refusals
from .text import printable


def of_agent(seen: Observation, listed_id: str, window_open: bool, reason: str) -> Authorization:
    """What is to be recorded when an agent's request is authorized.

    Args:
        seen: the agent as its host shows it now.
        listed_id: the pairing ID of the request that the server lists.
        window_open: so says the same list.
    """
    return Authorization(
        seen.username,
        ", ".join(shown_ids(seen.events)),
        listed_id,
        window_open,
        agent=seen.name,
        container=seen.container,
        container_id=seen.container_id,
        image=seen.image,
        image_id=seen.image_id,
        image_digest=seen.image_digest,
        reason=reason,
    )


def no_user_yet(username: str) -> str:
    """Some servers make the user only when whoever was authorized asks again: then nobody can be thrown out before."""
    return (
        "No user was made: if another request had taken the place of its own, whoever sent that gets in when he asks"
        f" again. So delete the user {printable(username)!r} if it appears before this agent is registered, and run"
        " again."
    )


@dataclass
class Authorizations:
    """The authorizations of one agent. Times as in History, `at` by the caller's monotonic clock.

    Attributes:
        asked: all that Connectware was asked for, in order.
        taken: the pairing IDs of those that it took.
        sure: it said so of the last one; else its answer was lost, and the user that is there now may be another's.
        existed: a user of that name was there before the last one, and no authorization of this run has made it:
            nothing of it may be taken back.
        at, start, host_time, saved: of the last one that it took: when, and, as it was asked for, in which start of the
            container, when by the host's clock, and whether the volume had credentials.
        refusals: those since then that failed.
        trouble: of the last one that may have taken effect although nobody said so, in words.
    """

    asked: list[Authorization] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    sure: bool = False
    existed: bool = False
    at: float | None = None
    start: float | None = None
    host_time: float = 0.0
    saved: bool = False
    refusals: Refusals = field(default_factory=Refusals)
    trouble: str = ""
    _attempted: str | None = None
    _asked_start: float | None = None
    _asked_host_time: float = 0.0
    _asked_saved: bool = False

    def ask(self, seen: Observation, observed_at: float, now: float) -> None:
        """Right before Connectware is asked: what the agent says from now on may be an answer to that.

        Args:
            observed_at: when the observation arrived, by the caller's clock.
        """
        known = [event.at for event in seen.events if event.at is not None]
        # The look is a little older than its arrival here, so that this is rather too early than too late.
        self._asked_host_time = max([seen.observed_at + now - observed_at, *known])
        self._asked_start, self._asked_saved = seen.started_at, bool(seen.credentials)

    def take(self, pairing_id: str, now: float, *, sure: bool = True, existed: bool = False) -> None:
        """Connectware took what it was asked for last.

        Args:
            sure: see Authorizations.
            existed: a user of that name was there when it was asked for, whoever made it.
        """
        self._attempted = None
        self.refusals = Refusals()
        self.existed = existed and (self.existed or not self.taken)
        self.settle(a.UNPROVEN, "the run ended before the agent had proven that it got in")
        self.taken.append(pairing_id)
        self.sure = sure
        self.at = now
        self.start, self.saved, self.host_time = self._asked_start, self._asked_saved, self._asked_host_time

    def fail(self, pairing_id: str, trouble: str, *, refused: bool, user_exists: bool) -> None:
        """It failed, or its answer was lost: then the server has to show whether it took effect.

        Args:
            refused: it certainly had none; that tells nothing of those before.
            user_exists: a user that was there before shows nothing, so that it counts as failed.
        """
        if refused:
            for last in self.asked[-1:]:
                last.refuse(trouble)
        elif user_exists:
            self.settle(a.FAILED, trouble)
        else:
            self._attempted, self.trouble = pairing_id, trouble

    @property
    def unanswered(self) -> bool:
        """One may have taken effect although nobody said so."""
        return self._attempted is not None

    @property
    def unknown(self) -> bool:
        """The same, and none was taken: whom it let in may become a user only when he asks again."""
        return self.unanswered and not self.taken

    def attempted(self, in_effect: bool) -> str | None:
        """The pairing ID of a failed attempt that has taken effect all the same; None if there is none.

        Args:
            in_effect: what the server shows by now.
        """
        if self._attempted is not None and not in_effect:
            self.settle(a.FAILED, self.trouble)
        return self._attempted if in_effect else None

    def taken_back(self, username: str, trouble: str) -> tuple[bool, str]:
        """Whether the user that the last one has made is gone again, and what is to be said of it.

        Args:
            trouble: why it could not be deleted; empty if it was, or was not to be.
        """
        if self.existed:
            user = printable(username)
            return False, f"The user {user!r} was there before this run authorized anything, so it was kept."
        if trouble:
            text = f"That user could not be deleted: {trouble} Delete it in Connectware now: a stranger may use it."
            return False, text
        return True, (
            "It did not prove to have got in, so the user that its authorization has made was deleted at once. Mend"
            " what is wrong, and find out whether somebody else asks with this name; then run again."
        )

    def settle(self, outcome: str, message: str = "") -> None:
        """What became of the last one that was not refused."""
        for authorization in reversed(self.asked):
            if not authorization.refused:
                authorization.settle(outcome, message)
                return
