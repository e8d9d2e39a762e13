# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Client Registry: its window, its requests and every switch of both."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from simulator.harness import Client, Simulator, until

REGISTRY = "/api/client-registry"


def ask(simulator: Simulator, username: str = "press-01", pairing_id: str = "a82123", **more: Any) -> int:
    body = {"username": username, "password": f"secret-{pairing_id}", "pairingId": pairing_id, **more}
    return Client(simulator)("POST", f"{REGISTRY}/register", json=body).status_code


def stopped(simulator: Simulator) -> Callable[[int], None]:
    """Stop the clock until the next reset; returns what puts it to so many milliseconds after this moment."""
    now = simulator.control("POST", "clock")["now_ms"]

    def later(milliseconds: int) -> None:
        simulator.control("POST", "clock", {"now_ms": now + milliseconds})

    later(0)
    return later


def unlock(admin: Client, milliseconds: int | None = 60000) -> requests.Response:
    body = {} if milliseconds is None else {"duration": milliseconds}
    return admin("POST", f"{REGISTRY}/unlock", json=body)


def confirm(admin: Client, username: str = "press-01") -> int:
    return admin("POST", f"{REGISTRY}/confirm", json={"username": username}).status_code


def lock(admin: Client) -> int:
    return admin("POST", f"{REGISTRY}/lock").status_code


def pending(admin: Client) -> list[tuple[str, str]]:
    requests_ = admin("GET", REGISTRY).json()["pendingRequests"]
    return [(item["username"], item["pairingId"]) for item in requests_]


def test_documented_way(simulator: Simulator, admin: Client) -> None:
    assert ask(simulator) == 423
    assert pending(admin) == []
    assert unlock(admin).status_code == 200
    assert ask(simulator) == 202
    assert ask(simulator) == 202
    assert pending(admin) == [("press-01", "a82123")]
    assert confirm(admin) == 200
    assert pending(admin) == []
    assert ask(simulator) == 201
    assert "press-01" in simulator.usernames()
    assert ask(simulator, pairing_id="ffffff") == 409


def test_window_closes_by_itself(simulator: Simulator, admin: Client) -> None:
    later = stopped(simulator)
    assert admin("GET", REGISTRY).json()["unlockedUntil"] is None
    assert unlock(admin, 60_000).json()["unlockedUntil"]
    later(59_999)
    assert ask(simulator) == 202
    later(60_000)
    assert admin("GET", REGISTRY).json()["unlockedUntil"] is None
    assert ask(simulator) == 423
    assert pending(admin) == []


def test_a_clock_that_is_put_ahead_closes_the_window_and_ends_tokens(simulator: Simulator, admin: Client) -> None:
    unlock(admin, 60_000)
    assert ask(simulator) == 202
    now = simulator.control("POST", "clock")["now_ms"]
    simulator.control("POST", "clock", {"now_ms": now + 59_000})
    assert pending(admin) == [("press-01", "a82123")]
    simulator.control("POST", "clock", {"now_ms": now + 61_000})
    answer = admin("GET", REGISTRY)
    assert answer.json()["unlockedUntil"] is None and ask(simulator) == 423
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == (now + 61_000) // 1000
    simulator.control("POST", "clock", {"now_ms": now + 48 * 3_600_000})
    assert admin("GET", REGISTRY).status_code == 401
    simulator.control("POST", "reset")
    assert simulator.control("POST", "clock")["now_ms"] < now + 59_000


def test_window_lasts_30_seconds_unless_told(simulator: Simulator, admin: Client) -> None:
    unlock(admin, None)
    assert 25000 < simulator.state()["window"]["remaining_ms"] <= 30000


@pytest.mark.parametrize("duration", [0, -1, "soon", True, None, 1e18, float("inf"), [], "9" * 30])
def test_bad_duration(simulator: Simulator, admin: Client, duration: Any) -> None:
    simulator.switch(duration_required=True)
    answer = admin("POST", f"{REGISTRY}/unlock", data=json.dumps({"duration": duration}))
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "message"}
    assert admin("GET", REGISTRY).json()["unlockedUntil"] is None, "and the registry is as it was"


@pytest.mark.parametrize("moment", [1e18, -1e18])
def test_the_control_api_refuses_times_that_have_no_date(simulator: Simulator, admin: Client, moment: float) -> None:
    simulator.control("POST", "clock", {"now_ms": moment}, expect=400)
    simulator.control("POST", "window", {"open_ms": abs(moment)}, expect=400)
    assert admin("GET", REGISTRY).json()["unlockedUntil"] is None


