# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""registered_client: lets in exactly the request with our pairing ID, and cleans up behind itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import Conversation, no_secret
from unit.plugins.modules.running import Run

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware import client as client_module
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.client import Client, is_ours
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.registry import PendingRequest
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConflictError,
    NotFoundError,
    RegistrationError,
)

LIST, USERS = "/api/client-registry", "/api/listUsers"
NAME = "registered_client"
OURS = {"username": "press", "pairingId": "a82123"}
STRANGER = {"username": "press", "pairingId": "ffffff"}
USER = {"id": "7", "username": "press", "createdAt": "2026-01-01T00:00:00Z", "createdBy": "client-registry"}


class Talk:
    """The conversation in the words of the registry."""

    def __init__(self, server: Conversation) -> None:
        self.server = server

    def users(self, *users: dict[str, Any]) -> Talk:
        self.server.expect("GET", USERS, answer={"users": list(users)})
        return self

    def pending(self, *pending: dict[str, Any], window: int | None = 60_000) -> Talk:
        self.server.expect("GET", LIST, answer={"pendingRequests": list(pending), "unlockedUntil": window})
        return self

    def unlock(self) -> Talk:
        self.server.expect("POST", f"{LIST}/unlock")
        return self

    def lock(self, status: int = 200) -> Talk:
        self.server.expect("POST", f"{LIST}/lock", status=status)
        return self

    def confirm(self, status: int = 200) -> Talk:
        self.server.expect("POST", f"{LIST}/confirm", status=status, body={"username": "press"})
        return self


@pytest.fixture
def talk(server: Conversation) -> Talk:
    return Talk(server)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "POLL_INTERVAL", 0.001)


