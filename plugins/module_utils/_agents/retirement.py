# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Retiring the agents of one host: what is left of them in Connectware goes, and that it is gone is looked at.

Comes after their containers are gone: an agent that still runs would ask again as soon as its user is deleted. Each
step looks first, so that a run that was killed is finished by the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._errors import ProtectedUserError
from . import evidence as e
from .evidence import Verdict
from .observation import ABSENT, Observation
from .ports import ServerPort
from .record import AgentRecord
from .text import printable

STOPPED = (ABSENT, "created", "exited", "dead")  # of a container that somebody else runs
FOUND = Verdict(e.REGISTERED, e.NONE, e.SETTLED)
GONE = Verdict(e.RETIRED, e.NONE, e.SETTLED)


class Retirement:
    """Retires the agents of one host.

    Args:
        records: one an agent, with what its host shows after its container was removed.
    """

    def __init__(self, records: Sequence[AgentRecord], server: ServerPort) -> None:
        self._records = [record for record in records if not record.final]
        self._server = server
        self.warnings: list[str] = []
        self.ending = False  # nothing of it must be done to its end

    def predict(self) -> None:
        """Check mode: what would be done.

        Raises:
            ApiError: Connectware did not answer.
        """
        self._look()
        to_go = [record for record in self._records if record.user_exists and not record.elsewhere]
        refused = self._server.undeletable([record.observation.username for record in to_go]) if to_go else {}
        for record in self._records:
            if record.user_exists and record.elsewhere:
                record.end(_kept(record), FOUND)
            elif record.observation.username in refused:
                record.end(_protected(refused[record.observation.username]), FOUND)
            elif record.user_exists or record.pending:
                would = Verdict(e.RETIRED, e.NONE, e.DELETE_USER, "what is left of it in Connectware would go")
                record.end(would, FOUND if record.user_exists else None)
            else:
                record.end(GONE)

    def run(self) -> None:
        """Delete users and pending requests, and see that they are gone.

        Raises:
            ApiError: Connectware did not answer; what was done until then is in the records.
        """
        self._look()
        for record in self._records:
            self._retire(record)
        if any(record.actions for record in self._records):
            self._look()
        for record in self._records:
            self._settle(record)

    def progress(self) -> str:
        """How far it is, in a line; may be asked from another thread."""
        gone = sum(record.final and not record.failed for record in self._records)
        return f"{gone} of {len(self._records)} retired in Connectware"

    def _look(self) -> None:
        requests = self._server.requests()
        existing = self._server.existing([record.observation.username for record in self._records])
        for record in self._records:
            record.note_user(existing)
            record.pending = requests.pending.get(record.observation.username, ())

    def _retire(self, record: AgentRecord) -> None:
        username = record.observation.username
        present = _still_there(record.observation)
        if present:
            record.end(Verdict(e.BROKEN, e.NONE, e.FAIL, present))
            return
        if record.user_exists and record.elsewhere:
            record.end(_kept(record), FOUND)
            return
        if record.user_exists:
            try:
                self._server.delete_user(username)
            except ProtectedUserError as exc:
                record.end(_protected(exc.message), FOUND)
                return
            record.note_replaced()
            record.end(GONE, FOUND)
        if record.pending:
            record.leftovers.undeniable = self._server.deny(username)
            if not record.leftovers.undeniable:
                record.note_denied()

    def _settle(self, record: AgentRecord) -> None:
        """What is true at the end, by the server's own word."""
        if record.failed or (record.user_exists and record.runs_elsewhere):
            return
        username = printable(record.observation.username)
        if record.user_exists:
            text = (
                f"the user {username!r} was deleted and exists again: something else asks or makes users by that name"
            )
            record.end(Verdict(e.CONFLICTED, e.NONE, e.FAIL, text))
            return
        record.end(GONE)
        if record.pending:
            why = "It came, or came again, by now."
            if record.leftovers.undeniable:
                why = f"Connectware's API knows no way to deny it ({record.leftovers.undeniable})."
            self.warnings.append(
                f"A request of the retired agent {printable(record.name)} is still pending. {why} It goes when the"
                " registration window closes, or deny it in Connectware (User Management, Client Registry)."
            )


def _protected(message: str) -> Verdict:
    return Verdict(e.CONFLICTED, e.NONE, e.FAIL, message)


def _kept(record: AgentRecord) -> Verdict:
    """Its user is another's as well: well if that is known to run, as after a move to another host."""
    username = printable(record.observation.username)
    text = f"its user {username!r} was kept: {record.elsewhere} runs and answers to that name"
    if record.runs_elsewhere:
        return Verdict(e.RETIRED, e.NONE, e.SETTLED, text)
    todo = "Run again when that host can be asked, or take the agent off its agents_list."
    return Verdict(e.CONFLICTED, e.NONE, e.FAIL, f"{text}. {todo}")


def _still_there(seen: Observation) -> str:
    """Why the host is not done with it; empty if it is. Whoever runs a container himself only has to stop it."""
    if seen.state not in STOPPED:
        return (
            f"its container {seen.container} still runs and would ask to be registered again as soon as its user is"
            " gone. Remove it first (module agents with state: absent)."
        )
    if seen.managed and seen.state != ABSENT:
        return (
            f"its container {seen.container} does not run, but is still there or there again ({seen.state}), and would"
            " ask to be registered again once it is started. Remove it first (module agents with state: absent)."
        )
    return ""