@pytest.mark.parametrize(
    "more", [{"roles": 5}, {"roles": [5]}, {"permissions": "x"}, {"permissions": [{"resource": 5}]}], ids=str
)
def test_what_a_client_cannot_ask_for_is_refused(simulator: Simulator, admin: Client, more: dict[str, Any]) -> None:
    unlock(admin)
    assert ask(simulator, **more) == 400
    assert pending(admin) == []


def test_duration_in_the_query(simulator: Simulator, admin: Client) -> None:
    admin("POST", f"{REGISTRY}/unlock?duration=100000")
    assert simulator.state()["window"]["remaining_ms"] > 90000


@pytest.mark.parametrize(("again", "least", "most"), [("restart", 0, 1000), ("extend", 30000, 60000)])
def test_unlock_again(simulator: Simulator, admin: Client, again: str, least: int, most: int) -> None:
    simulator.switch(unlock_again=again)
    unlock(admin, 60000)
    unlock(admin, 1000)
    assert least <= simulator.state()["window"]["remaining_ms"] <= most


def test_history_of_the_window(simulator: Simulator, admin: Client) -> None:
    simulator.control("POST", "reset-counters")
    admin("POST", f"{REGISTRY}/unlock", json={"duration": 60000})
    admin("POST", f"{REGISTRY}/unlock", json={"duration": 90000})
    admin("POST", f"{REGISTRY}/lock")
    admin("POST", f"{REGISTRY}/unlock", json={"duration": 50})
    until(lambda: not simulator.state()["window"]["open"], "the window has closed")
    history = simulator.control("GET", "window-history")["history"]
    assert [entry["kind"] for entry in history] == ["unlock", "unlock", "lock", "unlock", "lapse"]
    assert history[0]["after"] == history[1]["before"] == history[0]["at"] + 60000
    assert (history[2]["before"], history[2]["after"]) == (history[1]["after"], 0)
    assert history[4]["at"] == history[3]["after"]


def test_longest_window(simulator: Simulator, admin: Client) -> None:
    simulator.switch(max_window_ms=2000)
    unlock(admin, 60000)
    assert simulator.state()["window"]["remaining_ms"] <= 2000


@pytest.mark.parametrize(("username", "password"), [("ab", "secret"), ("press-01", "four")])
def test_short_names_and_passwords(simulator: Simulator, admin: Client, username: str, password: str) -> None:
    unlock(admin)
    assert ask(simulator, username, password=password) == 400


@pytest.mark.parametrize(("order", "status"), [("locked_first", 423), ("conflict_first", 409)])
def test_conflict_and_locked(simulator: Simulator, admin: Client, order: str, status: int) -> None:
    simulator.switch(answer_order=order)
    simulator.control("POST", "users", {"username": "press-01"})
    assert ask(simulator) == status
    unlock(admin)
    assert ask(simulator) == 409


def test_a_conflict_that_only_the_authorization_tells(simulator: Simulator, admin: Client) -> None:
    simulator.switch(conflict_told_by="confirm")
    simulator.control("POST", "users", {"username": "press-01"})
    unlock(admin)
    assert ask(simulator) == 202
    assert confirm(admin) == 409
    assert ask(simulator) == 202 and pending(admin) == [("press-01", "a82123")], "it waits as before"


@pytest.mark.parametrize("survives", [True, False])
@pytest.mark.parametrize("by_hand", [True, False])
def test_relocking(simulator: Simulator, admin: Client, survives: bool, by_hand: bool) -> None:
    simulator.switch(pending_survives_relock=survives)
    later = stopped(simulator)
    unlock(admin, 60_000)
    assert ask(simulator) == 202
    if by_hand:
        assert lock(admin) == 200
    else:
        later(60_000)
    assert not simulator.state()["window"]["open"]
    assert pending(admin) == ([("press-01", "a82123")] if survives else [])
    assert ask(simulator) == 423


@pytest.mark.parametrize(("allowed", "status"), [(True, 200), (False, 423)])
def test_confirm_while_locked(simulator: Simulator, admin: Client, allowed: bool, status: int) -> None:
    simulator.switch(pending_survives_relock=True, confirm_while_locked=allowed)
    unlock(admin)
    ask(simulator)
    lock(admin)
    assert confirm(admin) == status
    assert ("press-01" in simulator.usernames()) is allowed


