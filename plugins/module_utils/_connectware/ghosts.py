# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use case: ghosts are retired, those that were named or at most so many.

Everything is judged before the first user is deleted. What Connectware shows of one moment is not proof that nobody
needs an agent, so whatever speaks for one keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._agents import fleet
from .._agents.fleet import ExpectedAgent, Fleet, ServerAgent
from .._agents.text import NAME, printable, shortlist
from .._errors import ApiError, ProtectedUserError, RetirementError, SpecError
from .fleet import NOTHING_TOLD, look_at_fleet, nothing_told, read_expected
from .operation import fits_url
from .protection import Protection
from .session import Session
from .users import User, Users

MAX_NAMED = 20  # names in a message
SHOWN = "Could be retired"
CONNECTED = "it is connected now: something works under its name"
ASKED_FOR = "a request is pending under its name: something asks to work under it"
NO_NAME = "its name is no text that can be sent to Connectware, so it has to be deleted there by hand"
OWN = "it is the account that this task logs in with"
NO_CONNECTIONS = (
    "Connectware does not tell which agents are connected, so that was not looked at. Versions before 2 never do; from"
    " 2 on the account needs the permission /api/system/agents (http, read)."
)


@dataclass(frozen=True)
class Judged:
    """A ghost and what is to become of it.

    Attributes:
        user: None for one that cannot be asked for; it is kept.
        kept: why its user must stay; None if it may go.
        retired: its user is gone, or would be in check mode.
    """

    ghost: ServerAgent
    user: User | None
    kept: str | None = None
    retired: bool = False

    @property
    def shown(self) -> str:
        """Its name, fit for a message."""
        return printable(self.ghost.username)

    def to_dict(self) -> dict[str, Any]:
        """For a result: bounded and without control characters."""
        return {
            "username": printable(self.ghost.username, NAME),
            "retired": self.retired,
            "kept": self.kept,
            "evidence": self.ghost.evidence,
            "connected": self.ghost.connected,
            "created_at": None if self.ghost.created_at is None else printable(self.ghost.created_at),
        }


