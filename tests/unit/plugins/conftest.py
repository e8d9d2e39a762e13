# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a CA, a server that plays a conversation, and sessions with it that never really sleep."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pytest_httpserver import HTTPServer
from unit.plugins.generated import examples
from unit.plugins.module_utils._connectware.conversation import (
    PASSWORD,
    TOKEN,
    Authority,
    Conversation,
    new_authority,
    talking,
)

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.retry import RetryPolicy
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.session import Session

settings.register_profile("examples", max_examples=examples())
settings.load_profile("examples")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests must not matter."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in (
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        *(name for name in os.environ if name.startswith("CONNECTWARE_")),
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return new_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def https_server(authority: Authority) -> Iterator[HTTPServer]:
    with HTTPServer(host="localhost", ssl_context=authority.server_context()) as server:
        yield server


@pytest.fixture(scope="session")
def other_https_server(authority: Authority) -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", ssl_context=authority.server_context()) as server:
        yield server


@pytest.fixture
def server(https_server: HTTPServer, authority: Authority) -> Iterator[Conversation]:
    with talking(https_server, authority.path) as conversation:
        yield conversation


@pytest.fixture
def other_server(other_https_server: HTTPServer, authority: Authority) -> Iterator[Conversation]:
    """Another host, which nobody may be led to."""
    with talking(other_https_server, authority.path) as conversation:
        yield conversation


@pytest.fixture
def sleeps() -> list[float]:
    """How long each wait would have been."""
    return []


@pytest.fixture
def params(server: Conversation) -> dict[str, Any]:
    """Module parameters for the server, with a token."""
    return {
        "connectware_url": server.url,
        "connectware_token": TOKEN,
        "connectware_ca_path": str(server.ca_path),
        "connectware_timeout": 5,
    }


@pytest.fixture
def login_params(params: dict[str, Any]) -> dict[str, Any]:
    """The same with username and password instead."""
    return {**params, "connectware_token": None, "connectware_username": "rollout", "connectware_password": PASSWORD}


@pytest.fixture
def session_of(sleeps: list[float]) -> Callable[..., Session]:
    def make(params: dict[str, Any], **options: Any) -> Session:
        return connect(params, retry=RetryPolicy(jitter=lambda: 1.0), sleep=sleeps.append, **options)

    return make


@pytest.fixture
def session(params: dict[str, Any], session_of: Callable[..., Session]) -> Session:
    return session_of(params)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
