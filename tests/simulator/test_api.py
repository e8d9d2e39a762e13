# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Login, tokens, permissions, users, system and faults."""

from __future__ import annotations

import json
import socket
import ssl
import stat
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from simulator.harness import Client, Simulator, until


def test_endpoints(simulator: Simulator) -> None:
    endpoints = simulator.endpoints
    assert endpoints["pid"] == simulator.process.pid
    assert Path(endpoints["ca_path"]).read_text().startswith("-----BEGIN CERTIFICATE")
    for name in ("state.json", "credentials.json", "ca.key", "server.key"):
        assert stat.S_IMODE((simulator.state_dir / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_certificate_is_valid_for(simulator: Simulator, name: str) -> None:
    context = ssl.create_default_context(cafile=simulator.endpoints["ca_path"])
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with context.wrap_socket(socket.socket(), server_hostname=name) as secure:
        secure.connect(("127.0.0.1", simulator.endpoints["api_port"]))
        assert secure.version() in ("TLSv1.2", "TLSv1.3")


def test_unknown_ca(simulator: Simulator) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(simulator.endpoints["url"], timeout=5)


def test_login(simulator: Simulator) -> None:
    body = {"username": "admin", "password": simulator.passwords()["admin"], "expireTimeInHours": 2, "label": "ci"}
    answer = Client(simulator)("POST", "/api/login", json=body)
    assert answer.status_code == 200
    document = answer.json()
    assert set(document) == {"token", "expiresAt", "permissions"}
    assert document["permissions"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "admin", "password": "wrong"}, 401),
        ({"username": "stranger", "password": "wrong"}, 401),
        ({"username": "admin"}, 400),
        ({}, 400),
        ([1], 400),
        ({"username": "admin", "password": "known", "expireTimeInHours": 1e300}, 400),
        ({"username": "admin", "password": "known", "expireTimeInHours": float("inf")}, 400),
    ],
)
def test_bad_login(simulator: Simulator, body: Any, status: int) -> None:
    if isinstance(body, dict) and body.get("password") == "known":
        body = {**body, "password": simulator.passwords()["admin"]}
    answer = Client(simulator)("POST", "/api/login", data=json.dumps(body))
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "message"}


def test_second_factor(simulator: Simulator) -> None:
    simulator.control("POST", "users", {"username": "person", "password": "secret", "mfa": True})
    answer = Client(simulator)("POST", "/api/login", json={"username": "person", "password": "secret"})
    assert (answer.status_code, answer.json()["code"]) == (401, "MFA_REQUIRED")


def test_token_expires(simulator: Simulator) -> None:
    client = simulator.client("admin", expireTimeInHours=0.2 / 3600)
    until(lambda: client("GET", "/api/system/info").status_code == 401, "the token has expired")


def test_all_tokens_expire(simulator: Simulator, admin: Client) -> None:
    assert simulator.control("POST", "expire-tokens")["expired"] == 1
    assert admin("GET", "/api/system/info").status_code == 401
    assert simulator.client("admin")("GET", "/api/system/info").status_code == 200


def test_token_in_the_query(simulator: Simulator, admin: Client) -> None:
    token = admin.session.headers["Authorization"].removeprefix("Bearer ")
    path = f"/api/system/info?apiToken={token}"
    assert Client(simulator)("GET", path).status_code == 200
    requests_ = simulator.control("GET", "requests")
    assert requests_["api_token_in_query"] == 1
    assert token not in json.dumps(requests_)
    simulator.switch(api_token_in_query=False)
    assert Client(simulator)("GET", path).status_code == 401


READS = ["/api/client-registry", "/api/listUsers", "/api/system/info"]
WRITES = ["/api/client-registry/unlock", "/api/client-registry/lock"]


@pytest.mark.parametrize(
    ("who", "reads", "writes", "users", "rest"),
    [
        ("admin", 200, 200, 404, 200),
        ("rollout", 200, 200, 404, 403),
        ("registrar", 200, 200, 403, 403),
        ("reader", 200, 403, 403, 200),
        ("nobody", 403, 403, 403, 403),
        (None, 401, 401, 401, 401),
    ],
)
def test_permissions(simulator: Simulator, who: str | None, reads: int, writes: int, users: int, rest: int) -> None:
    client = simulator.client(who)
    assert {client("GET", path).status_code for path in READS} == {reads}
    assert {client("POST", path).status_code for path in WRITES} == {writes}
    assert client("DELETE", "/api/users/none").status_code == users
    assert client("GET", "/api/roles").status_code == (200 if who == "rollout" else rest)
    assert client("GET", "/api/system/agents").status_code == rest


