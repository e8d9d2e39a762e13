# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell, as JSON on standard output, what a host has of Docker. Standard library only; changes nothing.

Usage: probe.py SOCKET [SECONDS_TO_WAIT_FOR_THE_ENGINE [PID_OF_THE_ENGINE_STARTED]]
"""

from __future__ import annotations

import glob
import http.client
import json
import os
import shutil
import socket
import sys
import time
from typing import Any

PID_FILE = "/var/run/docker.pid"
ADMIN_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin"])


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=5)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask_engine(path: str) -> dict[str, Any]:
    """Version and API version of the engine, or why it does not answer."""
    connection = UnixConnection(path)
    try:
        connection.request("GET", "/version")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as exc:
        return no_engine(str(exc), denied=isinstance(exc, PermissionError))
    finally:
        connection.close()
    if answer.status != http.client.OK:
        return no_engine(f"HTTP {answer.status}: {body[:200].decode('utf-8', 'replace')}")
    version = json.loads(body)
    return {
        "answers": True,
        "denied": False,
        "error": "",
        "version": version["Version"],
        "api_version": version["ApiVersion"],
    }


def no_engine(error: str, denied: bool = False) -> dict[str, Any]:
    return {"answers": False, "denied": denied, "error": error, "version": "", "api_version": ""}


def wait_for_engine(path: str, seconds: float, pid: int) -> dict[str, Any]:
    """Ask until the engine answers, time is out, or the process that should become the engine is gone."""
    deadline = time.monotonic() + seconds
    while True:
        engine = ask_engine(path)
        if engine["answers"] or time.monotonic() >= deadline:
            return engine
        # Installing the package may have started an engine too; then that one stays and ours gives way.
        if pid and not alive(pid) and not named_in_pid_file():
            engine["error"] += f"; dockerd (process {pid}) has exited"
            return engine
        time.sleep(0.2)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as status:
            return status.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def import_sdk() -> dict[str, Any]:
    """Version of the docker SDK for Python of this interpreter, or why it cannot be imported."""
    try:
        import docker

        # An empty folder of that name imports too, as a namespace package, but has no version.
        return {"imports": True, "error": "", "version": str(docker.__version__)}
    except (ImportError, AttributeError) as exc:
        return {"imports": False, "error": str(exc), "version": ""}


def service_manager() -> str:
    """The service manager that runs (not only: is installed), or an empty string."""
    if os.path.isdir("/run/systemd/system"):
        return "systemd"
    if os.path.exists("/run/openrc/softlevel"):
        return "openrc"
    if comm(1) == "init" and glob.glob("/etc/rc?.d"):
        return "sysvinit"
    return ""


def comm(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm") as name:
            return name.read().strip()
    except OSError:
        return ""


def pid_in_file() -> int:
    try:
        with open(PID_FILE) as file:
            return int(file.read().strip())
    except (OSError, ValueError):
        return 0


def named_in_pid_file() -> bool:
    """Whether the PID file names a process that is an engine."""
    return comm(pid_in_file()) == "dockerd"


def stale_pid_file() -> bool:
    """Whether a killed engine left its PID file: dockerd refuses to start when that number is now another process."""
    return pid_in_file() != 0 and not named_in_pid_file()


def main() -> None:
    path = sys.argv[1]
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    pid = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    print(
        json.dumps(
            {
                "engine": wait_for_engine(path, seconds, pid),
                "engine_program": shutil.which("dockerd", path=ADMIN_PATH) or "",
                "sdk": import_sdk(),
                "python": sys.executable,
                "python_of_distribution": sys.base_prefix == "/usr"
                and any(entry.startswith("/usr/lib") and "-packages" in entry for entry in sys.path),
                "service_manager": service_manager(),
                "stale_pid_file": stale_pid_file(),
                "root": os.geteuid() == 0,
            }
        )
    )


if __name__ == "__main__":
    main()
