# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conflict: what its message tells, and which users are never deleted."""

from __future__ import annotations

import pytest
from integration.bed import ENGINE, IMAGE, VERSION, docker, one_at_a_time
from integration.factory_host import CONNECTION_PLUGINS, FactoryHost, build
from simulator.harness import until


@pytest.fixture
def lost(factory):
    """A factory whose first agent has lost its credentials, with its user still there."""
    site = factory(2)
    site.rollout().ok()
    docker("exec", "--user", "0", f"connectware-agent-{site.names()[0]}", "find", "/data", "-type", "f", "-delete")
    return site


def user_of(site, name):
    return next(user for user in site.simulator.state()["users"] if user["username"] == name)


def test_the_message_names_the_user_since_when_and_the_ways_out(lost):
    name = lost.names()[0]
    since = user_of(lost, name)["created_at"]
    lost.rollout().failed(
        f"the user '{name}' exists already since {since}",
        "bring back the agent's volume",
        "give the agent another name",
        "on_conflict: replace",
    )


@pytest.fixture
def old_host():
    """A machine with an engine of its own, so that it does not see what runs on this one."""
    with one_at_a_time():
        build()
    machine = FactoryHost("it-moved-from").start()
    yield machine.variables
    machine.remove()


@pytest.mark.long
def test_an_agent_that_was_moved_keeps_its_user_when_it_is_retired_on_its_old_host(factory, old_host):
    site = factory(1)
    site.environment["ANSIBLE_CONNECTION_PLUGINS"] = str(CONNECTION_PLUGINS)
    (agent,) = site.agents
    name, there = agent["name"], f"connectware-agent-{agent['name']}-there"
    site.simulator.control(
        "POST", "users", {"username": name, "created_by": "client-registry", "role": "connectware-agent"}
    )
    given = {"AGENT_NAME": name, "AGENT_MODE": "distributed", "MQTT_HOST": "127.0.0.1"}
    variables = [option for key, value in given.items() for option in ("--env", f"CYBUS_{key}={value}")]

    def retire(*arguments, **new):
        hosts = {"old": {"agents_list": [agent], **old_host}, "new": {"agents_list": [agent], **new}}
        return site.play("retire", "--extra-vars", "agents_hosts=old", *arguments, hosts=hosts)

    for arguments in (["--check"], []):
        retire(*arguments, agents_docker_host="unix:///nowhere.sock").failed(
            f"its user '{name}' was kept: perhaps something on the host new, which could not be asked,",
            "Run again when that host can be asked",
        )
    assert name in site.simulator.usernames()

    docker("run", "--detach", "--name", there, *variables, "--env", "SIMULATOR_START_DELAY=3600", f"{IMAGE}:{VERSION}")
    for arguments in (["--check"], []):
        assert set(retire(*arguments).ok().changes.values()) == {0}
    assert name in site.simulator.usernames()

    docker("rm", "--force", there)
    retire().ok()
    assert name not in site.simulator.usernames(), "nothing runs that answers to it"


def test_a_volume_without_credentials_takes_none_from_an_agent_that_works(factory):
    """A slip in the inventory: with it the agent would be made anew, and then refused."""
    site = factory(2)
    site.rollout().ok()
    name, other = site.names()
    until(lambda: site.connected(name), "it is connected")
    site.agents[0]["volume"] = f"connectware-agent-{name}-new"
    site.agents[1]["env"] = {"CYBUS_LOG_LEVEL": "debug"}
    before, users = site.starts(), site.simulator.state()["users"]

    run = site.rollout().failed(f"with another volume {name} would end in a conflict", "No container of", "replace")

    assert site.starts() == before and site.connected(name) and site.simulator.state()["users"] == users
    assert run.agents[name]["verdict"] == "conflict"

    run = site.rollout(agents_on_conflict="replace").ok()
    assert "user_deleted" in run.agents[name]["actions"] and other in run.agents
    until(lambda: site.connected(name), "it has a new user, by the new volume")
    docker("volume", "rm", f"connectware-agent-{name}")


@pytest.mark.long
def test_where_only_the_authorization_tells_of_it_the_user_is_nobody_elses_to_delete_either(lost):
    """That 409 is the answer to a registration is assumed."""
    name = lost.names()[0]
    lost.simulator.switch(conflict_told_by="confirm")
    docker("restart", "--time", "1", f"connectware-agent-{name}")
    before = user_of(lost, name)

    run = lost.rollout().failed("Connectware refuses with 409 to authorize its request", "on_conflict: replace")

    assert run.agents[name]["verdict"] == "conflict" and "authorized" not in run.agents[name]["actions"]
    assert user_of(lost, name) == before
    assert not lost.simulator.state()["window"]["open"]

    lost.rollout(agents_on_conflict="replace").ok()
    until(lambda: lost.connected(name), "it is connected")
    assert user_of(lost, name) != before