def test_unknown_paths(admin: Client) -> None:
    assert admin("GET", "/api/nothing").status_code == 404
    assert admin("PATCH", "/api/login").status_code == 405
    assert admin("POST", "/api/login", data=b"{").status_code == 400
    assert admin("POST", "/api/login", data=b"[" * 100000).status_code == 400


def test_life_of_a_user(simulator: Simulator, admin: Client) -> None:
    (role,) = admin("GET", "/api/roles?name[eq]=reader").json()["roles"]
    body = {
        "username": "operator",
        "password": "secret",
        "identityProvider": "local",
        "grantTypes": [{"method": "password", "isRequired": True}],
        "roles": [role["id"]],
    }
    made = admin("POST", "/api/users", json=body)
    assert made.status_code == 201
    assert admin("POST", "/api/users", json=body).status_code == 409
    assert admin("POST", "/api/users", json={**body, "username": "other", "roles": ["x"]}).status_code == 400
    path = f"/api/users/{made.json()['id']}"
    assert admin("GET", path).json() == made.json()
    assert "password" not in json.dumps(list(made.json()))
    assert admin("PUT", path, json={"password": "changed", "roles": []}).json()["roles"] == []
    login = {"username": "operator", "password": "changed"}
    token = Client(simulator)("POST", "/api/login", json=login).json()["token"]
    assert Client(simulator, token)("GET", "/api/system/info").status_code == 403
    assert admin("DELETE", path).status_code == 204
    assert admin("GET", path).status_code == 404
    assert Client(simulator, token)("GET", "/api/system/info").status_code == 401


@pytest.mark.parametrize(
    "given",
    [
        {"roles": 5},
        {"roles": [{}]},
        {"permissions": "all"},
        {"permissions": ["all"]},
        {"permissions": [{"resource": 5}]},
        {"grantTypes": 5},
        {"grantTypes": ["password"]},
        {"grantTypes": [{}]},
        {"password": 12345},
    ],
    ids=str,
)
def test_what_a_user_cannot_have_is_refused(admin: Client, given: dict[str, Any]) -> None:
    body = {"username": "operator", "password": "secret"}
    assert admin("POST", "/api/users", json={**body, **given}).status_code == 400
    path = f"/api/users/{admin('POST', '/api/users', json=body).json()['id']}"
    before = admin("GET", path).json()
    assert admin("PUT", path, json=given).status_code == 400
    assert admin("GET", path).json() == before


def test_pages_of_users(simulator: Simulator, admin: Client) -> None:
    for number in range(230):
        simulator.control("POST", "users", {"username": f"agent-{number:03}"})
    total = 230 + 5
    names: list[str] = []
    for page in (1, 2, 3, 4):
        document = admin("GET", f"/api/listUsers?pageNumber={page}&rowsPerPage=100").json()
        names += [user["username"] for user in document["users"]]
        assert document["pagination"]["totalRows"] == total
        assert document["pagination"]["totalPages"] == 3
    assert len(names) == len(set(names)) == total
    assert len(admin("GET", "/api/listUsers").json()["users"]) == 20
    assert admin("GET", "/api/listUsers?rowsPerPage=101").status_code == 400
    assert admin("GET", "/api/listUsers?pageNumber=0").status_code == 400
    assert admin("GET", f"/api/listUsers?pageNumber={'9' * 5000}").status_code == 400


@pytest.mark.parametrize(
    ("style", "query"),
    [("repeated", "username[eq]=admin&username[eq]=reader&username[eq]=none"), ("comma", "username[eq]=admin,reader")],
)
def test_users_by_name(simulator: Simulator, admin: Client, style: str, query: str) -> None:
    simulator.switch(username_filter_list=style)
    users = admin("GET", f"/api/listUsers?{query}").json()["users"]
    assert [user["username"] for user in users] == ["admin", "reader"]


def test_system(simulator: Simulator, admin: Client) -> None:
    assert admin("GET", "/api/system/info").json() == {"version": "1.8.0"}
    simulator.control("POST", "version", {"version": "2.1.0"})
    assert admin("GET", "/api/system/info").json() == {"version": "2.1.0"}
    assert admin("GET", "/api/system/agents").json() == {"agents": []}
    services = Client(simulator)("GET", "/api/system/health").json()["system"]["status"]
    assert {frozenset(service) for service in services} == {frozenset({"name", "status", "uptime"})}
    simulator.switch(health_needs_login=True)
    assert Client(simulator)("GET", "/api/system/health").status_code == 401