@pytest.mark.parametrize(("allowed", "status"), [(True, 201), (False, 423)])
def test_grant_is_fetched_while_locked(simulator: Simulator, admin: Client, allowed: bool, status: int) -> None:
    simulator.switch(grant_while_locked=allowed)
    unlock(admin)
    ask(simulator)
    assert confirm(admin) == 200
    lock(admin)
    assert ask(simulator) == status
    unlock(admin)
    assert ask(simulator) == 201


@pytest.mark.parametrize(("repeatable", "status"), [(True, 201), (False, 409)])
def test_grant_is_fetched_twice(simulator: Simulator, admin: Client, repeatable: bool, status: int) -> None:
    simulator.switch(grant_repeatable=repeatable)
    unlock(admin)
    ask(simulator)
    confirm(admin)
    assert [ask(simulator), ask(simulator)] == [201, status]


@pytest.mark.parametrize(("moment", "at_once"), [("confirm", True), ("poll", False)])
def test_when_the_user_is_made(simulator: Simulator, admin: Client, moment: str, at_once: bool) -> None:
    simulator.switch(create_user_on=moment)
    unlock(admin)
    ask(simulator)
    confirm(admin)
    assert ("press-01" in simulator.usernames()) is at_once
    assert ask(simulator) == 201
    assert "press-01" in simulator.usernames()


def test_confirm_of_nobody(admin: Client) -> None:
    unlock(admin)
    assert confirm(admin) == 404
    assert admin("POST", f"{REGISTRY}/confirm", json={}).status_code == 400


def test_confirm_of_a_user_who_came_in_between(simulator: Simulator, admin: Client) -> None:
    unlock(admin)
    ask(simulator)
    simulator.control("POST", "users", {"username": "press-01"})
    assert confirm(admin) == 409


@pytest.mark.parametrize(
    ("policy", "second", "listed"),
    [
        ("append", 202, [("press-01", "a82123"), ("press-01", "bad000")]),
        ("replace", 202, [("press-01", "bad000")]),
        ("reject", 409, [("press-01", "a82123")]),
    ],
)
def test_two_requests_of_one_name(
    simulator: Simulator, admin: Client, policy: str, second: int, listed: list[tuple[str, str]]
) -> None:
    simulator.switch(same_username=policy)
    unlock(admin)
    assert ask(simulator) == 202
    assert simulator.control("POST", "register", {"username": "press-01", "pairing_id": "bad000"})["status"] == second
    assert pending(admin) == listed


@pytest.mark.parametrize(
    ("policy", "status", "let_in"),
    [
        ("first", 200, {"a82123"}),
        ("last", 200, {"bad000"}),
        ("all", 200, {"a82123", "bad000"}),
        ("reject", 409, set()),
    ],
)
def test_confirm_of_two(simulator: Simulator, admin: Client, policy: str, status: int, let_in: set[str]) -> None:
    simulator.switch(confirm_ambiguous=policy)
    unlock(admin)
    ask(simulator)
    ask(simulator, pairing_id="bad000")
    assert confirm(admin) == status
    granted = {pairing_id for pairing_id in ("a82123", "bad000") if ask(simulator, pairing_id=pairing_id) == 201}
    assert granted == let_in


def test_requests_that_nobody_repeats_vanish(simulator: Simulator, admin: Client) -> None:
    simulator.switch(pending_ttl_ms=10_000)
    later = stopped(simulator)
    assert unlock(admin).status_code == 200
    assert ask(simulator, "press-01") == ask(simulator, "press-02") == 202
    later(9_000)
    assert ask(simulator, "press-02") == 202
    later(11_000)
    assert pending(admin) == [("press-02", "a82123")], "it was asked for again"
    later(20_000)
    assert pending(admin) == []


def test_deny(simulator: Simulator, admin: Client) -> None:
    unlock(admin)
    ask(simulator)
    assert admin("POST", f"{REGISTRY}/deny", json={"username": "press-01"}).status_code == 404
    simulator.switch(deny_supported=True)
    assert admin("POST", f"{REGISTRY}/deny", json={"username": "press-01"}).status_code == 200
    assert pending(admin) == []


