# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence -> Verdict: the decision table.

`decide` is a pure function. Its rows are asked from top to bottom and the first that fits answers; those about a
conflict are in conflicts.py, those about pending requests in pendings.py. What is promised (and tested over all
combinations): it always answers; it says `authorize` only where exactly one request of the agent's username is pending
and carries the pairing ID of the agent's own current run; an agent that is registered is never touched; and an agent is
restarted at most once to make it ask, once more if its stale user was deleted since, at most once to prove stored
credentials, and at most once to prove credentials that this run authorized.

Texts of an agent's success are not documented anywhere, so success rests on what does not need them: the user exists,
nothing of it is pending, the credentials are in the volume, and the running container has asked for no registration.
"""

from __future__ import annotations

from dataclasses import replace

from . import evidence as e
from .conflicts import conflict, conflict_policy, not_let_in, provisional, refused_for_nobody
from .evidence import Evidence, Policy, Verdict
from .facts import Facts
from .judging import Row, fail, known_to_server, patient, restart_to_ask, wait, without_log
from .observation import ABSENT, FAILURE, RESTARTING
from .pendings import awaiting_authorization, contradiction, earlier_request, impostor
from .tls_trouble import advice_on, with_advice

A_MOMENT = 3.0  # seconds that somebody else may take to restart a container, or to make it anew
CRASH_LOOP = 3  # restarts by the engine after which a container that does not ask counts as broken


def decide(evidence: Evidence, policy: Policy) -> Verdict:
    """Judge one agent.

    Args:
        evidence: what host, server and this run know of it.
        policy: what the user allows.

    Returns:
        The verdict with the one action to take now. Never raises.
    """
    facts = Facts(evidence, policy)
    verdict = next((found for found in (row(facts) for row in _ROWS) if found is not None), None)
    if verdict is None:
        verdict = _unreadable(facts)
    verdict = provisional(facts, verdict)
    return _to_be_mended(facts, _only_watched(facts, verdict) if policy.only_watch else verdict)


def _to_be_mended(f: Facts, verdict: Verdict) -> Verdict:
    """What is broken, or asked for by somebody else, needs no registration as long as its user exists."""
    if verdict.verdict not in (e.BROKEN, e.IMPOSTOR) or not f.evidence.user_exists or f.evidence.history.authorized:
        return verdict
    if verdict.action == e.RESTART and f.policy.on_conflict == "replace" and not f.evidence.observation.credentials:
        return verdict  # once it runs, its user may be deleted: that is to count before it is restarted
    return replace(verdict, reason=e.NONE)


def _only_watched(f: Facts, verdict: Verdict) -> Verdict:
    """Where nothing may be done: what would need an action is a failure, and so is a fresh failure in the log."""
    if verdict.final and verdict.action != e.SETTLED:
        return verdict
    failure = f.own_failure
    if verdict.verdict == e.REGISTERED and failure is not None:
        return patient(f, e.BROKEN, f"it runs, but its log says: {failure.text}", advice_on(failure.text))
    if verdict.action not in (e.SETTLED, e.WAIT) or (verdict.needs_window and f.events):
        return fail(
            f, verdict.verdict, f"{verdict.message or verdict.verdict}; it was only watched, so nothing was done"
        )
    return replace(verdict, needs_window=False)


def _planned(f: Facts) -> Verdict | None:
    """Check mode, where the container would only now be made or started: what it will need then."""
    seen = f.evidence.observation
    if not seen.planned:
        return None
    if f.evidence.pending:
        return wait(f, e.IMPOSTOR, "requests with its name are pending already; it would start and be told apart", True)
    if seen.by_certificate:
        said = "it would start and log in with its certificate"
        return _certificate_without_user(f) or Verdict(e.REGISTERED, e.NONE, e.SETTLED, said)
    if not f.evidence.user_exists:
        return Verdict(e.AWAITING_REQUEST, f.reason, e.WAIT, "it would start and ask for its registration", True)
    if seen.credentials is False or seen.volume_created_at is None:
        return conflict_policy(f, "it would start without credentials although its user exists")
    return Verdict(e.REGISTERED, e.NONE, e.SETTLED, "it would start with the credentials in its volume")


def _out_of_reach(f: Facts) -> Verdict | None:
    """The engine cannot restart or show this one; the other agents of the host go on."""
    trouble = f.evidence.observation.trouble
    return fail(f, e.BROKEN, trouble) if trouble else None


def _broken(f: Facts) -> Verdict | None:
    seen = f.evidence.observation
    if seen.state == ABSENT:
        return _gone(f, "its container does not exist. Run the deployment first (module agents).")
    if f.running or f.in_conflict:
        return None
    if seen.state == RESTARTING and seen.restart_count < CRASH_LOOP:
        return wait(f, e.BROKEN, "its container is being restarted by the engine")
    if seen.state == RESTARTING:
        text = f"its container crashes again and again ({seen.restart_count} restarts, last exit code {seen.exit_code})"
        if f.evidence.history.asked_again:
            return fail(f, e.BROKEN, with_advice(text, f.last_words))
        # What made it crash may be mended, and the engine's pause before its next start can be a minute long.
        return Verdict(e.BROKEN, f.reason, e.RESTART, f"{text}; restarted once", wait=f.settle_time)
    return _gone(f, with_advice(f"its container is {seen.state} (exit code {seen.exit_code})", f.last_words))


def _gone(f: Facts, text: str) -> Verdict:
    """One that has run in the eyes of this run may be back at once: another run, or a person, restarts it."""
    rest = A_MOMENT - f.evidence.history.wait_started_ago if f.evidence.history.ran else 0.0
    return wait(f, e.BROKEN, text, seconds=rest) if rest > 0 else fail(f, e.BROKEN, text)


def _by_certificate(f: Facts) -> Verdict | None:
    """It asks for no registration: a user of its name with the grant type certificate lets it in (documented)."""
    seen = f.evidence.observation
    if not seen.by_certificate:
        return None
    without_user = _certificate_without_user(f)
    if without_user is not None:
        return without_user
    failure = f.own_failure
    if failure is not None:
        todo = advice_on(failure.text)
        if failure.kind == FAILURE and not todo:
            todo = (
                "Check that the certificate has not expired, that its CA is the one that Connectware's broker trusts,"
                f" and that its common name is {seen.username!r}."
            )
        return patient(f, e.BROKEN, f"it logs in with a certificate, but its log says: {failure.text}", todo)
    if _needs_new_start(f):
        return _new_start(f)
    if f.unsettled > 0:
        return wait(
            f, e.REGISTERED, "it has just started; watched whether it fails", seconds=f.unsettled, reason=e.NONE
        )
    return Verdict(e.REGISTERED, e.NONE, e.SETTLED)


def _certificate_without_user(f: Facts) -> Verdict | None:
    if f.evidence.user_exists:
        return None
    username = f.evidence.observation.username
    return fail(
        f,
        e.REJECTED,
        f"it logs in with a certificate, but there is no user {username!r} in Connectware. Create one with the"
        " grant type certificate, or take the certificate off this agent so that it asks for a registration.",
        reason=e.NONE,
    )


def _needs_new_start(f: Facts) -> bool:
    """Nobody knows how long it has run. A restart tells for this run and the next ones; else it is only watched."""
    history = f.evidence.history
    spent = history.proved_new if history.authorized else history.proved
    return f.evidence.observation.starts_in_future and f.policy.proof == "restart" and not spent


def _new_start(f: Facts) -> Verdict:
    text = (
        "the clock of its host was set back since it started, so nobody knows how long it has run; restarted once: it"
        " must come back without asking"
    )
    return Verdict(e.UNPROVEN, e.NONE, e.RESTART, text, wait=f.settle_time)


def _registered(f: Facts) -> Verdict | None:
    seen = f.evidence.observation
    if not (known_to_server(f) and seen.credentials and not f.events) or f.same_start:
        return None  # what this run has authorized is proven first, also where the log has lost its lines already
    if _needs_new_start(f):
        return _new_start(f)
    if f.unsettled > 0:
        return wait(f, e.REGISTERED, "it has just started; watched whether it asks", seconds=f.unsettled, reason=e.NONE)
    failure, rest = f.own_failure, f.policy.grace - f.uptime
    if failure is not None and rest > 0:  # it may not have got as far as being refused
        text = f"it has just started, and its log says: {failure.text}; watched whether it asks"
        return wait(f, e.REGISTERED, text, seconds=rest, reason=e.NONE)
    text = "its log tells of a 409, but not that it has asked for a registration" if f.foreign_conflict else ""
    text = with_advice(f"its log says: {f.failing}", f.failing) if f.failing else text
    if not seen.log_readable:
        text = f"its log cannot be read (driver {seen.log_driver}), so the server's word is taken"
    return Verdict(e.REGISTERED, e.NONE, e.SETTLED, text, doubt="" if failure is None else failure.text)


def _unproven(f: Facts) -> Verdict | None:
    seen, history = f.evidence.observation, f.evidence.history
    if not (known_to_server(f) and seen.credentials) or f.proof_failed:
        return None
    reason = f.reason if history.authorized or history.asks_now else e.NONE
    # Credentials that were stored before anybody was let in prove nothing, however long they are watched.
    if f.policy.proof == "watch" and not (history.authorized and history.saved_at_authorization):
        patience = f.patience
        if history.watched >= patience:
            return Verdict(e.REGISTERED, reason, e.SETTLED, "it was watched with an open window and did not ask")
        return wait(f, e.UNPROVEN, "watched whether it asks", True, patience - history.watched, reason)
    authorized_for = history.authorized_ago or 0.0
    if history.authorized and history.saved_at_authorization and authorized_for < f.policy.poll_interval:
        rest = f.policy.poll_interval - authorized_for
        return wait(f, e.UNPROVEN, "authorized; it fetches the answer with its next poll", True, rest, reason)
    if history.authorized and history.proved_new:
        return wait(f, e.UNPROVEN, "being restarted", reason=reason)
    return Verdict(
        e.UNPROVEN, reason, e.RESTART, "restarted once: it must come back without asking", wait=f.settle_time
    )


def _unsaved(f: Facts) -> Verdict | None:
    seen, history = f.evidence.observation, f.evidence.history
    if not known_to_server(f) or seen.credentials or f.proof_failed:
        return None
    if seen.credentials is None:
        return patient(f, e.UNSAVED, f"nobody can look for credentials in its volume {seen.volume}")
    text = "its user exists but its volume has no credentials"
    patience = f.patience
    if history.authorized:
        rest = patience - (history.authorized_ago or 0.0)
        text = "authorized; it has not stored its credentials yet"
    else:
        rest = patience - f.evidence.history.wait_started_ago if f.events else f.unsettled
    if history.asked_again and f.events and not history.authorized:
        # It asks, and Connectware may tell that its user is in the way only when its request is authorized.
        rest = f.patience - history.wait_started_ago
        if rest > 0:
            return Verdict(e.UNSAVED, f.reason, e.WAIT, f"{text}; it asks again", True, rest, "server")
    if rest > 0:
        return wait(f, e.UNSAVED, text, bool(history.authorized), rest)
    if f.policy.foresees and f.policy.on_conflict == "replace":  # else it is restarted, and then told
        return conflict_policy(f, f"{text}, and would be refused with 409 once it asks", f.reason)
    return restart_to_ask(f, e.UNSAVED, f"{text}, and it does not ask for a registration")


def _awaiting_request(f: Facts) -> Verdict | None:
    if not f.events:
        return None
    history = f.evidence.history
    if f.failing and not f.in_conflict:
        return _failing(f)
    text = "it asks for its registration, but no request with its name is pending"
    if f.in_conflict:
        text = "its stale user is gone; it has not asked again yet"
        if not history.asked_again:  # before it does: what its log says from before its refusal is not believed
            return restart_to_ask(f, e.AWAITING_REQUEST, "its stale user is gone", window=False)
    if not f.running:
        return restart_to_ask(f, e.AWAITING_REQUEST, text)
    if f.evidence.window_open and history.wait_started_ago > f.patience and not history.asked_again:
        return restart_to_ask(f, e.AWAITING_REQUEST, text)
    return Verdict(e.AWAITING_REQUEST, f.reason, e.WAIT, text, True, looks_at="server")


def _failing(f: Facts) -> Verdict:
    """It says that it will ask, and then that it cannot: a server that is only restarted is given the time of grace."""
    text = f"it asks for its registration, but its log says: {f.failing}"
    rest = f.policy.grace - f.evidence.history.wait_started_ago
    return wait(f, e.BROKEN, text, True, rest) if rest > 0 else fail(f, e.BROKEN, with_advice(text, f.failing))


def _rejected(f: Facts) -> Verdict | None:
    if not f.evidence.observation.credentials:
        return None
    text = "it has credentials but its user does not exist"
    rest = max(f.unsettled, f.policy.poll_interval - f.evidence.history.wait_started_ago)
    if rest > 0:
        return wait(f, e.REJECTED, text, True, rest)
    return restart_to_ask(f, e.REJECTED, f"{text}, and it does not ask for a new one")


def _unreadable(f: Facts) -> Verdict:
    seen = f.evidence.observation
    if not seen.log_readable:
        return without_log(f)
    if f.uptime < f.policy.grace:
        text = f.failure or "it has started and not asked for its registration yet"
        return wait(f, e.BROKEN if f.failure else e.AWAITING_REQUEST, text, True)
    if f.failure:
        text = f"it does not get as far as asking for its registration; its log says: {f.failure}"
        return fail(f, e.BROKEN, with_advice(text, f.failure))
    return restart_to_ask(f, e.UNREADABLE, "its log shows neither a pairing ID nor a failure", window=False)


_ROWS: tuple[Row, ...] = (
    _out_of_reach, _planned, _broken, not_let_in, conflict, contradiction, awaiting_authorization, earlier_request,
    impostor, _by_certificate, _registered, _unproven, _unsaved, refused_for_nobody, _awaiting_request,
    _rejected,
)  # fmt: skip
