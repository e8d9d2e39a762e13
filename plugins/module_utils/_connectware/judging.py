# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one answer says of the entries of its operation."""

from __future__ import annotations

from typing import Any

from .findings import FORBIDDEN, NOT_PROVABLE, OK, WRONG, Correction, Findings
from .operation import Operation
from .session import Look
from .shapes import judge_fields

USER_KNOWS = Correction((), sure=False, note="the browser's developer tools show what the web interface sends")


def judge_look(findings: Findings, look: Look) -> dict[str, list[Any]]:
    """Say of the entries of an operation what its answer shows; the items that were seen, by field."""
    operation, status = look.answer.operation, look.answer.status
    if status // 100 == 2 and look.readable:
        if look.error is not None:
            _judge_status(findings, look, operation, status)
        return _judge_expected(findings, look, f"HTTP {status}")
    _judge_error(findings, look, operation, status)
    return {}


def _judge_status(findings: Findings, look: Look, operation: Operation, status: int) -> None:
    codes, answered = operation.statuses["done"].value, look.answer.data is not None
    correction = Correction(([*codes, status],), sure=answered, note="" if answered else "the answer was empty")
    findings.add(
        (operation.name, "statuses", "done"),
        WRONG,
        f"HTTP {status}, no success by the contract",
        correction,
    )


def _judge_expected(findings: Findings, look: Look, seen: str) -> dict[str, list[Any]]:
    operation = look.answer.operation
    items = judge_fields(findings, look.answer)
    for place, _entry in operation.entries():
        if place[1] in ("method", "path", "body") or place[1:] == ("statuses", "done"):
            findings.add(place, OK, seen)
    return items


def _judge_error(findings: Findings, look: Look, operation: Operation, status: int) -> None:
    """What an answer other than success says of the operation."""
    kind = findings.contract.error_kind(status)
    answered = look.error.answered if look.error is not None else f"HTTP {status}, but the body is no JSON"
    path, method = (operation.name, "path"), (operation.name, "method")
    if kind == "forbidden":
        findings.add(path, FORBIDDEN, f"{answered}; the account needs the permission {operation.permission}")
        findings.rest(operation, FORBIDDEN, "this account may not see it")
    elif kind == "authentication" and not operation.with_token:
        findings.add(path, NOT_PROVABLE, f"{answered}: the account is wrong, or it logs in elsewhere", USER_KNOWS)
    elif kind in ("authentication", "locked", "rate_limited", "unavailable") or status >= 500:
        why = f"HTTP {status}, see settings.auth_header" if kind == "authentication" else answered
        findings.rest(operation, NOT_PROVABLE, why)
    elif status == 405:
        findings.add(method, WRONG, answered, _allowed(look))
    elif kind == "not_found" or status // 100 in (2, 3):
        findings.add(path, WRONG, answered, USER_KNOWS)
    else:
        part = "query" if operation.query else "body" if operation.body else "path"
        for place, entry in operation.entries():
            if place[1] == part:
                findings.add(
                    place, WRONG, answered, Correction((entry.value,), sure=False, note="refused: which part?")
                )
    findings.rest(operation, NOT_PROVABLE, f"not seen, because of HTTP {status}")


def _allowed(look: Look) -> Correction:
    methods = [word.strip().upper() for word in look.headers.get("allow", "").split(",")][:8]
    return Correction(
        tuple(word for word in methods if word in ("GET", "POST", "PUT", "PATCH", "DELETE")),
        sure=False,
        note="one of what the server allows for this path; the path may be wrong instead",
    )
