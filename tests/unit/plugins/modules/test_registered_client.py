# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""registered_client: lets in exactly the request with our pairing ID, and cleans up behind itself."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from unit.plugins.module_utils._connectware.client_registry import OURS, STRANGER, USER, Connectware, no_waiting
from unit.plugins.module_utils._connectware.conversation import Conversation, no_secret
from unit.plugins.modules.running import Run

__all__ = ["no_waiting"]  # for all tests here

NAME = "registered_client"


@pytest.fixture
def connectware(server: Conversation) -> Connectware:
    """By the real clock, for whole runs of the module."""
    return Connectware(server, time.monotonic)


def recorded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_registers_a_client(connectware: Connectware, params: dict[str, Any], run: Run) -> None:
    connectware.asking = [OURS]
    result = run(NAME, **params, username="press", pairing_id="a82123", diff=True)
    assert result["changed"]
    assert result["actions"] == ["window_opened", "window_closed", "authorized"]
    assert connectware.writes == ["unlock", "lock", "confirm"]
    assert result["user"]["id"] == "7"
    assert result["diff"] == {"before": {"press": "not registered"}, "after": {"press": "registered"}}
    assert no_secret(result["_printed"])


def test_a_window_that_others_opened_stays_open(connectware: Connectware, params: dict[str, Any], run: Run) -> None:
    connectware.opened_by_somebody_else()
    connectware.asking = [OURS]
    result = run(NAME, **params, username="press", pairing_id="a82123")
    assert result["actions"] == ["authorized"]
    assert connectware.open and connectware.writes == ["confirm"]


@pytest.mark.parametrize("told", [True, None])
@pytest.mark.parametrize("what", ["requests went", "authorization refused", "not closed"])
def test_where_closing_it_turns_out_not_to_work_it_is_tried_once(
    what: str, told: bool | None, connectware: Connectware, params: dict[str, Any], run: Run
) -> None:
    params["connectware_contract"] = {"settings": {"confirms_while_locked": told}}
    connectware.asking = [OURS]
    if what == "requests went":
        connectware.outlive = False
        writes = ["unlock", "lock", "unlock", "confirm", "lock"]
    elif what == "authorization refused":
        connectware.statuses["confirm"] = [423, 200]
        writes = ["unlock", "lock", "confirm", "unlock", "confirm", "lock"]
    else:
        connectware.statuses["lock"] = [404, 200]
        writes = ["unlock", "lock", "confirm", "lock"]
    result = run(NAME, **params, username="press", pairing_id="a82123")
    assert result["user"]["username"] == "press"
    assert connectware.writes == writes
    warned = [str(warning) for warning in result.get("warnings", [])]
    swaps = [warning for warning in warned if "while the registration window was open" in warning]
    assert len(swaps) == 1, warned
    warned.remove(swaps[0])
    assert ["confirms_while_locked is true, but" in warning for warning in warned] == ([True] if told else [])


def test_where_it_is_said_not_to_work_it_is_not_tried(
    connectware: Connectware, params: dict[str, Any], run: Run
) -> None:
    params["connectware_contract"] = {"settings": {"confirms_while_locked": False}}
    connectware.asking = [OURS]
    result = run(NAME, **params, username="press", pairing_id="a82123")
    assert result["authorizations"][0]["window_open"]
    (warning,) = result["warnings"]
    assert "nothing here shows who got in" in str(warning) and "409 Conflict" in str(warning)
    assert result["actions"] == ["window_opened", "authorized", "window_closed"]
    assert connectware.writes == ["unlock", "confirm", "lock"]


def test_a_window_of_which_nothing_is_told_counts_as_open(
    connectware: Connectware, params: dict[str, Any], run: Run
) -> None:
    """Unless the task has closed it itself."""
    connectware.tells, connectware.pending, connectware.asking = False, [OURS], [OURS]
    connectware.opened_by_somebody_else()
    result = run(NAME, **params, username="press", pairing_id="a82123", open_window=False)
    assert result["authorizations"][0]["window_open"]
    (warning,) = result["warnings"]
    assert "nothing here shows who got in" in str(warning)
    assert connectware.writes == ["confirm"]


def test_where_nothing_is_told_of_the_window_it_is_closed_all_the_same(
    connectware: Connectware, params: dict[str, Any], run: Run
) -> None:
    connectware.tells, connectware.asking = False, [OURS]
    result = run(NAME, **params, username="press", pairing_id="a82123")
    assert not result["authorizations"][0]["window_open"] and not result.get("warnings")
    assert connectware.writes == ["unlock", "lock", "confirm"]


