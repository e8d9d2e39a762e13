# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One factory host of the stub: its containers, its volumes, and what happens to them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from growth import answers

CREDENTIALS = "/data"
Life = Callable[["Container"], Any]
"""Starts what runs in a container: a coroutine that returns its exit code."""


class EngineError(Exception):
    """What the engine answers instead."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class Volume:
    """A volume, whose folder really exists."""

    name: str
    folder: Path
    labels: dict[str, str]
    created_at: int

    def report(self) -> dict[str, Any]:
        """As the engine lists it."""
        return {
            "CreatedAt": answers.moment(self.created_at // 10**9 * 10**9),
            "Driver": "local",
            "Labels": self.labels or None,
            "Mountpoint": str(self.folder),
            "Name": self.name,
            "Options": None,
            "Scope": "local",
        }


@dataclass
class Container:
    """A container; what runs in it is a task of this process."""

    id: str
    name: str
    body: dict[str, Any]
    config: dict[str, Any]
    host_config: dict[str, Any]
    image_id: str
    volumes: dict[str, Volume]  # by where they are mounted
    created_at: int = field(default_factory=time.time_ns)
    status: str = "created"
    started_at: int | None = None
    finished_at: int | None = None
    exit_code: int = 0
    log: list[tuple[int, str]] = field(default_factory=list)
    task: asyncio.Task[Any] | None = None

    @property
    def runs(self) -> bool:
        return self.status == "running"

    def say(self, line: str) -> None:
        """A line on its standard output."""
        self.log.append((time.time_ns(), line))

    def environment(self) -> dict[str, str]:
        return dict(entry.partition("=")[::2] for entry in self.config["Env"])

    def state(self) -> dict[str, Any]:
        return {
            "Status": self.status,
            "Running": self.runs,
            "Paused": False,
            "Restarting": False,
            "OOMKilled": False,
            "Dead": False,
            "Pid": 4242 if self.runs else 0,
            "ExitCode": self.exit_code,
            "Error": "",
            "StartedAt": answers.moment(self.started_at) if self.started_at else answers.NEVER,
            "FinishedAt": answers.moment(self.finished_at) if self.finished_at else answers.NEVER,
        }

    def mounts(self) -> list[dict[str, Any]]:
        return [
            {
                "Type": "volume",
                "Name": volume.name,
                "Source": str(volume.folder),
                "Destination": target,
                "Driver": "local",
                "Mode": "z",
                "RW": True,
                "Propagation": "",
            }
            for target, volume in self.volumes.items()
        ]

    def networks(self, *, full: bool) -> dict[str, Any]:
        mode = self.host_config["NetworkMode"]
        name = "bridge" if mode == "default" else mode
        known = {"NetworkID": "0" * 64, "EndpointID": "0" * 64} if full and self.runs else {}
        return {name: {**answers.ENDPOINT, **known}}

    def report(self) -> dict[str, Any]:
        """The full report."""
        folder = f"/var/lib/docker/containers/{self.id}"
        places = {"ResolvConfPath": "resolv.conf", "HostnamePath": "hostname", "HostsPath": "hosts"}
        places["LogPath"] = f"{self.id}-json.log"
        known = self.started_at is not None  # an engine makes these files when a container starts
        command = [*(self.config["Entrypoint"] or []), *(self.config["Cmd"] or [])]
        return {
            "Id": self.id,
            "Created": answers.moment(self.created_at),
            "Path": command[0] if command else "",
            "Args": command[1:],
            "State": self.state(),
            "Image": self.image_id,
            **{key: f"{folder}/{name}" if known else "" for key, name in places.items()},
            "Name": f"/{self.name}",
            "RestartCount": 0,
            "Driver": "overlay2",
            "Platform": "linux",
            "MountLabel": "",
            "ProcessLabel": "",
            "AppArmorProfile": "",
            "ExecIDs": None,
            "HostConfig": self.host_config,
            "GraphDriver": {"Data": {}, "Name": "overlay2"},
            "Mounts": self.mounts(),
            "Config": self.config,
            "NetworkSettings": {**answers.NETWORK_SETTINGS, "Networks": self.networks(full=True)},
        }

    def entry(self) -> dict[str, Any]:
        """As it is listed."""
        command = [*(self.config["Entrypoint"] or []), *(self.config["Cmd"] or [])]
        words = {"created": "Created", "running": "Up Less than a second"}
        return {
            "Id": self.id,
            "Names": [f"/{self.name}"],
            "Image": self.config["Image"],
            "ImageID": self.image_id,
            "Command": " ".join(command),
            "Created": self.created_at // 10**9,
            "Ports": [],
            "Labels": self.config["Labels"],
            "State": self.status,
            "Status": words.get(self.status, f"Exited ({self.exit_code}) 1 second ago"),
            "HostConfig": {"NetworkMode": self.host_config["NetworkMode"]},
            "NetworkSettings": {"Networks": self.networks(full=True)},
            "Mounts": self.mounts(),
        }


class Host:
    """The engine of one host.

    Args:
        folder: where its volumes lie.
        image: the engine's report of the one image that every reference means.
        live: what runs in its containers.
    """

    def __init__(self, folder: Path, image: Mapping[str, Any], live: Life) -> None:
        self.folder = folder
        self.image = image
        self._live = live
        self.containers: dict[str, Container] = {}
        self.volumes: dict[str, Volume] = {}

    def find(self, name: str) -> Container:
        """By its name, its ID or the beginning of that."""
        for container in self.containers.values():
            if container.name == name or container.id.startswith(name):
                return container
        raise EngineError(404, f"No such container: {name}")

    def volume(self, name: str) -> Volume:
        if name not in self.volumes:
            raise EngineError(404, f"get {name}: no such volume")
        return self.volumes[name]

    def create_volume(self, name: str, labels: dict[str, str]) -> Volume:
        """Made, or found if it is there already."""
        if name not in self.volumes:
            folder = self.folder / name / "_data"
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o777)  # as the agent's image has its folder, which an engine copies to a new volume
            self.volumes[name] = Volume(name, folder, labels, time.time_ns())
        return self.volumes[name]

    def remove_volume(self, name: str) -> None:
        volume = self.volume(name)
        users = [c.id for c in self.containers.values() if volume in c.volumes.values()]
        if users:
            raise EngineError(409, f"remove {name}: volume is in use - [{', '.join(users)}]")
        shutil.rmtree(volume.folder.parent)
        del self.volumes[name]

    def create(self, name: str, body: dict[str, Any]) -> Container:
        taken = next((c for c in self.containers.values() if c.name == name), None)
        if taken is not None:
            raise EngineError(
                409,
                f'Conflict. The container name "/{name}" is already in use by container "{taken.id}". You have to'
                " remove (or rename) that container to be able to reuse that name.",
            )
        container_id = secrets.token_hex(32)
        host_config = answers.host_config_of(body)
        volumes = {
            mount["Target"]: self.create_volume(mount["Source"], {})
            for mount in host_config.get("Mounts") or []
            if mount["Type"] == "volume"
        }
        config = answers.config_of(body, self.image, container_id)
        made = Container(container_id, name, body, config, host_config, self.image["Id"], volumes)
        self.containers[container_id] = made
        return made

    def start(self, container: Container) -> None:
        if container.runs:
            raise EngineError(304, "")
        container.started_at, container.status, container.exit_code = time.time_ns(), "running", 0
        container.task = asyncio.create_task(self._run(container))

    async def _run(self, container: Container) -> None:
        try:
            container.exit_code = await self._live(container)
        except Exception:  # noqa: BLE001 like a process: its last words are in its log
            container.say(traceback.format_exc())
            container.exit_code = 1
        container.status, container.finished_at = "exited", time.time_ns()

    async def stop(self, container: Container) -> None:
        if not container.runs or container.task is None:
            raise EngineError(304, "")
        container.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await container.task
        container.status, container.finished_at = "exited", time.time_ns()

    async def restart(self, container: Container) -> None:
        if container.runs:
            await self.stop(container)
        self.start(container)

    def rename(self, container: Container, name: str) -> None:
        if any(other.name == name for other in self.containers.values()):
            raise EngineError(409, f"Error when allocating new name: Conflict. The name /{name} is already in use")
        container.name = name

    async def remove(self, container: Container, *, force: bool) -> None:
        if container.runs and not force:
            raise EngineError(
                409,
                f"You cannot remove a running container {container.id}. Stop the container before attempting removal or"
                " force remove",
            )
        if container.runs:
            await self.stop(container)
        del self.containers[container.id]