def write_into_log(container, line):
    """Something else that runs in the container, and may write where the agent writes."""
    beside = ("--pid", f"container:{container}", "--cap-add", "SYS_PTRACE", "--user", "0", "--entrypoint", "sh")
    docker("run", "--rm", *beside, f"{IMAGE}:{VERSION}", "-c", f"echo '{line}' >/proc/1/fd/1")
    until(lambda: line in docker("logs", container), "the line is in the log")


@pytest.mark.parametrize(
    ("user", "says"),
    [
        ({"created_by": "alice"}, "not made by a registration but by alice"),
        ({"created_by": "client-registry", "role": "admin"}, "administrator rights"),
        pytest.param(
            {
                "created_by": "client-registry",
                "permissions": [{"context": "http", "resource": "/api/#", "operation": "readWrite"}],
            },
            "administrator rights (it may write /api/#)",
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_user_that_is_not_a_stale_one_is_kept(lost, user, says):
    name = lost.names()[0]
    lost.simulator.control("DELETE", f"users/{name}")
    lost.simulator.control("POST", "users", {"username": name, "password": "its-own-password", **user})
    run = lost.rollout(agents_on_conflict="replace").failed(name, says, "Nothing was deleted")
    assert run.agents[name]["verdict"] == "conflict"
    assert user_of(lost, name)["created_by"] == user["created_by"]
    assert not lost.simulator.state()["window"]["open"]
    lost.retire().failed(name, says, "Nothing was deleted")
    assert name in lost.simulator.usernames()
    assert lost.names()[1] not in lost.simulator.usernames(), "the other agent of the host is retired all the same"


@pytest.mark.long
def test_a_user_that_connectware_does_not_tell_the_origin_of_is_kept(lost):
    name = lost.names()[0]
    lost.simulator.switch(dialect={"user": {"created_by": None}})
    lost.rollout(agents_on_conflict="replace").failed(name, "does not tell", "list_users.fields.by_registration")
    assert name in lost.simulator.usernames()
    by_hand = {"list_users": {"fields": {"by_registration": "grantTypes[0].method == 'password'"}}}
    lost.rollout(agents_on_conflict="replace", connectware_contract=by_hand).ok()
    until(lambda: lost.connected(name), "the agent is logged in again")


def test_a_user_that_another_running_container_answers_to_is_kept(lost):
    """Run by hand, on what the inventory takes for another host."""
    name = lost.names()[0]
    hosts = {"factory": {"agents_list": lost.agents}, "plant": {"agents_list": []}, "office": {}}
    other = f"connectware-agent-{name}-by-hand"
    docker(
        "run", "--detach", "--network", "host", "--name", other, "--env", "CYBUS_AGENT_MODE=distributed",
        "--env", f"CYBUS_AGENT_NAME={name}", "--env", "CYBUS_MQTT_HOST=127.0.0.1", f"{IMAGE}:{VERSION}",
    )  # fmt: skip
    user, told = user_of(lost, name), (name, f"the container {other} on the host", "was not deleted")
    lost.rollout("--check", hosts=hosts, agents_on_conflict="replace").failed(*told)
    lost.rollout(hosts=hosts, agents_on_conflict="replace").failed(*told)
    assert user_of(lost, name) == user
    docker("rm", "--force", other)
    lost.rollout(hosts=hosts, agents_on_conflict="replace").ok()
    until(lambda: lost.connected(name), "the agent is logged in again")


@pytest.mark.long
def test_a_host_that_cannot_be_asked_keeps_the_user(lost):
    name = lost.names()[0]
    hosts = {
        "factory": {"agents_list": lost.agents},
        "plant": {"agents_list": [], "agents_docker_host": "unix:///nowhere/docker.sock"},
    }
    run = lost.rollout("--limit", "factory", hosts=hosts, agents_on_conflict="replace")
    run.failed(name, "perhaps something on the host plant, which could not be asked", "was not deleted")
    assert name in lost.simulator.usernames()


@pytest.mark.long
def test_other_hosts_are_asked_at_the_engine_that_the_play_names(lost):
    """Their own default, which the play has overruled, would be another one."""
    name = lost.names()[0]
    lost.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    hosts = {"factory": {"agents_list": lost.agents}, "plant": {"agents_list": []}}
    play = lost.directory / "engine.yml"
    play.write_text(
        "- hosts: factory\n  gather_facts: false\n"
        f"  roles:\n    - role: edgefleet.connectware.agents\n      vars: {{agents_docker_host: '{ENGINE}'}}\n"
    )
    lost.play(str(play), hosts=hosts, agents_on_conflict="replace").ok()
    until(lambda: lost.connected(name), "the agent is logged in again")


@pytest.mark.long
def test_a_play_may_replace_where_the_inventory_says_fail(lost):
    """Then others are asked as well: a host that was not would be one that perhaps runs the agent."""
    name = lost.names()[0]
    hosts = {"factory": {"agents_list": lost.agents}, "plant": {"agents_list": []}}
    play = lost.directory / "replace.yml"
    play.write_text(
        "- hosts: all\n  gather_facts: false\n"
        "  roles:\n    - role: edgefleet.connectware.agents\n      vars: {agents_on_conflict: replace}\n"
    )
    lost.play(str(play), hosts=hosts, agents_on_conflict="fail").ok()
    until(lambda: lost.connected(name), "the agent is logged in again")


def stopped_with_another_password(site, *names):
    for name in names:
        docker("stop", "--time", "1", f"connectware-agent-{name}")
        site.simulator.control("POST", "password", {"username": name, "password": "another-one"})


@pytest.mark.long
def test_other_hosts_are_asked_where_only_the_start_of_an_agent_shows_the_conflict(factory):
    """As where an agent is moved back, and works on its other host with the credentials that it got there."""
    site = factory(2)
    site.rollout().ok()
    name = site.names()[0]
    stopped_with_another_password(site, name)
    before = user_of(site, name)
    away = {"agents_list": [], "agents_docker_host": "unix:///nowhere/docker.sock"}
    hosts = {"factory": {"agents_list": site.agents}, "plant": away}

    run = site.rollout("--limit", "factory", hosts=hosts, agents_on_conflict="replace")

    run.failed(name, "perhaps something on the host plant, which could not be asked", "was not deleted")
    assert user_of(site, name) == before

    docker("restart", "--time", "1", f"connectware-agent-{name}")
    hosts["plant"] = {"agents_list": []}
    site.rollout("--limit", "factory", hosts=hosts, agents_on_conflict="replace").ok()
    until(lambda: site.connected(name), "the agent is logged in again")
    assert user_of(site, name)["created_at"] != before["created_at"]


@pytest.mark.long
def test_many_conflicts_that_only_the_start_of_agents_shows_stop_the_run(factory):
    """As after a restored server."""
    site = factory(5)
    site.rollout().ok()
    lost = site.names()[:4]
    stopped_with_another_password(site, *lost)
    before = {name: user_of(site, name) for name in lost}

    run = site.rollout(agents_on_conflict="replace")

    run.failed("4 of 5 agents would be registered anew", lost[3], "No agent was registered, but their containers")
    assert {name: user_of(site, name) for name in lost} == before


@pytest.mark.long
def test_the_engine_of_one_host_is_not_taken_for_that_of_another(lost):
    name = lost.names()[0]
    lost.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    hosts = {"factory": {"agents_list": lost.agents, "agents_docker_host": ENGINE}, "plant": {"agents_list": []}}
    run = lost.rollout("--limit", "factory", hosts=hosts, agents_on_conflict="replace")
    run.failed(name, "perhaps something on the host plant, which could not be asked", "was not deleted")
    assert name in lost.simulator.usernames()


def test_a_conflict_forged_into_the_log_of_a_healthy_agent_does_not_cost_it_its_user(factory):
    site = factory(2)
    site.rollout().ok()
    name = site.names()[0]
    before = user_of(site, name)
    forged = '{"level": 50, "time": 1, "msg": "Registration failed: 409 Conflict"}'
    asks = '{"level": 30, "time": 1, "msg": "Asking for Connectware registration at x with cached credentials..."}'
    write_into_log(f"connectware-agent-{name}", forged)
    run = site.rollout(agents_on_conflict="replace").ok()
    assert run.agents[name]["actions"] == [], "it has not asked for anything"
    write_into_log(f"connectware-agent-{name}", asks)
    write_into_log(f"connectware-agent-{name}", forged)
    run = site.rollout(agents_on_conflict="replace").ok()
    assert run.agents[name]["actions"] == ["restarted"], "it has proved its credentials"
    assert user_of(site, name) == before
    until(lambda: site.connected(name), f"{name} is connected")
