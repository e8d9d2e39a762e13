# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of `agents_registered`: what it takes, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleAuthenticationFailure, AnsibleConnectionFailure
from unit.plugins.action.standing import TASK_VARS, standing
from unit.plugins.module_utils._connectware.conversation import Conversation, no_secret

from ansible_collections.edgefleet.connectware.plugins.action import agents_registered
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import (
    CONFLICT,
    PAIRING,
    UNREACHABLE,
    LogEvent,
    Observation,
)

REGISTRY, USERS = "/api/client-registry", "/api/listUsers"
KEYS = {"agents", "changed", "diff", "authorizations", "interim"}
RUNNING = Observation(
    "press-1", "press-1", "connectware-agent-press-1", "connectware-agent-press-1",
    container_id="c1", state="running", started_at=100.0, created_at=50.0, credentials=True, volume_created_at=50.0,
    observed_at=200.0,
)  # fmt: skip


def deployed(seen: Observation = RUNNING, **more: Any) -> list[dict[str, Any]]:
    """The result of module `agents`."""
    return [{"name": seen.name, "observation": seen.to_dict(), **more}]


def run(args: dict[str, Any], **task: Any) -> dict[str, Any]:
    agents = [each.get("observation", each) for each in args["agents"]]
    args = {"expected": [{key: each.get(key) for key in ("name", "username")} for each in agents], **args}
    result: dict[str, Any] = standing(agents_registered, args, **task).run(None, TASK_VARS)
    assert set(result) >= KEYS, "the same keys in every state"
    return result


@pytest.mark.parametrize(
    ("state", "seen", "line"),
    [("present", RUNNING, "1 of 1 registered"), ("absent", replace(RUNNING, state="absent"), "1 of 1 retired")],
)
def test_what_takes_long_says_how_far_it_is(
    state: str, seen: Observation, line: str, server: Conversation, params: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    said = []

    @contextmanager
    def telling(_say: Any, text: Callable[[float], str]) -> Any:
        yield
        said.append(text(30.0))

    monkeypatch.setattr(agents_registered, "telling", telling)
    users = [{"id": "1", "username": "press-1", "createdBy": "client-registry"}] if state == "present" else []
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": users})

    run({**params, "agents": deployed(seen), "state": state})

    assert len(said) == 1 and said[0].startswith(line)


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        ("Cannot reach broker at 10.0.0.9:1883", 199.0, "mqtt_host"),
        ("Cannot reach broker at 10.0.0.9:8883: certificate verify failed", 199.0, "option ca"),
        ("Cannot reach broker at 10.0.0.9:1883", 120.0, None),
        ("connect ECONNREFUSED 10.0.0.77:502", 199.0, None),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_whoever_is_registered_and_cannot_reach_connectware_is_told_of(
    text: str, at: float, told: str | None, check: bool, server: Conversation, params: dict[str, Any]
) -> None:
    """Not a machine that is off, and not what is over."""
    seen = replace(RUNNING, connectware=("10.0.0.9",), events=(LogEvent(UNREACHABLE, text=text, at=at),))
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": [{"id": "1", "username": "press-1"}]})

    result = run({**params, "agents": deployed(seen)}, check_mode=check)

    assert result["agents"][0]["registered"] and not result["changed"]
    warnings = result.get("warnings", [])
    assert len(warnings) == bool(told)
    assert not told or (f"agent press-1: {text}" in warnings[0] and told in warnings[0])


@pytest.mark.parametrize(
    ("option", "seconds"),
    [("window_lease", 0), ("window_lease", -10), ("window_lease", "nan"), ("window_lease", "inf"), ("timeout", -1),
     ("settle", -1), ("grace", -0.5), ("poll_interval", 0), ("poll_interval", 90000)],
)  # fmt: skip
@pytest.mark.parametrize("check", [True, False])
def test_a_time_that_cannot_be_right_is_refused_before_anybody_is_asked(
    option: str, seconds: object, check: bool, server: Conversation, params: dict[str, Any]
) -> None:
    result = run({**params, "agents": deployed(), option: seconds}, check_mode=check)

    assert result["failed"] and not result["changed"] and server.seen == []
    assert f"use {option} (agents_{option}): {seconds} is not between" in result["msg"]


@pytest.mark.parametrize(("option", "value"), [("connectware_url", None), ("connectware_timeout", "soon")])
def test_an_option_that_is_refused_names_host_and_agents(option: str, value: Any, params: dict[str, Any]) -> None:
    given = {**params, "agents": deployed(), option: value}

    with pytest.raises(AnsibleActionFail, match=rf"^Host hamburg \(agents: press-1\): .*{option}"):
        run({name: each for name, each in given.items() if each is not None})


def test_an_agent_that_is_not_retired_is_not_called_not_registered(
    server: Conversation, params: dict[str, Any]
) -> None:
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})

    result = run({**params, "agents": deployed(error="the container is still there"), "state": "absent"})

    assert result["failed"] and result["msg"].startswith("Host hamburg: 1 of 1 agents are not retired: agent press-1:")


