# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use case: one client, run by whatever, is registered or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._agents.recorder import Recorder, recorder
from .._agents.text import printable
from .._agents.times import check_times
from .._errors import SpecError
from .client import Client
from .client_requests import is_ours, refusal
from .protection import Protection
from .session import Session
from .users import User


def set_client(session: Session, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bring the client into the wanted state; the use case of the module registered_client."""
    check_times(params)
    if params["state"] == "absent" and params["username"] == params.get("connectware_username"):
        raise SpecError(
            f"remove the user {printable(params['username'])}",
            answered="it is the account that this task logs in with",
            todo="Nothing was changed. Name the client's username.",
        )
    recorded = _recorder(session, params) if params["state"] == "present" else Recorder()
    client = Client(session, params["username"], lease=params["window_lease"], recorded=recorded)
    user, pending = client.look()
    if params["state"] == "absent":
        after = None
        if user is not None and params["only_registered"]:
            Protection(session).check(user)
        if user is not None and not check_mode:
            client.remove(user)
    else:
        after = _present(client, user, pending, params, check_mode)
        if recorded.failure is not None:
            raise recorded.failure
    was_in = user is not None and (params["state"] == "absent" or not pending)
    before_text, after_text = _state(was_in), _state(params["state"] == "present")
    return {
        "changed": before_text != after_text,
        "username": params["username"],
        "user": None if after is None else after.to_dict(),
        "actions": client.actions,
        "authorizations": recorded.entries(),
        "warnings": client.warnings,
        "diff": {"before": {params["username"]: before_text}, "after": {params["username"]: after_text}},
    }


def _recorder(session: Session, params: Mapping[str, Any]) -> Recorder:
    return recorder(
        params.get("evidence_path"),
        url=session.url,
        account=lambda: session.username,
        configured=params.get("evidence_account"),
    )


def _state(registered: bool) -> str:
    return "registered" if registered else "not registered"


def _present(
    client: Client,
    user: User | None,
    pending: tuple[str | None, ...],
    params: Mapping[str, Any],
    check_mode: bool,
) -> User | None:
    if user is not None and not pending:
        return user
    pairing_id = params["pairing_id"]
    if not pairing_id:
        raise SpecError(
            f"register {printable(params['username'])}",
            answered="it is not registered and its pairing ID was not given",
            todo="Give pairing_id, read from the log of the client itself (filter edgefleet.connectware.pairing_id);"
            " never copy it from the list of pending requests, which anybody can fill.",
        )
    if check_mode:
        if pending and not is_ours(pending, pairing_id):
            raise refusal(params["username"], pending, pairing_id)
        return user
    return client.register(pairing_id, timeout=float(params["timeout"]), open_window=params["open_window"])
