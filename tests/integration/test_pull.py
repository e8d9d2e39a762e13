# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that come from a registry with a login: the real engine pulls, and the login leaves no trace."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from integration.bed import NEXT_VERSION, VERSION, Factory, docker, inspect
from integration.registry import Registry
from simulator.harness import until

WRONG = "not-the-licence-key"


@pytest.fixture
def pulling(registry: Registry, factory: Callable[..., Factory]) -> Callable[..., Factory]:
    """Makes a factory whose image is in the registry; removed before the image is."""

    def make(count: int = 1) -> Factory:
        return factory(
            count,
            agents_image=registry.image,
            agents_pull="missing",
            agents_registry_username=registry.username,
            agents_registry_password=registry.password,
        )

    return make


@pytest.fixture(autouse=True)
def docker_config() -> Iterator[None]:
    """Where `docker login` would leave the login: it must be as it was."""
    path = Path.home() / ".docker" / "config.json"
    before = path.read_bytes() if path.exists() else None
    yield
    assert (path.read_bytes() if path.exists() else None) == before


def image_of(site: Factory, name: str) -> str:
    container = site.container(name)
    assert container is not None
    return container["Image"]


def nothing_there(site: Factory, registry: Registry) -> None:
    assert not any(site.container(name) or site.volume(name) for name in site.names())
    assert not any(inspect("image", image) for image in registry.image_ids)


@pytest.mark.long
def test_login_pulls_the_image_once_and_the_agents_register(pulling, registry):
    image = registry.publish(VERSION)
    site = pulling(2)
    run = site.rollout("-vvvv", "--diff").ok()
    assert registry.tags_pulled() == [VERSION]
    for name in site.names():
        assert image_of(site, name) == image
        assert site.container(name)["Config"]["Image"] == f"{registry.image}:{VERSION}"
        assert run.agents[name]["verdict"] == "registered"
        until(lambda name=name: site.connected(name), f"{name} is logged in at the broker")
    assert docker("exec", f"connectware-agent-{site.names()[0]}", "cat", "/etc/connectware-release")

    before = site.starts()
    registry.requests.clear()
    assert site.rollout().ok().changed == 0
    assert registry.requests == [], "an image that is there is not asked for"
    assert site.rollout(agents_pull="always").ok().changed == 0
    assert registry.tags_pulled() == [VERSION]

    # Without the registry, an agent whose image is there loses nothing.
    registry.stop()
    assert site.rollout().ok().changed == 0
    assert site.rollout("--check", agents_pull="always").ok().changed == 0, "check mode asks no registry"
    site.rollout(agents_pull="always").failed("factory", f"{registry.image}:{VERSION}", "connection refused")
    assert site.starts() == before


def test_the_login_leaves_no_trace(pulling, registry):
    image = registry.publish(VERSION)
    site = pulling(1)
    run = site.rollout("-vvvv", "--diff").ok()
    assert image_of(site, site.names()[0]) == image
    assert "registry_password" in run.output, "what the module was given is printed, without its value"
    for secret in (registry.password, registry.authorization.removeprefix("Basic ")):
        assert secret not in run.output
        assert secret not in json.dumps(run.report)
        assert secret not in json.dumps([site.container(site.names()[0]), inspect("image", image)])
    # The engine has not kept it for others either.
    registry.requests.clear()
    done = subprocess.run(
        ["docker", "pull", f"{registry.image}:{VERSION}"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode != 0
    assert registry.requests and {request.authorization for request in registry.requests} == {None}


@pytest.mark.parametrize("pull", ["missing", pytest.param("always", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("login", "says"),
    [
        (
            {"agents_registry_password": WRONG},
            ["incorrect username or password", "with the given login"],
        ),
        (
            {"agents_registry_username": None, "agents_registry_password": None},
            ["no basic auth credentials", "without a login"],
        ),
    ],
    ids=["wrong password", "no login"],
)
def test_a_refused_login_starts_nothing(pulling, registry, login, says, pull):
    registry.publish(VERSION)
    site = pulling(1)
    refused = site.rollout(agents_pull=pull, **login)
    refused.failed("factory", f"{registry.image}:{VERSION}", "agents_registry_password", *says)
    assert WRONG not in refused.output
    nothing_there(site, registry)


@pytest.mark.parametrize("password", [pytest.param(None, marks=pytest.mark.long), ""])
def test_a_login_without_a_password_is_refused(pulling, registry, password):
    registry.publish(VERSION)
    site = pulling(1)
    for arguments in ((), ("--check",)):
        refused = site.rollout(*arguments, agents_registry_password=password)
        refused.failed("factory", f"{registry.image}:{VERSION}", "agents_registry_password) is empty", "Set both")
    assert registry.requests == []
    nothing_there(site, registry)


@pytest.mark.long
def test_a_tag_that_the_registry_does_not_have(pulling, registry):
    registry.publish(VERSION)
    site = pulling(2)
    site.agents[1]["version"] = "0.0.1"
    site.rollout().failed("factory", f"{registry.image}:0.0.1", "manifest unknown", "Check name and version")
    assert not any(site.container(name) or site.volume(name) for name in site.names()), "all images, or no agent"
    del site.agents[1]["version"]
    run = site.rollout().ok()
    assert {agent["verdict"] for agent in run.agents.values()} == {"registered"}


def test_a_registry_that_does_not_answer(pulling, registry):
    registry.publish(VERSION)
    site = pulling(1)
    registry.stop()
    site.rollout().failed("factory", f"{registry.image}:{VERSION}", "connection refused", "the host's way")
    nothing_there(site, registry)


@pytest.mark.long
def test_a_tag_that_moved_is_followed_by_always_only(pulling, registry):
    first = registry.publish(VERSION)
    site = pulling(2)
    site.rollout().ok()
    users, before = site.simulator.state()["users"], site.starts()
    second = registry.publish(VERSION)
    registry.requests.clear()
    site.count_from_now()

    assert site.rollout().ok().changed == 0
    assert site.rollout("--check", agents_pull="always").ok().changed == 0
    upgrade = registry.publish(NEXT_VERSION)
    assert site.rollout("--check", "--diff", agents_version=NEXT_VERSION).ok().changed > 0
    assert inspect("image", upgrade) is None
    assert registry.requests == []
    assert site.starts() == before

    run = site.rollout(agents_pull="always").ok()
    assert registry.tags_pulled() == [VERSION], "one pull for both agents"
    assert all(agent["actions"] == ["recreated"] for agent in run.agents.values()), run.agents
    assert site.simulator.state()["users"] == users
    assert site.counts()["writes"] == 0
    for name in site.names():
        assert image_of(site, name) == second != first
        assert site.starts()[name][0] != before[name][0]
        until(lambda name=name: site.connected(name), f"{name} is back")
    assert site.rollout(agents_pull="always").ok().changed == 0


def test_check_mode_pulls_nothing(pulling, registry):
    registry.publish(VERSION)
    site = pulling(1)
    for pull in ("missing", "always"):
        run = site.rollout("--check", agents_pull=pull).ok()
        assert run.changed > 0
        assert run.agents[site.names()[0]]["verdict"] == "awaiting_request"
    assert registry.requests == []
    nothing_there(site, registry)