def test_without_agents_nobody_is_asked(server: Conversation, params: dict[str, Any]) -> None:
    result = run({**params, "agents": []})

    assert not result["changed"] and result["agents"] == [] and not result.get("failed")
    assert server.seen == []


def test_a_registered_agent_costs_two_requests_and_is_not_touched(server: Conversation, params: dict[str, Any]) -> None:
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": [{"id": "1", "username": "press-1", "createdBy": "client-registry"}]})

    result = run({**params, "agents": deployed()})

    (agent,) = result["agents"]
    assert (agent["verdict"], agent["reason"], agent["actions"]) == ("registered", "none", [])
    assert not result["changed"] and not result.get("failed")
    assert no_secret(str(result))


def test_check_mode_predicts_a_registration_and_writes_nothing(server: Conversation, params: dict[str, Any]) -> None:
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": []})
    planned = replace(RUNNING, state="absent", container_id=None, credentials=None, started_at=None, planned=True)

    result = run({**params, "agents": deployed(planned)}, check_mode=True)

    assert result["changed"] and result["agents"][0]["reason"] == "first_start"
    assert [line.split()[0] for line in server.seen] == ["GET", "GET"]


def test_what_module_agents_could_not_do_fails_here_with_its_words(
    server: Conversation, params: dict[str, Any]
) -> None:
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": []})

    result = run({**params, "agents": deployed(error="the image is not there")})

    assert result["failed"] and result["msg"].startswith(
        "Host hamburg: 1 of 1 agents are not registered: agent press-1"
    )
    assert "the image is not there" in result["msg"]


@pytest.mark.parametrize("given", [[{"name": "press-1"}], [{"observation": {"name": "press-1", "colour": "red"}}]])
def test_what_is_no_result_of_module_agents_is_refused(given: list[dict[str, Any]], params: dict[str, Any]) -> None:
    result = run({**params, "agents": given})

    assert result["failed"] and "no result of module edgefleet.connectware.agents" in result["msg"]
    assert result["msg"].startswith("Host hamburg (agents: press-1): ")


def test_a_host_that_speaks_for_another_agent_is_not_believed(server: Conversation, params: dict[str, Any]) -> None:
    result = run({**params, "agents": deployed(), "expected": [{"name": "press-1", "username": "hh-press-1"}]})

    assert result["failed"] and result["error"]["kind"] == "UnexpectedAgentError" and server.seen == []
    assert result["msg"].startswith("Host hamburg (agents: press-1): ") and result["agents"] == []
    assert "it has the username 'press-1' for the agent 'press-1', whose username is 'hh-press-1'" in result["msg"]


def test_what_is_no_earlier_turn_is_refused(params: dict[str, Any]) -> None:
    result = run({**params, "agents": deployed(), "interim": {"records": "none"}})

    assert result["failed"] and "no result of module edgefleet.connectware.agents_registered" in result["msg"]


def test_a_refused_token_is_said_without_it(server: Conversation, params: dict[str, Any]) -> None:
    # Of the two first questions, whichever is refused first ends the conversation.
    server.expect("GET", REGISTRY, status=401, answer={"code": "UNAUTHORIZED", "message": "expired"})

    result = run({**params, "agents": deployed()})

    assert result["failed"] and result["error"]["status"] == 401
    assert result["msg"].startswith("Host hamburg (agents: press-1): ") and no_secret(str(result))


