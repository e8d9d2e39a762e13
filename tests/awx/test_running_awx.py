# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The set-up against an AWX that runs, whose address and login are in the environment. What it makes, it removes again.

CONTROLLER_HOST, and CONTROLLER_OAUTH_TOKEN or CONTROLLER_USERNAME and CONTROLLER_PASSWORD: a system administrator,
because a type of credentials is made and removed. TEST_AWX_PROJECT_URL: a Git repository that this AWX can read, with
what docs/examples/awx/project has. TEST_AWX_ORGANIZATION is `Default` where it is not said. Nothing is launched but the
update of the project.

The same code runs against the server that stands in for AWX too, so that it is known to work.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from awx.server import USER, Awx
from awx.setup import Setup
from requests.auth import AuthBase, HTTPBasicAuth

TOKEN, USERNAME, PASSWORD = "CONTROLLER_OAUTH_TOKEN", "CONTROLLER_USERNAME", "CONTROLLER_PASSWORD"
# What refers to others goes first.
MADE = (
    "schedules", "workflow_job_templates", "job_templates", "inventory_sources", "inventories", "projects",
    "credentials", "notification_templates", "execution_environments", "credential_types",
)  # fmt: skip


def given(environment: Mapping[str, str]) -> bool:
    """Whether it says which AWX, who logs in, and where the project is."""
    login = environment.get(TOKEN) or (environment.get(USERNAME) and environment.get(PASSWORD))
    return bool(environment.get("CONTROLLER_HOST") and environment.get("TEST_AWX_PROJECT_URL") and login)


class Token(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Api:
    """AWX, as the test itself asks it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        verified = environment.get("CONTROLLER_VERIFY_SSL", "true").lower() not in ("false", "no", "0")
        self._verify = verified and (environment.get("SSL_CERT_FILE") or True)
        self._host = environment["CONTROLLER_HOST"].rstrip("/")
        token = environment.get(TOKEN)
        self._login = Token(token) if token else HTTPBasicAuth(environment[USERNAME], environment[PASSWORD])

    def _send(self, method: str, path: str, **query: str) -> requests.Response:
        answer = requests.request(
            method, f"{self._host}{path}", params=query, auth=self._login, verify=self._verify, timeout=30
        )
        answer.raise_for_status()
        return answer

    def named(self, resource: str, prefix: str) -> list[dict[str, Any]]:
        return self._send("GET", f"/api/v2/{resource}/", name__startswith=prefix, page_size="200").json()["results"]

    def remove(self, prefix: str) -> None:
        for resource in MADE:
            for item in self.named(resource, prefix):
                self._send("DELETE", item["url"])


@pytest.fixture
def prefix() -> str:
    return f"edgefleet-test-{secrets.token_hex(4)}"


def twice(environment: Mapping[str, str], prefix: str, folder: Path) -> None:
    """Set up the AWX of this environment under names that begin with this, and remove all of it again."""
    api = Api(environment)
    reached = {name: value for name, value in environment.items() if name.startswith(("CONTROLLER_", "SSL_CERT_"))}
    setup = Setup(folder, {**reached, "CONNECTWARE_TOKEN": secrets.token_hex()})
    if not environment.get(TOKEN):
        setup.log_in_with_password(environment[USERNAME], environment[PASSWORD])
    setup.edit("Factory chat", f"{prefix} chat")
    setup.edit("  - Factory hosts\n", "")
    setup.edit("awx_job_credentials:\n", "awx_job_credentials: []\n")
    variables = {
        "awx_name": prefix,
        "awx_project_url": environment["TEST_AWX_PROJECT_URL"],
        "awx_organization": environment.get("TEST_AWX_ORGANIZATION", "Default"),
    }
    if branch := environment.get("TEST_AWX_PROJECT_BRANCH"):
        variables["awx_project_branch"] = branch

    try:
        setup.run(**variables).ok()
        names = {resource: [item["name"] for item in api.named(resource, prefix)] for resource in MADE}
        assert sorted(names["job_templates"]) == [
            f"{prefix} north: {kind}" for kind in ("audit", "plan", "retire", "rollout", "upgrade", "verify")
        ]
        assert all(names.values()), "something of each kind is there"

        assert setup.run("--check", **variables).ok().recap["changed"] == 0
        assert setup.run(**variables).ok().recap["changed"] == 0
    finally:
        api.remove(prefix)
    assert not any(api.named(resource, prefix) for resource in MADE), "nothing is left"


@pytest.mark.skipif(
    not given(os.environ),
    reason="no running AWX is given: set CONTROLLER_HOST, TEST_AWX_PROJECT_URL, and CONTROLLER_OAUTH_TOKEN or"
    " CONTROLLER_USERNAME and CONTROLLER_PASSWORD",
)
def test_the_second_run_changes_nothing(prefix: str, tmp_path: Path) -> None:
    twice(os.environ, prefix, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("login", ["token", "password"])
def test_the_same_against_the_server_of_the_tests(awx: Awx, prefix: str, tmp_path: Path, login: str) -> None:
    environment = {**awx.environment(), "TEST_AWX_PROJECT_URL": "https://git.example.com/factories/connectware.git"}
    if login == "password":
        del environment[TOKEN]
        environment |= {USERNAME: USER, PASSWORD: awx.password}
    assert given(environment)
    before = awx.objects.snapshot()
    twice(environment, prefix, tmp_path)
    assert awx.objects.snapshot() == before and awx.refused == [] and awx.tokens == {}