def test_nobody_says_that_a_window_is_closed_of_which_nothing_is_told(
    connectware: Connectware, params: dict[str, Any], run: Run
) -> None:
    connectware.tells = False
    result = run(NAME, **params, username="press", pairing_id="a82123", open_window=False, timeout=0)
    assert "no request of that username is pending." in result["msg"]


@pytest.mark.parametrize("pairing_id", ["a82123", None])
@pytest.mark.parametrize("check", [False, True])
def test_a_registered_client_is_left_alone(
    pairing_id: str | None, check: bool, connectware: Connectware, params: dict[str, Any], run: Run
) -> None:
    connectware.users = [USER]
    result = run(NAME, **params, username="press", pairing_id=pairing_id, check=check)
    assert not result["changed"]
    assert result["actions"] == connectware.writes == []
    assert result["user"]["username"] == "press"


@pytest.mark.parametrize("pending", [(), (OURS,)])
def test_check_mode_predicts_and_writes_nothing(
    pending: tuple[dict[str, Any], ...], connectware: Connectware, params: dict[str, Any], run: Run
) -> None:
    connectware.pending = list(pending)
    result = run(NAME, **params, username="press", pairing_id="a82123", check=True)
    assert result["changed"]
    assert (result["user"], result["actions"], connectware.writes) == (None, [], [])


def test_check_mode_fails_for_a_stranger(connectware: Connectware, params: dict[str, Any], run: Run) -> None:
    connectware.pending = [STRANGER]
    result = run(NAME, **params, username="press", pairing_id="a82123", check=True)
    assert result["failed"]
    assert "'ffffff'" in result["msg"]


@pytest.mark.parametrize(("option", "seconds"), [("timeout", -1), ("window_lease", 0), ("window_lease", "nan")])
def test_a_time_that_cannot_be_right_is_refused(
    option: str, seconds: object, connectware: Connectware, params: dict[str, Any], run: Run
) -> None:
    connectware.pending = [OURS]
    result = run(NAME, **params, username="press", pairing_id="a82123", **{option: seconds})
    assert result["failed"] and f"use {option}: {seconds} is not between" in result["msg"]
    assert connectware.writes == []


def test_without_a_pairing_id_nobody_is_let_in(connectware: Connectware, params: dict[str, Any], run: Run) -> None:
    connectware.pending = [OURS]
    result = run(NAME, **params, username="press")
    assert result["failed"]
    assert "pairing_id" in result["msg"]
    assert "a82123" not in result["msg"]
    assert connectware.writes == []


@pytest.mark.parametrize(("pending", "outcome"), [([OURS], "failed"), ([], "attempted")])
def test_an_answer_that_tells_nothing_and_shows_no_effect_is_told_at_once(
    pending: list[dict[str, Any]],
    outcome: str,
    connectware: Connectware,
    params: dict[str, Any],
    run: Run,
    folder: Path,
) -> None:
    path = folder / "evidence.jsonl"
    connectware.opened_by_somebody_else()
    connectware.pending, connectware.statuses["confirm"] = [OURS], [303]
    connectware.then["confirm"] = [connectware.becomes(*pending)]
    result = run(NAME, **params, evidence_path=str(path), username="press", pairing_id="a82123")
    assert result["failed"] and "HTTP 303" in result["msg"]
    assert recorded(path)[-1]["outcome"] == outcome
    assert connectware.writes.count("confirm") == 1


@pytest.mark.parametrize(
    ("status", "says"), [(404, "no request of that username"), (503, "no request of that username"), (303, "HTTP 303")]
)
def test_a_user_that_was_there_before_does_not_show_that_the_client_got_in(
    status: int, says: str, connectware: Connectware, params: dict[str, Any], run: Run, folder: Path
) -> None:
    """The authorization has no effect, and the request goes by itself meanwhile."""
    path = folder / "evidence.jsonl"
    connectware.opened_by_somebody_else()
    connectware.users, connectware.pending, connectware.statuses["confirm"] = [USER], [OURS], [status]
    connectware.then["confirm"] = [connectware.becomes()]
    result = run(NAME, **params, evidence_path=str(path), username="press", pairing_id="a82123", timeout=3)
    assert result["failed"] and says in result["msg"]
    assert recorded(path)[-1]["outcome"] == "failed"
    assert connectware.writes.count("confirm") == 1


@pytest.mark.parametrize(("status", "outcome"), [(404, "failed"), (429, "failed"), (503, "let_in")])
def test_a_client_that_somebody_else_has_let_in_is_no_authorization_of_this_one(
    status: int, outcome: str, connectware: Connectware, params: dict[str, Any], run: Run, folder: Path
) -> None:
    """A moment before, so that Connectware refused it; with 503 nobody knows."""

    def let_in() -> None:
        connectware.becomes()()
        connectware.users = [USER]

    path = folder / "evidence.jsonl"
    connectware.opened_by_somebody_else()
    connectware.pending, connectware.statuses["confirm"] = [OURS], [status]
    connectware.then["confirm"] = [let_in]
    result = run(NAME, **params, evidence_path=str(path), username="press", pairing_id="a82123")
    assert result["user"]["username"] == "press"
    assert ("authorized" in result["actions"]) is (status == 503)
    assert recorded(path)[-1]["outcome"] == outcome


