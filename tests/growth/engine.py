# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP API of Docker Engines, one a factory host, each on a unix socket of its own, all in one process.

Only the calls that the modules make are served; every other one is answered with 501 and its name, so that nothing is
taken for an empty answer.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import io
import json
import socket
import struct
import tarfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web
from growth import answers
from growth.host import Container, EngineError, Host, Life, Volume

LONGEST_SOCKET = 107  # bytes of a path that the kernel takes
FOLDER = 1 << 31  # Go's bit of a mode
_VERSIONED = "/v{version}"
SELECTABLE = 1024  # file descriptors that select() takes, with which the agents' MQTT library waits: left to it

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Engines:
    """All hosts.

    Args:
        folder: gets the sockets and the folders of the volumes.
        live: what runs in the containers.
        image: the report of the only image.
    """

    def __init__(self, folder: Path, live: Life, image: dict[str, Any] | None = None) -> None:
        self._folder = folder
        self._live = live
        self._image = image or answers.IMAGE
        self._hosts: dict[str, Host] = {}
        self._runner: web.AppRunner | None = None
        self.calls: Counter[str] = Counter()

    async def start(self, names: list[str]) -> None:
        """Listen for each host on FOLDER/NAME.sock."""
        application = web.Application(middlewares=[self._errors], client_max_size=4 * 1024 * 1024)
        for prefix in ("", _VERSIONED):
            for method, path, handler in self._routes():
                application.router.add_route(method, prefix + path, handler)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        for name in names:
            path = self._folder / f"{name}.sock"
            if len(str(path).encode()) > LONGEST_SOCKET:
                raise SystemExit(f"the path of the socket {path} is too long: choose a shorter folder")
            self._hosts[str(path)] = Host(self._folder / "volumes" / name, self._image, self._live)
            await web.SockSite(self._runner, _listening(path), backlog=64).start()

    async def stop(self) -> None:
        """End all that runs."""
        for host in self._hosts.values():
            for container in host.containers.values():
                if container.task is not None:
                    container.task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def _routes(self) -> list[tuple[str, str, Handler]]:
        one, volume = "/containers/{name}", "/volumes/{name}"
        return [
            ("GET", "/_ping", self._ping),
            ("GET", "/version", self._version),
            ("GET", "/containers/json", self._list),
            ("POST", "/containers/create", self._create),
            ("GET", f"{one}/json", self._inspect),
            ("POST", f"{one}/start", self._start),
            ("POST", f"{one}/stop", self._stop),
            ("POST", f"{one}/restart", self._restart),
            ("POST", f"{one}/rename", self._rename),
            ("GET", f"{one}/logs", self._logs),
            ("GET", f"{one}/archive", self._archive),
            ("HEAD", f"{one}/archive", self._archive),
            ("DELETE", one, self._remove),
            ("GET", "/volumes", self._volumes),
            ("POST", "/volumes/create", self._create_volume),
            ("GET", volume, self._inspect_volume),
            ("DELETE", volume, self._remove_volume),
            ("GET", "/images/{name:.+}/json", self._inspect_image),
            ("GET", "/growth/calls", self._counted),
            ("GET", "/growth/bodies", self._bodies),
            ("GET", "/growth/connected", self._connected),
        ]

    @web.middleware
    async def _errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except EngineError as exc:
            response = _json({"message": exc.message}, exc.status) if exc.message else web.Response(status=exc.status)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            response = _json({"message": f"the stub does not know {request.method} {request.path}"}, 501)
        if not response.prepared:
            response.headers.update(answers.HEADERS)
        return response

    def _host(self, request: web.Request) -> Host:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the caller has gone")
        resource = request.match_info.route.resource
        path = resource.canonical if resource is not None else request.path
        self.calls[f"{request.method} {path.removeprefix(_VERSIONED)}"] += 1
        return self._hosts[transport.get_extra_info("sockname")]

    def _container(self, request: web.Request) -> Container:
        return self._host(request).find(request.match_info["name"])

    # the engine

    async def _ping(self, request: web.Request) -> web.Response:
        self._host(request)
        return web.Response(text="OK")

    async def _version(self, request: web.Request) -> web.Response:
        self._host(request)
        return _json(answers.VERSION)

    async def _inspect_image(self, request: web.Request) -> web.Response:
        image, name = self._host(request).image, request.match_info["name"]
        return _json(image if name == image["Id"] else {**image, "RepoTags": [name]})

    # containers

    async def _list(self, request: web.Request) -> web.Response:
        everything = request.query.get("all") == "1"
        return _json([c.entry() for c in self._host(request).containers.values() if everything or c.runs])

    async def _inspect(self, request: web.Request) -> web.Response:
        return _json(self._container(request).report())

    async def _create(self, request: web.Request) -> web.Response:
        made = self._host(request).create(request.query["name"], await request.json())
        return _json({"Id": made.id, "Warnings": []}, 201)

    async def _start(self, request: web.Request) -> web.Response:
        host = self._host(request)
        host.start(host.find(request.match_info["name"]))
        return web.Response(status=204)

    async def _stop(self, request: web.Request) -> web.Response:
        host = self._host(request)
        await host.stop(host.find(request.match_info["name"]))
        return web.Response(status=204)

    async def _restart(self, request: web.Request) -> web.Response:
        host = self._host(request)
        await host.restart(host.find(request.match_info["name"]))
        return web.Response(status=204)

    async def _rename(self, request: web.Request) -> web.Response:
        host = self._host(request)
        host.rename(host.find(request.match_info["name"]), request.query["name"])
        return web.Response(status=204)

    async def _remove(self, request: web.Request) -> web.Response:
        host = self._host(request)
        force = request.query.get("force", "").lower() in ("1", "true")
        await host.remove(host.find(request.match_info["name"]), force=force)
        return web.Response(status=204)

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        container = self._container(request)
        since = float(request.query.get("since", "0")) * 1e9
        lines = [entry for entry in container.log if entry[0] >= since]
        if request.query.get("tail", "all") != "all":
            lines = lines[-int(request.query["tail"]) :]
        stamped = request.query.get("timestamps") == "1"
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream", **answers.HEADERS})
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"".join(_frames(lines, stamped)))
        await response.write_eof()
        return response

    async def _archive(self, request: web.Request) -> web.Response:
        container, path = self._container(request), request.query["path"]
        volume = container.volumes.get(path)
        if volume is None:
            raise EngineError(404, f"Could not find the file {path} in container {container.name}")
        name = path.strip("/")
        status = volume.folder.stat()
        told = {
            "name": name,
            "size": status.st_size,
            "mode": FOLDER | status.st_mode & 0o777,
            "mtime": answers.moment(status.st_mtime_ns),
            "linkTarget": "",
        }
        stat = base64.b64encode(json.dumps(told, separators=(",", ":")).encode()).decode()
        headers = {"X-Docker-Container-Path-Stat": stat}
        if request.method == "HEAD":
            return web.Response(headers=headers)
        return web.Response(body=_tar(volume, name), headers={**headers, "Content-Type": "application/x-tar"})

    # volumes

    async def _volumes(self, request: web.Request) -> web.Response:
        return _json({"Volumes": [v.report() for v in self._host(request).volumes.values()], "Warnings": None})

    async def _create_volume(self, request: web.Request) -> web.Response:
        body = await request.json()
        return _json(self._host(request).create_volume(body["Name"], body.get("Labels") or {}).report(), 201)

    async def _inspect_volume(self, request: web.Request) -> web.Response:
        return _json(self._host(request).volume(request.match_info["name"]).report())

    async def _remove_volume(self, request: web.Request) -> web.Response:
        self._host(request).remove_volume(request.match_info["name"])
        return web.Response(status=204)

    # for those who measure

    async def _counted(self, _request: web.Request) -> web.Response:
        """Calls to all engines since this was asked last."""
        counted, self.calls = dict(self.calls), Counter()
        return _json(counted)

    async def _bodies(self, request: web.Request) -> web.Response:
        """With what the containers of this host were created, by name."""
        return _json({c.name: c.body for c in self._host(request).containers.values()})

    async def _connected(self, _request: web.Request) -> web.Response:
        """How many agents of all hosts were let in by the broker, and have said nothing since."""
        last = [c.log[-1][1] for host in self._hosts.values() for c in host.containers.values() if c.runs and c.log]
        return _json(sum("Connected to broker" in line for line in last))


def _json(value: Any, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


def _frames(lines: list[tuple[int, str]], stamped: bool) -> Iterator[bytes]:
    for at, line in lines:
        text = (f"{answers.log_moment(at)} {line}\n" if stamped else f"{line}\n").encode()
        yield struct.pack(">BxxxL", 1, len(text)) + text


def _tar(volume: Volume, name: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(volume.folder, arcname=f"{name}/")
    return stream.getvalue()


def _listening(path: Path) -> socket.socket:
    """A socket at a path, with a file descriptor that select() does not take."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as low:
        low.bind(str(path))
        return socket.socket(fileno=fcntl.fcntl(low.fileno(), fcntl.F_DUPFD_CLOEXEC, SELECTABLE))


async def serve(engines: Engines, names: list[str], ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve until told to stop."""
    await engines.start(names)
    ready()
    try:
        await stop.wait()
    finally:
        await engines.stop()
