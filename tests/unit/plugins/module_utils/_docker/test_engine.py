# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connecting: versions, addresses, and errors that say where and what to do."""

from __future__ import annotations

import os
import platform
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from unit.plugins.module_utils._docker.fake_engine import CutOff, FakeEngine

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import engine as module
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    BrokenOffError,
    EngineError,
    EngineUnavailableError,
    SdkMissingError,
    SpecError,
)


def options(address: str, **others: Any) -> dict[str, Any]:
    return {"docker_host": address, "docker_timeout": 5, **others}


def test_speaks_the_version_of_the_engine(fake: FakeEngine) -> None:
    """Never an SDK's own default, which engines of today refuse."""
    engine = connect(options(fake.address))
    engine.call("list containers", engine.client.containers)
    with engine.answer("look", "GET", "/containers/json", {}) as answer:
        assert answer.json() == []
    assert fake.versions() == {"v1.52"}


@pytest.mark.parametrize(("api", "usable"), [("1.40", False), ("1.41", True), ("1.100", True), ("2.0", True)])
def test_oldest_engine(api: str, usable: bool, tmp_path: Path) -> None:
    fake = FakeEngine(tmp_path / "e.sock", api)
    try:
        if usable:
            assert connect(options(fake.address)).client.api_version == api
            return
        with pytest.raises(EngineUnavailableError, match=r"1\.41 \(Docker Engine 20\.10\) or newer"):
            connect(options(fake.address))
    finally:
        fake.shutdown()
        fake.server_close()


def unavailable(address: str) -> str:
    with pytest.raises(EngineUnavailableError) as raised:
        connect(options(address))
    message = raised.value.message
    assert address in message and platform.node() in message
    assert raised.value.todo
    return message


def test_no_socket(tmp_path: Path) -> None:
    assert "There is no such socket" in unavailable(f"unix://{tmp_path}/none.sock")


def test_nobody_listens(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "dead.sock"))
    listener.close()
    assert "Nothing listens there" in unavailable(f"unix://{tmp_path}/dead.sock")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_permission_denied(fake: FakeEngine, tmp_path: Path) -> None:
    os.chmod(tmp_path / "engine.sock", 0o600)
    os.chown(tmp_path / "engine.sock", 0, 0)
    os.seteuid(65534)
    try:
        assert "become: true" in unavailable(fake.address)
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    "address",
    [
        "ssh://root@edge",
        "npipe:////./pipe/docker",
        "edge:2375",
        "fd://3",
        "tcp://edge:abc",
        "https://edge:99999",
        "tcp://[::1:2375",
    ],
)
def test_address_that_is_not_supported(address: str) -> None:
    assert "not supported" in unavailable(address)


@pytest.mark.parametrize("scheme", ["tcp://", "https://", "ssh://", ""])
@pytest.mark.parametrize("password", ["hunter22", "hun/ter22", "hun@ter22", "hun:ter22"])
def test_a_password_in_the_address_is_refused_and_not_shown(password: str, scheme: str) -> None:
    with pytest.raises(EngineUnavailableError, match="not supported") as raised:
        connect(options(f"{scheme}joe:{password}@edge:2375"))
    assert f"engine {scheme}joe@edge:2375" in raised.value.message and "ter22" not in str(raised.value.result())


@pytest.mark.parametrize("option", ["docker_ca_path", "docker_cert_path", "docker_key_path"])
def test_a_file_that_is_not_there_is_named_with_its_option(option: str, fake: FakeEngine, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=f"agents_{option}.*{tmp_path}/none.pem .*there is no such file") as raised:
        connect({**options(fake.address), option: f"{tmp_path}/none.pem"})
    assert raised.value.todo and fake.asked == []


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_time_out_that_is_none(seconds: int, fake: FakeEngine) -> None:
    with pytest.raises(SpecError, match=f"docker_timeout.*{seconds} is less than a second"):
        connect({**options(fake.address), "docker_timeout": seconds})
    assert fake.asked == []


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate", "docker_ca_path"),
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:992)", "The port does not speak TLS"),
        ("[SSL: RECORD_LAYER_FAILURE] record layer failure", "The port does not speak TLS"),
        ("[SSL] PEM lib (_ssl.c:3874)", "must be PEM files"),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required", "docker_cert_path"),
    ],
)
def test_what_to_do_where_tls_does_not_work(said: str, todo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_options: Any) -> None:
        raise module.docker.errors.DockerException(f"Error while fetching server API version: {said}")

    monkeypatch.setattr(module.docker, "APIClient", broken)
    assert todo in unavailable("tcp://edge:2376")


def test_an_alert_that_is_about_no_certificate_is_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_options: Any) -> None:
        raise module.docker.errors.DockerException("[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version")

    monkeypatch.setattr(module.docker, "APIClient", broken)
    assert "certificate" not in unavailable("tcp://edge:2376")


def test_no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IMPORT_ERROR", ImportError("No module named 'docker'"))
    with pytest.raises(SdkMissingError) as raised:
        connect(options("unix:///var/run/docker.sock"))
    for part in (sys.executable, platform.node(), "No module named 'docker'", "python3-docker"):
        assert part in raised.value.message


