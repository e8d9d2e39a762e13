# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody between the run and Connectware: no byte of HTTP reaches a server that cannot prove who it is, and none goes
to where a redirect points."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.bed import Factory
from integration.wire import Authority, Interceptor, Listener
from simulator.harness import Simulator

STATUSES = (301, 302, 307, 308)
REDIRECTS = [
    *itertools.product(("login", "registry_list"), STATUSES),
    ("registry_confirm", 302),
    *(pytest.param("registry_confirm", status, marks=pytest.mark.long) for status in (301, 307, 308)),
]


def in_the_middle(simulator: Simulator, folder: Path, wrong: str) -> Interceptor:
    good, other = Authority.of(simulator), Authority.another()
    context = {
        "another CA": lambda: other.issue(folder),
        "expired": lambda: good.issue(folder, since=-30, until=-1),
        "not yet valid": lambda: good.issue(folder, since=10, until=30),
        "another host": lambda: good.issue(folder, "other.example.com"),
        "nothing": lambda: good.issue(folder),
    }[wrong]()
    return Interceptor(context, simulator)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("another CA", ["certificate verify failed", "connectware_ca_path"]),
        pytest.param("expired", ["certificate has expired", "Renew the server's certificate"], marks=pytest.mark.long),
        pytest.param("not yet valid", ["certificate is not yet valid", "set the clock"], marks=pytest.mark.long),
        ("another host", ["certificate is not valid for '127.0.0.1'", "use the host name"]),
    ],
)
def test_a_certificate_that_proves_nothing(factory, tmp_path, wrong, says):
    site = factory(1)
    token = site.simulator.client("rollout").session.headers["Authorization"].split()[1]
    with in_the_middle(site.simulator, tmp_path, wrong) as middle:
        run = site.rollout(connectware_url=middle.url)
        run.failed("factory", middle.url, *says)
        run = site.rollout(connectware_url=middle.url, connectware_token=token, connectware_password=None,
                           connectware_username=None)  # fmt: skip
        run.failed("factory", middle.url, *says)
        assert middle.connections >= 2
        assert not middle.heard


def test_the_man_in_the_middle_reads_everything_where_certificates_are_not_checked(factory, tmp_path):
    """The counterpart: what the tests above rule out would be heard."""
    site = factory(1)
    with in_the_middle(site.simulator, tmp_path, "another CA") as middle:
        site.rollout(connectware_url=middle.url, connectware_validate_certs=False).ok()
        assert site.variables["connectware_password"].encode() in middle.heard
        assert b"Authorization: Bearer " in middle.heard
    with in_the_middle(site.simulator, tmp_path, "nothing") as middle:
        assert site.rollout(connectware_url=middle.url).ok().changed == 0


@pytest.fixture
def elsewhere(simulator: Simulator, tmp_path: Path) -> Iterator[Listener]:
    """A server that is trusted: only the rule that no redirect is followed keeps the token from it."""
    with Listener(Authority.of(simulator).issue(tmp_path)) as listener:
        yield listener


@pytest.fixture
def redirected(factory: Callable[..., Factory], elsewhere: Listener) -> Iterator[Callable[..., Factory]]:
    """Makes a factory whose Connectware answers an operation with a redirect."""

    def make(operation: str, status: int, **fault: Any) -> Factory:
        site = factory(1)
        target = f"{elsewhere.url}/caught/{operation}"
        site.simulator.control("POST", "faults", {
            "operation": operation, "redirect": target, "status": status, "count": 0, **fault,
        })  # fmt: skip
        return site

    yield make
    assert (elsewhere.connections, bytes(elsewhere.heard)) == (0, b"")


@pytest.mark.parametrize(("operation", "status"), REDIRECTS)
def test_no_redirect_is_followed(redirected, elsewhere, operation, status):
    site = redirected(operation, status)
    run = site.rollout().failed("factory", f"HTTP {status}, a redirect to {elsewhere.url}/caught/{operation}",
                                "not followed", "connectware_url")  # fmt: skip
    assert site.variables["connectware_password"] not in run.output
    assert site.names()[0] not in site.simulator.usernames()
    site.simulator.control("DELETE", "faults")
    assert not site.simulator.state()["window"]["open"]


@pytest.mark.parametrize(
    ("operation", "status", "options"),
    [
        ("list_users", 301, {}),
        ("registry_unlock", 307, {}),
        ("system_info", 308, {"agents_version": "auto"}),
    ],
)
def test_no_other_redirect_is_followed(redirected, elsewhere, operation, status, options):
    site = redirected(operation, status)
    site.rollout(**options).failed("factory", f"a redirect to {elsewhere.url}/caught/{operation}")


@pytest.mark.long
def test_no_redirect_of_a_deletion_is_followed(redirected, elsewhere):
    site = redirected("delete_user", 307)
    site.rollout().ok()
    site.retire().failed("factory", f"a redirect to {elsewhere.url}/caught/delete_user")
    assert site.names()[0] in site.simulator.usernames()


@pytest.mark.long
def test_no_redirect_of_the_lock_is_followed(redirected, elsewhere):
    """The agents are registered; the run warns that the window closes by itself only."""
    site = redirected("registry_lock", 302)
    run = site.rollout().ok()
    flat = " ".join(run.output.split())
    assert f"a redirect to {elsewhere.url}/caught/registry_lock" in flat
    assert "closes by itself" in flat


def test_the_trusted_server_would_hear_a_run(factory, elsewhere):
    """The counterpart: whatever follows a redirect there is heard, with its credentials."""
    site = factory(1)
    site.rollout(connectware_url=elsewhere.url).failed("404")
    assert site.variables["connectware_password"].encode() in elsewhere.heard