@pytest.mark.parametrize("unasked_first", [True, False])
def test_what_was_seen_on_one_host_counts_more_than_another_that_could_not_be_asked(
    unasked_first: bool, server: Conversation, params: dict[str, Any]
) -> None:
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": [{"id": "1", "username": "press-1", "createdBy": "client-registry"}]})
    unasked = {"username": "press-1", "host": "kiel"}
    running = {"username": "press-1", "host": "munich", "container": "welder", "container_id": "c2"}
    others = [unasked, running] if unasked_first else [running, unasked]
    gone = deployed(replace(RUNNING, state="absent"))

    result = run({**params, "agents": gone, "state": "absent", "elsewhere": others})

    assert not result.get("failed"), result
    assert "was kept: the container welder on the host munich" in result["agents"][0]["message"]


@pytest.mark.parametrize(("replaced", "kept"), [("c0", False), (None, True)])
def test_the_container_that_this_run_has_replaced_is_nobody_else(
    replaced: str | None, kept: bool, server: Conversation, params: dict[str, Any]
) -> None:
    """Others are looked for before an agent's container is made anew."""
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    stale = {"id": "1", "username": "press-1", "createdBy": "client-registry"}
    for _each in range(1 if kept else 2):  # one that would be deleted is looked at again
        server.expect("GET", USERS, answer={"users": [stale]})
    others = [
        {"username": "press-1", "host": "hamburg", "container": "connectware-agent-press-1", "container_id": "c0"}
    ]
    lost = replace(RUNNING, credentials=False, events=(LogEvent(PAIRING, pairing_id="a82123"), LogEvent(CONFLICT)))
    agents = [{**agent, "replaced_container": replaced} for agent in deployed(lost)]

    result = run({**params, "agents": agents, "on_conflict": "replace", "elsewhere": others}, check_mode=True)

    assert result["agents"][0]["verdict"] == "conflict"
    assert ("was not deleted" in result["agents"][0]["message"]) is kept


def test_which_engine_is_meant_is_left_to_the_host_where_the_task_does_not_say_it(
    server: Conversation, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment of the controller says where its own engine is."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://of-the-controller:2375")
    sent: list[dict[str, Any]] = []

    def execute(_self: Any, module_args: dict[str, Any], **_more: Any) -> dict[str, Any]:
        sent.append(module_args)
        return {"failed": True, "msg": "enough"}

    monkeypatch.setattr(agents_registered.ActionModule, "_execute_module", execute)
    for options in ({}, {"docker_host": "tcp://of-the-host:2376", "docker_ca_path": "~/ca.pem"}):
        server.expect("GET", REGISTRY, answer={"pendingRequests": []})
        server.expect("GET", USERS, answer={"users": []})
        run({**params, "agents": deployed(replace(RUNNING, credentials=False)), **options})
        look = sent.pop()
        assert {key: look[key] for key in look if key.startswith("docker_")} == options


def lost(**_more: Any) -> dict[str, Any]:
    raise AnsibleConnectionFailure("no route to host")


def test_what_was_done_is_told_where_the_host_refuses_the_login_since(
    server: Conversation, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_more: Any) -> dict[str, Any]:
        raise AnsibleAuthenticationFailure("invalid password")

    monkeypatch.setattr(agents_registered.ActionModule, "_execute_module", staticmethod(refused))
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": []})

    result = run({**params, "agents": deployed(replace(RUNNING, credentials=False))})

    assert result["unreachable"] and result["error"]["kind"] == "HostLoginError"
    assert result["msg"].startswith("Host hamburg (agents: press-1): ") and "invalid password" in result["msg"]
    assert [agent["name"] for agent in result["agents"]] == ["press-1"]


def test_a_host_that_stays_away_is_unreachable_when_time_is_out(
    server: Conversation, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agents that are left are named; the one that is registered has no part in it."""
    monkeypatch.setattr(agents_registered.ActionModule, "_execute_module", staticmethod(lost))
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": [{"id": "1", "username": "press-1", "createdBy": "client-registry"}]})
    left = [replace(RUNNING, name=name, username=name, credentials=False) for name in ("press-2", "press-3")]
    agents = [*deployed(), *(entry for seen in left for entry in deployed(seen))]
    result = run({**params, "agents": agents, "timeout": 1})

    assert result["unreachable"] and not result.get("failed")
    assert result["msg"] == (
        "Host hamburg (agents: press-2, press-3): Could not look at the agents on host hamburg: no route to host."
    )
    assert result["error"]["kind"] == "HostUnreachableError"
    assert [agent["registered"] for agent in result["agents"]] == [True, False, False]
