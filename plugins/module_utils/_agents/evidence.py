# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of one agent when it is judged (Evidence), by which rules (Policy), and the judgement (Verdict)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .observation import Observation

# Verdicts, in the order of the table in registration.py
BROKEN = "broken"
CONFLICTED = "conflict"
AWAITING_AUTHORIZATION = "awaiting_authorization"
IMPOSTOR = "impostor"
REGISTERED = "registered"
UNPROVEN = "unproven"
UNSAVED = "unsaved"
AWAITING_REQUEST = "awaiting_request"
REJECTED = "rejected"
UNREADABLE = "unreadable"
VERDICTS = (
    BROKEN, CONFLICTED, AWAITING_AUTHORIZATION, IMPOSTOR, REGISTERED, UNPROVEN, UNSAVED, AWAITING_REQUEST, REJECTED,
    UNREADABLE,
)  # fmt: skip

RETIRED = "retired"
"""The one verdict of an agent that should be gone; see retirement.py."""

# Reasons
NONE = "none"
FIRST_START = "first_start"
CREDENTIALS_MISSING = "credentials_missing"
CREDENTIALS_REJECTED = "credentials_rejected"
CONFLICT_REASON = "conflict"
REASONS = (NONE, FIRST_START, CREDENTIALS_MISSING, CREDENTIALS_REJECTED, CONFLICT_REASON)

# Actions
SETTLED = "settled"
WAIT = "wait"
AUTHORIZE = "authorize"
RESTART = "restart"
DELETE_USER = "delete_user"
CLEAR = "clear"
TAKE_BACK = "take_back"
FAIL = "fail"
ACTIONS = (SETTLED, WAIT, AUTHORIZE, RESTART, DELETE_USER, CLEAR, TAKE_BACK, FAIL)


@dataclass(frozen=True)
class Policy:
    """What the user decided, and the times nobody documents. All times in seconds.

    Attributes:
        on_conflict: fail, or replace: delete the stale user.
        proof: restart, or watch.
        settle: how long a just started agent is watched for a new request when its own log does not tell how long it
            takes from its start to its request.
        poll_interval: assumed interval at which an agent repeats its request; a pairing ID that its log has not shown
            for so long may still be contradicted.
        only_watch: nothing may be done; whatever would need it is a failure.
        grace: how long a started agent may stay silent before its log counts as unreadable.
        foresees: what a restart would end in is told where that is known, because there is none.
    """

    on_conflict: str = "fail"
    proof: str = "restart"
    settle: float = 10.0
    poll_interval: float = 5.0
    grace: float = 30.0
    only_watch: bool = False
    foresees: bool = False


@dataclass(frozen=True)
class History:
    """What this run did to the agent so far. Times are seconds since, None for never.

    Attributes:
        ran: its container was seen running.
        asked_again: it was restarted so that it asks anew (allowed once).
        proved: it was restarted as the proof of stored credentials before any authorization (allowed once).
        proved_new: it was restarted as the proof of the credentials that this run authorized (allowed once).
        authorized: pairing IDs that this run authorized.
        existed: a user of its name was there before that, which no authorization of this run has made.
        authorized_ago: seconds since the last authorization.
        started_at_authorization: which start of the container that was.
        authorized_at: when that was on the host's clock, or the last event that was known then, whichever is later;
            whatever the log says up to there is history.
        saved_at_authorization: the volume had credentials already then.
        replaced: the stale user was deleted.
        asks_now: it had credentials and was silent in this start, or was started by this run's deployment, and asks
            since.
        kept: why the user that is in the way was not deleted; empty if nobody tried or it was.
        seen_ids: pairing IDs that the agent's own container has shown in this run.
        pairing_seen_at: when this run first saw the pairing IDs that the log shows now, on the host's clock.
        cleared: the agent's own earlier requests were told to go; cleared_start is the start of the container then.
        undeniable: what Connectware answered instead of denying them, in words.
        failed_attempts, failed_ago: how many authorizations have failed since the last one that was taken, and seconds
            since the last of them.
        refused: why no authorization of its request can do better, in words; empty as long as one may.
        name_taken: an authorization of this run was refused with 409, and a user of that name was there then and since.
        taken_back: the user that an authorization of this run has made was deleted again, or could not be: what was
            done, in words; taken_back_as is the verdict that led to it.
        wait_started_ago: seconds since this verdict was reached.
        watched: seconds that the agent was watched with an open window (proof: watch).
        time_to_ask: seconds from the container's start to its first event, learned in an earlier start.
    """

    ran: bool = False
    asked_again: bool = False
    proved: bool = False
    proved_new: bool = False
    authorized: tuple[str, ...] = ()
    existed: bool = False
    authorized_ago: float | None = None
    started_at_authorization: float | None = None
    authorized_at: float = 0.0
    saved_at_authorization: bool = False
    replaced: bool = False
    asks_now: bool = False
    kept: str = ""
    seen_ids: tuple[str, ...] = ()
    pairing_seen_at: float | None = None
    cleared: bool = False
    cleared_start: float | None = None
    undeniable: str = ""
    failed_attempts: int = 0
    failed_ago: float = 0.0
    refused: str = ""
    name_taken: bool = False
    taken_back: str = ""
    taken_back_as: str = ""
    wait_started_ago: float = 0.0
    watched: float = 0.0
    time_to_ask: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Host and server side by side.

    Attributes:
        user_exists: a user with the agent's username exists on the server.
        user_since: when that was made, as the server writes it; None if it does not tell.
        elsewhere: the running container of another host, or another one of this host, that answers to the same
            username, for a message; empty if nobody knows of one.
        pending: the pairing IDs of all pending requests of that username; None for one that shows no ID.
        window_open: the registration window is open.
    """

    observation: Observation
    user_exists: bool
    pending: tuple[str | None, ...] = ()
    window_open: bool = False
    history: History = field(default_factory=History)
    user_since: str | None = None
    elsewhere: str = ""


@dataclass(frozen=True)
class Verdict:
    """The judgement.

    Attributes:
        verdict: one of VERDICTS.
        reason: one of REASONS: why a registration is or was needed.
        action: one of ACTIONS: what is to be done now.
        message: why, in a sentence for people; for `fail` with what to do.
        needs_window: the agent cannot go on with a closed registration window.
        wait: seconds after which time alone can change the verdict.
        looks_at: `host` or `server`: where the next news can come from.
        doubt: of one that is registered: what its log says last that keeps it from its work.
    """

    verdict: str
    reason: str
    action: str
    message: str = ""
    needs_window: bool = False
    wait: float = 1.0
    looks_at: str = "host"
    doubt: str = ""

    @property
    def final(self) -> bool:
        """Nothing more will be done about this agent."""
        return self.action in (SETTLED, FAIL)
