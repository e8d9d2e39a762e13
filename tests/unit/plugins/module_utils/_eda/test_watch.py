# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks that fail: the first ends the event source, every later one is an event."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import TOKEN, Conversation

from ansible_collections.edgefleet.connectware.plugins.module_utils._eda import expected
from ansible_collections.edgefleet.connectware.plugins.module_utils._eda.options import read_options
from ansible_collections.edgefleet.connectware.plugins.module_utils._eda.watch import Watch
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConnectwareError

# What this machine can lack, or come to lack while the source runs: by the environment, and the error that tells.
LACKS = [
    ("REQUESTS_CA_BUNDLE", "/nonexistent", "TlsError"),
    ("HTTPS_PROXY", "http://proxy..example.com:3128", "SpecError"),
]


@pytest.fixture
def watch(server: Conversation, monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.ca_path))
    agents = [{"name": "press", "host": "hall"}]
    args = {"connectware_url": server.url, "connectware_token": TOKEN, "agents": agents, "connected": False}
    return Watch(read_options(args), lambda: expected.of_list(agents), sleep=pytest.fail)


def answer_a_look(server: Conversation) -> None:
    server.expect("GET", "/api/client-registry", answer={"pendingRequests": []})
    server.expect("GET", "/api/listUsers", answer={"users": [{"id": "1", "username": "press"}]})


def facts(events: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    return [(event["connectware"]["type"], event["connectware"].get("kind")) for event in events]


@pytest.mark.parametrize(("name", "value", "error"), LACKS)
def test_the_first_look_tells_what_is_wrong(
    name: str, value: str, error: str, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConnectwareError) as caught:
        watch.look()
    assert type(caught.value).__name__ == error


@pytest.mark.parametrize(("name", "value", "error"), LACKS)
def test_later_it_is_waited_for(
    name: str, value: str, error: str, watch: Watch, server: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_a_look(server)
    assert watch.look() == []
    with monkeypatch.context() as environment:
        environment.setenv(name, value)
        assert facts(watch.look()) == [("connectware_unreachable", error)]
        assert watch.look() == []
    answer_a_look(server)
    assert facts(watch.look()) == [("connectware_reachable", None)]
