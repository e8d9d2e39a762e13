# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent against the simulator, through every case that needs a registration and those that do not."""

from __future__ import annotations

import json
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from simulator.certificates import client_certificate
from simulator.harness import Agent, Simulator, until

NEW = "Asking for Connectware registration at 127.0.0.1 with newly generated credentials..."
CACHED = "Asking for Connectware registration at 127.0.0.1 with cached credentials..."
REST = [
    "The registration process must be finished using the web-interface.",
    'Navigate to "User Management -> Client Registry", click unlock and authorize this client.',
]
CONFLICT = "409 Conflict"

Make = Callable[..., Agent]


@pytest.fixture
def make(simulator: Simulator, tmp_path: Path) -> Iterator[Make]:
    agents: list[Agent] = []

    def make_agent(name: str = "press-01", **env: str) -> Agent:
        agent = Agent(simulator, tmp_path / name, name, **env)
        agents.append(agent)
        return agent.start()

    yield make_agent
    for agent in agents:
        agent.stop()


def authorize(simulator: Simulator, name: str = "press-01") -> None:
    """Do what a person does in the web interface."""
    admin = simulator.client("admin")
    admin("POST", "/api/client-registry/unlock", json={"duration": 60000})
    until(lambda: [item for item in simulator.state()["pending"] if item["username"] == name], f"{name} asks")
    assert admin("POST", "/api/client-registry/confirm", json={"username": name}).status_code == 200


def registered(simulator: Simulator, make: Make, **env: str) -> Agent:
    agent = make(**env)
    authorize(simulator)
    until(lambda: simulator.connected() == ["press-01"], f"the agent is connected; its log: {agent.log()}")
    return agent


def test_first_start(simulator: Simulator, make: Make) -> None:
    agent = make()
    agent.wait_for("pairing ID")
    (pairing_id,) = agent.pairing_ids()
    assert agent.messages()[:5] == [
        "Starting in distributed (edge) mode",
        NEW,
        *REST,
        f"Username: press-01, pairing ID (should match in UI): {pairing_id}",
    ]
    first = json.loads(agent.log().splitlines()[0])
    assert list(first) == ["level", "time", "pid", "hostname", "msg", "v"]
    assert first["level"] == 30
    assert abs(first["time"] / 1000 - time.time()) < 60
    assert simulator.state()["pending"] == []
    assert not agent.credentials.exists()
    authorize(simulator)
    until(lambda: simulator.connected() == ["press-01"], "the agent is connected")
    assert stat.S_IMODE(agent.credentials.stat().st_mode) == 0o600
    assert simulator.client("admin")("GET", "/api/system/agents").json()["agents"][0]["name"] == "press-01"


def test_pending_request_carries_the_pairing_id(simulator: Simulator, make: Make) -> None:
    simulator.control("POST", "window", {"open_ms": 60000})
    agent = make()
    (request,) = until(lambda: simulator.state()["pending"], "the agent asks")
    agent.wait_for("pairing ID")
    assert [request["pairing_id"]] == agent.pairing_ids()


def test_restart_asks_for_nothing(simulator: Simulator, make: Make) -> None:
    agent = registered(simulator, make)
    assert agent.stop() == 0
    until(lambda: simulator.connected() == [], "the session has ended")
    agent.start()
    until(lambda: simulator.connected() == ["press-01"], "the agent is connected")
    for text in ("Starting in distributed", "Asking for", "pairing ID", *REST):
        assert text not in agent.log()


@pytest.mark.parametrize("order", ["locked_first", "conflict_first"])
def test_credentials_deleted(simulator: Simulator, make: Make, order: str) -> None:
    agent = registered(simulator, make)
    agent.stop()
    shutil.rmtree(agent.data)
    simulator.switch(answer_order=order)
    agent.start()
    agent.wait_for(NEW)
    simulator.control("POST", "window", {"open_ms": 60000})
    agent.wait_for(CONFLICT)
    assert simulator.state()["pending"] == []
    simulator.control("DELETE", "users/press-01")
    authorize(simulator)
    until(lambda: simulator.connected() == ["press-01"], "the agent is connected")


