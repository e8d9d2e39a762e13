# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The set-up against an AWX that runs, whose address and login are in the environment. What it makes, it removes again.

CONTROLLER_HOST, and CONTROLLER_OAUTH_TOKEN or CONTROLLER_USERNAME and CONTROLLER_PASSWORD: an account that may
administer the organization TEST_AWX_ORGANIZATION (`Default`). TEST_AWX_PROJECT_URL: a Git repository that this AWX can
read, with what docs/examples/awx/project has. Nothing is launched but the update of the project.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from awx.setup import Setup
from requests.auth import AuthBase, HTTPBasicAuth

HOST = os.environ.get("CONTROLLER_HOST", "").rstrip("/")
TOKEN = os.environ.get("CONTROLLER_OAUTH_TOKEN", "")
LOGIN = (os.environ.get("CONTROLLER_USERNAME", ""), os.environ.get("CONTROLLER_PASSWORD", ""))
PROJECT_URL = os.environ.get("TEST_AWX_PROJECT_URL", "")
ORGANIZATION = os.environ.get("TEST_AWX_ORGANIZATION", "Default")

pytestmark = pytest.mark.skipif(
    not (HOST and PROJECT_URL and (TOKEN or all(LOGIN))),
    reason="no running AWX is given: set CONTROLLER_HOST, CONTROLLER_OAUTH_TOKEN and TEST_AWX_PROJECT_URL",
)
# What refers to others goes first.
MADE = (
    "schedules", "workflow_job_templates", "job_templates", "inventory_sources", "inventories", "projects",
    "credentials", "notification_templates", "execution_environments", "credential_types",
)  # fmt: skip


class Token(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {TOKEN}"
        return request


class Api:
    """AWX, as the test itself asks it."""

    def __init__(self) -> None:
        verified = os.environ.get("CONTROLLER_VERIFY_SSL", "true").lower() not in ("false", "no", "0")
        self._verify = verified and (os.environ.get("SSL_CERT_FILE") or True)
        self._login = Token() if TOKEN else HTTPBasicAuth(*LOGIN)

    def _send(self, method: str, path: str, **query: str) -> requests.Response:
        answer = requests.request(
            method, f"{HOST}{path}", params=query, auth=self._login, verify=self._verify, timeout=30
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
def prefix() -> Iterator[str]:
    name = f"edgefleet-test-{secrets.token_hex(4)}"
    yield name
    Api().remove(name)


def test_the_second_run_changes_nothing(prefix: str, tmp_path: Path) -> None:
    reached = {name: value for name, value in os.environ.items() if name.startswith("CONTROLLER_")}
    setup = Setup(tmp_path, {**reached, "CONNECTWARE_TOKEN": secrets.token_hex()})
    setup.edit("Factory chat", f"{prefix} chat")
    setup.edit("  - Factory hosts\n", "")
    setup.edit("awx_job_credentials:\n", "awx_job_credentials: []\n")
    variables = {"awx_name": prefix, "awx_project_url": PROJECT_URL, "awx_organization": ORGANIZATION}
    if branch := os.environ.get("TEST_AWX_PROJECT_BRANCH"):
        variables["awx_project_branch"] = branch

    setup.run(**variables).ok()
    names = {resource: [item["name"] for item in Api().named(resource, prefix)] for resource in MADE}
    assert sorted(names["job_templates"]) == [
        f"{prefix} north: {kind}" for kind in ("audit", "plan", "retire", "rollout", "upgrade", "verify")
    ]
    assert all(names.values()), "something of each kind is there"

    assert setup.run("--check", **variables).ok().recap["changed"] == 0
    assert setup.run(**variables).ok().recap["changed"] == 0
