# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.filter.elsewhere import FilterModule

elsewhere = FilterModule().filters()["elsewhere"]


def seen(username: str, state: str = "running") -> dict[str, Any]:
    """An entry in the result of agents_info."""
    return {"username": username, "container": f"c-{username}", "observation": {"state": state, "container_id": "1f"}}


def test_containers_that_run_answer_to_their_names() -> None:
    results = [{"agents": [seen("press-1"), seen("press-2", "exited")]}, {"agents": []}]
    assert elsewhere(["hall-1", "hall-2"], ["press-1", "press-2"], results) == [
        {"username": "press-1", "host": "hall-1", "container": "c-press-1", "container_id": "1f"}
    ]


@pytest.mark.parametrize("state", ["running", "restarting", "paused"])
def test_states_in_which_an_agent_may_use_its_user(state: str) -> None:
    assert elsewhere(["hall-1"], ["press-1"], [{"agents": [seen("press-1", state)]}])


@pytest.mark.parametrize("state", ["created", "exited", "dead", "removing"])
def test_states_in_which_it_cannot(state: str) -> None:
    assert elsewhere(["hall-1"], ["press-1"], [{"agents": [seen("press-1", state)]}]) == []


def test_a_host_that_did_not_answer_may_run_anything() -> None:
    results = [{"unreachable": True, "msg": "no route to host"}, {"agents": []}]
    assert elsewhere(["hall-1", "hall-2"], ["press-1", "press-2"], results) == [
        {"username": "press-1", "host": "hall-1"},
        {"username": "press-2", "host": "hall-1"},
    ]


@pytest.mark.parametrize("state", ["running", "absent"])
def test_a_container_that_its_engine_cannot_show_may_be_anything(state: str) -> None:
    results = [{"agents": [], "unreadable": [{"container": "c", "state": state, "message": "500"}]}]
    assert elsewhere(["hall-1"], ["press-1", "press-2"], results) == [
        {"username": "press-1", "host": "hall-1"},
        {"username": "press-2", "host": "hall-1"},
    ]


def test_one_that_runs_no_more_by_the_list_of_its_engine_is_none() -> None:
    results = [{"agents": [], "unreadable": [{"container": "c", "state": "exited", "message": "500"}]}]
    assert elsewhere(["hall-1"], ["press-1"], results) == []


@pytest.mark.parametrize(("state", "known"), [("running", True), ("absent", False)])
def test_an_agent_that_its_engine_cannot_show_is_not_absent(state: str, known: bool) -> None:
    agent = seen("press-1", state)
    agent["observation"]["trouble"] = "Could not read its log."
    (found,) = elsewhere(["hall-1"], ["press-1"], [{"agents": [agent]}])
    assert (found["username"], found["host"], "container" in found) == ("press-1", "hall-1", known)


def test_hosts_that_nobody_asked_may_run_anything() -> None:
    assert elsewhere(["hall-1", "hall-2"], ["press-1"]) == [
        {"username": "press-1", "host": "hall-1"},
        {"username": "press-1", "host": "hall-2"},
    ]


def test_results_of_other_hosts_are_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="there are 2 hosts and 1 results"):
        elsewhere(["hall-1", "hall-2"], ["press-1"], [{"agents": []}])
