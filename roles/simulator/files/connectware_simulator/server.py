# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts and stops everything that listens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from .api import Api
from .control import Control
from .core import Connectware
from .store import write_json
from .tls import server_context

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Options:
    """The command line, understood."""

    state_dir: Path
    host: str
    api_port: int
    mqtt_port: int
    mqtts_port: int
    control_port: int
    config: dict[str, Any]
    names: tuple[str, ...]
    run_id: str


class Server:
    """One simulator in this process."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._runners: list[web.AppRunner] = []
        self._endpoints = options.state_dir / "endpoints.json"

    async def run(self) -> None:
        """Serve until a signal says stop."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        options = self._options
        options.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._endpoints.unlink(missing_ok=True)
        core = Connectware(options.state_dir, options.config)
        core.authority.prepare(list(dict.fromkeys(["localhost", _LOOPBACK, options.host, *options.names])))
        sockets = self._bind()
        try:
            await self._start(core, sockets)
            write_json(self._endpoints, self._described(sockets), 0o644)
            print(json.dumps({"ready": str(self._endpoints)}), flush=True)
            await stop.wait()
        finally:
            self._endpoints.unlink(missing_ok=True)
            await core.broker.stop()
            for runner in self._runners:
                await runner.cleanup()

    def _bind(self) -> dict[str, socket.socket]:
        options = self._options
        wanted = {
            "api": (options.host, options.api_port),
            "mqtt": (options.host, options.mqtt_port),
            "mqtts": (options.host, options.mqtts_port),
            "control": (_LOOPBACK, options.control_port),
        }
        return {name: _listening(host, port) for name, (host, port) in wanted.items()}

    async def _start(self, core: Connectware, sockets: dict[str, socket.socket]) -> None:
        tls = self._tls(core, client_certificates=False)
        await self._serve(Api(core).application(), sockets["api"], tls)
        await self._serve(Control(core).application(), sockets["control"], None)
        mutual = bool(self._options.config.get("mutual_tls", False))
        broker_tls = self._tls(core, client_certificates=mutual)
        await core.broker.start(sockets["mqtt"], sockets["mqtts"], broker_tls)

    async def _serve(self, application: web.Application, bound: socket.socket, tls: ssl.SSLContext | None) -> None:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        self._runners.append(runner)
        await runner.setup()
        await web.SockSite(runner, bound, ssl_context=tls).start()

    @staticmethod
    def _tls(core: Connectware, *, client_certificates: bool) -> ssl.SSLContext:
        authority = core.authority
        return server_context(
            str(authority.ca_path),
            str(authority.server_cert),
            str(authority.server_key),
            client_certificates=client_certificates,
        )

    def _described(self, sockets: dict[str, socket.socket]) -> dict[str, Any]:
        ports = {name: bound.getsockname()[1] for name, bound in sockets.items()}
        directory = self._options.state_dir
        host = self._options.host
        reachable = _LOOPBACK if host in ("0.0.0.0", "") else host  # noqa: S104  compared, not bound to
        return {
            "host": reachable,
            "url": f"https://{reachable}:{ports['api']}",
            "control_url": f"http://{_LOOPBACK}:{ports['control']}",
            "ingress": f"{reachable}:{ports['api']}",
            "api_port": ports["api"],
            "mqtt_port": ports["mqtt"],
            "mqtts_port": ports["mqtts"],
            "control_port": ports["control"],
            "ca_path": str(directory / "ca.pem"),
            "credentials_path": str(directory / "credentials.json"),
            "state_dir": str(directory),
            "pid": os.getpid(),
            "run_id": self._options.run_id,
        }


def _listening(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as exc:
        raise SystemExit(f"cannot listen on {host}:{port}: {exc.strerror}") from exc
    bound.setblocking(False)
    return bound
