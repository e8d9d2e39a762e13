# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence -> Verdict: the decision table.

`decide` is a pure function. Its rows are asked from top to bottom and the first that fits answers. What is promised
(and tested over all combinations): it always answers; it says `authorize` only where exactly one request of the
agent's username is pending and carries the pairing ID of the agent's own current run; an agent that is registered is
never touched; and an agent is restarted at most once to make it ask, at most once to prove stored credentials, and at
most once to prove credentials that this run authorized.

Texts of an agent's success are not documented anywhere, so success rests on what does not need them: the user exists,
nothing of it is pending, the credentials are in the volume, and the running container has asked for no registration.
"""

from __future__ import annotations

from typing import Callable, Optional

from . import evidence as e
from .evidence import Evidence, Policy, Verdict
from .facts import Facts
from .observation import ABSENT, RESTARTING
from .text import printable

CRASH_LOOP = 3  # restarts by the engine after which a container that does not ask counts as broken
PATIENCE = 3  # poll intervals of the agent that anything may take which depends on its next poll

Row = Callable[[Facts], Optional[Verdict]]


def decide(evidence: Evidence, policy: Policy) -> Verdict:
    """Judge one agent.

    Args:
        evidence: what host, server and this run know of it.
        policy: what the user allows.

    Returns:
        The verdict with the one action to take now. Never raises.
    """
    facts = Facts(evidence, policy)
    for row in _ROWS:
        verdict = row(facts)
        if verdict is not None:
            return verdict
    return _unreadable(facts)


def _planned(f: Facts) -> Verdict | None:
    """Check mode, where the container would only now be made or started: what it will need then."""
    seen = f.evidence.observation
    if not seen.planned:
        return None
    if f.evidence.pending:
        return _wait(
            f, e.IMPOSTOR, "requests with its name are pending already; it would start and be told apart", True
        )
    if not f.evidence.user_exists:
        return Verdict(e.AWAITING_REQUEST, f.reason, e.WAIT, "it would start and ask for its registration", True)
    if seen.credentials is False or seen.volume_created_at is None:
        return _conflict_policy(f, "it would start without credentials although its user exists")
    return Verdict(e.REGISTERED, e.NONE, e.SETTLED, "it would start with the credentials in its volume")


def _broken(f: Facts) -> Verdict | None:
    seen = f.evidence.observation
    if seen.state == ABSENT:
        return _fail(f, e.BROKEN, "its container does not exist. Run the deployment first (module agents).")
    if f.running or f.in_conflict:
        return None
    if seen.state == RESTARTING and seen.restart_count < CRASH_LOOP:
        return _wait(f, e.BROKEN, "its container is being restarted by the engine")
    if seen.state == RESTARTING:
        return _fail(
            f,
            e.BROKEN,
            f"its container crashes again and again ({seen.restart_count} restarts, last exit code {seen.exit_code})",
        )
    return _fail(f, e.BROKEN, f"its container is {seen.state} (exit code {seen.exit_code})")


def _conflict(f: Facts) -> Verdict | None:
    if not (f.in_conflict and f.evidence.user_exists):
        return None
    if _old_conflict(f):
        return Verdict(
            e.UNPROVEN,
            e.NONE,
            e.RESTART,
            "its last conflict is old and its volume has credentials: restarted to see which holds",
        )
    return _conflict_policy(f, "it asks for a registration that Connectware refuses with 409")


def _old_conflict(f: Facts) -> bool:
    """A conflict that was solved since (perhaps by a run that was killed) looks like this; one restart tells."""
    seen, history = f.evidence.observation, f.evidence.history
    if not f.running or not seen.credentials or history.proved or history.asked_again or history.authorized:
        return False
    at = f.news[-1].at
    return at is not None and seen.observed_at - at > PATIENCE * f.policy.poll_interval


def _conflict_policy(f: Facts, what: str) -> Verdict:
    username = printable(f.evidence.observation.username)
    if f.policy.on_conflict != "replace":
        return _fail(
            f,
            e.CONFLICTED,
            f"{what}, because the user {username!r} exists already. Ways out: bring back the agent's volume with its"
            f" credentials; or give the agent another name; or, if no other agent uses it, let this run delete"
            f" the user and register anew with on_conflict: replace (agents_on_conflict), on this host only (--limit).",
            reason=e.CONFLICT_REASON,
        )
    if f.evidence.history.replaced:
        return _patient(f, e.CONFLICTED, f"the user {username!r} is still there after it was deleted")
    return Verdict(e.CONFLICTED, e.CONFLICT_REASON, e.REPLACE_USER, f"the stale user {username!r} is deleted", True)


def _awaiting_authorization(f: Facts) -> Verdict | None:
    own_id = f.own_id
    if own_id is None or f.evidence.pending != (own_id,):
        return None
    if not f.running:
        return _restart_to_ask(f, e.AWAITING_AUTHORIZATION, "its request is pending but its container does not run")
    if own_id in f.evidence.history.authorized:
        return _patient(
            f,
            e.AWAITING_AUTHORIZATION,
            "Connectware took the authorization but still lists the request",
            server=True,
        )
    return Verdict(
        e.AWAITING_AUTHORIZATION, f.reason, e.AUTHORIZE, f"its request with pairing ID {own_id} is pending", True
    )


def _impostor(f: Facts) -> Verdict | None:
    if not f.evidence.pending:
        return None
    foreign = [printable(str(pairing_id)) for pairing_id in f.evidence.pending if pairing_id != f.own_id]
    ids = ", ".join(foreign) or f"{f.own_id} more than once"
    needs = not f.evidence.user_exists
    if f.own_id is None and f.running and f.uptime < f.policy.grace:
        return _wait(
            f, e.IMPOSTOR, f"a request with pairing ID {ids} is pending, the agent's own ID is not known yet", needs
        )
    own = f"the agent's own pairing ID is {f.own_id}" if f.own_id else "the agent itself shows no pairing ID"
    text = f"a request with its name and the pairing ID {ids} is pending, but {own}"
    todo = (
        "Somebody else asks with this agent's name, so nothing was authorized. Find out who it is, let the registration"
        " window close so that the request lapses, and run again."
    )
    return _patient(f, e.IMPOSTOR, text, todo, server=True, needs_window=needs)


def _registered(f: Facts) -> Verdict | None:
    seen = f.evidence.observation
    if not (_known_to_server(f) and seen.credentials and not f.events):
        return None
    if f.unsettled > 0:
        return _wait(f, e.REGISTERED, "it has just started; watched whether it asks", wait=f.unsettled, reason=e.NONE)
    text = (
        "" if seen.log_readable else f"its log cannot be read (driver {seen.log_driver}), so the server's word is taken"
    )
    return Verdict(e.REGISTERED, e.NONE, e.SETTLED, text)


def _unproven(f: Facts) -> Verdict | None:
    seen, history = f.evidence.observation, f.evidence.history
    if not (_known_to_server(f) and seen.credentials) or f.proof_failed:
        return None
    reason = f.reason if history.authorized else e.NONE
    if f.policy.proof == "watch":
        patience = PATIENCE * f.policy.poll_interval
        if history.watched >= patience:
            return Verdict(e.REGISTERED, reason, e.SETTLED, "it was watched with an open window and did not ask")
        return Verdict(
            e.UNPROVEN, reason, e.WAIT, "watched whether it asks", True, patience - history.watched, "server"
        )
    granted_for = history.authorized_ago or 0.0
    if history.authorized and history.saved_at_authorization and granted_for < f.policy.poll_interval:
        rest = f.policy.poll_interval - granted_for
        return _wait(f, e.UNPROVEN, "authorized; it fetches the answer with its next poll", True, rest, reason)
    if history.authorized and history.proved_new:
        return _wait(f, e.UNPROVEN, "being restarted", reason=reason)
    return Verdict(
        e.UNPROVEN, reason, e.RESTART, "restarted once: it must come back without asking", wait=f.settle_time
    )


def _unsaved(f: Facts) -> Verdict | None:
    seen, history = f.evidence.observation, f.evidence.history
    if not _known_to_server(f) or seen.credentials or f.proof_failed:
        return None
    if seen.credentials is None:
        return _patient(f, e.UNSAVED, f"nobody can look for credentials in its volume {seen.volume}")
    text = "its user exists but its volume has no credentials"
    patience = PATIENCE * f.policy.poll_interval
    if history.authorized:
        rest = patience - (history.authorized_ago or 0.0)
        text = "authorized; it has not stored its credentials yet"
    else:
        rest = patience - f.evidence.history.wait_started_ago if f.events else f.unsettled
    if rest > 0:
        return _wait(f, e.UNSAVED, text, bool(history.authorized), rest)
    return _restart_to_ask(f, e.UNSAVED, f"{text}, and it does not ask for a registration")


def _awaiting_request(f: Facts) -> Verdict | None:
    if not f.events:
        return None
    history = f.evidence.history
    if history.authorized and not f.same_start:
        return _fail(
            f,
            e.AWAITING_REQUEST,
            "it was authorized in this run, restarted, and asks again: its credentials were not kept or are refused."
            f" Check that the volume {f.evidence.observation.volume} persists and that nobody else uses the name.",
        )
    text = "it asks for its registration, but no request with its name is pending"
    if f.in_conflict:
        text = "its stale user is gone; it has not asked again yet"
    if not f.running:
        return _restart_to_ask(f, e.AWAITING_REQUEST, text)
    if (
        f.evidence.window_open
        and history.wait_started_ago > PATIENCE * f.policy.poll_interval
        and not history.asked_again
    ):
        return _restart_to_ask(f, e.AWAITING_REQUEST, text)
    return Verdict(e.AWAITING_REQUEST, f.reason, e.WAIT, text, True, looks_at="server")


def _rejected(f: Facts) -> Verdict | None:
    if not f.evidence.observation.credentials:
        return None
    text = "it has credentials but its user does not exist"
    rest = max(f.unsettled, f.policy.poll_interval - f.evidence.history.wait_started_ago)
    if rest > 0:
        return _wait(f, e.REJECTED, text, True, wait=rest)
    return _restart_to_ask(f, e.REJECTED, f"{text}, and it does not ask for a new one")


def _unreadable(f: Facts) -> Verdict:
    seen = f.evidence.observation
    if not seen.log_readable:
        return _fail(
            f,
            e.UNREADABLE,
            f"its log cannot be read because of the log driver {seen.log_driver!r}, so its pairing ID is unknown. Set"
            " log_driver to json-file, local or journald.",
        )
    if f.uptime < f.policy.grace:
        text = f.failure or "it has started and not asked for its registration yet"
        return _wait(f, e.BROKEN if f.failure else e.AWAITING_REQUEST, text, True)
    if f.failure:
        return _fail(f, e.BROKEN, f"it does not get as far as asking for its registration; its log says: {f.failure}")
    return _restart_to_ask(f, e.UNREADABLE, "its log shows neither a pairing ID nor a failure")


_ROWS: tuple[Row, ...] = (
    _planned, _broken, _conflict, _awaiting_authorization, _impostor, _registered, _unproven, _unsaved,
    _awaiting_request, _rejected,
)  # fmt: skip


def _known_to_server(f: Facts) -> bool:
    return f.running and f.evidence.user_exists and not f.evidence.pending


def _wait(
    f: Facts, verdict: str, text: str, needs_window: bool = False, wait: float = 1.0, reason: str | None = None
) -> Verdict:
    return Verdict(verdict, f.reason if reason is None else reason, e.WAIT, text, needs_window, wait)


def _fail(f: Facts, verdict: str, text: str, reason: str | None = None) -> Verdict:
    return Verdict(verdict, f.reason if reason is None else reason, e.FAIL, text)


def _patient(
    f: Facts, verdict: str, text: str, todo: str = "", *, server: bool = False, needs_window: bool = False
) -> Verdict:
    """Wait for what depends on the agent's next polls, then fail."""
    patience = PATIENCE * f.policy.poll_interval - f.evidence.history.wait_started_ago
    if patience <= 0:
        return _fail(f, verdict, f"{text}. {todo}".rstrip())
    return Verdict(verdict, f.reason, e.WAIT, text, needs_window, patience, "server" if server else "host")


def _restart_to_ask(f: Facts, verdict: str, text: str) -> Verdict:
    """Restart once so that it asks anew; a second time it is a failure."""
    if not f.evidence.history.asked_again:
        return Verdict(verdict, f.reason, e.RESTART, f"{text}; restarted once", True, f.settle_time)
    if f.uptime < f.policy.grace and f.running:
        return _wait(f, verdict, f"{text}; restarted, waiting for it to ask", True)
    return _fail(
        f, verdict, f"{text}, not even after a restart. Read its log: docker logs {f.evidence.observation.container}"
    )