def test_user_deleted(simulator: Simulator, make: Make) -> None:
    agent = registered(simulator, make)
    admin = simulator.client("admin")
    (user,) = admin("GET", "/api/listUsers?username[eq]=press-01").json()["users"]
    assert admin("DELETE", f"/api/users/{user['id']}").status_code == 204
    agent.wait_for(CACHED)
    agent.wait_for("pairing ID", times=2)
    assert len(set(agent.pairing_ids())) == 2
    assert simulator.connected() == []
    authorize(simulator)
    until(lambda: simulator.connected() == ["press-01"], "the agent is connected")


def test_user_deleted_while_the_agent_was_down(simulator: Simulator, make: Make) -> None:
    agent = registered(simulator, make)
    agent.stop()
    simulator.control("DELETE", "users/press-01")
    agent.start()
    agent.wait_for(CACHED)
    assert NEW not in agent.log()


def test_exits_when_rejected(simulator: Simulator, make: Make) -> None:
    agent = registered(simulator, make, SIMULATOR_ON_REJECTED="exit")
    simulator.control("DELETE", "users/press-01")
    assert agent.exit_code() == 1
    assert CACHED not in agent.log()


def test_password_changed(simulator: Simulator, make: Make) -> None:
    agent = registered(simulator, make)
    simulator.control("POST", "window", {"open_ms": 60000})
    simulator.control("POST", "password", {"username": "press-01", "password": "another", "disconnect": True})
    agent.wait_for(CACHED)
    agent.wait_for(CONFLICT)


@pytest.mark.parametrize("store", ["before", "after"])
def test_when_credentials_are_stored(make: Make, store: str) -> None:
    agent = make(SIMULATOR_STORE=store)
    agent.wait_for("pairing ID")
    assert agent.credentials.exists() is (store == "before")
    agent.stop()
    agent.start()
    agent.wait_for(CACHED if store == "before" else NEW)


def test_conflict_exit(simulator: Simulator, make: Make) -> None:
    simulator.control("POST", "users", {"username": "press-01"})
    simulator.control("POST", "window", {"open_ms": 60000})
    agent = make(SIMULATOR_ON_CONFLICT="exit")
    assert agent.exit_code() == 1
    assert CONFLICT in agent.messages()[-1]


def test_conflict_goes_on_or_not(simulator: Simulator, make: Make) -> None:
    """While one agent asks again and again, the other one does not."""
    ways = {"press-01": "silent", "press-02": "poll"}
    for name in ways:
        simulator.control("POST", "users", {"username": name})
    simulator.control("POST", "window", {"open_ms": 60000})
    agents = {name: make(name, SIMULATOR_ON_CONFLICT=policy) for name, policy in ways.items()}
    for agent in agents.values():
        agent.wait_for(CONFLICT)
    for name in ways:
        simulator.control("DELETE", f"users/{name}")
    simulator.control("POST", "reset-counters")
    until(lambda: simulator.control("GET", "requests")["operations"].get("register", 0) >= 10, "it asks on and on")
    assert [item["username"] for item in simulator.state()["pending"]] == ["press-02"]
    assert [agent.stop() for agent in agents.values()] == [0, 0]


def test_conflict_instead_of_pairing(simulator: Simulator, make: Make) -> None:
    simulator.control("POST", "users", {"username": "press-01"})
    simulator.control("POST", "window", {"open_ms": 60000})
    agent = make(SIMULATOR_ANNOUNCE="after_answer")
    agent.wait_for(CONFLICT)
    assert agent.pairing_ids() == []
    simulator.control("DELETE", "users/press-01")
    agent.wait_for("pairing ID")


def test_pairing_line_at_each_poll(make: Make) -> None:
    agent = make(SIMULATOR_PAIRING_LINE="each", SIMULATOR_PAIRING_ID="c0ffee")
    agent.wait_for("pairing ID", times=3)
    assert set(agent.pairing_ids()) == {"c0ffee"}


