# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docker layer of two runs that are at work on one host at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from integration.bed import docker, inspect
from integration.layer_host import BASE, PARAMS, Host

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import connect

AGENTS = range(1, 5)
ROUNDS = 3


def another(host: Host) -> Host:
    """The same host, for another run, which has a connection of its own."""
    return Host(connect(PARAMS), host.prefix)


def before(host: Host, monkeypatch: pytest.MonkeyPatch, call: str, do: Any) -> None:
    """Something happens right before the first such call of this run to the engine."""
    real, once = getattr(host.engine.client, call), iter([do])

    def first(*args: Any, **kwargs: Any) -> Any:
        for something in once:
            something()
        return real(*args, **kwargs)

    monkeypatch.setattr(host.engine.client, call, first)


def containers(host: Host) -> list[str]:
    return sorted(docker("ps", "-a", "--format", "{{.Names}}", "--filter", f"name={host.prefix}").split())


def test_a_container_that_another_run_has_just_made_counts(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    other = another(host)
    before(host, monkeypatch, "create_container", other.one)
    agent = host.one()
    assert agent["action"] == "none" and agent["observation"]["container_id"] == host.container()["Id"]


def test_one_that_it_has_made_and_not_yet_started_is_started(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    other = another(host)
    before(other, monkeypatch, "start", lambda: pytest.fail("so far it does not come"))

    def make() -> None:
        with pytest.raises(pytest.fail.Exception):
            other.one()

    before(host, monkeypatch, "create_container", make)
    assert host.one()["action"] == "started"
    assert host.container()["State"]["Running"]


@pytest.mark.parametrize("call", ["create_container", "stop", "rename"])
def test_one_that_it_has_made_anew_counts(call: str, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.one()
    other = another(host)
    before(host, monkeypatch, call, lambda: other.one(env={"N": 1}))
    agent = host.one(env={"N": 1})
    now = host.container()
    assert agent["observation"]["container_id"] == now["Id"] and now["State"]["Running"]
    assert containers(host) == [agent["name"]]
    assert host.one(env={"N": 1})["action"] == "none"


def test_one_that_it_is_making_anew_is_waited_for(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """And its new container is not taken for what a killed run has left."""
    host.one()
    other, begun, goes_on = another(host), Event(), Event()

    def halt() -> None:
        begun.set()
        assert goes_on.wait(10)

    before(other, monkeypatch, "stop", halt)
    listed, looks = host.engine.client.containers, iter([lambda: None, goes_on.set])

    def look(**options: Any) -> Any:
        next(looks, lambda: None)()
        return listed(**options)

    monkeypatch.setattr(host.engine.client, "containers", look)
    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(other.one, env={"N": 1})
        assert begun.wait(10)
        assert host.one(env={"N": 1})["action"] == "none"
        assert one.result()["action"] == "recreated"
    assert containers(host) == [host.agent()["name"]]


def test_one_that_somebody_else_has_put_there_is_no_agent(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    name = host.agent()["name"]
    before(host, monkeypatch, "create_container", lambda: docker("run", "-d", "--name", name, BASE, "sleep", "60"))
    result = host.converge()
    assert result["failed"] and f'name "/{name}" is already in use' in result["msg"]
    assert result["agents"][0]["action"] == "none"


@pytest.mark.parametrize("change", ["nothing was there", "all are made anew"])
def test_two_runs_that_begin_together(change: str, host: Host) -> None:
    """Neither fails, at whatever moment each of them is."""
    hosts = [host, another(host)]
    for number in range(ROUNDS):
        env = {"N": number}
        agents = [host.agent(one, env=env, init=True) for one in AGENTS]
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda one, agents=agents: one.converge(*agents), hosts))
        assert [result.get("msg") for result in results] == [None, None]
        for one in AGENTS:
            now = host.container(one)
            assert now["State"]["Running"] and f"N={number}" in now["Config"]["Env"]
        assert containers(host) == [agent["name"] for agent in agents]
        assert not host.converge(*agents)["changed"]
        if change == "nothing was there":
            host.converge(*agents, state="absent", purge=True)
            assert inspect("volume", agents[0]["name"]) is None
