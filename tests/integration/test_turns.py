# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More hosts than forks: those whose agents take their time do not hold up the others."""

from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from integration import lives
from integration.bed import NEXT_VERSION, Factory
from integration.test_upgrade import becomes, id_of, image_of
from simulator.harness import until

TURN, TURNS = "Register the agents", 4  # the judgement of all, and at least one turn of each
SLOW = 25  # seconds between two requests of a slow agent: the first meets a closed window, and the next comes late


def one_each(site: Factory, slow: int) -> dict[str, Any]:
    """A host for each agent; the first ones are slow."""
    hosts: dict[str, Any] = {f"host{number}": {"agents_list": [agent]} for number, agent in enumerate(site.agents, 1)}
    for host in list(hosts.values())[:slow]:
        host["agents_list"][0]["env"] = {"SIMULATOR_POLL_INTERVAL": str(SLOW)}
        host["agents_poll_interval"] = SLOW
        host["agents_timeout"] = 6 * SLOW  # two requests and a poll for the credentials, on a busy machine
    return hosts


def let_in_at(site: Factory) -> dict[str, str]:
    """When each agent was authorized, by the server's own record."""
    users = site.simulator.state()["users"]
    return {user["username"]: user["created_at"] for user in users if user["created_by"] == "client-registry"}


@pytest.mark.long
def test_slow_hosts_keep_no_fork_from_the_others(factory, tmp_path):
    site = lives.quick(factory(7))
    hosts, evidence = one_each(site, slow=4), tmp_path / "evidence.jsonl"
    run = site.rollout("--forks", "2", hosts=hosts, agents_evidence_path=str(evidence)).ok()
    moments = let_in_at(site)
    assert sorted(moments) == sorted(site.names())
    slow, others = site.names()[:4], site.names()[4:]
    first, last = min(moments[name] for name in slow), max(moments[name] for name in slow)
    assert max(moments[name] for name in others) < first, moments
    # There are twice as many slow ones as forks, and they were waited for together.
    assert (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds() < SLOW, moments
    for number, name in enumerate(slow, 1):  # turns are too short for a line of their own
        assert f"host{number}: 0 of 1 registered, waiting for {name}: " in run.output
    lives.all_connected(site, site.names())
    lives.closed_and_clean(site)

    # Told once each, whatever the number of turns.
    assert all(agent["actions"] == ["created", "authorized", "restarted"] for agent in run.agents.values()), run.agents
    assert sorted(entry["username"] for entry in run.report["authorizations"]) == sorted(site.names())
    lines = [json.loads(line) for line in evidence.read_text().splitlines()]
    for name in site.names():
        assert [line["outcome"] for line in lines if line["username"] == name] == ["attempted", "proved"]

    site.count_from_now()
    again = site.rollout("--forks", "2", hosts=hosts).ok()
    assert set(again.changes.values()) == {0}
    assert site.counts()["writes"] == 0


@pytest.mark.long
def test_a_host_that_fails_between_turns_leaves_the_others_alone(factory):
    site = lives.quick(factory(4))
    hosts = one_each(site, slow=1)
    stranger = site.names()[1]
    site.simulator.control("POST", "users", {"username": stranger})
    run = site.rollout("--forks", "1", hosts=hosts)
    run.failed("Host host2: 1 of 1 agents are not registered", f"the user '{stranger}' exists already")
    others = [name for name in site.names() if name != stranger]
    assert [name for name in others if not run.agents[name]["registered"]] == []
    lives.all_connected(site, others)
    lives.closed_and_clean(site)


SETTLE = 20  # seconds for which an agent is watched after its upgrade


@pytest.mark.long
def test_an_upgrade_waits_for_all_hosts_of_a_batch_at_once(factory):
    """It takes no turns, but each agent is watched from its own start on, and all have been started before."""
    site = lives.quick(factory(7))
    hosts = one_each(site, slow=0)
    site.rollout("--forks", "7", hosts=hosts).ok()
    becomes(site, NEXT_VERSION)
    together, variables = '{"agents_serial": "100%"}', {"agents_version": "auto", "agents_settle": SETTLE}
    run = site.play("upgrade", "--forks", "1", "--extra-vars", together, hosts=hosts, **variables).ok()
    ended = datetime.now(UTC)
    assert [image_of(site, name) for name in site.names()] == [id_of(NEXT_VERSION)] * 7
    assert all(agent["registered"] for agent in run.agents.values())
    last = max(datetime.fromisoformat(site.container(name)["Created"]) for name in site.names())
    took = ended - last
    assert timedelta(seconds=SETTLE) < took < timedelta(seconds=3 * SETTLE), "one after the other it takes longer"
    lives.all_connected(site, site.names())


# What a signal handler raises while Ansible forks a worker, Python drops: it happens in a hook of os.fork.
INTERRUPTED_WHILE_FORKING = f"""
import os, signal
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "aggregate", "interrupted_while_forking"
    turns = 0

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.turns += "{TURN}" in task.get_name()
        if self.turns == {TURNS}:
            os.register_at_fork(after_in_parent=self.interrupt)

    def interrupt(self):
        if self.turns == {TURNS}:
            self.turns += 1
            os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.long
@pytest.mark.parametrize("end", ["interrupt", "fork", "terminate"])
def test_an_end_by_a_signal_closes_the_window_for_those_between_turns_too(factory, end):
    """All hosts wait; the only worker speaks for one of them. Only the main process is told to terminate."""
    site = lives.quick(factory(3))
    hosts = one_each(site, slow=0)
    for agent in site.agents:
        agent["env"] = {"SIMULATOR_START_DELAY": "3600"}
    if end == "fork":
        plugins = site.directory / "callbacks"
        plugins.mkdir()
        plugins.joinpath("interrupted_while_forking.py").write_text(INTERRUPTED_WHILE_FORKING)
        site.environment.update(
            ANSIBLE_CALLBACK_PLUGINS=str(plugins), ANSIBLE_CALLBACKS_ENABLED="interrupted_while_forking"
        )
    process = site.start("rollout", "--forks", "1", hosts=hosts, agents_window_lease=600)
    log = site.directory / "started.log"
    try:
        until(lambda: log.read_text().count(TURN) >= TURNS, "every host has had a turn", 90)
        if end == "interrupt":
            assert site.simulator.state()["window"]["open"]
            os.killpg(process.pid, signal.SIGINT)
        elif end == "terminate":
            assert site.simulator.state()["window"]["open"]
            process.terminate()
        assert process.wait(30) == 99, "as Ansible ends by an interrupt"
        until(lambda: not site.simulator.state()["window"]["open"], "the window is closed again", 20)
    finally:
        process.kill()
