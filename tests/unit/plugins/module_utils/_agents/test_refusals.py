# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a failed authorization is tried again, and when it is of no use."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.refusals import Refusals, pause_after
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConflictError,
    LockedError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)

UNEXPLAINED = {"window_open": True, "user_exists": False}


def refused(*errors, pending=("a1",), **shown):
    refusals = Refusals()
    for error in errors:
        refusals.note("a1", error("authorize agent-1", answered="no"), 5.0)
        assert not refusals.final or errors.index(error) or refusals.alike, "what the server shows counts first"
        refusals.settle(pending, **{**UNEXPLAINED, **shown})
    return refusals


@pytest.mark.parametrize(("error", "most"), [(NotFoundError, 2), (LockedError, 4), (ConflictError, 4)])
def test_so_many_refusals_alike_are_final(error, most):
    assert refused(*[error] * (most - 1)).final == ""
    assert refused(*[error] * most).final == "Could not authorize agent-1: no."


@pytest.mark.parametrize("error", [RateLimitedError, ServerError, UnreachableError])
def test_an_outage_is_never_final(error):
    refusals = refused(*[error] * 50)
    assert refusals.final == "" and refusals.in_a_row == 50


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (NotFoundError, {"pending": ()}),
        (NotFoundError, {"pending": ("another",)}),
        (LockedError, {"window_open": False}),
        (ConflictError, {"user_exists": True}),
    ],
)
def test_what_the_server_explains_is_not_final(error, shown):
    refusals = refused(*[error] * 9, **shown)
    assert refusals.final == "" and refusals.in_a_row == 9


def test_refusals_of_several_kinds_do_not_add_up():
    assert refused(LockedError, LockedError, LockedError, ServerError, LockedError).final == ""
    assert refused(ConflictError, NotFoundError).final == ""


def test_nothing_is_final_before_the_server_was_looked_at():
    refusals = refused(NotFoundError)
    refusals.note("a1", NotFoundError("authorize agent-1"), 6.0)
    assert refusals.final == ""
    refusals.settle(("a1",), **UNEXPLAINED)
    refusals.settle((), **UNEXPLAINED)
    assert refusals.final, "a later look takes nothing back"


def test_it_survives_a_turn():
    refusals = refused(NotFoundError)
    refusals.note("a1", NotFoundError("authorize agent-1"), 6.0)
    again = Refusals(**json.loads(json.dumps(asdict(refusals))))
    again.settle(("a1",), **UNEXPLAINED)
    assert again.final and again.at == 6.0


def test_pauses_grow_from_the_second_failure_on():
    assert [pause_after(failed, 5.0) for failed in range(9)] == [0, 0, 5, 10, 20, 30, 30, 30, 30]
    assert pause_after(3, 0.0) == 2.0 and pause_after(5000, 5.0) == 30.0
    assert pause_after(2, 90.0) == pause_after(9, 90.0) == 90.0
