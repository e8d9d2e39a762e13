# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades: images first, batch by batch, watched only, and put back where an agent does not come back."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from integration.bed import IMAGE, NEXT_VERSION, VERSION, docker, inspect
from simulator.harness import until

CRASHING, FORGETFUL, UNSTARTABLE = "1.8.2", "1.8.3", "1.8.4"
SERIAL = '{"agents_serial": [1, 2]}'


@pytest.fixture(scope="module", autouse=True)
def bad_images(agent_images):
    """Releases that no agent comes back with: it crashes, does not find its credentials and asks, or cannot start."""
    del agent_images
    lines = {
        CRASHING: "ENV SIMULATOR_CRASH=7",
        FORGETFUL: "ENV SIMULATOR_CREDENTIALS_FILE=new.json",
        UNSTARTABLE: "USER no-such-user",
    }
    for version, line in lines.items():
        dockerfile = f"FROM {IMAGE}:{VERSION}\n{line}\nENV SIMULATOR_AGENT_VERSION={version}\n"
        subprocess.run(
            ["docker", "build", "--quiet", "--tag", f"{IMAGE}:{version}", "-"],
            input=dockerfile.encode(),
            env={"DOCKER_BUILDKIT": "0", "PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
        )
    yield
    docker("rmi", "--force", *(f"{IMAGE}:{version}" for version in lines))


def fleet(site):
    """The agents of a factory, each on a host of its own."""
    return {f"host{number}": {"agents_list": [agent]} for number, agent in enumerate(site.agents, start=1)}


def rolled_out(site, hosts):
    # What has an old image, or gets it back, works with a newer Connectware too.
    site.simulator.switch(enforce_agent_version=False)
    site.rollout(hosts=hosts).ok()
    for name in site.names():
        until(lambda name=name: site.connected(name), f"{name} is connected")
    site.count_from_now()
    return site.starts(), site.simulator.state()["users"]


def becomes(site, version):
    site.simulator.control("POST", "version", {"version": version})


def upgrade(site, hosts, *arguments, **variables):
    return site.play(
        "upgrade", "--extra-vars", SERIAL, *arguments, hosts=hosts, **{"agents_version": "auto", **variables}
    )


def image_of(site, name):
    return site.container(name)["Image"]


def id_of(version):
    return inspect("image", f"{IMAGE}:{version}")["Id"]


def test_batch_by_batch_and_nobody_registers(factory):
    site = factory(4)
    hosts = fleet(site)
    before, users = rolled_out(site, hosts)
    site.simulator.switch(enforce_agent_version=True)
    becomes(site, NEXT_VERSION)
    site.simulator.control("POST", "disconnect", {})
    run = upgrade(site, hosts).ok()
    assert site.counts()["writes"] == 0
    assert site.simulator.state()["users"] == users
    after = site.starts()
    for name in site.names():
        assert image_of(site, name) == id_of(NEXT_VERSION)
        assert after[name][0] != before[name][0]
        assert site.volume(name) is not None
        until(lambda name=name: site.connected(name), f"{name} is back")
    first, second, third, fourth = (site.container(name)["Created"] for name in site.names())
    assert first < min(second, third) and max(second, third) < fourth, "the canary, two hosts, the rest"
    assert {agent["verdict"] for agent in run.agents.values()} == {"registered"}

    again = upgrade(site, hosts).ok()
    assert set(again.changes.values()) == {0}
    assert site.starts() == after


@pytest.mark.long
def test_check_mode_tells_and_touches_nothing(factory):
    site = factory(2)
    hosts = fleet(site)
    before, _users = rolled_out(site, hosts)
    becomes(site, NEXT_VERSION)
    run = upgrade(site, hosts, "--check").ok()
    assert all(changed > 0 for changed in run.changes.values())

    role = {"role": "edgefleet.connectware.agents", "vars": {"agents_state": "upgraded"}}
    play = [{"hosts": "all", "gather_facts": False, "check_mode": True, "roles": [role]}]
    (site.directory / "checked.yml").write_text(yaml.safe_dump(play))
    run = site.play("checked.yml", hosts=hosts, agents_version="auto").ok()
    assert all(changed > 0 for changed in run.changes.values()), "a play of one's own may say so by its keyword"

    assert site.starts() == before and site.counts()["writes"] == 0


@pytest.mark.parametrize(
    ("version", "says"), [(CRASHING, "exit code 7"), pytest.param(FORGETFUL, "only watched", marks=pytest.mark.long)]
)
def test_what_does_not_come_back_is_put_back_and_the_run_stops(factory, version, says):
    site = factory(3)
    hosts = fleet(site)
    before, users = rolled_out(site, hosts)
    becomes(site, version)
    run = upgrade(site, hosts, agents_on_conflict="replace")
    canary, *others = site.names()
    run.failed("The upgrade failed on host1", f"The previous image was put back for {canary}", says)
    assert "Not seen to come back with it" not in run.output
    after = site.starts()
    assert [name for name in site.names() if after[name] != before[name]] == [canary]
    for name in site.names():
        assert image_of(site, name) == id_of(VERSION)
        until(lambda name=name: site.connected(name), f"{name} works with its old image")
    assert others
    assert site.counts()["writes"] == 0, "nobody was registered, no user deleted, no window opened"
    assert site.simulator.state()["users"] == users
    becomes(site, VERSION)
    assert set(site.rollout(hosts=hosts).ok().changes.values()) == {0}


@pytest.mark.long
def test_what_the_engine_cannot_start_leaves_the_agent_running_and_the_run_stops(factory):
    site = factory(2)
    hosts = fleet(site)
    before, _users = rolled_out(site, hosts)
    canary, other = site.names()
    becomes(site, UNSTARTABLE)
    run = upgrade(site, hosts)
    run.failed("The upgrade failed on host1", "No image was replaced", "unable to find user", "runs again")
    assert "could not be put back" not in run.output
    after = site.starts()
    assert after[canary][0] == before[canary][0] and after[other] == before[other]
    until(lambda: site.connected(canary), "it works as before")
    assert site.counts()["writes"] == 0
    becomes(site, VERSION)
    assert set(site.rollout(hosts=hosts).ok().changes.values()) == {0}


@pytest.mark.long
def test_in_a_play_that_ignores_errors_it_is_put_back_too(factory):
    """And the run stops: the other hosts keep what they have."""
    site = factory(2)
    hosts = fleet(site)
    before, _users = rolled_out(site, hosts)
    canary, other = site.names()
    becomes(site, CRASHING)
    role = {"role": "edgefleet.connectware.agents", "agents_state": "upgraded"}
    play = {"hosts": "all", "gather_facts": False, "serial": 1, "ignore_errors": True, "max_fail_percentage": 0}
    (site.directory / "own.yml").write_text(yaml.safe_dump([{**play, "roles": [role]}]))
    run = site.play("own.yml", hosts=hosts, agents_version="auto")
    run.failed("The upgrade failed on host1", f"The previous image was put back for {canary}")
    assert image_of(site, canary) == id_of(VERSION)
    assert site.starts()[other] == before[other]


def test_an_image_of_a_registry_is_put_back_by_its_digest(factory, registry):
    """Its tag is moved before the upgrade, as a careless release does: the tag alone would bring another image back."""
    site = factory(1)
    site.variables.update(
        agents_image=registry.image, agents_pull="always", agents_registry_username=registry.username,
        agents_registry_password=registry.password,
    )  # fmt: skip
    hosts = fleet(site)
    image_id = registry.publish(VERSION)
    rolled_out(site, hosts)
    (name,) = site.names()
    (digest,) = inspect("image", image_id)["RepoDigests"]
    registry.publish(VERSION)
    docker("tag", f"{IMAGE}:{VERSION}", f"{registry.image}:{VERSION}")
    registry.publish(NEXT_VERSION, SIMULATOR_CRASH="7")
    becomes(site, NEXT_VERSION)
    run = upgrade(site, hosts).failed(f"The previous image was put back for {name}", "exit code 7")
    assert "Not seen to come back with it" not in run.output
    container = site.container(name)
    assert container["Image"] == image_id
    assert container["Config"]["Image"] == digest and "@sha256:" in digest
    until(lambda: site.connected(name), "it works with its old image")
    assert site.counts()["writes"] == 0


def killed_after_the_containers(site, hosts):
    """An upgrade that is killed when it has made the containers anew, before it has seen that they do not come back."""
    old = site.starts()
    process = site.start("upgrade", "--extra-vars", SERIAL, hosts=hosts, agents_version="auto")
    try:
        until(lambda: site.starts().keys() == old.keys() and site.starts() != old, "a container is made anew", 90)
    finally:
        site.kill_all(process)


@pytest.mark.long
@pytest.mark.parametrize(
    ("version", "says"),
    [
        (CRASHING, ["The upgrade failed on host1", "No image was replaced", "exit code 7"]),
        (FORGETFUL, ["1 of 1 agents cannot be upgraded", "No agent was touched"]),
    ],
)
def test_after_one_that_was_killed_the_next_one_names_the_image_before_and_the_way_back(factory, version, says):
    site = factory(2)
    hosts = fleet(site)
    rolled_out(site, hosts)
    before = site.starts()
    becomes(site, version)
    killed_after_the_containers(site, hosts)
    canary, other = site.names()
    assert image_of(site, canary) == id_of(version)
    old_image = id_of(VERSION)
    assert site.container(canary)["Config"]["Labels"]["edgefleet.connectware.replaced-image"] == old_image

    if version == CRASHING:  # then the engine waits so long between two starts that it is not seen running
        until(lambda: site.container(canary)["RestartCount"] >= 7, "it crashes again and again", 120)
    run = upgrade(site, hosts).failed(*says, f"replaced the image of {canary} ({old_image})", "playbook rollout")
    assert "was put back" not in run.output
    assert image_of(site, canary) == id_of(version), "nothing is put back on the word of a label"
    assert site.starts([other]) == {other: before[other]}

    hosts["host1"]["agents_list"] = [{**hosts["host1"]["agents_list"][0], "image": old_image}]
    site.rollout("--limit", "host1", hosts=hosts).ok()
    assert image_of(site, canary) == old_image
    until(lambda: site.connected(canary), "it works with its old image")


def test_an_image_that_one_host_cannot_get_stops_the_run_before_any_agent_is_touched(factory):
    site = factory(3)
    hosts = fleet(site)
    before, _users = rolled_out(site, hosts)
    becomes(site, NEXT_VERSION)
    hosts["host3"]["agents_image"] = "nowhere/protocol-mapper"
    upgrade(site, hosts).failed("host3", f"nowhere/protocol-mapper:{NEXT_VERSION}")
    assert site.starts() == before


def without_user(site, _hosts):
    name = site.names()[2]
    site.simulator.control("DELETE", f"users/{name}")
    return f"{name}: "


def without_container(site, _hosts):
    name = site.names()[2]
    docker("rm", "--force", f"connectware-agent-{name}")
    return f"{name}: it has no container here"


def of_another_version(site, hosts):
    hosts["host3"]["agents_list"] = [{**site.agents[2], "version": VERSION}]
    return f"version of agent {site.names()[2]} is {VERSION}"


def with_an_image_of_another_version(site, hosts):
    hosts["host3"]["agents_list"] = [{**site.agents[2], "image": f"{IMAGE}:{VERSION}"}]
    return f"image of agent {site.names()[2]} is {IMAGE}:{VERSION}"


@pytest.mark.long
@pytest.mark.parametrize(
    "spoiled", [without_user, without_container, of_another_version, with_an_image_of_another_version]
)
def test_an_agent_of_the_last_host_that_is_no_case_for_an_upgrade_is_found_before_the_first_host(factory, spoiled):
    site = factory(3)
    hosts = fleet(site)
    rolled_out(site, hosts)
    becomes(site, NEXT_VERSION)
    says = spoiled(site, hosts)
    before, users = site.starts(), site.simulator.usernames()
    run = site.play("upgrade", "--extra-vars", '{"agents_serial": [1, 1, 1]}', hosts=hosts, agents_version="auto")
    run.failed(says, "No agent was touched.")
    assert site.starts() == before
    assert site.simulator.usernames() == users


@pytest.mark.long
def test_what_changes_while_earlier_hosts_are_upgraded_is_found_before_its_own_host(factory):
    """By a role that is given by itself: the look at all hosts is of the playbook."""
    site = factory(2)
    hosts = fleet(site)
    before, _users = rolled_out(site, hosts)
    becomes(site, NEXT_VERSION)
    first, second = site.names()
    site.simulator.control("DELETE", f"users/{second}")
    play = site.directory / "upgraded.yml"
    play.write_text(
        "- hosts: all\n  gather_facts: false\n  serial: 1\n"
        "  roles:\n    - role: edgefleet.connectware.agents\n      vars: {agents_state: upgraded}\n"
    )
    run = site.play(str(play), hosts=hosts, agents_version="auto")
    run.failed("1 of 1 agents cannot be upgraded", second, "No agent of host2 was touched.")
    assert site.starts([second]) == {second: before[second]}
    assert image_of(site, first) == id_of(NEXT_VERSION)


def made_by_hand(site, agent):
    """The agent as the inventory has it whose container somebody else makes, and did."""
    container = f"connectware-agent-{agent['name']}"
    env = {
        **site.variables["agents_env"],
        "CYBUS_AGENT_MODE": "distributed",
        "CYBUS_AGENT_NAME": agent["name"],
        "CYBUS_MQTT_HOST": site.variables["agents_mqtt_host"],
        "CYBUS_MQTT_PORT": site.variables["agents_mqtt_port"],
    }
    variables = [f"--env={key}={value}" for key, value in env.items()]
    how = ("--detach", "--init", "--network=host", f"--volume={container}:/data", "--name", container)
    docker("run", *how, *variables, f"{IMAGE}:{VERSION}")
    return {**agent, "manage": False, "container": container}


@pytest.mark.long
def test_agents_that_are_named_alone_may_be_such_as_somebody_else_upgrades(factory):
    """Their host is in no batch, and all the same they are agents of the play."""
    site = factory(3)
    theirs, *agents = site.agents
    hosts = {f"host{number}": {"agents_list": [agent]} for number, agent in enumerate(agents, start=1)}
    hosts["b-museum"] = {"agents_list": [made_by_hand(site, theirs)]}
    before, _users = rolled_out(site, hosts)
    becomes(site, NEXT_VERSION)
    mine = agents[0]["name"]
    only = f"{theirs['name']},{mine}"
    upgrade(site, hosts, "--extra-vars", f"agents_only={only},nobody").failed("no host of the play has: nobody")
    assert site.starts() == before
    upgrade(site, hosts, "--extra-vars", f"agents_only={only}").ok()
    assert image_of(site, mine) == id_of(NEXT_VERSION)
    after = site.starts()
    assert [name for name in before if after[name] != before[name]] == [mine]


@pytest.mark.long
@pytest.mark.parametrize(
    "pattern",
    [{}, {"agents_hosts": ["host?,office?", "a-desk:b-museum"]}],
    ids=["all", "some"],
)
def test_the_canary_is_a_host_that_has_agents(factory, pattern):
    """Not the first of the inventory, nor one whose agents somebody else upgrades; and no percentage counts them."""
    site = factory(5)
    theirs, *agents = site.agents
    others = {"a-desk": {}, "b-museum": {"agents_list": [made_by_hand(site, theirs)]}}
    others |= {f"office{number}": {} for number in range(6)}  # a quarter of all hosts are three
    hosts = {f"host{number}": {"agents_list": [agent]} for number, agent in enumerate(agents, start=1)}
    before, _users = rolled_out(site, {**others, **hosts})
    becomes(site, CRASHING)
    extra = ["--extra-vars", json.dumps(pattern)] if pattern else []
    run = site.play("upgrade", *extra, hosts={**others, **hosts}, agents_version="auto")
    run.failed("The upgrade failed on host1")
    after = site.starts()
    assert [name for name in site.names() if after[name] != before[name]] == [agents[0]["name"]]


def test_where_no_host_has_agents_nothing_is_done_and_nothing_is_warned_of(factory):
    run = factory(0).play("upgrade", hosts={"desk": {}}, agents_version="auto").ok()
    assert "WARNING" not in run.output


def test_a_new_agent_is_not_created_by_an_upgrade(factory):
    site = factory(1)
    upgrade(site, fleet(site)).failed(site.names()[0], "has no container", "playbook rollout")
    assert site.container(site.names()[0]) is None


def test_another_version_than_that_of_connectware_is_refused(factory):
    site = factory(1)
    before, _users = rolled_out(site, fleet(site))
    upgrade(site, fleet(site), agents_version=NEXT_VERSION).failed(NEXT_VERSION, VERSION, "agents_version to auto")
    tagged = f"{site.variables['agents_image']}:{VERSION}"
    upgrade(site, fleet(site), agents_image=tagged).failed(f"agents_image is {tagged}", "without tag and digest")
    assert site.starts() == before


@pytest.mark.long
def test_another_version_of_a_single_agent_is_refused_too(factory):
    site = factory(2)
    before, _users = rolled_out(site, {"factory": {"agents_list": site.agents}})
    becomes(site, NEXT_VERSION)
    mine, behind = site.agents
    hosts = {"factory": {"agents_list": [{**mine, "version": NEXT_VERSION}, {**behind, "version": VERSION}]}}
    run = upgrade(site, hosts).failed(f"version of agent {behind['name']} is {VERSION}, but Connectware", NEXT_VERSION)
    assert f"version of agent {mine['name']} is" not in run.output
    assert site.starts() == before


@pytest.mark.long
@pytest.mark.parametrize("not_yet", ["system_health", "system_info"])
def test_a_connectware_that_is_just_coming_up_is_waited_for(factory, not_yet):
    site = factory(1)
    rolled_out(site, fleet(site))
    becomes(site, NEXT_VERSION)
    site.simulator.control("POST", "faults", {"operation": not_yet, "status": 503, "count": 12})
    upgrade(site, fleet(site)).ok()
    assert image_of(site, site.names()[0]) == id_of(NEXT_VERSION)


@pytest.mark.parametrize(
    ("operation", "answer", "told"),
    [
        ("system_health", {"non_json": True}, "/api/system/health"),
        ("system_info", {"status": 403}, "/api/system/info: HTTP 403"),
    ],
)
def test_why_the_version_of_connectware_is_not_known_is_told(factory, operation, answer, told):
    site = factory(1)
    site.simulator.control("POST", "faults", {"operation": operation, **answer})
    run = upgrade(site, fleet(site)).failed(site.names()[0], told)
    assert "has no attribute" not in run.output and "is undefined" not in run.output
