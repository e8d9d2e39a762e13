# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records authorizations: a line before Connectware is asked, so that none goes unseen, and one when it is settled."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._errors import EvidenceFileError
from .authorization import ATTEMPTED, SETTLED_OUTCOMES, Authorization
from .evidence_file import EvidenceFile
from .text import printable

FROM_AWX = ("awx", "tower")  # how the variables begin that AWX and Automation Controller give to a job


class Recorder:
    """The authorizations of one task.

    Attributes:
        failure: why what became of some authorizations could not be written; the result has it all the same.

    Args:
        circumstances: what the entries say besides the authorization itself, asked for at each authorization: who, on
            which host, with which Connectware.
        file: where every entry is appended; None keeps them for the result alone.
    """

    def __init__(
        self,
        circumstances: Callable[[], Mapping[str, Any]] = dict,
        file: EvidenceFile | None = None,
    ) -> None:
        self._circumstances = circumstances
        self._file = file
        self._known: dict[str, tuple[Authorization, Mapping[str, Any]]] = {}
        self._written: dict[str, str] = {}
        self.failure: EvidenceFileError | None = None

    def begin(self, authorization: Authorization) -> None:
        """Right before Connectware is asked.

        Raises:
            EvidenceFileError: it cannot be recorded, so Connectware must not be asked.
        """
        circumstances = self._circumstances()
        if self._file is not None:
            self._file.append(_entry(authorization, circumstances))
        self._known[authorization.id] = (authorization, circumstances)
        self._written[authorization.id] = authorization.outcome

    def resume(self, authorizations: Iterable[Authorization]) -> None:
        """Those that an earlier turn of the same conversation has asked for, and recorded as far as they were known."""
        for authorization in authorizations:
            self._known[authorization.id] = (authorization, self._circumstances())
            settled = authorization.outcome in SETTLED_OUTCOMES
            self._written[authorization.id] = authorization.outcome if settled else ATTEMPTED

    def note(self, authorizations: Iterable[Authorization]) -> None:
        """Record those that are settled by now."""
        self._write(authorization for authorization in authorizations if authorization.outcome in SETTLED_OUTCOMES)

    def end(self) -> None:
        """Record what became of all others; nothing more will happen."""
        self._write(authorization for authorization, _unused in self._known.values())

    def entries(self) -> list[dict[str, Any]]:
        """For the result, in the order in which they were asked for."""
        return [_entry(authorization, circumstances) for authorization, circumstances in self._known.values()]

    def _write(self, authorizations: Iterable[Authorization]) -> None:
        for authorization in authorizations:
            if self._written.get(authorization.id) in (None, authorization.outcome):
                continue
            self._written[authorization.id] = authorization.outcome
            if self._file is None:
                continue
            try:
                self._file.append(_entry(authorization, self._known[authorization.id][1]))
            except EvidenceFileError as exc:
                self.failure = exc


def recorder(
    path: str | None,
    *,
    url: str,
    account: Callable[[], str | None],
    configured: str | None,
    host: str | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Recorder:
    """The recorder of one task; nothing is written before its first authorization.

    Args:
        path: of the evidence file; None or empty for none.
        url: of Connectware.
        account: tells who is logged in at Connectware; None for a token, which does not tell whose it is.
        configured: whose the token is, as the user says.
        host: the factory host, None for a client on none.
        variables: of the task, for what AWX says of its job.

    Raises:
        SpecError: the path is not absolute.
        EvidenceFileError: the file cannot be written.
    """
    file = EvidenceFile(path) if path else None
    if file is not None:
        file.check()
    around = {"connectware_url": url, "host": host, **_controller(), **_job(variables or {})}

    def circumstances() -> Mapping[str, Any]:
        return {**around, **_who(account(), configured)}

    return Recorder(circumstances, file)


def _entry(authorization: Authorization, circumstances: Mapping[str, Any]) -> dict[str, Any]:
    return {**authorization.entry(), **circumstances}


def _who(logged_in: str | None, configured: str | None) -> dict[str, str | None]:
    if logged_in:
        return {"account": printable(logged_in), "account_source": "login"}
    return {
        "account": printable(configured) if configured else None,
        "account_source": "option" if configured else None,
    }


def _controller() -> dict[str, str]:
    """Who runs this process, by the system and not by the environment, which anybody can set."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container that is run under a number of its own
        user = str(os.getuid())
    return {"controller": printable(socket.gethostname()), "controller_user": printable(user)}


def _job(variables: Mapping[str, Any]) -> dict[str, str | None]:
    """What AWX, or Automation Controller, says of the job that this is."""

    def said(key: str) -> str | None:
        values = [variables.get(f"{product}_{key}") for product in FROM_AWX]
        return next((printable(str(value)) for value in values if value is not None), None)

    in_awx = os.environ.get("AWX_HOST") is not None
    return {
        "job_id": said("job_id") or (printable(os.environ.get("JOB_ID", "")) or None if in_awx else None),
        "job_user": said("user_name"),
    }