def retire_ghosts(session: Session, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Delete the users of ghosts; the use case of the module ghosts_retired.

    Raises:
        SpecError: what was asked for would be dangerous or cannot be understood; nothing was asked of Connectware.
        RetirementError: nothing was deleted, or not everything that should be.
        ApiError: Connectware did not answer; nothing was deleted.
    """
    expected, most = read_expected(params["expected"]), params["max"]
    concerns = fleet.compiled(params["name_pattern"])
    _check_limits(expected, params)
    seen = look_at_fleet(session, expected, connected=True)
    ghosts = [_with_requests(ghost, seen) for ghost in fleet.ghosts(seen.agents, fleet.names_of(expected), concerns)]
    named = list(dict.fromkeys(params["usernames"]))
    own = params["connectware_username"]
    if not named:
        judged = _judged(session, ghosts, own)
        chosen = [each for each in judged if each.kept is None]
        if 0 < most < len(chosen):
            raise _too_many(chosen, most)
        chosen = chosen if most else []
    else:
        judged = _judged(session, [ghost for ghost in ghosts if ghost.username in named], own)
        _check_named(session, named, judged, expected)
        chosen = judged
    if chosen and not check_mode:
        _delete(session, chosen)
    gone = {each.ghost.username for each in chosen}
    judged = [replace(each, retired=each.ghost.username in gone) for each in judged]
    done = SHOWN if not named and not most else "Would be retired" if check_mode else "Retired"
    return _result(judged, seen, named if ghosts else [], done)


def _with_requests(ghost: ServerAgent, seen: Fleet) -> ServerAgent:
    """With those that are pending under the same name in other letters: the server may not tell them apart."""
    name = ghost.username.casefold()
    others = [stranger for stranger in seen.strangers if stranger.username.casefold() == name]
    return replace(ghost, pairing_ids=(*ghost.pairing_ids, *(each for other in others for each in other.pairing_ids)))


def _check_limits(expected: Sequence[ExpectedAgent], params: Mapping[str, Any]) -> None:
    if not expected:
        raise _refused(
            "the inventory names no agent at all, so every agent of Connectware would be a ghost",
            "Run it with the whole inventory, in which agents_list is set for hosts or groups.",
        )
    if "" in [name.strip() for name in params["usernames"]]:
        raise _refused(
            "ghosts_usernames has an empty name",
            "Name the ghosts, or leave ghosts_usernames (option usernames) out to see them.",
        )
    if params["max"] < 0:
        raise _refused(f"the most is {params['max']}", "Give a number from 0 on.")
    if not params["usernames"] and params["max"] > 0 and not params["name_pattern"]:
        raise _refused(
            "it is not said which names this inventory is responsible for, and agents of another inventory look like"
            " ghosts here",
            "Set agents_name_pattern (option name_pattern) to a regular expression for whole names, for example"
            " 'hh-.*', or to '.*' if this inventory has every agent of this Connectware; or name the ghosts.",
        )


def _judged(session: Session, ghosts: Iterable[ServerAgent], own: str | None) -> list[Judged]:
    """What keeps each ghost, by its user as it is now."""
    ghosts = list(ghosts)
    users = Users(session).find(ghost.username for ghost in ghosts)
    protection = Protection(session)
    judged = []
    for ghost in ghosts:
        user = users.get(ghost.username)
        if user is not None:
            judged.append(Judged(ghost, user, _kept(protection, ghost, user, own)))
        elif not fits_url(ghost.username):
            judged.append(Judged(ghost, None, NO_NAME))
    return judged


def _kept(protection: Protection, ghost: ServerAgent, user: User, own: str | None) -> str | None:
    if own is not None and ghost.username.casefold() == own.casefold():
        return OWN
    if ghost.connected:
        return CONNECTED
    if ghost.pairing_ids:
        return ASKED_FOR
    try:
        protection.check(user)
    except ProtectedUserError as exc:
        return exc.answered
    return None


def _check_named(
    session: Session, wanted: Sequence[str], judged: Sequence[Judged], expected: Sequence[ExpectedAgent]
) -> None:
    """See that all that were named may go, or are gone already.

    Raises:
        RetirementError: naming every one that must stay, and why.
    """
    why = {each.ghost.username: each.kept for each in judged}
    hosts = {name.casefold(): agent.host for agent in expected for name in (agent.name, agent.username)}
    others = [name for name in wanted if name not in why]
    there = Users(session).find(others)
    for name in others:
        if name.casefold() in hosts:
            why[name] = f"the inventory's host {printable(hosts[name.casefold()])} has it"
        elif not fits_url(name):
            why[name] = NO_NAME
        elif name in there:
            why[name] = "there is no evidence that it is an agent, or it does not fit agents_name_pattern"
    refused = [f"{printable(name)}: {reason}" for name, reason in why.items() if reason is not None]
    if refused:
        raise RetirementError(
            f"retire {_listed(wanted)}",
            answered="; ".join(refused[:MAX_NAMED]),
            todo="Nothing was deleted. Take these off the list; what must go all the same, delete it in Connectware.",
        )


def _too_many(chosen: Sequence[Judged], most: int) -> RetirementError:
    return RetirementError(
        "retire ghosts",
        answered=f"there are {len(chosen)}, at most {most} may go: {_listed(each.ghost.username for each in chosen)}",
        todo="Nothing was deleted. So many often mean that a part of the inventory is missing. If they are all meant,"
        " raise ghosts_max (option max of the module), or name them.",
    )


def _delete(session: Session, chosen: Sequence[Judged]) -> None:
    """Delete one after the other, and see that they are gone."""
    users = Users(session)
    done: list[str] = []
    for each in chosen:
        if each.user is None:  # it is kept
            continue
        try:
            users.delete(each.user)
        except ApiError as exc:
            raise RetirementError(
                f"retire the ghost {each.shown}",
                where=exc.where,
                answered=f"{exc.answered}. Retired before: {_listed(done)}",
                todo=f"{exc.todo} Running again is safe.".strip(),
            ) from exc
        done.append(each.ghost.username)
    still = users.find(done)
    if still:
        raise RetirementError(
            f"retire {_listed(still)}",
            answered="the server accepted it, but users of these names exist",
            todo="Something may have been registered again meanwhile; look at the Client Registry.",
        )


def _result(judged: Sequence[Judged], seen: Fleet, named: Sequence[str], done: str) -> dict[str, Any]:
    retired = [each.ghost.username for each in judged if each.retired]
    warnings = [NOTHING_TOLD] if nothing_told(seen) else []
    if any(each.ghost.connected is None for each in judged):
        warnings.append(NO_CONNECTIONS)
    return {
        "changed": bool(retired),
        "ghosts": [each.to_dict() for each in judged],
        "message": _message(judged, named, done),
        "warnings": warnings,
        "diff": {
            "before": {printable(name): "registered" for name in retired},
            "after": {printable(name): "not registered" for name in retired},
        },
    }


def _message(judged: Sequence[Judged], named: Sequence[str], done: str) -> str:
    if not judged:
        return f"None of these is a ghost, or none any more: {_listed(named)}." if named else "There are no ghosts."
    free = [each.ghost.username for each in judged if each.kept is None]
    texts = [f"{done}: {_listed(free)}."] if free else []
    kept = [f"{each.shown} ({each.kept})" for each in judged if each.kept is not None]
    if kept:
        texts.append(f"Kept: {shortlist(kept, MAX_NAMED, '; ')}.")
    others = set(named) - {each.ghost.username for each in judged}
    if others:  # one that is misspelled is among them
        texts.append(f"No ghosts, or none any more: {_listed(name for name in named if name in others)}.")
    if done == SHOWN and free:
        texts.append("Nothing was deleted: name them in ghosts_usernames, or set ghosts_max to how many may go.")
    return " ".join(texts)


def _listed(names: Iterable[str]) -> str:
    return shortlist([printable(name) for name in names], MAX_NAMED) or "nobody"


def _refused(answered: str, todo: str) -> SpecError:
    return SpecError("retire ghosts", answered=answered, todo=f"Nothing was asked or deleted. {todo}")
