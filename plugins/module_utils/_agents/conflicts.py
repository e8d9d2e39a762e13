# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows of the decision table: Connectware says 409 because a user of the agent's name exists."""

from __future__ import annotations

from dataclasses import replace

from . import evidence as e
from .evidence import Verdict
from .facts import Facts
from .judging import fail, patient
from .text import printable


def not_let_in(f: Facts) -> Verdict | None:
    """This run authorized a request, and the agent shows that it was not the one that got in.

    Connectware lets in what is pending under a username at that moment, so that another request can have taken the
    place of the agent's own after it was listed. What was let in then is thrown out at once. Where a user was there
    before, a conflict is one like any other.
    """
    history = f.evidence.history
    if history.taken_back:
        return fail(f, history.taken_back_as or e.AWAITING_REQUEST, history.taken_back)
    if not (history.authorized and f.evidence.user_exists) or (history.existed and f.in_conflict):
        return None
    username = printable(f.evidence.observation.username)
    if f.same_start and len(f.claimed_ids) > 1:
        text = (
            f"after its request was authorized, its log shows another pairing ID for it ({', '.join(f.claimed_ids)}):"
            f" something in its container writes such lines, and who was let in as the user {username!r} is unknown"
        )
        return Verdict(e.IMPOSTOR, f.reason, e.TAKE_BACK, text, True)
    if f.same_start and f.in_conflict:
        text = (
            f"its request was authorized, but it is refused with 409: another request under its name had taken the"
            f" place of its own, and was let in as the user {username!r}"
        )
        return Verdict(e.IMPOSTOR, f.reason, e.TAKE_BACK, text, True)
    asks = f.own_id in f.evidence.pending and not history.existed  # a conflict may be told as late as that
    if f.events and not f.same_start and (history.proved_new or f.in_conflict or asks):
        text = (
            "it was authorized in this run, restarted, and asks again: its credentials were not kept, or are refused."
            f" Check that the volume {f.evidence.observation.volume} persists and that nobody else uses the name"
        )
        return Verdict(e.AWAITING_REQUEST, f.reason, e.TAKE_BACK, text, True)
    return None


def provisional(f: Facts, verdict: Verdict) -> Verdict:
    """An authorization of this run holds only for an agent that proves to have got in: else it is taken back.

    So it is said there too that a user was there before, and is kept.
    """
    history = f.evidence.history
    if verdict.action != e.FAIL or history.taken_back or not (history.authorized and f.evidence.user_exists):
        return verdict
    return replace(verdict, action=e.TAKE_BACK, looks_at="server")


def conflict(f: Facts) -> Verdict | None:
    """The last word of the agent is a conflict, or that of Connectware about its request."""
    if not f.evidence.user_exists:
        return None
    asks = f.proof_failed or (f.own_id is not None and f.own_id in f.evidence.pending)
    if f.evidence.history.name_taken and asks and not f.evidence.history.authorized:
        # Before a proof: its line may be that of an old success, and the request a stranger's who has read it.
        told = "Connectware refuses with 409 to authorize its request"
        return _proof(f, told) if f.policy.on_conflict == "replace" and _worth_a_proof(f) else conflict_policy(f, told)
    if not f.in_conflict:
        return None
    if _worth_a_proof(f):
        return _proof(f, "its log tells of a conflict")
    return conflict_policy(f, "it asks for a registration that Connectware refuses with 409")


def _proof(f: Facts, told: str) -> Verdict:
    held = "its volume has credentials" if f.evidence.observation.credentials else "nobody can look for credentials"
    reason = f.reason if f.evidence.history.asks_now else e.NONE
    text = f"{told} and {held}: restarted to see which holds"
    return Verdict(e.UNPROVEN, reason, e.RESTART, text, wait=f.settle_time)


def _worth_a_proof(f: Facts) -> bool:
    """Credentials speak against a conflict, also where nobody knows of them, and one restart tells which holds.

    A conflict that was solved since, perhaps by a run that was killed, is an old one. Where the user would be deleted a
    fresh one is not believed either: something else in the container may have written it.
    """
    seen, history = f.evidence.observation, f.evidence.history
    if not f.running or seen.credentials is False or history.proved or history.asked_again or history.authorized:
        return False
    if f.policy.on_conflict == "replace":
        return True
    at = f.news[-1].at
    return at is not None and seen.observed_at - at > f.patience


def refused_for_nobody(f: Facts) -> Verdict | None:
    """Refused as if its user existed, also in the start after it was seen not to."""
    history = f.evidence.history
    if not f.in_conflict or not history.asked_again or history.replaced or f.cleared_here:
        return None
    text = (
        "Connectware refuses it as if its user existed (409), also after a restart, and shows no user"
        f" {printable(f.evidence.observation.username)!r}. Look in its user management for one in other case, or of"
        " another identity provider, and remove or rename it; or correct list_users in connectware_contract, if the"
        " check of the contract says so"
    )
    return patient(f, e.CONFLICTED, text, server=True, needs_window=True)


def conflict_policy(f: Facts, what: str, reason: str = "") -> Verdict:
    """What the user wants to happen to the user that is in the way.

    Args:
        reason: why the agent needs a registration, if that is no matter of its own words.
    """
    username = printable(f.evidence.observation.username)
    since = f" since {printable(f.evidence.user_since)}" if f.evidence.user_since else ""
    exists = f"{what}, because the user {username!r} exists already{since}"
    reason = reason or (f.reason if f.in_conflict else e.CONFLICT_REASON)
    if f.policy.on_conflict != "replace":
        return fail(
            f,
            e.CONFLICTED,
            f"{exists}. Ways out: bring back the agent's volume with its"
            f" credentials; or give the agent another name; or, if no other agent uses it, let this run delete"
            f" the user and register anew with on_conflict: replace (agents_on_conflict), on this host only (--limit).",
            reason,
        )
    if f.evidence.elsewhere:
        return fail(
            f,
            e.CONFLICTED,
            f"{exists}, and {f.evidence.elsewhere} runs and answers to that name: its user was not deleted, because"
            " that would end its work. Stop and remove that container first if this agent takes its place, or give this"
            " one another name.",
            reason,
        )
    if f.evidence.history.kept:
        return fail(f, e.CONFLICTED, f"{exists}. {f.evidence.history.kept}", reason)
    if f.evidence.history.replaced:
        return patient(f, e.CONFLICTED, f"the user {username!r} is still there after it was deleted")
    # The window stays as it is until the agent has been restarted: what it asked before would be listed for ever.
    return Verdict(e.CONFLICTED, reason, e.DELETE_USER, f"the stale user {username!r} is deleted")
