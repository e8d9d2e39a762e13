# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""This machine as a host of the docker layer itself, with agents whose containers say what a test wants."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from integration.bed import ENGINE, docker, inspect

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.converge import converge
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import Engine, connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.look import look_again

BASE = "debian:bookworm-slim"
IMAGE = f"dl-layer-{os.getpid()}"  # runs beside each other must not move each other's tags
PAIRING = "Username: {name}, pairing ID (should match in UI): {id}"
PARAMS: dict[str, Any] = {
    "unmanaged": False,
    "usernames": [],
    "docker_host": ENGINE,
    "docker_timeout": 60,
    "log_patterns": {},
    "state": "present",
    "purge": False,
    "predict_each": False,
    "pull": "never",
    "registry_username": None,
    "registry_password": None,
    "image": f"{IMAGE}:1",
    "mqtt_host": "connectware.invalid",
    "network_mode": "none",
    "stop_timeout": 2,
}


def make_image(tag: str, *changes: str) -> None:
    """An image whose container runs the text in the variable DL_SCRIPT."""
    changes = ('CMD ["sh", "-c", "eval \\"$DL_SCRIPT\\""]', "ENV DL_SCRIPT='exec sleep 3600'", *changes)
    container = docker("create", BASE, "true")
    docker("commit", *(part for change in changes for part in ("--change", change)), container, tag)
    docker("rm", container)


@pytest.fixture(scope="module", autouse=True)
def images(request: pytest.FixtureRequest) -> Iterator[None]:
    if inspect("image", BASE) is None:
        request.getfixturevalue("agent_images")
    make_image(f"{IMAGE}:1", "ENV FROM_IMAGE=yes", "LABEL from.image=yes")
    make_image(f"{IMAGE}:2")
    yield
    for tag in docker("images", "-q", "--filter", f"reference={IMAGE}", "--no-trunc").split():
        docker("rmi", "-f", tag, check=False)


@pytest.fixture
def engine() -> Engine:
    return connect(PARAMS)


class Host:
    """This machine, with agents whose container and volume are called like themselves."""

    def __init__(self, engine: Engine, prefix: str) -> None:
        self.engine = engine
        self.prefix = prefix

    def agent(self, number: int = 1, **options: Any) -> dict[str, Any]:
        name = f"{self.prefix}{number}"
        return {"name": name, "container": name, "volume": name, **options}

    def converge(self, *agents_: dict[str, Any], check: bool = False, **options: Any) -> dict[str, Any]:
        given = {**PARAMS, **options, "agents": list(agents_ or [self.agent()])}
        result: dict[str, Any] = json.loads(json.dumps(converge(self.engine, given, check)))
        return result

    def one(self, check: bool = False, top: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        """Converge the first agent; returns its part of the result."""
        result = self.converge(self.agent(**options), check=check, **(top or {}))
        assert not result.get("failed"), result["msg"]
        (agent,) = result["agents"]
        assert result["changed"] == agent["changed"]
        assert (result["diff"]["before"] != result["diff"]["after"]) == agent["changed"]
        return agent

    def container(self, number: int = 1) -> dict[str, Any] | None:
        return inspect("container", f"{self.prefix}{number}")

    def volume(self, number: int = 1) -> dict[str, Any] | None:
        return inspect("volume", f"{self.prefix}{number}")

    def everything(self) -> str:
        """All that a test may have touched, as the engine lists it."""
        containers = docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.State}}")
        volumes = docker("volume", "ls", "--format", "{{.Name}}")
        return "\n".join(line for line in (containers + "\n" + volumes).splitlines() if self.prefix in line)

    def look(self, *looks: dict[str, Any], wait: float = 0.0, linger: float = 0.0, check: bool = False) -> Any:
        filled = [
            {"username": look["name"], "restart": False, "seen": "", "unmark_after": None, **look} for look in looks
        ]
        for look in filled:
            look.pop("env", None)
        params = {**PARAMS, "looks": filled, "wait": wait, "linger": linger}
        return json.loads(json.dumps(look_again(self.engine, params, check)))


@pytest.fixture
def host(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Host]:
    prefix = f"dl-{abs(hash(request.node.nodeid)) % 10**7}-"
    yield Host(engine, prefix)
    for name in docker("ps", "-aq", "--filter", f"name={prefix}").split():
        docker("rm", "-f", name)
    for name in docker("volume", "ls", "-q", "--filter", f"name={prefix}").split():
        docker("volume", "rm", "-f", name)
    for name in docker("network", "ls", "-q", "--filter", f"name={prefix}").split():
        docker("network", "rm", name)