def test_removes_a_client(connectware: Connectware, params: dict[str, Any], run: Run) -> None:
    connectware.users = [USER]
    result = run(NAME, **params, username="press", state="absent", diff=True)
    assert result["changed"]
    assert result["actions"] == ["user_deleted"]
    assert result["user"] is None
    assert result["diff"] == {"before": {"press": "registered"}, "after": {"press": "not registered"}}
    assert connectware.writes == ["DELETE"] and connectware.users == []


def test_removal_in_check_mode(connectware: Connectware, params: dict[str, Any], run: Run) -> None:
    connectware.users = [USER]
    assert run(NAME, **params, username="press", state="absent", check=True)["changed"]
    assert connectware.users == [USER]


@pytest.mark.parametrize("check", [True, False])
def test_a_user_that_no_registration_made_is_kept_unless_any_is_meant(
    connectware: Connectware, params: dict[str, Any], run: Run, check: bool
) -> None:
    connectware.users = [{**USER, "createdBy": "alice"}]
    kept = run(NAME, **params, username="press", state="absent", check=check)
    assert kept["failed"] and "not made by a registration but by alice" in kept["msg"]
    assert connectware.users and not connectware.writes
    assert run(NAME, **params, username="press", state="absent", only_registered=False)["changed"]
    assert not connectware.users


def test_nobody_to_remove(connectware: Connectware, params: dict[str, Any], run: Run) -> None:
    connectware.pending = [STRANGER]
    assert not run(NAME, **params, username="press", state="absent")["changed"]
    assert connectware.writes == []


def test_a_user_that_comes_back_is_told(connectware: Connectware, params: dict[str, Any], run: Run) -> None:
    def comes_back() -> None:
        connectware.users = [{**USER, "id": "8"}]

    connectware.users, connectware.then["7"] = [USER], [comes_back]
    result = run(NAME, **params, username="press", state="absent")
    assert result["failed"]
    assert "registered again meanwhile" in result["msg"]


def test_the_own_account_is_not_removed(connectware: Connectware, login_params: dict[str, Any], run: Run) -> None:
    connectware.users = [{**USER, "username": "rollout"}]
    result = run(NAME, **login_params, username="rollout", state="absent")
    assert result["failed"]
    assert "logs in with" in result["msg"]
    assert connectware.users and connectware.writes == []


@pytest.mark.parametrize("account", [None, "automation"])
def test_an_authorization_is_recorded(
    connectware: Connectware, params: dict[str, Any], run: Run, folder: Path, account: str | None
) -> None:
    path = folder / "evidence.jsonl"
    connectware.opened_by_somebody_else()
    connectware.pending = [OURS]
    evidence = {"evidence_path": str(path), "evidence_account": account}
    result = run(NAME, **params, **evidence, username="press", pairing_id="a82123")
    before, after = recorded(path)
    assert (before["outcome"], after["outcome"]) == ("attempted", "let_in") and before["id"] == after["id"]
    assert result["authorizations"] == [after]
    assert (after["username"], after["pairing_id"], after["listed_pairing_id"]) == ("press", "a82123", "a82123")
    assert (after["account"], after["account_source"]) == (account, "option" if account else None)
    assert after["window_open"]
    assert after["connectware_url"] == params["connectware_url"] and after["agent"] is after["host"] is None
    assert no_secret(path.read_text())


def test_who_logs_in_is_recorded(
    connectware: Connectware, login_params: dict[str, Any], run: Run, folder: Path
) -> None:
    connectware.pending = [OURS]
    evidence = {"evidence_path": str(folder / "evidence.jsonl"), "evidence_account": "automation"}
    (entry,) = run(NAME, **login_params, **evidence, username="press", pairing_id="a82123")["authorizations"]
    assert (entry["account"], entry["account_source"]) == ("rollout", "login")
    assert no_secret((folder / "evidence.jsonl").read_text())


def test_a_refused_authorization_is_recorded(
    connectware: Connectware, params: dict[str, Any], run: Run, folder: Path
) -> None:
    path = folder / "evidence.jsonl"
    connectware.pending, connectware.statuses["confirm"] = [OURS], [403]
    run(NAME, **params, evidence_path=str(path), username="press", pairing_id="a82123")
    assert [line["outcome"] for line in recorded(path)] == ["attempted", "failed"]
