# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role `docker_host` learns of a host, by the program that it runs there."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from unit.plugins.module_utils._docker.fake_engine import FakeEngine

PROBE = Path(__file__).resolve().parents[4] / "roles" / "docker_host" / "files" / "probe.py"


@pytest.fixture
def probe() -> ModuleType:
    spec = importlib.util.spec_from_file_location("probe", PROBE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    fake = FakeEngine(tmp_path / "docker.sock", api="1.41")
    yield fake
    fake.shutdown()
    fake.server_close()


def test_an_engine_that_answers(probe: ModuleType, engine: FakeEngine, tmp_path: Path) -> None:
    assert probe.ask_engine(str(tmp_path / "docker.sock")) == {
        "answers": True, "denied": False, "error": "", "version": "29.0.0", "api_version": "1.41",
    }  # fmt: skip
    assert engine.writes() == []


def test_an_engine_that_is_not_there(probe: ModuleType, tmp_path: Path) -> None:
    found = probe.ask_engine(str(tmp_path / "docker.sock"))
    assert (found["answers"], found["denied"]) == (False, False) and "No such file" in found["error"]


def test_a_socket_that_nobody_listens_on(probe: ModuleType, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "docker.sock"))
    assert "refused" in probe.ask_engine(str(tmp_path / "docker.sock"))["error"]


def test_a_socket_that_this_user_may_not_use(
    probe: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_self: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(probe.UnixConnection, "connect", denied)
    found = probe.ask_engine(str(tmp_path / "docker.sock"))
    assert found["denied"] and not found["answers"] and "Permission denied" in found["error"]


def test_an_engine_that_is_out_of_order(probe: ModuleType, engine: FakeEngine, tmp_path: Path) -> None:
    engine.say("GET", "/version", {"message": "no disk space"}, status=500)
    found = probe.ask_engine(str(tmp_path / "docker.sock"))
    assert not found["answers"] and found["error"].startswith("HTTP 500: ") and "no disk space" in found["error"]


def test_something_else_that_listens_on_the_socket(probe: ModuleType, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "docker.sock"))
        listening.listen()

        def answer() -> None:
            connection = listening.accept()[0]
            connection.recv(4096)
            connection.sendall(b"SSH-2.0-nothing of an engine\r\n")
            connection.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        found = probe.ask_engine(str(tmp_path / "docker.sock"))
        thread.join(10)
    assert not found["answers"] and "SSH-2.0" in found["error"]


def test_an_engine_is_waited_for(probe: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[FakeEngine] = []
    monkeypatch.setattr(
        probe.time, "sleep", lambda _seconds: started or started.append(FakeEngine(tmp_path / "docker.sock"))
    )
    assert probe.wait_for_engine(str(tmp_path / "docker.sock"), 30, os.getpid())["answers"]
    started[0].shutdown()
    started[0].server_close()


def test_no_longer_than_until_its_process_has_ended(probe: ModuleType, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    assert ended.wait(30) == 0
    probe.PID_FILE = str(tmp_path / "docker.pid")
    found = probe.wait_for_engine(str(tmp_path / "docker.sock"), 600, ended.pid)
    assert not found["answers"] and found["error"].endswith(f"; dockerd (process {ended.pid}) has exited")


def test_nor_than_the_time_that_is_given(probe: ModuleType, tmp_path: Path) -> None:
    found = probe.wait_for_engine(str(tmp_path / "docker.sock"), 0, os.getpid())
    assert not found["answers"] and "has exited" not in found["error"]


@pytest.mark.parametrize(
    ("written", "stale"),
    [(None, False), ("", False), ("nonsense", False), ("999999999", True), ("of this test", True)],
)
def test_a_pid_file_that_a_killed_engine_has_left(
    probe: ModuleType, tmp_path: Path, written: str | None, stale: bool
) -> None:
    """The number may be another process by now, as it is here."""
    path = tmp_path / "docker.pid"
    if written is not None:
        path.write_text(written.replace("of this test", str(os.getpid())))
    probe.PID_FILE = str(path)
    assert probe.stale_pid_file() is stale and not probe.named_in_pid_file()


@pytest.mark.parametrize(
    ("source", "imports", "version"),
    [('__version__ = "7.1.0"\n', True, "7.1.0"), ("", False, ""), ("import nothing_of_that_name\n", False, "")],
)
def test_the_docker_sdk_of_that_interpreter(
    probe: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, imports: bool, version: str
) -> None:
    """What is named docker but has no version is none: an empty folder can be imported too."""
    (tmp_path / "docker.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "docker", raising=False)
    found = probe.import_sdk()
    monkeypatch.delitem(sys.modules, "docker", raising=False)
    assert (found["imports"], found["version"]) == (imports, version) and bool(found["error"]) != imports


@pytest.mark.parametrize(
    ("there", "first", "manager"),
    [
        ("/run/systemd/system", "systemd", "systemd"),
        ("/run/openrc/softlevel", "init", "openrc"),
        ("/etc/rc2.d", "init", "sysvinit"),
        ("/etc/rc2.d", "bash", ""),
        ("", "init", ""),
    ],
)
def test_the_service_manager_that_runs(
    probe: ModuleType, monkeypatch: pytest.MonkeyPatch, there: str, first: str, manager: str
) -> None:
    """A container has the files of one, and its first process is another program."""
    monkeypatch.setattr(probe.os.path, "isdir", lambda path: path == there)
    monkeypatch.setattr(probe.os.path, "exists", lambda path: path == there)
    monkeypatch.setattr(probe.glob, "glob", lambda _pattern: [there] if there.startswith("/etc/rc") else [])
    monkeypatch.setattr(probe, "comm", lambda pid: first if pid == 1 else "")
    assert probe.service_manager() == manager


def test_all_of_it_is_told_as_json_by_the_program_on_standard_input(engine: FakeEngine, tmp_path: Path) -> None:
    """As the role runs it: nothing is copied to the host."""
    done = subprocess.run(
        [sys.executable, "-", str(tmp_path / "docker.sock")],
        input=PROBE.read_text(), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert set(told) == {
        "engine", "engine_program", "sdk", "python", "python_of_distribution", "service_manager", "stale_pid_file",
        "root",
    }  # fmt: skip
    assert told["engine"]["answers"] and told["sdk"]["imports"]
    assert told["python"] == sys.executable and told["root"] is (os.geteuid() == 0)
    assert engine.writes() == []
