# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""registry_window: opens with an explicit time, closes, leaves alone what is right."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation, no_secret
from unit.plugins.modules.running import Run

LIST = "/api/client-registry"
NAME = "registry_window"


def listed(server: Conversation, remaining: int | None) -> None:
    server.expect("GET", LIST, answer={"pendingRequests": [], "unlockedUntil": remaining})


def test_opens_a_closed_window(server: Conversation, params: dict[str, Any], run: Run) -> None:
    listed(server, None)
    server.expect("POST", f"{LIST}/unlock", body={"duration": 120_000})
    listed(server, 119_500)
    result = run(NAME, **params, duration=120, diff=True)
    assert result["changed"]
    assert result["before"] == {"open": False, "remaining": None}
    assert result["window"] == {"open": True, "remaining": 119.5}
    assert result["diff"] == {"before": result["before"], "after": result["window"]}
    assert no_secret(result["_printed"])


def test_leaves_a_window_that_is_open_long_enough(server: Conversation, params: dict[str, Any], run: Run) -> None:
    listed(server, 60_000)
    result = run(NAME, **params)
    assert not result["changed"]
    assert result["window"] == result["before"] == {"open": True, "remaining": 60.0}
    assert "diff" not in result


def test_opens_anew_what_closes_too_soon(server: Conversation, params: dict[str, Any], run: Run) -> None:
    listed(server, 59_000)
    server.expect("POST", f"{LIST}/unlock", body={"duration": 300_000})
    listed(server, 300_000)
    assert run(NAME, **params)["changed"]


@pytest.mark.parametrize(("min_remaining", "changed"), [(0, False), (1, True)])
def test_a_window_without_a_known_end(
    min_remaining: int, changed: bool, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    server.expect("GET", LIST, answer={"pendingRequests": [], "locked": False})
    assert run(NAME, **params, min_remaining=min_remaining, check=True)["changed"] is changed


def test_closes_an_open_window(server: Conversation, params: dict[str, Any], run: Run) -> None:
    listed(server, 60_000)
    server.expect("POST", f"{LIST}/lock")
    listed(server, None)
    result = run(NAME, **params, state="closed")
    assert result["changed"]
    assert result["window"] == {"open": False, "remaining": None}


def test_leaves_a_closed_window(server: Conversation, params: dict[str, Any], run: Run) -> None:
    listed(server, None)
    assert not run(NAME, **params, state="closed")["changed"]


SILENT = {"pendingRequests": []}


def test_closes_what_nothing_is_told_of(server: Conversation, params: dict[str, Any], run: Run) -> None:
    """It may be open for long, and there is no other way to know than to close it."""
    server.expect("GET", LIST, answer=SILENT)
    server.expect("POST", f"{LIST}/lock", status=204)
    server.expect("GET", LIST, answer=SILENT)
    result = run(NAME, **params, state="closed")
    assert result["changed"]
    assert result["window"] == {"open": False, "remaining": None}


@pytest.mark.parametrize("min_remaining", [0, 60])
def test_opens_what_nothing_is_told_of(
    min_remaining: int, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    server.expect("GET", LIST, answer=SILENT)
    server.expect("POST", f"{LIST}/unlock", status=204)
    server.expect("GET", LIST, answer=SILENT)
    result = run(NAME, **params, min_remaining=min_remaining)
    assert result["changed"]
    assert result["window"] == {"open": True, "remaining": 300.0}


def test_the_answer_to_an_opening_may_be_all_that_is_told(
    server: Conversation, params: dict[str, Any], run: Run
) -> None:
    server.expect("GET", LIST, answer=SILENT)
    server.expect("POST", f"{LIST}/unlock", answer={"expiresAt": 30_000})
    server.expect("GET", LIST, answer=SILENT)
    assert run(NAME, **params)["window"] == {"open": True, "remaining": 30.0}


@pytest.mark.parametrize("told", [None, 300_000])
def test_a_list_that_shows_no_end_after_an_opening(
    told: int | None, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    """It may never fill that in; but where the answer to the opening did, the two contradict each other."""
    listed(server, None)
    server.expect("POST", f"{LIST}/unlock", answer={"unlockedUntil": told})
    listed(server, None)
    result = run(NAME, **params)
    assert bool(result.get("failed")) is (told is not None)


@pytest.mark.parametrize("state", ["open", "closed"])
def test_check_mode_predicts_the_same_where_nothing_is_told(
    state: str, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    server.expect("GET", LIST, answer=SILENT)
    assert run(NAME, **params, state=state, check=True)["changed"]


@pytest.mark.parametrize(("state", "remaining", "after"), [("open", None, True), ("closed", 60_000, False)])
def test_check_mode_predicts_and_writes_nothing(
    state: str, remaining: int | None, after: bool, server: Conversation, params: dict[str, Any], run: Run
) -> None:
    listed(server, remaining)
    result = run(NAME, **params, state=state, check=True)
    assert result["changed"]
    assert result["window"]["open"] is after


def test_a_window_that_does_not_follow_is_a_failure(server: Conversation, params: dict[str, Any], run: Run) -> None:
    listed(server, 10)
    server.expect("POST", f"{LIST}/unlock")
    listed(server, None)
    result = run(NAME, **params)
    assert result["failed"]
    assert "still shows the window as closed" in result["msg"]
    assert result["error"]["kind"] == "ContractError"


def test_a_short_duration_needs_no_other_option(server: Conversation, params: dict[str, Any], run: Run) -> None:
    listed(server, 29_000)
    server.expect("POST", f"{LIST}/unlock", body={"duration": 30_000})
    listed(server, 30_000)
    assert run(NAME, **params, duration=30)["changed"]
    listed(server, 30_000)
    assert not run(NAME, **params, duration=30)["changed"]


def test_times_that_contradict_each_other(params: dict[str, Any], run: Run) -> None:
    result = run(NAME, **params, duration=10, min_remaining=20)
    assert result["failed"]
    assert "min_remaining (20 s)" in result["msg"]


@pytest.mark.parametrize("duration", [-1, 0, 4, 86401, 315_360_000])
def test_a_window_of_ten_years_or_of_a_moment_is_refused(
    server: Conversation, params: dict[str, Any], run: Run, duration: int
) -> None:
    """As any other time of this collection."""
    result = run(NAME, **params, duration=duration, min_remaining=0)
    assert result["failed"] and server.seen == []
    assert f"use duration: {duration} is not between 5 and 86400 seconds. Nothing was asked" in result["msg"]


def test_the_duration_of_a_window_that_is_closed_does_not_count(
    server: Conversation, params: dict[str, Any], run: Run
) -> None:
    listed(server, None)
    assert not run(NAME, **params, state="closed", duration=0)["changed"]


def test_a_wrong_correction_is_told_before_anything_is_asked(
    server: Conversation, params: dict[str, Any], run: Run
) -> None:
    result = run(NAME, **{**params, "connectware_contract": {"unlok": {}}})
    assert result["failed"]
    assert "connectware_contract.unlok" in result["msg"]
    assert server.seen == []


def test_neither_token_nor_password(params: dict[str, Any], run: Run) -> None:
    result = run(NAME, connectware_url=params["connectware_url"])
    assert result["failed"]
    assert "connectware_token, connectware_username" in result["msg"]
