# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""registered_client: lets in exactly the request with our pairing ID, and cleans up behind itself."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import PASSWORD, TOKEN, Conversation, no_secret
from unit.plugins.modules.running import Run
from werkzeug import Request, Response

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware import client as client_module
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.client import Client
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConflictError,
    ForbiddenError,
    LockedError,
    NotFoundError,
    RegistrationError,
)

LIST, USERS = "/api/client-registry", "/api/listUsers"
NAME = "registered_client"
OURS = {"username": "press", "pairingId": "a82123"}
STRANGER = {"username": "press", "pairingId": "ffffff"}
USER = {"id": "7", "username": "press", "createdAt": "2026-01-01T00:00:00Z", "createdBy": "client-registry"}


class Clock:
    """Time that passes only while somebody sleeps, one second each."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, _seconds: float) -> None:
        self.now += 1


class Connectware:
    """A Client Registry in memory, behind HTTPS. What happens in it, and when, is told by the test.

    Attributes:
        now: the clock by which its window closes.
        asking: clients that ask while the window is open, and go on doing so.
        pending, users: what it lists.
        outlive: requests stay pending when the window is closed.
        tells: the list says until when the window is open.
        works: what is authorized exists at once.
        statuses: the next answers to `unlock`, `lock` and `confirm`, where they are no success.
        then: what happens right after the next such requests.
        lists: what happens right before the next lists of requests.
        writes: the paths of what was asked to be changed, in order.
    """

    def __init__(self, server: Conversation, now: Callable[[], float]) -> None:
        self.now = now
        self.asking: list[dict[str, Any]] = []
        self.pending: list[dict[str, Any]] = []
        self.users: list[dict[str, Any]] = []
        self.outlive = self.works = self.tells = True
        self.open_until = 0.0
        self.statuses: dict[str, list[int]] = {}
        self.then: dict[str, list[Callable[[], None]]] = {}
        self.lists: list[Callable[[], None]] = []
        self.writes: list[str] = []
        server.server.clear()
        server.server.expect_request(re.compile(".*")).respond_with_handler(self._handle)

    @property
    def open(self) -> bool:
        return self.open_until > self.now()

    def opened_by_somebody_else(self, seconds: float = 90) -> None:
        self.open_until = self.now() + seconds

    def becomes(self, *pending: dict[str, Any]) -> Callable[[], None]:
        """From then on, these ask and nobody else."""

        def change() -> None:
            self.pending, self.asking = list(pending), list(pending)

        return change

    def _handle(self, request: Request) -> Response:
        assert request.headers.get("Authorization") in (f"Bearer {TOKEN}", None)
        name = request.path.rpartition("/")[2]
        if request.method == "GET":
            return _json(self._list() if request.path == LIST else {"users": self.users})
        if name == "login":
            assert request.get_json()["password"] == PASSWORD
            return _json({"token": TOKEN, "expiresAt": "2099-01-01T00:00:00.000Z", "permissions": []})
        self.writes.append(name if request.method == "POST" else request.method)
        status = (self.statuses.get(name) or [200]).pop(0)
        if status < 300:
            self._do(name, request)
        for event in self.then.get(name, [])[:1]:
            self.then[name].pop(0)
            event()
        return Response(status=status)

    def _list(self) -> dict[str, Any]:
        if self.lists:
            self.lists.pop(0)()
        if self.open:
            self.pending += [one for one in self.asking if one not in self.pending]
        elif not self.outlive:
            self.pending = []
        left = round((self.open_until - self.now()) * 1000)
        told = {"unlockedUntil": left if left > 0 else None} if self.tells else {}
        return {"pendingRequests": self.pending, **told}

    def _do(self, name: str, request: Request) -> None:
        if name == "unlock":
            self.open_until = self.now() + request.get_json()["duration"] / 1000
        elif name == "lock":
            self.open_until = 0.0
        elif name == "confirm":
            assert request.get_json() == {"username": "press"}
            if self.works:
                let_in = self.pending.pop(0)
                self.asking = [one for one in self.asking if one != let_in]
                self.users = [USER]
        else:
            self.users = []


def _json(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer), content_type="application/json")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connectware(server: Conversation) -> Connectware:
    """By the real clock, for whole runs of the module."""
    return Connectware(server, time.monotonic)


@pytest.fixture
def slow(server: Conversation, clock: Clock) -> Connectware:
    """By the clock of `client_of`."""
    return Connectware(server, clock)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "POLL_INTERVAL", 0.001)


@pytest.fixture
def client_of(params: dict[str, Any], clock: Clock) -> Callable[[], Client]:
    return lambda: Client(connect(params, sleep=clock.sleep), "press", sleep=clock.sleep, clock=clock)


@pytest.fixture(params=[True, None], ids=["told_that_it_works", "unknown"])
def closing(
    request: pytest.FixtureRequest, params: dict[str, Any], client_of: Callable[[], Client]
) -> Callable[[], Client]:
    """A client of a Connectware that may authorize requests while the window is closed."""
    params["connectware_contract"] = {"settings": {"confirms_while_locked": request.param}}
    return client_of


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


@pytest.mark.parametrize("ends", ["later", "sooner"])
def test_a_window_that_somebody_else_needs_by_now_stays_open(
    slow: Connectware, client_of: Callable[[], Client], ends: str
) -> None:
    """Who opens it as well moves its end, later or sooner; before the authorization and at the end."""
    slow.then["unlock"] = [lambda: slow.opened_by_somebody_else(90 if ends == "later" else 15)]
    slow.lists = [lambda: None, lambda: None, slow.becomes(OURS)]
    client = client_of()
    client.register("a82123", timeout=10, open_window=True)
    assert slow.open and "lock" not in slow.writes
    assert client.actions == ["window_opened", "authorized"]


def test_the_window_ends_soon_if_this_is_killed(slow: Connectware, client_of: Callable[[], Client]) -> None:
    """However long the client is waited for: it is held by a lease that is renewed."""
    ends: list[float] = []
    slow.lists = [lambda: ends.append(slow.open_until - slow.now())] * 200
    with pytest.raises(RegistrationError, match="no request of that username"):
        client_of().register("a82123", timeout=100, open_window=True)
    assert 30 < max(ends) <= 45 and min(ends[3:-1]) >= 14, ends
    assert slow.writes.count("unlock") > 1 and not slow.open


def test_where_it_works_the_window_is_closed_before_the_authorization(
    slow: Connectware, closing: Callable[[], Client]
) -> None:
    slow.asking = [OURS]
    client = closing()
    client.register("a82123", timeout=10, open_window=True)
    assert slow.writes == ["unlock", "lock", "confirm"]
    assert not client.warnings


def test_a_client_that_has_to_ask_once_more_meets_an_open_window(
    slow: Connectware, closing: Callable[[], Client]
) -> None:
    slow.asking, slow.works = [OURS], False

    def asks_again() -> None:
        if slow.open and "confirm" in slow.writes:
            slow.pending, slow.asking, slow.users = [], [], [USER]

    slow.lists = [asks_again] * 20
    assert closing().register("a82123", timeout=10, open_window=True).id == "7"
    assert slow.writes == ["unlock", "lock", "confirm", "unlock", "lock"]


def test_whoever_takes_the_place_before_it_is_closed_is_not_let_in(
    slow: Connectware, closing: Callable[[], Client]
) -> None:
    slow.asking = [OURS]
    slow.then["lock"] = [slow.becomes(STRANGER)]
    with pytest.raises(RegistrationError, match="'ffffff'; nobody was authorized"):
        closing().register("a82123", timeout=1, open_window=True)
    assert "confirm" not in slow.writes and not slow.open


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


@pytest.mark.parametrize(
    "pending", [(STRANGER,), (OURS, STRANGER), (STRANGER, OURS), (OURS, dict(OURS)), ({"username": "press"},)]
)
def test_a_stranger_is_never_let_in(
    pending: tuple[dict[str, Any], ...], slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.opened_by_somebody_else()
    slow.pending = list(pending)
    with pytest.raises(RegistrationError, match="nobody was authorized") as caught:
        client_of().register("a82123", timeout=3, open_window=True)
    assert "somebody else" in caught.value.todo
    assert "confirm" not in slow.writes and slow.users == []


def test_nobody_asks(slow: Connectware, client_of: Callable[[], Client]) -> None:
    client = client_of()
    with pytest.raises(RegistrationError, match="409 Conflict"):
        client.register("a82123", timeout=2, open_window=True)
    assert client.actions == ["window_opened", "window_closed"]
    assert slow.writes == ["unlock", "lock"]


def test_nobody_asks_because_the_window_is_closed(slow: Connectware, client_of: Callable[[], Client]) -> None:
    with pytest.raises(RegistrationError, match="the registration window is closed"):
        client_of().register("a82123", timeout=1, open_window=False)
    assert slow.writes == []


def test_a_window_that_closes_meanwhile_is_opened_again(slow: Connectware, client_of: Callable[[], Client]) -> None:
    def closes() -> None:
        slow.open_until = 0.0

    slow.lists = [*[lambda: None] * 3, closes, lambda: None, slow.becomes(OURS)]
    assert client_of().register("a82123", timeout=30, open_window=True).id == "7"
    assert slow.writes == ["unlock", "unlock", "lock", "confirm"]


def test_an_authorization_refused_while_locked_opens_the_window(
    slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.pending, slow.statuses["confirm"] = [OURS], [423, 200]
    assert client_of().register("a82123", timeout=30, open_window=True).id == "7"
    assert slow.writes == ["confirm", "unlock", "confirm", "lock"]


def test_an_authorization_refused_while_locked_fails_where_the_window_is_not_to_be_opened(
    slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.pending, slow.statuses["confirm"] = [OURS], [423]
    with pytest.raises(LockedError, match="registration window"):
        client_of().register("a82123", timeout=30, open_window=False)


def test_after_a_lost_answer_it_looks_again_before_it_authorizes_again(
    slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.opened_by_somebody_else()
    slow.pending, slow.statuses["confirm"] = [OURS], [503]
    slow.then["confirm"] = [slow.becomes(STRANGER)]
    with pytest.raises(RegistrationError, match="ffffff"):
        client_of().register("a82123", timeout=2, open_window=True)
    assert slow.writes.count("confirm") == 1


def test_a_lost_answer_of_a_success_is_a_success(slow: Connectware, client_of: Callable[[], Client]) -> None:
    def works() -> None:
        slow.pending, slow.asking, slow.users = [], [], [USER]

    slow.opened_by_somebody_else()
    slow.pending, slow.statuses["confirm"], slow.then["confirm"] = [OURS], [502], [works]
    client = client_of()
    assert client.register("a82123", timeout=2, open_window=True).id == "7"
    assert client.actions == ["authorized"]


@pytest.mark.parametrize("status", [206, 303])
def test_an_answer_that_tells_nothing_is_looked_after(
    status: int, slow: Connectware, client_of: Callable[[], Client]
) -> None:
    def works() -> None:
        slow.pending, slow.asking, slow.users = [], [], [USER]

    slow.opened_by_somebody_else()
    slow.pending, slow.statuses["confirm"], slow.then["confirm"] = [OURS], [status], [works]
    client = client_of()
    assert client.register("a82123", timeout=2, open_window=True).id == "7"
    assert client.actions == ["authorized"]
    assert sum(f"HTTP {status}" in warning for warning in client.warnings) == 1


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


def test_a_user_that_replaces_the_one_from_before_shows_it(slow: Connectware, client_of: Callable[[], Client]) -> None:
    def works() -> None:
        slow.pending, slow.asking, slow.users = [], [], [{**USER, "id": "8"}]

    slow.opened_by_somebody_else()
    slow.users, slow.pending, slow.statuses["confirm"], slow.then["confirm"] = [USER], [OURS], [502], [works]
    assert client_of().register("a82123", timeout=2, open_window=True).id == "8"


def test_a_wrong_path_is_told_at_once(slow: Connectware, client_of: Callable[[], Client], clock: Clock) -> None:
    slow.opened_by_somebody_else()
    slow.pending, slow.statuses["confirm"] = [OURS], [404]
    began = clock.now
    with pytest.raises(NotFoundError, match=r"confirm: \{path"):
        client_of().register("a82123", timeout=60, open_window=True)
    assert clock.now == began


def test_a_conflict_ends_it(slow: Connectware, client_of: Callable[[], Client]) -> None:
    slow.pending, slow.statuses["confirm"] = [OURS], [409]
    with pytest.raises(ConflictError, match="exists already"):
        client_of().register("a82123", timeout=60, open_window=True)


def test_a_client_that_did_not_get_in(slow: Connectware, client_of: Callable[[], Client], clock: Clock) -> None:
    slow.asking, slow.works = [OURS], False
    began = clock.now
    with pytest.raises(RegistrationError, match="there is no user of that name"):
        client_of().register("a82123", timeout=60, open_window=True)
    assert clock.now - began <= client_module.VERIFY_TIMEOUT + 3 and not slow.open


def test_an_interrupt_closes_the_window(
    slow: Connectware, client_of: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of()

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "_sleep", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.register("a82123", timeout=60, open_window=True)
    assert slow.writes == ["unlock", "lock"]


def test_a_window_that_cannot_be_closed_does_not_hide_the_failure(
    slow: Connectware, client_of: Callable[[], Client]
) -> None:
    slow.asking, slow.statuses["lock"] = [STRANGER], [403]
    with pytest.raises(RegistrationError, match="ffffff"):
        client_of().register("a82123", timeout=1, open_window=True)
    assert slow.writes == ["unlock", "lock"]


def test_a_window_that_cannot_be_closed_is_told(
    slow: Connectware, client_of: Callable[[], Client], params: dict[str, Any]
) -> None:
    params["connectware_contract"] = {"settings": {"confirms_while_locked": False}}
    slow.asking, slow.statuses["lock"] = [OURS], [403]
    with pytest.raises(ForbiddenError, match="close the registration window"):
        client_of().register("a82123", timeout=1, open_window=True)


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


def recorded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


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
