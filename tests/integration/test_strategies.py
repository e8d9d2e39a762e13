# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that fail or cannot be reached, limits, batches and strategies: the other hosts' agents are registered."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import yaml
from integration import lives
from integration.bed import SOCKET, Factory
from simulator.harness import until


def unreachable() -> dict[str, Any]:
    """The variables of a host at whose SSH port nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": port}


def without_engine() -> dict[str, Any]:
    """The variables of a host whose Docker Engine does not answer."""
    return {"agents_docker_host": "unix:///nonexistent/docker.sock"}


def hosts_of(site: Factory, *each: dict[str, Any]) -> dict[str, Any]:
    """A host for each agent, in this order, with variables of its own."""
    own = [*each, *({} for _agent in site.agents[len(each) :])]
    return {
        f"host{number}": {"agents_list": [agent], **variables}
        for number, (agent, variables) in enumerate(zip(site.agents, own, strict=True), 1)
    }


def registered(site: Factory, names: list[str]) -> None:
    """These agents, and no other, are let in and connected."""
    if names:
        lives.all_connected(site, names)
    assert site.simulator.usernames() & set(site.names()) == set(names)
    lives.closed_and_clean(site)


@pytest.mark.parametrize("strategy", [pytest.param("linear", marks=pytest.mark.long), "free"])
def test_hosts_that_fail_do_not_hold_up_the_others(factory, strategy):
    """The first host, on which what concerns all hosts is asked, cannot be reached; another has no engine.

    There are more hosts than forks.
    """
    site = lives.quick(factory(4))
    site.environment["ANSIBLE_STRATEGY"] = strategy
    hosts = hosts_of(site, unreachable(), {}, without_engine())
    run = site.rollout("--forks", "2", hosts=hosts, agents_version="auto")
    gone, one, broken, two = site.names()
    run.failed(f"Host host1 (agents: {gone}): ", f"Host host3 (agents: {broken}): ", "/nonexistent/docker.sock")
    registered(site, [one, two])
    site.count_from_now()
    again = site.rollout(hosts={name: hosts[name] for name in ("host2", "host4")}).ok()
    assert set(again.changes.values()) == {0}
    assert site.counts()["writes"] == 0


@pytest.mark.long
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_many_at_once_are_stopped_under_any_strategy(factory, strategy):
    """With a first host that cannot be reached. Other strategies than linear judge host by host, up to the limit."""
    site = lives.quick(factory(6))
    hosts = hosts_of(site)
    site.rollout(hosts=hosts).ok()
    for name in site.names()[1:]:
        site.simulator.control("DELETE", f"users/{name}")
    site.count_from_now()
    site.environment["ANSIBLE_STRATEGY"] = strategy
    run = site.rollout(hosts={**hosts, "host1": {**hosts["host1"], **unreachable()}})
    run.failed("agents_max_reregistrations (10%) allows 3")
    let_in = site.counts()["operations"].get("registry_confirm", 0)
    assert let_in == 0 if strategy == "linear" else let_in <= 3
    lives.closed_and_clean(site)


@pytest.mark.long
def test_a_user_in_conflict_is_kept_where_a_host_cannot_be_asked(factory):
    """Its agent may run there; the hosts that answer are asked all the same, from the first that is left."""
    site = lives.quick(factory(3))
    hosts = hosts_of(site)
    site.rollout(hosts=hosts).ok()
    lost = site.names()[1]
    lives.empty(lost)
    lives.restart(lost)
    gone = {**hosts, "host1": {**hosts["host1"], **unreachable()}}
    run = site.rollout(hosts=gone, agents_on_conflict="replace")
    run.failed(lost, "perhaps something on the host host1, which could not be asked")
    assert lost in site.simulator.usernames(), "the user was deleted"
    site.rollout(hosts=hosts, agents_on_conflict="replace").ok()
    registered(site, site.names())


@pytest.mark.long
@pytest.mark.parametrize(
    ("limit", "done"), [("host1", []), ("host3", [2]), ("host1,host2", [1]), ("empty", None)], ids=str
)
def test_a_slice_with_few_agents_or_none(factory, limit, done):
    """The first host has no agents; the group `empty` has no hosts."""
    site = lives.quick(factory(3))
    hosts = {**hosts_of(site), "host1": {}}
    if done is None:
        site.rollout("-e", "agents_hosts=empty", hosts=hosts).ok()
        done = []
    else:
        run = site.rollout("--limit", limit, hosts=hosts, agents_version="auto").ok()
        assert [run.agents[name]["verdict"] for name in run.agents] == ["registered"] * len(done)
    registered(site, [site.names()[number] for number in done])
    assert ("registry_unlock" in site.counts()["operations"]) == bool(done)


@pytest.mark.long
def test_a_host_that_fails_in_a_batch_of_several(factory):
    """Its batch and the later ones go on, as long as one host of each batch is left."""
    site = lives.quick(factory(4))
    hosts = hosts_of(site, without_engine())
    run = site.rollout("-e", '{"agents_serial": 2}', hosts=hosts)
    run.failed(f"Host host1 (agents: {site.names()[0]})")
    registered(site, site.names()[1:])


@pytest.mark.long
@pytest.mark.parametrize(("share", "done"), [(20, []), (50, [1, 2])])
def test_the_share_of_hosts_that_may_fail(factory, share, done):
    """max_fail_percentage: beyond it the run stops between two tasks; what was begun is finished by the next run."""
    site = lives.quick(factory(3))
    play = site.directory / "most.yml"
    play.write_text(
        f"- hosts: all\n  gather_facts: false\n  max_fail_percentage: {share}\n"
        "  roles:\n    - role: edgefleet.connectware.agents\n"
    )
    hosts = hosts_of(site, without_engine())
    run = site.play(str(play), hosts=hosts)
    run.failed(f"Host host1 (agents: {site.names()[0]})")
    registered(site, [site.names()[number] for number in done])
    site.rollout(hosts=hosts_of(site)).ok()
    registered(site, site.names())


def fatal_play(site: Factory) -> str:
    """A play of a user whose first failure is to end it for all hosts."""
    play = site.directory / "fatal.yml"
    play.write_text(
        "- hosts: all\n  gather_facts: false\n  any_errors_fatal: true\n"
        "  roles:\n    - role: edgefleet.connectware.agents\n"
    )
    return str(play)


def ignoring_play(site: Factory, keyword: str) -> str:
    """A play of a user that is to go on, whatever becomes of a host."""
    play = site.directory / "ignoring.yml"
    role = "  roles:\n    - role: edgefleet.connectware.agents\n"
    after = "  tasks:\n    - ansible.builtin.debug:\n        msg: after {{ inventory_hostname }}\n"
    play.write_text(f"- hosts: all\n  gather_facts: false\n  {keyword}: true\n{role}{after}")
    return str(play)


@pytest.mark.parametrize(
    ("keyword", "trouble", "told"),
    [
        ("ignore_unreachable", unreachable, "Connection refused"),
        ("ignore_errors", without_engine, "/nonexistent/docker.sock"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_failure_that_is_ignored_is_the_only_one_of_its_host(factory, keyword, trouble, told, state):
    """What follows on that host has nothing to go by, and says why; the other host is done as ever."""
    site = lives.quick(factory(2))
    hosts = hosts_of(site, trouble())
    run = site.play(ignoring_play(site, keyword), hosts=hosts, agents_state=state)
    assert told in run.output and "has no attribute" not in run.output, run.output
    assert ("after host1" in run.output) == (keyword == "ignore_errors") and "after host2" in run.output
    registered(site, site.names()[1:] if state == "present" else [])


@pytest.mark.long
def test_ignored_errors_do_not_release_the_brake(factory):
    site = lives.quick(factory(4))
    hosts = hosts_of(site)
    site.rollout(hosts=hosts).ok()
    for name in site.names():
        site.simulator.control("DELETE", f"users/{name}")
    site.count_from_now()
    run = site.play(ignoring_play(site, "ignore_errors"), hosts=hosts)
    run.failed("4 of 4 agents would be registered anew", "No container was touched and no agent was registered")
    assert site.counts()["operations"].get("registry_confirm", 0) == 0
    registered(site, [])


def test_a_play_does_not_give_one_agent_to_two_hosts(factory):
    """Its own variables are known of its hosts alone; the inventory has none of them."""
    site = lives.quick(factory(1))
    role = {"role": "edgefleet.connectware.agents", "vars": {"agents_list": site.agents}}
    play = site.directory / "own.yml"
    play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
    run = site.play(str(play), hosts={"host1": {}, "host2": {}})
    run.failed(f"{site.names()[0]} is on host1 and host2", "No container was touched")
    assert site.container(site.names()[0]) is None
    site.play(str(play), hosts={"host1": {}}).ok()


@pytest.mark.long
def test_a_failure_that_is_fatal_for_all_between_two_turns(factory):
    """One host waits for its agent while another fails: the run ends, closes the window and says who was waited for."""
    site = lives.quick(factory(3))
    slow, stranger, _quick = site.names()
    hosts = hosts_of(site)
    site.agents[0]["env"] = {"SIMULATOR_START_DELAY": "12"}
    site.simulator.control("POST", "users", {"username": stranger})
    play = fatal_play(site)
    run = site.play(play, "--forks", "1", hosts=hosts, agents_window_lease=600)
    run.failed(
        f"Host host2: 1 of 1 agents are not registered: agent {stranger}: conflict",
        f"the run ended while agents were still waited for: {slow}. Run again",
    )
    assert run.agents[slow]["failed"] and run.report["hosts"]["host1"]["state"] == "failed"
    assert not site.simulator.state()["window"]["open"]

    site.simulator.control("DELETE", f"users/{stranger}")
    site.play(play, "--forks", "1", hosts=hosts).ok()
    registered(site, site.names())


@pytest.mark.long
def test_pinned_hosts_go_their_own_way(factory):
    """More of them than forks, with a keyword that Ansible does not support there: one fails, the others go on."""
    site = lives.quick(factory(4))
    site.environment["ANSIBLE_STRATEGY"] = "host_pinned"
    stranger = site.names()[1]
    site.simulator.control("POST", "users", {"username": stranger})
    others = [name for name in site.names() if name != stranger]
    run = site.play(fatal_play(site), "--forks", "2", hosts=hosts_of(site), agents_window_lease=600)
    run.failed(f"Host host2: 1 of 1 agents are not registered: agent {stranger}: conflict")
    lives.all_connected(site, others)
    assert [name for name in others if not run.agents[name]["registered"]] == []
    lives.closed_and_clean(site)
    site.simulator.control("DELETE", f"users/{stranger}")
    site.play(fatal_play(site), "--forks", "2", hosts=hosts_of(site)).ok()
    registered(site, site.names())


@pytest.mark.long
def test_a_host_that_dies_while_its_agents_are_registered(factory):
    """Unreachable in the middle: the agent that is left is named, the others are registered, the window is closed."""
    site = lives.quick(factory(4))
    hosts = hosts_of(site)
    hosts["host1"]["agents_list"] += hosts.pop("host4")["agents_list"]
    socket_path = site.directory / "docker.sock"
    socket_path.symlink_to(SOCKET)
    hosts["host1"]["agents_docker_host"] = f"unix://{socket_path}"
    site.agents[0]["env"] = {"SIMULATOR_START_DELAY": "3600"}
    process = site.start("rollout", hosts=hosts)
    log = site.directory / "started.log"
    try:
        until(lambda: set(site.names()[1:]) <= set(site.simulator.connected()), "the others are in", 90)
        until(lambda: "host1: 1 of 2 registered" in log.read_text(), "one of the host's own agents has proven it", 120)
        socket_path.unlink()
        assert process.wait(180) != 0
    finally:
        process.kill()
    output = " ".join(log.read_text().split())
    assert f"Host host1 (agents: {site.names()[0]}): Could not" in output, output
    registered(site, site.names()[1:])
