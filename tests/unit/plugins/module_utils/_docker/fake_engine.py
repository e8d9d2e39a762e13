# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Docker Engine that says what a test tells it to, on a socket, for the real SDK to speak to."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any, Dict, Tuple
from urllib.parse import parse_qsl, urlsplit

Answer = Tuple[int, Any, Dict[str, str]]


class CutOff(bytes):
    """The beginning of an answer, after which the engine is gone."""


class FakeEngine(ThreadingMixIn, UnixStreamServer):
    """Answers by method and path without the version; everything it was asked is in `asked`.

    Args:
        path: of its socket; None makes one that is spoken to over TCP, as an engine on another machine is.
    """

    daemon_threads = True

    def __init__(self, path: Path | None, api: str = "1.52") -> None:
        if path is None:
            self.address_family = socket.AF_INET
        super().__init__(str(path) if path else ("127.0.0.1", 0), _Handler)  # type: ignore[arg-type]  # by its family
        self.address = f"unix://{path}" if path else f"tcp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.answers: dict[tuple[str, str], Answer] = {}
        self.asked: list[tuple[str, str, str]] = []
        self.bodies: dict[tuple[str, str], list[bytes]] = {}
        self.say("GET", "/version", {"ApiVersion": api, "MinAPIVersion": "1.44", "Version": "29.0.0"})
        self.say("GET", "/containers/json", [])
        self.say("GET", "/volumes", {"Volumes": []})
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def say(self, method: str, path: str, body: Any, status: int = 200, **headers: str) -> None:
        """What is answered from now on; bytes as they are, everything else as JSON.

        A function is called with the parameters of the question, as strings, and says which.
        """
        self.answers[method, path] = (status, body, headers)

    def versions(self) -> set[str]:
        """The API versions that were spoken, apart from the question for it."""
        return {version for _method, version, path in self.asked if path != "/version"}

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, _version, path in self.asked if method not in ("GET", "HEAD")]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeEngine

    def _answer(self) -> None:
        self.client_address = ("socket", 0)
        path = urlsplit(self.path).path
        version = ""
        if path.startswith("/v1."):
            version, _unused, rest = path[1:].partition("/")
            path = "/" + rest
        self.server.asked.append((self.command, version, path))
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.bodies.setdefault((self.command, path), []).append(sent)
        missing: Answer = (404, {"message": f"no such thing: {path}"}, {})
        status, body, headers = self.server.answers.get((self.command, path), missing)
        if callable(body):
            body = body(dict(parse_qsl(urlsplit(self.path).query)))
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if path == "/images/create" or isinstance(body, CutOff):  # engines tell of a pull as it goes on
            self.send_header("Transfer-Encoding", "chunked")
            self.close_connection = isinstance(body, CutOff)
            raw = b"%x\r\n%s\r\n%s" % (len(raw), raw, b"" if self.close_connection else b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            with suppress(OSError):  # nobody has to read an answer to its end
                self.wfile.write(raw)

    def handle(self) -> None:
        with suppress(OSError):
            super().handle()

    do_GET = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815  the names are those of the base class

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        pass


def report(**changes: Any) -> dict[str, Any]:
    """What an engine says of a running container of the agent press-1, with all that our default options make of it."""
    container: dict[str, Any] = {
        "Id": "c1",
        "Name": "/connectware-agent-press-1",
        "Created": "2026-01-01T00:00:00Z",
        "Image": "sha256:one",
        "RestartCount": 0,
        "State": {
            "Status": "running",
            "ExitCode": 0,
            "StartedAt": "2026-01-01T00:00:01Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
        },
        "Config": {
            "Image": "reg/mapper:1.8.0",
            "Env": [
                "CYBUS_AGENT_MODE=distributed",
                "CYBUS_AGENT_NAME=press-1",
                "CYBUS_MQTT_USERNAME=press-1",
                "CYBUS_MQTT_HOST=cw",
                "CYBUS_MQTT_PORT=1883",
                "CYBUS_MQTT_SCHEME=mqtt",
                "PATH=/bin",
            ],
            "Labels": {"edgefleet.connectware.agent": "press-1", "vendor": "x"},
            "User": "node",
            "StopTimeout": 10,
        },
        "HostConfig": {
            "Mounts": [{"Type": "volume", "Source": "connectware-agent-press-1", "Target": "/data"}],
            "NetworkMode": "bridge",
            "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
            "Memory": 0,
            "NanoCpus": 0,
            "PidsLimit": 512,
            "CapAdd": None,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "ReadonlyRootfs": False,
            "Init": True,
            "ExtraHosts": None,
            "Dns": [],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        },
        "NetworkSettings": {"Networks": {"bridge": {}}},
        "Mounts": [{"Type": "volume", "Name": "connectware-agent-press-1", "Destination": "/data", "Source": "/v"}],
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = container
        for parent in parents:
            place = place[parent]
        place[last] = value
    return container


IMAGE_REPORT = {
    "Id": "sha256:one",
    "Config": {"Env": ["PATH=/bin"], "Labels": {"vendor": "x"}, "User": "node", "Cmd": ["run"]},
}
