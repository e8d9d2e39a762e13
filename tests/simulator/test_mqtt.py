# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The broker lets in whom Connectware lets in."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from simulator.certificates import client_certificate, client_context
from simulator.harness import Simulator, until


def connect(port: int, username: str | None, password: str | None, **more: object) -> tuple[mqtt.Client, int | None]:
    """Log in and return the client with the broker's answer, None when there was none."""
    warnings.simplefilter("ignore", DeprecationWarning)
    codes: list[int] = []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, str(more.get("client_id", "")))
    client.on_connect = lambda _client, _data, _flags, code: codes.append(int(code))
    if username is not None:
        client.username_pw_set(username, password)
    if isinstance(more.get("tls"), ssl.SSLContext):
        client.tls_set_context(more["tls"])
    client.connect("127.0.0.1", port, 10)
    until(lambda: client.loop(0.05) != mqtt.MQTT_ERR_SUCCESS or codes, "an answer of the broker")
    return client, codes[0] if codes else None


@pytest.fixture
def user(simulator: Simulator) -> Iterator[str]:
    simulator.control("POST", "users", {"username": "press-01", "password": "secret"})
    yield "press-01"
    simulator.control("POST", "disconnect")


def test_good_login(simulator: Simulator, user: str) -> None:
    client, code = connect(simulator.endpoints["mqtt_port"], user, "secret")
    assert code == 0
    assert simulator.connected() == [user]
    client.disconnect()
    until(lambda: client.loop(0.05) != mqtt.MQTT_ERR_SUCCESS and not simulator.connected(), "the session has ended")


@pytest.mark.usefixtures("user")
@pytest.mark.parametrize(("name", "password"), [("press-01", "wrong"), ("stranger", "secret"), (None, None)])
def test_bad_login(simulator: Simulator, name: str | None, password: str | None) -> None:
    simulator.control("POST", "reset-counters")
    _client, code = connect(simulator.endpoints["mqtt_port"], name, password)
    assert code == 5
    assert simulator.connected() == []
    assert simulator.state()["mqtt_logins"] == {"accepted": 0, "rejected": 1}


def test_messages_arrive(simulator: Simulator, user: str) -> None:
    port = simulator.endpoints["mqtt_port"]
    received: list[bytes] = []
    subscriber, _code = connect(port, user, "secret")
    subscriber.on_message = lambda _client, _data, message: received.append(message.payload)
    subscriber.on_subscribe = lambda *_: received.append(b"subscribed")
    subscriber.subscribe("plant/#", 1)
    until(lambda: subscriber.loop(0.05) == mqtt.MQTT_ERR_SUCCESS and received, "subscribed")
    publisher, _code = connect(port, user, "secret")
    publisher.publish("plant/press", b"42", 1)
    until(lambda: publisher.loop(0.02) + subscriber.loop(0.02) == 0 and b"42" in received, "the message")


def test_deleted_user_is_cut_and_stays_out(simulator: Simulator, user: str) -> None:
    port = simulator.endpoints["mqtt_port"]
    client, _code = connect(port, user, "secret")
    simulator.control("DELETE", f"users/{user}")
    until(lambda: client.loop(0.05) != mqtt.MQTT_ERR_SUCCESS, "the session is cut")
    assert connect(port, user, "secret")[1] == 5


def test_changed_password(simulator: Simulator, user: str) -> None:
    port = simulator.endpoints["mqtt_port"]
    client, _code = connect(port, user, "secret")
    body = {"username": user, "password": "changed"}
    assert simulator.control("POST", "password", body)["disconnected"] == 0
    assert client.loop(0.1) == mqtt.MQTT_ERR_SUCCESS
    assert connect(port, user, "secret")[1] == 5
    assert connect(port, user, "changed")[1] == 0
    assert simulator.control("POST", "password", {**body, "disconnect": True})["disconnected"] >= 1
    until(lambda: client.loop(0.05) != mqtt.MQTT_ERR_SUCCESS, "the session is cut")


def test_tls(simulator: Simulator, user: str) -> None:
    context = ssl.create_default_context(cafile=simulator.endpoints["ca_path"])
    _client, code = connect(simulator.endpoints["mqtts_port"], user, "secret", tls=context)
    assert code == 0
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(simulator.endpoints["mqtts_port"], user, "secret", tls=ssl.create_default_context())


def test_mutual_tls(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path / "state", config={"mutual_tls": True}).start()
    try:
        port = simulator.endpoints["mqtts_port"]
        own = {
            name: client_context(simulator, client_certificate(simulator, tmp_path, name))
            for name in ("press-01", "press-02")
        }
        body = {"username": "press-01", "grant_methods": ["certificate"]}
        simulator.control("POST", "users", body)
        client, code = connect(port, None, None, tls=own["press-01"])
        assert code == 0
        assert simulator.connected() == ["press-01"]
        client.disconnect()
        assert connect(port, None, None, tls=own["press-02"])[1] == 5
        without = ssl.create_default_context(cafile=simulator.endpoints["ca_path"])
        try:
            code = connect(port, "admin", simulator.passwords()["admin"], tls=without)[1]
        except OSError:
            code = None
        assert code is None
    finally:
        simulator.stop()