@pytest.mark.parametrize("name", ["pairingID", "pairing_id"])
def test_field_names(simulator: Simulator, admin: Client, name: str) -> None:
    simulator.switch(pairing_id_field=name, window_field="openUntil", duration_field="time")
    assert admin("POST", f"{REGISTRY}/unlock", json={"time": 60000}).json()["openUntil"]
    ask(simulator)
    document = admin("GET", REGISTRY).json()
    assert document["pendingRequests"][0][name] == "a82123"
    assert document["openUntil"]
    assert "unlockedUntil" not in document


@pytest.mark.parametrize(("style", "kind"), [("iso", str), ("epoch_ms", int), ("epoch_s", int), ("remaining_ms", int)])
def test_window_formats(simulator: Simulator, admin: Client, style: str, kind: type) -> None:
    simulator.switch(window_format=style)
    assert isinstance(unlock(admin).json()["unlockedUntil"], kind)


def test_another_dialect(simulator: Simulator, admin: Client) -> None:
    simulator.switch(
        dialect={
            "operations": {
                "registry_list": {
                    "path": "/api/client-registry/requests",
                    "response": {"pending": "data.waiting", "locked": "data.locked"},
                    "item": {"username": "client.name"},
                },
                "registry_unlock": {"method": "PUT", "statuses": {"success": 204}},
                "registry_confirm": {"request": {"username": "id"}, "statuses": {"success": 202}},
                "register": {"statuses": {"pending": 200}},
            },
            "error": {"message": "error.text", "code": None},
        }
    )
    assert unlock(admin).status_code == 405
    assert admin("PUT", f"{REGISTRY}/unlock", json={"duration": 60000}).status_code == 204
    assert ask(simulator) == 200
    document = admin("GET", f"{REGISTRY}/requests").json()["data"]
    assert document["locked"] is False
    assert document["waiting"][0]["client"]["name"] == "press-01"
    assert admin("POST", f"{REGISTRY}/confirm", json={"id": "other"}).json() == {
        "error": {"text": "no pending request of that username"}
    }
    assert admin("POST", f"{REGISTRY}/confirm", json={"id": "press-01"}).status_code == 202


@pytest.mark.parametrize(
    "switches",
    [
        {"nonsense": 1},
        {"answer_order": "random"},
        {"default_window_ms": "soon"},
        {"deny_supported": 1},
        {"dialect": {"nonsense": {}}},
        {"dialect": {"operations": {"nonsense": {}}}},
        {"dialect": {"operations": {"registry_list": {"fields": {}}}}},
        {"dialect": {"operations": {"registry_list": {"item": {"pairingId": "code"}}}}},
        {"dialect": {"operations": {"registry_list": {"statuses": {"succes": 202}}}}},
        {"dialect": {"operations": {"registry_list": {"statuses": {"success": "soon"}}}}},
        {"dialect": {"operations": {"registry_list": {"path": None}}}},
        {"dialect": {"operations": {"registry_list": "GET"}}},
        {"dialect": {"user": {"createdBy": "madeBy"}}},
        {"dialect": {"auth": {"schema": "Bearer"}}},
    ],
    ids=str,
)
def test_bad_switches(simulator: Simulator, switches: dict[str, Any]) -> None:
    assert "error" in simulator.control("PUT", "switches", switches, expect=400)
    assert simulator.control("GET", "switches")["answer_order"] == "locked_first"


def test_agent_of_another_version(simulator: Simulator, admin: Client) -> None:
    unlock(admin)
    client = Client(simulator)
    client.session.headers["User-Agent"] = "protocol-mapper/1.7.9"
    body = {"username": "press-01", "password": "secret", "pairingId": "a82123"}
    assert client("POST", f"{REGISTRY}/register", json=body).status_code == 400
    simulator.control("POST", "version", {"version": "1.7.9"})
    assert client("POST", f"{REGISTRY}/register", json=body).status_code == 202


def test_certificate_request(simulator: Simulator, admin: Client) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "press-01")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    csr = base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()
    unlock(admin)
    body = {"username": "press-01", "csr": csr, "pairingId": "a82123"}
    client = Client(simulator)
    assert client("POST", f"{REGISTRY}/register", json=body).status_code == 202
    confirm(admin)
    answer = client("POST", f"{REGISTRY}/register", json=body)
    assert answer.status_code == 201
    certificate = x509.load_pem_x509_certificate(base64.b64decode(answer.json()["certificate"]))
    assert certificate.public_key() == key.public_key()
    (user,) = [user for user in simulator.state()["users"] if user["username"] == "press-01"]
    assert user["grant_methods"] == ["certificate"]
