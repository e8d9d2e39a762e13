# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the decision table: what is pending under the agent's username, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable

from . import evidence as e
from .authorizations import no_user_yet
from .evidence import Verdict
from .facts import Facts
from .judging import fail, patient, restart_to_ask, wait, without_log
from .refusals import pause_after
from .text import printable


def contradiction(f: Facts) -> Verdict | None:
    """One request has one pairing ID: a log that shows two was not written by the agent alone."""
    if len(f.claimed_ids) < 2 or f.evidence.user_exists or f.evidence.history.authorized:
        return None
    return restart_to_ask(f, e.UNREADABLE, f"its log shows {_several(f)}", window=False)


def _several(f: Facts) -> str:
    return (
        f"more than one pairing ID for one request ({_listed(f.claimed_ids)}), so something else in its container"
        " writes such lines, and none of them is believed"
    )


def awaiting_authorization(f: Facts) -> Verdict | None:
    """The one request that is pending is its own."""
    own_id = f.own_id
    if own_id is None or f.evidence.pending != (own_id,):
        return None
    if not f.running:
        return restart_to_ask(f, e.AWAITING_AUTHORIZATION, "its request is pending but its container does not run")
    if own_id in f.evidence.history.authorized:
        return patient(
            f,
            e.AWAITING_AUTHORIZATION,
            "Connectware took the authorization but still lists the request",
            _todo_of_listed(f),
            server=True,
            needs_window=True,  # else the request would go with the window, come back with the next, and so on
        )
    text = f"its request with pairing ID {own_id} is pending"
    if f.in_conflict and not f.cleared_here:
        # An agent that is refused may not have said its own line yet, and so what was forged ahead stands alone.
        return restart_to_ask(f, e.AWAITING_AUTHORIZATION, f"{text}, but its log says that it was refused with 409")
    return _to_be_authorized(f, text)


def _todo_of_listed(f: Facts) -> str:
    todo = "Check the operation confirm in connectware_contract, and the permissions of the account."
    if f.evidence.user_exists:
        return todo
    return f"{todo} {no_user_yet(f.evidence.observation.username)}"


def _to_be_authorized(f: Facts, text: str) -> Verdict:
    history = f.evidence.history
    if history.refused:
        return fail(f, e.AWAITING_AUTHORIZATION, f"{text}, but Connectware refuses to authorize it: {history.refused}")
    rest = f.policy.poll_interval - f.shown_for
    if rest > 0:
        # What was forged ahead of the agent's own line is contradicted by that, which comes with its first answer.
        return wait(f, e.AWAITING_AUTHORIZATION, f"{text}; watched whether its log shows another one", True, rest)
    rest = pause_after(history.failed_attempts, f.policy.poll_interval) - history.failed_ago
    if rest > 0:
        return wait(f, e.AWAITING_AUTHORIZATION, f"{text}; it could not be authorized yet", True, rest)
    return Verdict(e.AWAITING_AUTHORIZATION, f.reason, e.AUTHORIZE, text, True)


def earlier_request(f: Facts) -> Verdict | None:
    """What is pending are requests of its own, among them one from before a restart, which nobody repeats any more.

    Nothing is authorized, because the API authorizes by username alone and could let in the dead one.
    """
    dead = [pairing_id for pairing_id in f.evidence.pending if pairing_id in f.earlier_ids]
    if not dead or not set(f.evidence.pending) <= {f.own_id, *f.earlier_ids}:
        return None
    text = f"its own request from before its restart is still pending (pairing ID {_listed(dead)})"
    if not f.evidence.history.cleared:
        return Verdict(e.AWAITING_REQUEST, f.reason, e.CLEAR, text)
    if f.evidence.window_open:
        return Verdict(e.AWAITING_REQUEST, f.reason, e.WAIT, f"{text} until the window closes", looks_at="server")
    why = "It was denied, or the registration window was closed so that it lapses, and it is listed all the same"
    if f.evidence.history.undeniable:
        why = (
            "It does not go away when the registration window closes, and Connectware's API knows no way to deny it"
            f" ({f.evidence.history.undeniable})"
        )
    todo = (
        f"{why}: deny it in Connectware (User Management, Client Registry), or correct the operation deny in"
        " connectware_contract, and run again."
    )
    return patient(f, e.AWAITING_REQUEST, text, todo, server=True)


def impostor(f: Facts) -> Verdict | None:
    """Somebody else asks with its name, or did so and is listed still."""
    if not f.evidence.pending:
        return None
    ids = _listed(each for each in f.evidence.pending if each != f.own_id) or f"{f.own_id} more than once"
    needs = not f.evidence.user_exists
    several = len(f.claimed_ids) > 1
    if f.own_id is None and f.running and not several:
        verdict = _of_unknown_origin(f, f"a request with pairing ID {ids} is pending, the agent's own ID is not known")
        if verdict is not None:
            return verdict
    own = f"the agent's own pairing ID is {f.own_id}" if f.own_id else "the agent itself shows no pairing ID"
    own = f"the agent's log shows {_several(f)}" if several else own
    text = f"a request with its name and the pairing ID {ids} is pending, but {own}"
    todo = (
        "Somebody else asks with this agent's name, so nothing was authorized. Find out who it is, let the registration"
        " window close so that the request lapses, and run again."
    )
    if several:
        todo = (
            "Nothing was authorized. Find out what writes those lines, restart the agent for a fresh log, and run"
            " again."
        )
    elif f.own_id is None:
        todo = (
            "Nothing was authorized. Either somebody else asks with this agent's name, or the agent's log says its"
            " pairing ID in other words than expected: compare its last lines, and correct agents_log_patterns."
        )
    if f.own_id and not any(f.evidence.pending):
        todo = (
            "Nothing was authorized. The list shows no pairing IDs where the contract looks for them: correct"
            " list_registry.fields.pairing_id in connectware_contract; contract_check of connectware_info tells how."
        )
    verdict = patient(f, e.IMPOSTOR, text, todo, server=True, needs_window=needs)
    if verdict.final and needs and f.own_id and not f.evidence.history.cleared:
        # One that nobody repeats any more goes with the window; one that somebody repeats comes back.
        return Verdict(
            e.IMPOSTOR, f.reason, e.CLEAR, f"{text}; the window is closed once, so that it lapses if it is old"
        )
    return verdict


def _of_unknown_origin(f: Facts, text: str) -> Verdict | None:
    """It may be the agent's own request: it is given time to show its pairing ID, then a restart for a fresh line."""
    if not f.evidence.observation.log_readable:
        return without_log(f)
    needs = not f.evidence.user_exists
    if f.uptime < f.policy.grace:
        return wait(f, e.IMPOSTOR, f"{text} yet", needs)
    if needs and not f.evidence.history.asked_again:
        text = f"{text}: the line that shows it is gone from its log"
        return restart_to_ask(f, e.UNREADABLE, text, window=False)
    return None


def _listed(ids: Iterable[str | None]) -> str:
    return ", ".join("(not shown)" if pairing_id is None else printable(pairing_id) for pairing_id in ids)