def test_counting(simulator: Simulator, admin: Client) -> None:
    simulator.control("POST", "reset-counters")
    admin("GET", "/api/system/info", headers={"User-Agent": "tester"})
    admin("POST", "/api/client-registry/unlock")
    admin("POST", "/api/client-registry/register", json={"username": "press-01", "password": "secret"})
    simulator.client("reader")
    counted = simulator.control("GET", "requests")
    assert counted["operations"] == {"system_info": 1, "registry_unlock": 1, "register": 1, "login": 1}
    assert counted["methods"] == {"GET": 1, "POST": 3}
    assert counted["writes"] == 1
    assert (counted["total"], counted["without_register"]) == (4, 3)
    first = counted["log"][0]
    assert (first["operation"], first["status"], first["user"], first["user_agent"]) == (
        "system_info",
        200,
        "admin",
        "tester",
    )


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"status": 503}, 503, "FAULT"),
        ({"status": 429, "retry_after": 3}, 429, "FAULT"),
        ({"non_json": True}, 200, "<html>"),
        ({"non_json": True, "status": 502}, 502, "<html>"),
        ({"body": '{"version": 7}'}, 200, '{"version": 7}'),
        ({"body": ""}, 200, ""),
        ({"redirect": "https://127.0.0.1:1/elsewhere"}, 307, ""),
    ],
)
def test_faults(simulator: Simulator, admin: Client, fault: dict[str, Any], status: int, text: str) -> None:
    simulator.control("POST", "faults", {"operation": "system_info", **fault})
    assert admin("GET", "/api/roles").status_code == 200
    answer = admin("GET", "/api/system/info")
    assert answer.status_code == status
    assert text in answer.text if text else answer.text == ""
    assert answer.headers.get("Retry-After") == (str(fault["retry_after"]) if "retry_after" in fault else None)
    assert answer.headers.get("Location") == fault.get("redirect")
    assert admin("GET", "/api/system/info").json() == {"version": "1.8.0"}


def test_fault_resets_the_connection(simulator: Simulator, admin: Client) -> None:
    simulator.control("POST", "faults", {"operation": "system_info", "reset": True})
    with pytest.raises(requests.exceptions.ConnectionError):
        admin("GET", "/api/system/info")
    assert admin("GET", "/api/system/info").status_code == 200
    assert [entry["fault"] for entry in simulator.control("GET", "requests")["log"]][-2:] == ["reset", None]


def test_fault_sends_half(simulator: Simulator, admin: Client) -> None:
    simulator.control("POST", "faults", {"operation": "system_info", "half": True})
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        admin("GET", "/api/system/info")


def test_fault_after_the_effect(simulator: Simulator, admin: Client) -> None:
    simulator.control("POST", "faults", {"operation": "registry_unlock", "reset": True, "effect": True})
    with pytest.raises(requests.exceptions.ConnectionError):
        admin("POST", "/api/client-registry/unlock")
    assert simulator.state()["window"]["open"]


def test_fault_delays(simulator: Simulator, admin: Client) -> None:
    simulator.control("POST", "faults", {"delay": 0.3})
    start = time.monotonic()
    assert admin("GET", "/api/system/info").status_code == 200
    assert time.monotonic() - start >= 0.3


def test_faults_are_counted_and_removed(simulator: Simulator, admin: Client) -> None:
    simulator.control("POST", "faults", {"operation": "*", "status": 500, "count": 2, "skip": 1})
    answers = [admin("GET", "/api/system/info").status_code for _attempt in range(4)]
    assert answers == [200, 500, 500, 200]
    simulator.control("POST", "faults", {"status": 500, "count": 0})
    assert admin("GET", "/api/system/info").status_code == 500
    assert len(simulator.control("GET", "faults")["faults"]) == 1
    simulator.control("DELETE", "faults")
    assert admin("GET", "/api/system/info").status_code == 200


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"operation": "system_inof"}, "'system_inof'"),
        ({"operation": ["login"]}, "['login']"),
        ({"count": -1}, "count must be a whole number"),
        ({"skip": -1}, "skip must be a whole number"),
        ({"count": "2"}, "not '2'"),
        ({"body": "x", "repeat": -1}, "repeat"),
    ],
)
def test_a_fault_that_would_never_happen_or_never_end_is_refused(
    simulator: Simulator, admin: Client, fault: dict[str, Any], says: str
) -> None:
    assert says in simulator.control("POST", "faults", {"status": 500, **fault}, expect=400)["error"]
    assert simulator.control("GET", "faults")["faults"] == []
    assert admin("GET", "/api/system/info").status_code == 200


