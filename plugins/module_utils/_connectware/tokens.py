# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use case: a long-lived token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._agents.text import printable
from .._errors import SpecError
from .secret import Secret
from .session import Session


def make_token(session: Session, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Log in with username and password for a token with a label; it always makes a new one.

    Raises:
        SpecError: the life of the token is not positive.
    """
    hours = float(params["expire_in_hours"])
    if hours <= 0:
        raise SpecError("make a token", answered="expire_in_hours must be more than 0", todo="No token was made.")
    result: dict[str, Any] = {"changed": True, "token": None, "expires_at": None, "label": params["label"]}
    if check_mode:
        return result
    password = Secret(params["connectware_password"])
    token, answer = session.log_in(
        params["connectware_username"],
        password,
        hours=int(hours) if hours.is_integer() else hours,
        label=params["label"],
    )
    expires_at = answer.text("expires_at")
    result.update(token=token.reveal(), expires_at=None if expires_at is None else printable(expires_at))
    return result