@pytest.mark.parametrize(
    "said",
    [
        "Error while fetching server API version: Not supported URL scheme http+docker",
        "Error while fetching ...: HTTPConnection.request() got an unexpected keyword argument 'chunked'",
    ],
)
def test_sdk_that_does_not_work_with_its_libraries(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docker 5 and 6 say with requests 2.32 and with urllib3 2."""

    def broken(**_options: Any) -> None:
        raise module.docker.errors.DockerException(said)

    monkeypatch.setattr(module.docker, "APIClient", broken)
    with pytest.raises(SdkMissingError) as raised:
        connect(options("unix:///var/run/docker.sock"))
    for part in (sys.executable, "docker ", "requests ", "urllib3 ", "7.1"):
        assert part in raised.value.message


def test_what_the_engine_says_is_in_the_error(fake: FakeEngine) -> None:
    fake.say("GET", "/info", {"message": "the disk is\x1b[31m full"}, status=500)
    engine = connect(options(fake.address))
    with pytest.raises(EngineError, match=r"ask.*the disk is full") as by_sdk:
        engine.call("ask", engine.client.info)
    with pytest.raises(EngineError, match=r"ask.*the disk is full") as by_us, engine.answer("ask", "GET", "/info", {}):
        pass
    assert by_sdk.value.where == by_us.value.where == f"host {platform.node()}, engine {fake.address}"


def test_where_the_engine_itself_refuses_its_words_lead_to_no_advice(fake: FakeEngine) -> None:
    fake.say("GET", "/info", {"message": "Permission denied for project x"}, status=403)
    engine = connect(options(fake.address))
    with pytest.raises(EngineError, match="Permission denied for project x") as raised:
        engine.call("ask", engine.client.info)
    assert raised.value.todo == ""


def test_an_answer_that_takes_too_long_is_no_engine_that_is_away(fake: FakeEngine) -> None:
    over = threading.Event()
    fake.say("GET", "/info", lambda _options: {"late": over.wait(20)})
    engine = connect({**options(fake.address), "docker_timeout": 1})
    with pytest.raises(EngineError) as raised:
        engine.call("ask", engine.client.info)
    over.set()
    assert not isinstance(raised.value, EngineUnavailableError)


@pytest.mark.parametrize("ask", ["call", "find", "answer"])
def test_an_engine_that_went_away_is_told_apart_from_one_that_refuses(ask: str, fake: FakeEngine) -> None:
    engine = connect(options(fake.address))
    questions: dict[str, Callable[[], Any]] = {
        "call": lambda: engine.call("ask", engine.client.info),
        "find": lambda: engine.find("ask", engine.client.info),
        "answer": lambda: ExitStack().enter_context(engine.answer("ask", "GET", "/info", {})),
    }
    fake.shutdown()
    fake.server_close()
    with pytest.raises(EngineUnavailableError):
        questions[ask]()


@pytest.mark.parametrize("ask", ["call", "find", "answer"])
def test_a_connection_that_is_lost_before_the_answer_says_what_to_do(ask: str, fake: FakeEngine) -> None:
    def gone(_options: dict[str, str]) -> None:
        raise ConnectionResetError("the engine is gone")

    fake.say("GET", "/info", gone)
    engine = connect(options(fake.address))
    questions: dict[str, Callable[[], Any]] = {
        "call": lambda: engine.call("ask", engine.client.info),
        "find": lambda: engine.find("ask", engine.client.info),
        "answer": lambda: ExitStack().enter_context(engine.answer("ask", "GET", "/info", {})),
    }
    with pytest.raises(EngineUnavailableError) as raised:
        questions[ask]()
    assert "see that it runs" in raised.value.todo


@pytest.mark.parametrize("ask", ["call", "answer"])
def test_an_answer_that_ends_in_the_middle_is_called_so(ask: str, fake: FakeEngine) -> None:
    fake.say("GET", "/info", CutOff(b'{"SystemTime": '))
    engine = connect(options(fake.address))

    def streamed() -> bytes:
        with engine.answer("ask", "GET", "/info", {}) as answer:
            return b"".join(answer.iter_content(1))

    questions = {"call": lambda: engine.call("ask", engine.client.info), "answer": streamed}
    with pytest.raises(BrokenOffError, match="the answer of the engine ended in the middle") as raised:
        questions[ask]()
    assert "see that it runs" in raised.value.todo


def test_what_is_not_there_is_none(fake: FakeEngine) -> None:
    engine = connect(options(fake.address))
    assert engine.find("inspect", engine.client.inspect_container, "none") is None
    with engine.answer("look", "GET", "/containers/none/logs", {}) as answer:
        assert answer is None


def test_all_have_ended_before_an_error_is_raised(fake: FakeEngine) -> None:
    ended = []

    def one(number: int) -> None:
        if number == 0:
            raise EngineError("do it")
        ended.append(number)

    with pytest.raises(EngineError):
        connect(options(fake.address)).in_parallel(one, list(range(50)))
    assert sorted(ended) == list(range(1, 50))


def asked_paths(engine: FakeEngine) -> list[str]:
    return [path for _method, _version, path in engine.asked]


def test_the_time_of_an_engine_elsewhere_is_asked_for_once(
    fake: FakeEngine, far: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([1_000.0, 1_005.0, 1_007.0])
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: next(clock)))
    far.say("GET", "/info", {"SystemTime": "1970-01-01T01:16:10.250000000+01:00"})  # 970.25
    engine = connect(options(far.address))
    assert [engine.now(), engine.now()] == [975.25, 977.25]
    assert asked_paths(far) == ["/version", "/info"]

    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: 2_000.0))
    assert connect(options(fake.address)).now() == 2_000.0
    assert asked_paths(fake) == ["/version"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {}),
        (200, {"SystemTime": None}),
        (200, {"SystemTime": "noon"}),
        (403, b"<html>a proxy forbids it"),
        (404, {"message": "page not found"}),
    ],
)
def test_an_engine_elsewhere_that_does_not_tell_its_time_has_ours(
    status: int, body: Any, far: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: 2_000.0))
    far.say("GET", "/info", body, status=status)
    assert connect(options(far.address)).now() == 2_000.0