def test_restart_keeps_the_state(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path / "state").start()
    try:
        admin = simulator.client("admin")
        simulator.switch(pending_survives_relock=True)
        simulator.control("POST", "window", {"open_ms": 60000})
        simulator.control("POST", "users", {"username": "press-01"})
        simulator.control("POST", "register", {"username": "press-02", "pairing_id": "a82123"})
        before = simulator.state()
        assert simulator.stop() == 0
        assert not (tmp_path / "state" / "endpoints.json").exists()
        endpoints = simulator.endpoints
        simulator.start()
        assert {**endpoints, "pid": 0} == {**simulator.endpoints, "pid": 0}
        after = simulator.state()
        assert after["users"] == before["users"]
        assert after["pending"] == before["pending"]
        assert not after["window"]["open"]
        admin.session.close()
        assert admin("GET", "/api/system/info").status_code == 200
    finally:
        simulator.stop()


def test_configuration(tmp_path: Path) -> None:
    config: dict[str, Any] = {
        "version": "2.0.0",
        "users": [{"username": "admin", "password": "known"}, {"username": "extra", "password": "known"}],
        "switches": {"default_window_ms": 5000},
    }
    simulator = Simulator(tmp_path / "state", "--san", "connectware.example.com", config=config).start()
    try:
        assert simulator.state()["version"] == "2.0.0"
        assert simulator.client("admin", password="known")("POST", "/api/client-registry/unlock").ok
        assert simulator.state()["window"]["remaining_ms"] <= 5000
        assert simulator.client("extra", password="known")("GET", "/api/roles").status_code == 403
        simulator.control("POST", "version", {"version": "2.0.1"})
        config["users"][0]["password"] = "changed"
        simulator.configure(config)
        simulator.stop()
        simulator.start()
        assert simulator.state()["version"] == "2.0.1"
        assert simulator.client("admin", password="changed")("GET", "/api/system/info").ok
        assert simulator.client("extra", password="known")("GET", "/api/system/info").status_code == 403
        config["version"] = "2.1.0"
        simulator.configure(config)
        simulator.stop()
        simulator.start()
        assert simulator.state()["version"] == "2.1.0"
        simulator.switch(default_window_ms=7)
        simulator.control("POST", "reset")
        assert simulator.control("GET", "switches")["default_window_ms"] == 5000
    finally:
        simulator.stop()


def restart(simulator: Simulator, config: dict[str, Any]) -> None:
    """Stop it, and start it with another configuration, as the role does."""
    simulator.configure(config)
    assert simulator.stop() == 0
    simulator.start()


def test_a_switch_that_is_configured_anew_counts(tmp_path: Path) -> None:
    switches = {"default_window_ms": 5000, "first_page": 0}
    simulator = Simulator(tmp_path / "state", config={"switches": switches}).start()
    try:
        simulator.switch(default_window_ms=7, pending_ttl_ms=9)
        restart(simulator, {"switches": switches})
        assert simulator.control("GET", "switches")["default_window_ms"] == 7, "a restart keeps it"
        restart(simulator, {"switches": {**switches, "default_window_ms": 6000}})
        found = simulator.control("GET", "switches")
        assert (found["default_window_ms"], found["pending_ttl_ms"], found["first_page"]) == (6000, 9, 0)
        restart(simulator, {"switches": {"pending_ttl_ms": 11}})
        found = simulator.control("GET", "switches")
        assert (found["default_window_ms"], found["pending_ttl_ms"], found["first_page"]) == (30000, 11, 1)
    finally:
        simulator.stop()


def test_a_user_who_is_no_longer_configured_is_gone(tmp_path: Path) -> None:
    extra = {"username": "extra", "password": "known", "role": "admin"}
    simulator = Simulator(tmp_path / "state", config={"users": [extra]}).start()
    try:
        made_later = {"username": "by-hand", "password": "known"}
        simulator.control("POST", "users", made_later)
        client = simulator.client("extra", password="known")
        restart(simulator, {"users": [extra]})
        client.session.close()
        assert client("GET", "/api/system/info").status_code == 200, "a restart changes nothing"

        restart(simulator, {"users": []})
        client.session.close()
        assert client("GET", "/api/system/info").status_code == 401
        assert Client(simulator)("POST", "/api/login", json=extra).status_code == 401
        assert Client(simulator)("POST", "/api/login", json=made_later).status_code == 200
        assert simulator.usernames() == {"admin", "rollout", "registrar", "reader", "nobody", "by-hand"}
    finally:
        simulator.stop()
