# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An image registry on the loopback: the reading half of the Docker Registry HTTP API v2, with a login.

The engine talks plain HTTP to registries on 127.0.0.1. What it gets are real images: the layers of one that the engine
has, a small layer that is new in each release, and a manifest of schema 2.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import json
import re
import secrets
import shutil
import socket
import tarfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"  # not compressed
TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True)
class SavedImage:
    """What `docker save` wrote: the configuration, and the layers as digests and files, the lowest first."""

    config: dict[str, Any]
    layers: list[tuple[str, Path]]

    @classmethod
    def unpacked(cls, archive: Path, folder: Path) -> SavedImage:
        """Read an archive and put its layers into a folder."""
        with tarfile.open(archive) as saved:
            (entry,) = json.loads(_content(saved, "manifest.json"))
            config = json.loads(_content(saved, entry["Config"]))
            layers = [_layer(saved, name, folder / f"layer-{number}") for number, name in enumerate(entry["Layers"])]
        return cls(config, layers)


@dataclass(frozen=True)
class Request:
    """One request, without the query."""

    method: str
    path: str
    authorization: str | None


@dataclass
class Registry:
    """A registry with one repository, served while it is started."""

    base: SavedImage
    repository: str = "cybus/protocol-mapper"
    username: str = "license"
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    delay: float = 0.0  # seconds before the answer to each request for a layer or a configuration
    requests: list[Request] = field(default_factory=list)
    image_ids: list[str] = field(default_factory=list)
    _blobs: dict[str, Path | bytes] = field(default_factory=dict)
    _manifests: dict[str, bytes] = field(default_factory=dict)
    _server: ThreadingHTTPServer | None = None

    @property
    def authorization(self) -> str:
        """The header that is let in."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    @property
    def image(self) -> str:
        """The image without its tag, as an agent names it."""
        assert self._server is not None
        return f"127.0.0.1:{self._server.server_address[1]}/{self.repository}"

    def start(self) -> Registry:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Nothing listens any more; may be called twice."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def publish(self, tag: str, **env: str) -> str:
        """Make a release that there never was, put the tag on it, and return its image ID.

        Args:
            env: what the release says of itself in its environment.
        """
        release = secrets.token_hex(8)
        layer = _layer_with("etc/connectware-release", release)
        config = copy.deepcopy(self.base.config)
        config["config"]["Env"] += [f"{name}={value}" for name, value in env.items()]
        config["rootfs"]["diff_ids"].append(_digest(layer))
        config["history"].append({"created": config["created"], "created_by": f"release {release}"})
        layers = [*self.base.layers, (_digest(layer), layer)]
        raw = json.dumps(config).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": len(raw), "digest": _digest(raw)},
            "layers": [{"mediaType": LAYER, "size": _size(blob), "digest": name} for name, blob in layers],
        }
        self._blobs.update({**dict(layers), _digest(raw): raw})
        document = json.dumps(manifest).encode()
        self._manifests[tag] = self._manifests[_digest(document)] = document
        self.image_ids.append(_digest(raw))
        return _digest(raw)

    def tags_pulled(self) -> list[str]:
        """The tags that somebody with the login has resolved, in order; once in each pull."""
        prefix = f"/v2/{self.repository}/manifests/"
        return [
            request.path.removeprefix(prefix)
            for request in self.requests
            if request.path.startswith(prefix)
            and not request.path.startswith(f"{prefix}sha256:")
            and request.authorization == self.authorization
        ]

    def answer(self, path: str) -> tuple[int, str, Path | bytes]:
        """Status, media type and content for somebody who is logged in."""
        if path == "/v2/":
            return 200, "application/json", b"{}"
        match = re.fullmatch(rf"/v2/{re.escape(self.repository)}/(manifests|blobs)/([^/]+)", path)
        kind, name = match.groups() if match else ("", "")
        if kind == "manifests" and name in self._manifests:
            return 200, MANIFEST, self._manifests[name]
        if kind == "blobs" and name in self._blobs:
            time.sleep(self.delay)
            return 200, "application/octet-stream", self._blobs[name]
        code = "MANIFEST_UNKNOWN" if kind == "manifests" else "BLOB_UNKNOWN" if kind else "NAME_UNKNOWN"
        return 404, "application/json", _errors(code, code.lower().replace("_", " "))


def _handler(registry: Registry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def handle(self) -> None:
            # The engine tries TLS first.
            if self.connection.recv(1, socket.MSG_PEEK) != TLS_HANDSHAKE:
                super().handle()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            authorization = self.headers.get("Authorization")
            registry.requests.append(Request(self.command, path, authorization))
            if authorization != registry.authorization:
                said = "no basic auth credentials" if authorization is None else "incorrect username or password"
                self._send(401, "application/json", _errors("UNAUTHORIZED", said))
            else:
                self._send(*registry.answer(path))

        do_HEAD = do_GET  # noqa: N815  the name is the base class's

        def _send(self, status: int, media_type: str, content: Path | bytes) -> None:
            self.send_response(status)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(_size(content)))
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="registry"')
            if media_type == MANIFEST and isinstance(content, bytes):
                self.send_header("Docker-Content-Digest", _digest(content))
            self.end_headers()
            if self.command == "HEAD":
                return
            with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as stream:
                shutil.copyfileobj(stream, self.wfile)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
            """Keep the output of the tests clean; `requests` has them all."""

    return Handler


def _errors(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}).encode()


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _size(content: Path | bytes) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    stream = archive.extractfile(name)
    assert stream is not None, name
    return stream.read()


def _layer(archive: tarfile.TarFile, name: str, target: Path) -> tuple[str, Path]:
    """Digest and file of a layer."""
    source = archive.extractfile(name)
    assert source is not None, name
    with target.open("wb") as stream:
        shutil.copyfileobj(source, stream)
    with target.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest(), target


def _layer_with(name: str, text: str) -> bytes:
    """A layer with one file."""
    content = text.encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