def test_shapes_of_the_log(make: Make) -> None:
    agent = make(
        SIMULATOR_LOG_KEYS="time,msg,level",
        SIMULATOR_NOISE="5",
        SIMULATOR_FORGED_LINE='{"level":30,"msg":"Username: press-01, pairing ID (should match in UI): bad000"}',
    )
    agent.wait_for("bad000")
    assert "\x1b[33m" in agent.log()
    lines = [line for line in agent.log().splitlines() if "Starting in" in line]
    assert list(json.loads(lines[0])) == ["time", "msg", "level"]
    raw = make("press-04", SIMULATOR_RAW_OUTPUT=json.dumps([["/wAbWw==", 3], ["Cg==", 1]]))
    raw.wait_for("pairing ID")
    assert b"\xff\0\x1b[" * 3 + b"\n" in raw.log_bytes()
    plain = make("press-02", SIMULATOR_LOG_FORMAT="text")
    plain.wait_for("pairing ID")
    assert plain.log().splitlines()[0] == "Starting in distributed (edge) mode"
    without = make("press-03", SIMULATOR_LOG_V="false")
    without.wait_for("pairing ID")
    assert "v" not in json.loads(without.log().splitlines()[0])


@pytest.mark.parametrize(
    ("env", "text"),
    [
        ({"CYBUS_AGENT_MODE": "central"}, "CYBUS_AGENT_MODE"),
        ({"CYBUS_MQTT_HOST": ""}, "CYBUS_MQTT_HOST"),
        ({"CYBUS_AGENT_NAME": ""}, "CYBUS_AGENT_NAME"),
        ({"CYBUS_MQTT_SCHEME": "ftp"}, "CYBUS_MQTT_SCHEME"),
        ({"SIMULATOR_STORE": "never"}, "SIMULATOR_STORE"),
        ({"SIMULATOR_CRASH": "1"}, "Fatal error"),
    ],
)
def test_bad_environment(make: Make, env: dict[str, str], text: str) -> None:
    agent = make(**env)
    assert agent.exit_code() == 1
    assert text in agent.messages()[-1]


def test_more_files_survive_beside_the_credentials(simulator: Simulator, make: Make) -> None:
    agent = registered(simulator, make, SIMULATOR_MORE_FILES="services.json,cache/points.db")
    files = [agent.data / "services.json", agent.data / "cache" / "points.db"]
    assert all(path.stat().st_size > 0 for path in files)
    files[0].write_text("changed")
    agent.stop()
    agent.credentials.unlink()
    agent.start()
    agent.wait_for("newly generated")
    assert files[0].read_text() == "changed"


def test_noise_after_each_request(make: Make) -> None:
    agent = make(SIMULATOR_POLL_NOISE="7")
    until(lambda: len(agent.log().splitlines()) > 5 + 3 * 7, "three polls with their noise")
    assert agent.log().count("pairing ID") == 1


def test_username_of_its_own(simulator: Simulator, make: Make) -> None:
    agent = make(CYBUS_MQTT_USERNAME="robot")
    agent.wait_for("Username: robot, pairing ID")
    authorize(simulator, "robot")
    until(lambda: simulator.connected() == ["robot"], "the agent is connected")


def test_tls(simulator: Simulator, make: Make) -> None:
    agent = registered(
        simulator,
        make,
        CYBUS_MQTT_SCHEME="mqtts",
        CYBUS_MQTT_PORT=str(simulator.endpoints["mqtts_port"]),
        CYBUS_TRUST_ALL_CERTS="false",
        SIMULATOR_CA_FILE=simulator.endpoints["ca_path"],
    )
    assert simulator.state()["mqtt_clients"][0]["tls"] is True
    assert agent.pairing_ids()


def test_distrusted_certificate(simulator: Simulator, make: Make) -> None:
    agent = make(CYBUS_TRUST_ALL_CERTS="false")
    agent.wait_for("CERTIFICATE_VERIFY_FAILED")
    assert simulator.control("GET", "requests")["operations"].get("register") is None


