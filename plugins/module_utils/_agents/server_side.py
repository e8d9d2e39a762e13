# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a conversation asks of the server and does there, each change of it noted in the record of its agent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from .._errors import (
    ApiError,
    ConflictError,
    EvidenceFileError,
    ForbiddenError,
    LockedError,
    NotFoundError,
    ProtectedUserError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)
from .authorizations import no_user_yet
from .closing_first import ClosingFirst
from .evidence import AUTHORIZE
from .ports import OUTAGE, Requests, ServerPort
from .record import AgentRecord
from .recorder import Recorder
from .window import WindowLease

FRESH_LIST = 2.0  # seconds for which requests count as listed right before one of them is authorized
FRESH_USERS = 10.0  # seconds after which users are listed again although nothing was done to them
# An authorization that ends like this may work with the next list; or may have taken effect, where nobody has said no.
LOOK_AGAIN = (LockedError, NotFoundError, RateLimitedError, ServerError, UnreachableError)


class ServerSide:
    """The server, for the agents of one host.

    Attributes:
        warnings: what the user has to mend.
        requests: the newest list of what is pending.
        users_at: when the users were listed last; None before the first time.

    Args:
        records: one an agent.
        window: of this conversation.
        recorder: is told of each authorization before it is asked for.
        now: the clock of the records.
    """

    def __init__(
        self,
        records: Sequence[AgentRecord],
        server: ServerPort,
        window: WindowLease,
        recorder: Recorder,
        now: Callable[[], float],
    ) -> None:
        self._records = records
        self._server = server
        self._window = window
        self._recorder = recorder
        self._now = now
        self.requests = Requests({}, False, None)
        self.users_at: float | None = None
        self.warnings: list[str] = []
        self._closing = ClosingFirst(window, server.authorizes_while_closed, self.warnings)

    def ask(self) -> None:
        """List the requests, and the users where what is known of them may be old."""
        self.list_requests()
        now = self._now()
        stale = self.users_at is None or now - self.users_at > FRESH_USERS
        if stale or any(record.unsure_of_user for record in self._records if not record.final):
            existing = self._server.existing([record.observation.username for record in self._records])
            for record in self._records:
                record.note_user(existing)
                if not record.final:
                    record.settle_attempt(now)
                    self._settle_refusal(record)
            self.users_at = now

    def _settle_refusal(self, record: AgentRecord) -> None:
        record.authorizations.refusals.settle(
            record.pending, window_open=self.requests.window_open, user_exists=record.user_exists
        )

    def list_requests(self) -> None:
        """List the requests."""
        self._take(self._window.look())

    def hold_window(self) -> None:
        """See to it that the window is open."""
        requests = self._window.hold(self.requests)
        if requests is not self.requests:  # else it is older than what was authorized since
            self._take(requests)

    def _take(self, requests: Requests) -> None:
        self.requests = requests
        for record in self._records:
            record.pending = requests.pending.get(record.observation.username, ())

    def replace_user(self, record: AgentRecord) -> None:
        """Delete the stale user that is in the agent's way."""
        try:
            self._server.delete_user(record.observation.username)
        except ProtectedUserError as exc:
            record.leftovers.kept = exc.message
        else:
            record.note_replaced()

    def foretell_kept(self, records: Sequence[AgentRecord]) -> None:
        """Check mode: of which stale users the server would not let go.

        Whoever looks may have fewer rights than whoever acts, so that an account which may not know it is only warned.
        """
        try:
            kept = self._server.undeletable([record.observation.username for record in records])
        except ForbiddenError as exc:
            names = ", ".join(record.name for record in records)
            self.warnings.append(f"Whether the users in the way of {names} may be deleted is unknown: {exc.message}")
            return
        for record in records:
            if record.observation.username in kept:
                record.leftovers.kept = kept[record.observation.username]

    def take_back(self, record: AgentRecord, why: str = "") -> None:
        """Throw out what this run has let in under the agent's name; that it failed is part of the agent's end.

        A user that was there before is kept. So is one that no registration can have made, where the answer to the
        authorization was lost.

        Args:
            why: in words; empty for what its verdict says.
        """
        if record.authorizations.existed:
            record.note_taken_back(why=why)
            return
        try:
            self._server.delete_user(record.observation.username, ours=record.authorizations.sure)
        except OUTAGE:
            raise
        except (ApiError, ProtectedUserError) as exc:
            record.note_taken_back(exc.message, why=why)
        else:
            record.note_taken_back(why=why)

    def take_back_unproven(self, records: Sequence[AgentRecord]) -> None:
        """The run ends: throw out whom it has let in, or may have, and who has not come back.

        By a look right now: the user may be newer than the last one, and so may the effect of an authorization whose
        answer was lost. What ends the run keeps nobody in, unless Connectware itself does not answer.
        """
        doubtful = {
            record.name: record.authorizations.trouble for record in records if record.authorizations.unanswered
        }
        let_in = [record for record in records if record.let_in or record.name in doubtful]
        trouble = ""
        try:
            if let_in:
                self._look_for_users(let_in)
        except ApiError as exc:
            trouble = exc.message
        for record in let_in:
            if trouble and record.let_in:
                record.note_taken_back(trouble)
            elif trouble or (record.authorizations.unknown and not record.pending):
                answered = trouble or record.authorizations.trouble
                self.warnings.append(
                    f"Whether the request of agent {record.name} was authorized is unknown: {answered} Run again soon."
                )
            elif record.unproven:
                try:
                    self.take_back(record, doubtful.get(record.name, ""))
                except OUTAGE as exc:  # the others are thrown out all the same
                    record.note_taken_back(exc.message)
            elif record.let_in:
                self.warnings.append(
                    f"The request of agent {record.name} was authorized. {no_user_yet(record.observation.username)}"
                )

    def clear(self, records: Sequence[AgentRecord]) -> None:
        """Let the agents' own earlier requests go: by denying them, else by closing the window for a moment.

        Where another worker moves the window right now, nothing is noted, so that the next round does it.
        """
        for record in records:
            record.leftovers.undeniable = self._server.deny(record.observation.username)
        closed = not any(record.leftovers.undeniable for record in records) or self._window.close_now()
        for record in records:
            if closed or not record.leftovers.undeniable:
                record.leftovers.note_cleared(record.observation.started_at)
        self.list_requests()

    @contextmanager
    def listed(self, records: Sequence[AgentRecord]) -> Iterator[bool]:
        """A list made right before what is done within; where the server allows it, nobody can ask meanwhile.

        Args:
            records: whose requests are to be authorized.

        Yields:
            False if it has to wait for the next round.
        """
        if not self._closing.wanted:
            self.list_requests()
            yield True
            return
        with self._closing.closed() as possible:
            if possible:
                asked = [record for record in records if record.pending]
                self.list_requests()
                if asked and not any(record.pending for record in asked) and not self.requests.may_be_open:
                    self._closing.note_requests_went()
            yield possible

    def authorize(self, records: Sequence[AgentRecord]) -> list[AgentRecord]:
        """Authorize what is pending, on a list made right before; whose verdict is another by now is left out.

        Where the first one shows that the window has to be open, the others wait for the next round.

        Returns:
            Those for which the list was too old when their turn came; at least the first one had it.
        """
        closes_first = self._closing.wanted
        listed_at = self._now()
        left: list[AgentRecord] = []
        for number, record in enumerate(records):
            if number and self._now() - listed_at > FRESH_LIST:
                left = list(records[number:])
                break
            if record.wants(AUTHORIZE) and record.pending[0] is not None:
                self._authorize_one(record, record.pending[0])
                if closes_first and not self._closing.wanted:
                    break
        refused = [record for record in records if record.authorizations.refusals.is_explained_by_requests]
        if refused:  # before the agent asks anew, or the window is opened again
            self.list_requests()
            for record in refused:
                self._settle_refusal(record)
        return left

    def _authorize_one(self, record: AgentRecord, pairing_id: str) -> None:
        authorization = record.authorization(pairing_id, window_open=self.requests.may_be_open)
        try:
            self._recorder.begin(authorization)
        except EvidenceFileError as exc:
            record.refuse_unrecorded(exc.message)
            return
        record.authorizations.asked.append(authorization)
        record.note_asked(self._now())
        try:
            self._server.authorize(record.observation.username, pairing_id)
        except ConflictError as exc:
            record.note_attempt(pairing_id, exc.message, refused=True)
            record.authorizations.refusals.note(pairing_id, exc, self._now())
            self.users_at = None
            self._settle_conflict(record)
        except LOOK_AGAIN as exc:
            record.note_attempt(pairing_id, exc.message, refused=exc.refused)
            if isinstance(exc, LockedError) and self._closing.wanted and not self.requests.window_open:
                self._closing.note_refused()
            else:
                record.authorizations.refusals.note(pairing_id, exc, self._now())
            self.users_at = None
        except ApiError as exc:
            record.note_attempt(pairing_id, exc.message, refused=exc.refused)
            raise
        else:
            record.note_authorized(pairing_id, self._now())

    def _settle_conflict(self, record: AgentRecord) -> None:
        """Only a user that is there right now is in the way: a name may be refused for other reasons as well."""
        existing = self._server.existing([record.observation.username])
        record.note_user(existing)
        if existing:
            record.settle_attempt(self._now())
            record.leftovers.name_taken = True

    def _look_for_users(self, records: Sequence[AgentRecord]) -> None:
        """Who is a user right now, and whether authorizations that nobody has answered have taken effect."""
        self.list_requests()
        existing = self._server.existing([record.observation.username for record in records])
        for record in records:
            record.note_user(existing)
            if record.user_exists or record.pending:
                record.settle_attempt(self._now())