class Clock:
    """Time that passes only while somebody sleeps, one second each."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, _seconds: float) -> None:
        self.now += 1


@pytest.fixture
def client_of(params: dict[str, Any]) -> Callable[[], Client]:
    def make() -> Client:
        clock = Clock()
        return Client(connect(params, sleep=clock.sleep), "press", sleep=clock.sleep, clock=clock)

    return make


@pytest.fixture(params=[True, None], ids=["told_that_it_works", "unknown"])
def closing(
    request: pytest.FixtureRequest, params: dict[str, Any], client_of: Callable[[], Client]
) -> Callable[[], Client]:
    """A client of a Connectware that may authorize requests while the window is closed."""
    params["connectware_contract"] = {"settings": {"confirms_while_locked": request.param}}
    return client_of


def test_registers_a_client(talk: Talk, params: dict[str, Any], run: Run) -> None:
    talk.users().pending(window=None)
    talk.pending(window=None).unlock().pending().pending(OURS).lock().pending(OURS, window=None).confirm()
    talk.users(USER).pending(window=None).lock()
    result = run(NAME, **params, username="press", pairing_id="a82123", diff=True)
    assert result["changed"]
    assert result["actions"] == ["window_opened", "authorized", "window_closed"]
    assert result["user"]["id"] == "7"
    assert result["diff"] == {"before": {"press": "not registered"}, "after": {"press": "registered"}}
    assert no_secret(result["_printed"])


def test_a_window_that_others_opened_stays_open(talk: Talk, params: dict[str, Any], run: Run) -> None:
    talk.users().pending(OURS).pending(OURS).confirm().users(USER).pending()
    result = run(NAME, **params, username="press", pairing_id="a82123")
    assert result["actions"] == ["authorized"]


def test_where_it_works_the_window_is_closed_before_the_authorization(
    talk: Talk, closing: Callable[[], Client]
) -> None:
    talk.pending(window=None).unlock().pending(OURS).lock().pending(OURS, window=None).confirm()
    talk.users(USER).pending(window=None).lock()
    client = closing()
    client.register("a82123", timeout=10, open_window=True)
    assert client.actions == ["window_opened", "authorized", "window_closed"]
    assert not client.warnings


def test_a_client_that_has_to_ask_once_more_meets_an_open_window(talk: Talk, closing: Callable[[], Client]) -> None:
    talk.pending(window=None).unlock().pending(OURS).lock().pending(OURS, window=None).confirm()
    talk.users().pending(window=None).unlock().users().pending().users(USER).pending().lock()
    assert closing().register("a82123", timeout=10, open_window=True).id == "7"


def test_whoever_takes_the_place_before_it_is_closed_is_not_let_in(talk: Talk, closing: Callable[[], Client]) -> None:
    talk.pending(window=None).unlock().pending(OURS).lock().pending(STRANGER, window=None)
    talk.pending(STRANGER, window=None).lock()
    with pytest.raises(RegistrationError, match="'ffffff'; nobody was authorized"):
        closing().register("a82123", timeout=1, open_window=True)


@pytest.mark.parametrize("told", [True, None])
@pytest.mark.parametrize("what", ["requests went", "authorization refused", "not closed"])
def test_where_closing_it_turns_out_not_to_work_it_is_tried_once(
    what: str, told: bool | None, talk: Talk, params: dict[str, Any], run: Run
) -> None:
    params["connectware_contract"] = {"settings": {"confirms_while_locked": told}}
    talk.users().pending(window=None).pending(window=None).unlock().pending(OURS)
    if what == "requests went":
        talk.lock().pending(window=None).pending(window=None).unlock().pending(OURS)
    elif what == "authorization refused":
        talk.lock().pending(OURS, window=None).confirm(423).unlock().pending(OURS)
    else:
        talk.lock(404).pending(OURS)
    talk.confirm().users(USER).pending().lock()
    result = run(NAME, **params, username="press", pairing_id="a82123")
    assert result["user"]["username"] == "press"
    warned = [str(warning) for warning in result.get("warnings", [])]
    assert ["confirms_while_locked is true, but" in warning for warning in warned] == ([True] if told else [])


def test_where_it_is_said_not_to_work_it_is_not_tried(talk: Talk, params: dict[str, Any], run: Run) -> None:
    params["connectware_contract"] = {"settings": {"confirms_while_locked": False}}
    talk.users().pending(window=None).pending(window=None).unlock().pending(OURS).confirm().users(USER).pending().lock()
    assert run(NAME, **params, username="press", pairing_id="a82123")["authorizations"][0]["window_open"]


@pytest.mark.parametrize("pairing_id", ["a82123", None])
@pytest.mark.parametrize("check", [False, True])
def test_a_registered_client_is_left_alone(
    pairing_id: str | None, check: bool, talk: Talk, params: dict[str, Any], run: Run
) -> None:
    talk.users(USER).pending()
    result = run(NAME, **params, username="press", pairing_id=pairing_id, check=check)
    assert not result["changed"]
    assert result["actions"] == []
    assert result["user"]["username"] == "press"


@pytest.mark.parametrize("pending", [(), (OURS,)])
def test_check_mode_predicts_and_writes_nothing(
    pending: tuple[dict[str, Any], ...], talk: Talk, params: dict[str, Any], run: Run
) -> None:
    talk.users().pending(*pending)
    result = run(NAME, **params, username="press", pairing_id="a82123", check=True)
    assert result["changed"]
    assert (result["user"], result["actions"]) == (None, [])


def test_check_mode_fails_for_a_stranger(talk: Talk, params: dict[str, Any], run: Run) -> None:
    talk.users().pending(STRANGER)
    result = run(NAME, **params, username="press", pairing_id="a82123", check=True)
    assert result["failed"]
    assert "'ffffff'" in result["msg"]


def test_without_a_pairing_id_nobody_is_let_in(talk: Talk, params: dict[str, Any], run: Run) -> None:
    talk.users().pending(OURS)
    result = run(NAME, **params, username="press")
    assert result["failed"]
    assert "pairing_id" in result["msg"]
    assert "a82123" not in result["msg"]


@pytest.mark.parametrize(
    "pending", [(STRANGER,), (OURS, STRANGER), (STRANGER, OURS), (OURS, OURS), ({"username": "press"},)]
)
def test_a_stranger_is_never_let_in(
    pending: tuple[dict[str, Any], ...], talk: Talk, client_of: Callable[[], Client]
) -> None:
    for _poll in range(4):
        talk.pending(*pending)
    with pytest.raises(RegistrationError, match="nobody was authorized") as caught:
        client_of().register("a82123", timeout=3, open_window=True)
    assert "somebody else" in caught.value.todo


def test_nobody_asks(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(window=None).unlock().pending().pending().lock()
    client = client_of()
    with pytest.raises(RegistrationError, match="409 Conflict"):
        client.register("a82123", timeout=2, open_window=True)
    assert client.actions == ["window_opened", "window_closed"]


def test_nobody_asks_because_the_window_is_closed(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(window=None).pending(window=None)
    with pytest.raises(RegistrationError, match="the registration window is closed"):
        client_of().register("a82123", timeout=1, open_window=False)


def test_a_window_that_closes_meanwhile_is_opened_again(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(window=None).unlock().pending().pending(window=None).unlock()
    talk.pending(OURS).lock().pending(OURS, window=None).confirm().users(USER).pending().lock()
    assert client_of().register("a82123", timeout=30, open_window=True).id == "7"


def test_an_authorization_refused_while_locked_opens_the_window(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(OURS, window=None).confirm(423).unlock().pending(OURS).confirm().users(USER).pending().lock()
    assert client_of().register("a82123", timeout=30, open_window=True).id == "7"


def test_after_a_lost_answer_it_looks_again_before_it_authorizes_again(
    talk: Talk, client_of: Callable[[], Client]
) -> None:
    talk.pending(OURS).confirm(503).users().pending(STRANGER).pending(STRANGER).pending(STRANGER)
    with pytest.raises(RegistrationError, match="ffffff"):
        client_of().register("a82123", timeout=2, open_window=True)


def test_a_lost_answer_of_a_success_is_a_success(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(OURS).confirm(502).users(USER).pending().users(USER).pending()
    client = client_of()
    assert client.register("a82123", timeout=2, open_window=True).id == "7"
    assert client.actions == ["authorized"]


def test_a_wrong_path_is_told_at_once(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(OURS).confirm(404).users().pending(OURS)
    with pytest.raises(NotFoundError, match=r"confirm: \{path"):
        client_of().register("a82123", timeout=60, open_window=True)


def test_a_conflict_ends_it(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(OURS, window=None).confirm(409)
    with pytest.raises(ConflictError, match="exists already"):
        client_of().register("a82123", timeout=60, open_window=True)


def test_a_client_that_did_not_get_in(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(OURS).confirm()
    for _poll in range(16):
        talk.users().pending(OURS)
    with pytest.raises(RegistrationError, match="there is no user of that name"):
        client_of().register("a82123", timeout=60, open_window=True)


def test_an_interrupt_closes_the_window(
    talk: Talk, client_of: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.pending(window=None).unlock().lock()
    client = client_of()

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "_sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.register("a82123", timeout=60, open_window=True)


def test_a_window_that_cannot_be_closed_does_not_hide_the_failure(talk: Talk, client_of: Callable[[], Client]) -> None:
    talk.pending(window=None).unlock().pending(STRANGER).lock(403)
    with pytest.raises(RegistrationError, match="ffffff"):
        client_of().register("a82123", timeout=1, open_window=True)


def test_removes_a_client(talk: Talk, params: dict[str, Any], run: Run) -> None:
    talk.users(USER).pending()
    talk.server.expect("DELETE", "/api/users/7", status=204)
    talk.users()
    result = run(NAME, **params, username="press", state="absent", diff=True)
    assert result["changed"]
    assert result["actions"] == ["user_deleted"]
    assert result["user"] is None
    assert result["diff"] == {"before": {"press": "registered"}, "after": {"press": "not registered"}}


def test_removal_in_check_mode(talk: Talk, params: dict[str, Any], run: Run) -> None:
    talk.users(USER).pending()
    assert run(NAME, **params, username="press", state="absent", check=True)["changed"]


@pytest.mark.parametrize("check", [True, False])
def test_a_user_that_no_registration_made_is_kept_unless_any_is_meant(
    talk: Talk, params: dict[str, Any], run: Run, check: bool
) -> None:
    made = {**USER, "createdBy": "alice"}
    talk.users(made).pending()
    kept = run(NAME, **params, username="press", state="absent", check=check)
    assert kept["failed"] and "not made by a registration but by alice" in kept["msg"]
    talk.users(made).pending()
    talk.server.expect("DELETE", "/api/users/7", status=204)
    talk.users()
    assert run(NAME, **params, username="press", state="absent", only_registered=False)["changed"]


def test_nobody_to_remove(talk: Talk, params: dict[str, Any], run: Run) -> None:
    talk.users().pending(STRANGER)
    assert not run(NAME, **params, username="press", state="absent")["changed"]


def test_a_user_that_comes_back_is_told(talk: Talk, params: dict[str, Any], run: Run) -> None:
    talk.users(USER).pending()
    talk.server.expect("DELETE", "/api/users/7", status=204)
    talk.users({**USER, "id": "8"})
    result = run(NAME, **params, username="press", state="absent")
    assert result["failed"]
    assert "registered again meanwhile" in result["msg"]


def test_the_own_account_is_not_removed(server: Conversation, login_params: dict[str, Any], run: Run) -> None:
    result = run(NAME, **login_params, username="rollout", state="absent")
    assert result["failed"]
    assert "logs in with" in result["msg"]
    assert server.seen == []


@pytest.mark.parametrize(
    ("pending", "ours"),
    [
        ((PendingRequest("press", "a82123"),), True),
        ((PendingRequest("press", "A82123"),), False),
        ((PendingRequest("press", None),), False),
        ((), False),
        ((PendingRequest("press", "a82123"), PendingRequest("press", None)), False),
    ],
)
def test_ours(pending: tuple[PendingRequest, ...], ours: bool) -> None:
    assert is_ours(pending, "a82123") is ours


def recorded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("account", [None, "automation"])
def test_an_authorization_is_recorded(
    talk: Talk, params: dict[str, Any], run: Run, folder: Path, account: str | None
) -> None:
    path = folder / "evidence.jsonl"
    talk.users().pending(OURS).pending(OURS).confirm().users(USER).pending()
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


def test_who_logs_in_is_recorded(talk: Talk, login_params: dict[str, Any], run: Run, folder: Path) -> None:
    talk.server.expect_login()
    talk.users().pending(OURS).pending(OURS).confirm().users(USER).pending()
    evidence = {"evidence_path": str(folder / "evidence.jsonl"), "evidence_account": "automation"}
    (entry,) = run(NAME, **login_params, **evidence, username="press", pairing_id="a82123")["authorizations"]
    assert (entry["account"], entry["account_source"]) == ("rollout", "login")
    assert no_secret((folder / "evidence.jsonl").read_text())


def test_a_refused_authorization_is_recorded(talk: Talk, params: dict[str, Any], run: Run, folder: Path) -> None:
    path = folder / "evidence.jsonl"
    talk.users().pending(OURS).pending(OURS).confirm(status=403)
    run(NAME, **params, evidence_path=str(path), username="press", pairing_id="a82123")
    assert [line["outcome"] for line in recorded(path)] == ["attempted", "failed"]
    assert "403" in recorded(path)[-1]["message"]


def test_nothing_is_recorded_of_a_stranger_and_in_check_mode(
    talk: Talk, params: dict[str, Any], run: Run, folder: Path
) -> None:
    path = folder / "evidence.jsonl"
    talk.users().pending(STRANGER).pending(STRANGER)
    assert run(NAME, **params, evidence_path=str(path), username="press", pairing_id="a82123", timeout=0)["failed"]
    talk.users().pending(OURS)
    assert run(NAME, **params, evidence_path=str(path), username="press", pairing_id="a82123", check=True)["changed"]
    assert not path.exists()


@pytest.mark.parametrize("path", ["{folder}/none/evidence.jsonl", "{folder}", "evidence.jsonl"])
@pytest.mark.parametrize("check", [False, True])
def test_nothing_is_asked_where_nothing_can_be_recorded(
    params: dict[str, Any], run: Run, folder: Path, path: str, check: bool
) -> None:
    """The server expects no request."""
    path = path.replace("{folder}", str(folder))
    result = run(NAME, **params, evidence_path=path, username="press", pairing_id="a82123", check=check)
    assert result["failed"] and "evidence" in result["msg"]