def test_mutual_tls(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path / "state", config={"mutual_tls": True}).start()
    certificate = str(client_certificate(simulator, tmp_path, "press-01"))
    env = {
        "CYBUS_MQTT_SCHEME": "mqtts",
        "CYBUS_MQTT_PORT": str(simulator.endpoints["mqtts_port"]),
        "CYBUS_USE_MUTUAL_TLS": "true",
        "SIMULATOR_CA_FILE": simulator.endpoints["ca_path"],
        "SIMULATOR_CLIENT_CERT": certificate,
        "SIMULATOR_CLIENT_KEY": certificate,
    }
    agent = Agent(simulator, tmp_path / "press-01", **env).start()
    try:
        agent.wait_for("The broker rejected the login")
        simulator.control("POST", "users", {"username": "press-01", "grant_methods": ["certificate"]})
        until(lambda: simulator.connected() == ["press-01"], "the agent is connected")
        agent.stop()
        client_certificate(simulator, tmp_path, "press-01", days=-1)
        agent.start()
        agent.wait_for("alert certificate expired")
    finally:
        agent.stop()
        simulator.stop()


def test_broker_comes_back(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path / "state").start()
    agent = Agent(simulator, tmp_path / "press-01").start()
    try:
        authorize(simulator)
        until(lambda: simulator.connected() == ["press-01"], "the agent is connected")
        simulator.stop()
        agent.wait_for("Cannot reach broker")
        agent.stop()
        agent.start()
        agent.wait_for("Cannot reach broker")
        simulator.start()
        until(lambda: simulator.connected() == ["press-01"], "the agent is connected again")
        assert "Asking for" not in agent.log()
    finally:
        agent.stop()
        simulator.stop()


def test_faults_on_the_way(simulator: Simulator, make: Make) -> None:
    for fault in ({"reset": True}, {"half": True}, {"non_json": True, "status": 502}):
        simulator.control("POST", "faults", {"operation": "register", **fault})
    agent = make()
    agent.wait_for("Unexpected answer to the registration request: 502")
    authorize(simulator)
    until(lambda: simulator.connected() == ["press-01"], "the agent is connected")


def test_another_dialect(simulator: Simulator, make: Make) -> None:
    simulator.switch(
        dialect={
            "operations": {
                "register": {
                    "path": "/api/client-registry/apply",
                    "statuses": {"pending": 200},
                    "request": {"pairing_id": "context.code"},
                }
            }
        }
    )
    dialect = {
        "register": {
            "path": "/api/client-registry/apply",
            "statuses": {"pending": 200},
            "request": {"pairing_id": "context.code", "context": None},
        },
        "texts": {"pairing": "{username} has code {pairing_id}"},
    }
    agent = make(SIMULATOR_DIALECT=json.dumps(dialect), SIMULATOR_PAIRING_ID="c0ffee")
    agent.wait_for("press-01 has code c0ffee")
    simulator.control("POST", "window", {"open_ms": 60000})
    (request,) = until(lambda: simulator.state()["pending"], "the agent asks")
    assert request["pairing_id"] == "c0ffee"


def test_agent_of_another_version(simulator: Simulator, make: Make) -> None:
    agent = registered(simulator, make, SIMULATOR_AGENT_VERSION="1.8.0")
    simulator.control("POST", "version", {"version": "1.9.0"})
    simulator.control("POST", "disconnect", {"username": "press-01"})
    agent.wait_for("Cannot reach broker")
    assert "cached" not in agent.log()
    simulator.control("POST", "version", {"version": "1.8.0"})
    until(lambda: simulator.connected() == ["press-01"], "the agent is connected again")


def test_many_agents(simulator: Simulator, make: Make) -> None:
    names = [f"press-{number:02}" for number in range(1, 7)]
    for name in names:
        make(name)
    admin = simulator.client("admin")
    admin("POST", "/api/client-registry/unlock", json={"duration": 60000})
    until(lambda: len(simulator.state()["pending"]) == len(names), "all ask")
    for name in names:
        assert admin("POST", "/api/client-registry/confirm", json={"username": name}).ok
    until(lambda: sorted(simulator.connected()) == names, "all are connected")
    simulator.control("DELETE", "users/press-03")
    until(lambda: len(simulator.connected()) == len(names) - 1, "one is cut")
