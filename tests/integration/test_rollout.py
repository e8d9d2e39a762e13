# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The main job: real containers, real HTTPS, real MQTT; checked with docker and the simulator."""

from __future__ import annotations

import json

import pytest
import yaml
from integration.bed import IMAGE, NEXT_VERSION, VERSION, docker, inspect
from simulator.harness import until


@pytest.mark.parametrize("interpreter", [pytest.param("newest", marks=pytest.mark.long), "distribution"])
def test_first_rollout_then_nothing_to_do(factory, interpreter, request):
    """With the newest docker SDK, and with the one of the distribution, as factory hosts have it."""
    site = factory(3)
    if interpreter == "distribution":
        site.variables["ansible_python_interpreter"] = request.getfixturevalue("system_python")
    first = site.rollout().ok()
    for name in site.names():
        container = site.container(name)
        assert container["State"]["Running"]
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in container["HostConfig"]["SecurityOpt"]
        assert container["HostConfig"]["Init"] is True
        mounts = {mount["Destination"]: mount["Name"] for mount in container["Mounts"]}
        assert mounts["/data"] == f"connectware-agent-{name}"
        assert first.agents[name]["verdict"] == "registered"
        assert first.agents[name]["reason"] == "first_start"
        assert len(first.agents[name]["pairing_id"]) == 6
        until(lambda name=name: site.connected(name), f"{name} is logged in at the broker")
    assert set(site.names()) <= site.simulator.usernames()
    assert site.pending() == []
    assert not site.simulator.state()["window"]["open"]
    assert site.counts()["operations"]["registry_confirm"] == 3

    before = site.starts()
    site.count_from_now()
    second = site.rollout().ok()
    assert second.changed == 0
    counts = site.counts()["operations"]
    assert counts.pop("login") == 1
    assert sum(counts.values()) <= 2, counts
    assert site.counts()["writes"] == 0
    assert site.starts() == before


def test_two_hosts_of_one_play_share_login_and_window(factory):
    site = factory(4)
    hosts = {"factory": {"agents_list": site.agents[:2]}, "plant": {"agents_list": site.agents[2:]}}
    site.rollout(hosts=hosts).ok()
    counts = site.counts()["operations"]
    assert counts["login"] == 1
    assert counts["registry_confirm"] == 4
    # What one host finds out about closing it before an authorization, the other knows.
    assert counts["registry_lock"] == 2, "the attempt of one host, and the last host closes the window, no other"
    assert not site.simulator.state()["window"]["open"]
    site.count_from_now()
    assert site.rollout(hosts=hosts).ok().changes == {"factory": 0, "plant": 0}
    counts = site.counts()["operations"]
    assert counts.pop("login") == 1
    assert sum(counts.values()) <= 4


def test_check_mode_on_an_empty_host_predicts_and_writes_nothing(factory):
    site = factory(2)
    run = site.rollout("--check", "--diff").ok()
    assert run.changed > 0
    assert {agent["verdict"] for agent in run.agents.values()} == {"awaiting_request"}
    assert site.counts()["writes"] == 0
    for name in site.names():
        assert site.container(name) is None
        assert site.volume(name) is None


def test_check_mode_on_a_registered_host_writes_nothing(factory):
    site = factory(2)
    site.rollout().ok()
    before = site.starts()
    site.count_from_now()
    run = site.rollout("--check").ok()
    assert run.changed == 0
    assert site.counts()["writes"] == 0
    assert site.starts() == before


def test_a_token_with_read_rights_is_enough_where_nothing_is_to_do(factory):
    site = factory(1)
    site.rollout().ok()
    token = site.simulator.client("reader").session.headers["Authorization"].split()[1]
    site.variables.update(connectware_token=token, connectware_username=None, connectware_password=None)
    site.count_from_now()
    assert site.rollout().ok().changed == 0
    assert "login" not in site.counts()["operations"]


def test_only_the_agent_that_needs_it_is_registered(factory):
    site = factory(5)
    site.rollout().ok()
    lost = site.names()[2]
    before = site.starts()
    site.simulator.control("DELETE", f"users/{lost}")
    site.count_from_now()
    run = site.rollout().ok()
    assert run.agents[lost]["reason"] == "credentials_rejected"
    assert run.agents[lost]["verdict"] == "registered"
    assert site.counts()["operations"]["registry_confirm"] == 1
    after = site.starts()
    assert {name for name in before if before[name] != after[name]} == {lost}
    until(lambda: site.connected(lost), "the agent is logged in again")
    assert site.rollout().ok().changed == 0


@pytest.mark.long
def test_lost_credentials_end_in_a_conflict_that_is_healed_on_request_only(factory):
    site = factory(3)
    site.rollout().ok()
    lost = site.names()[1]
    docker("exec", "--user", "0", f"connectware-agent-{lost}", "find", "/data", "-type", "f", "-delete")
    before = site.starts()
    failed = site.rollout().failed(lost, "409", "agents_on_conflict")
    assert failed.agents[lost]["verdict"] == "conflict"
    assert failed.agents[lost]["reason"] == "credentials_missing"
    assert lost in site.simulator.usernames()
    assert not site.simulator.state()["window"]["open"]

    healed = site.rollout(agents_on_conflict="replace").ok()
    assert "user_deleted" in healed.agents[lost]["actions"]
    after = site.starts()
    assert {name for name in before if before[name] != after[name]} == {lost}
    until(lambda: site.connected(lost), "the agent is logged in again")
    assert site.rollout(agents_on_conflict="replace").ok().changed == 0


@pytest.mark.long
def test_removed_volume_is_a_conflict_too(factory):
    site = factory(1)
    (name,) = site.names()
    site.rollout().ok()
    docker("rm", "-f", f"connectware-agent-{name}")
    docker("volume", "rm", f"connectware-agent-{name}")
    site.rollout().failed(name, "409")
    site.rollout(agents_on_conflict="replace").ok()
    until(lambda: site.connected(name), "the agent is logged in again")


@pytest.mark.long
def test_new_image_keeps_the_registration(factory):
    site = factory(2)
    site.rollout().ok()
    before, users = site.starts(), site.simulator.state()["users"]
    site.count_from_now()
    site.simulator.control("POST", "version", {"version": NEXT_VERSION})
    run = site.rollout(agents_version=NEXT_VERSION).ok()
    assert all(agent["actions"] == ["recreated"] for agent in run.agents.values()), run.agents
    assert site.counts()["writes"] == 0
    assert site.simulator.state()["users"] == users
    for name in site.names():
        assert site.container(name)["Config"]["Image"].endswith(NEXT_VERSION)
        assert site.starts()[name][0] != before[name][0]
        until(lambda name=name: site.connected(name), f"{name} is back")


@pytest.mark.long
def test_new_environment_recreates_only_that_agent(factory):
    site = factory(3)
    site.rollout().ok()
    before = site.starts()
    site.agents[1]["env"] = {"CYBUS_LOG_LEVEL": "debug"}
    run = site.rollout("--diff").ok()
    assert "CYBUS_LOG_LEVEL" in run.output
    after = site.starts()
    assert {name for name in before if before[name] != after[name]} == {site.names()[1]}
    assert "CYBUS_LOG_LEVEL=debug" in site.container(site.names()[1])["Config"]["Env"]
    del site.agents[1]["env"]
    site.rollout().ok()
    assert not any(e.startswith("CYBUS_LOG_LEVEL") for e in site.container(site.names()[1])["Config"]["Env"])


@pytest.mark.long
def test_absent_keeps_the_volume_unless_purged(factory):
    site = factory(2)
    site.rollout().ok()
    predicted = site.retire("--check").ok()
    assert predicted.changed > 0
    assert all(site.container(name) for name in site.names())
    site.retire().ok()
    for name in site.names():
        assert site.container(name) is None
        assert site.volume(name) is not None
        assert name not in site.simulator.usernames()
    assert site.retire().ok().changed == 0
    site.retire(agents_purge=True).ok()
    assert all(site.volume(name) is None for name in site.names())


def test_many_at_once_stop_the_run_before_anything_is_touched(factory):
    site = factory(5)
    site.rollout().ok()
    before = site.starts()
    for name in site.names()[:4]:
        site.simulator.control("DELETE", f"users/{name}")
    site.count_from_now()
    site.rollout().failed("4 of 5 agents", "agents_max_reregistrations", site.names()[3], "connectware_url")
    assert site.counts()["writes"] == 0
    assert site.starts() == before
    assert not set(site.names()[:4]) & site.simulator.usernames()

    # Not where their containers have to be made anew, either, or started.
    docker("stop", "--time", "1", f"connectware-agent-{site.names()[0]}")
    before = site.starts()
    other = {**site.variables["agents_env"], "CYBUS_LOG_LEVEL": "debug"}
    site.rollout(agents_env=other).failed("4 of 5 agents", "No container was touched and no agent was registered")
    assert site.counts()["writes"] == 0
    assert site.starts() == before
    docker("start", f"connectware-agent-{site.names()[0]}")
    before = site.starts()

    site.rollout(agents_max_reregistrations="ten").failed("agents_max_reregistrations is ten", "a number such as 4")
    assert site.starts() == before

    run = site.rollout(agents_max_reregistrations="4").ok()
    assert {agent["verdict"] for agent in run.agents.values()} == {"registered"}
    assert site.starts()[site.names()[4]] == before[site.names()[4]]


@pytest.mark.long
def test_the_keyword_check_mode_of_a_play_of_ones_own_counts_as_well(factory):
    site = factory(2)
    site.rollout().ok()
    lost, other = site.names()
    site.simulator.control("DELETE", f"users/{lost}")
    site.agents[1]["env"] = {"CYBUS_LOG_LEVEL": "debug"}
    until(lambda: not site.connected(lost), "it is not connected any more")
    play = {"hosts": "all", "gather_facts": False, "check_mode": True, "roles": ["edgefleet.connectware.agents"]}
    (site.directory / "checked.yml").write_text(yaml.safe_dump([play]))
    site.count_from_now()
    before = site.starts()

    run = site.play("checked.yml").ok()

    assert run.changed
    assert site.starts() == before and site.counts()["writes"] == 0
    assert {name: agent["verdict"] for name, agent in run.agents.items()}[other] == "registered"


@pytest.mark.long
def test_agents_that_are_named_alone_are_rolled_out_and_retired_alone(factory):
    site = factory(6)
    one, two, three, *others = site.names()
    site.agents[2]["username"] = f"{three}-user"
    site.agents[2]["volume"] = f"connectware-agent-{three}-credentials"
    hosts = {"hall-1": {"agents_list": site.agents[:1]}, "hall-2": {"agents_list": site.agents[1:]}, "office": {}}

    for only in (f"{three}x", f"{two},{three}x", ""):
        for playbook in (site.rollout, site.retire):
            playbook("--extra-vars", f"agents_only='{only}'", hosts=hosts).failed(
                f"agents_only names agents that no host of the play has: {three}x"
                if only
                else "agents_only is an empty text"
            )
    site.rollout("--limit", "hall-1", hosts=hosts, agents_only=[two]).failed(two, "--limit")
    assert site.starts() == {}

    run = site.rollout("--extra-vars", f"agents_only='{two}, {three}'", hosts=hosts).ok()
    assert set(run.agents) == {two, three} == set(site.starts())
    site.rollout(hosts=hosts, agents_only=[one]).ok()
    assert f"{three}-user" in site.simulator.usernames()
    before = site.starts()

    site.simulator.control("DELETE", f"users/{two}")
    site.rollout(hosts=hosts, agents_only=[two]).ok()
    after = site.starts()
    assert [name for name in before if after[name] != before[name]] == [two]

    site.retire(hosts=hosts, agents_only=[three]).ok()
    assert set(site.starts()) == {one, two}
    assert f"{three}-user" not in site.simulator.usernames()
    assert {one, two} <= site.simulator.usernames()
    site.retire(hosts=hosts, agents_only=[three]).ok()

    site.play("audit", hosts=hosts, agents_only=[two]).ok()
    report = json.loads((site.directory / "connectware-audit" / "audit.json").read_text())
    found = {agent["name"]: agent["verdict"] for agent in report["agents"] if agent["name"] in site.names()}
    assert found == {one: "registered", two: "registered", **dict.fromkeys([three, *others], "awaiting_request")}

    same = {**hosts, "office": {"agents_list": site.agents[:1]}}
    site.rollout(hosts=same, agents_only=[two]).failed(f"{one} is on hall-1 and office")


@pytest.mark.long
def test_names_made_of_what_hosts_outside_of_the_limit_do_not_know(factory):
    """As facts of theirs, which only hosts of the play have."""
    site = factory(1)
    (name,) = site.names()
    everywhere = {"agents_list": [{**site.agents[0], "name": "{{ press }}"}]}
    hosts = {"hall-1": {**everywhere, "press": name}, "hall-2": everywhere, "hall-3": everywhere}
    run = site.rollout("--limit", "hall-1", hosts=hosts).ok()
    assert run.agents[name]["verdict"] == "registered"
    said = " ".join(run.output.split())
    assert "repeated_names: names of agents on hall-2, hall-3 could not be filled in" in said
    site.rollout("--limit", "hall-2", hosts=hosts).failed("press")


@pytest.mark.long
def test_each_factory_has_its_own_limit(factory):
    """What the first host may do is not what the others may."""
    site = factory(5)
    mine, *others = site.agents
    hamburg, kiel = {"agents_list": [mine]}, {"agents_list": others}
    site.rollout(hosts={"hamburg": hamburg, "kiel": kiel}).ok()
    before = site.starts()
    for name in site.names()[1:]:
        site.simulator.control("DELETE", f"users/{name}")
    run = site.rollout(hosts={"hamburg": {**hamburg, "agents_max_reregistrations": 9}, "kiel": kiel})
    run.failed(
        f"4 of 4 agents would be registered anew, and agents_max_reregistrations (10%) allows 3: {others[0]['name']}"
    )
    assert site.starts() == before
    limits = {
        "hamburg": {**hamburg, "agents_max_reregistrations": 0},
        "kiel": {**kiel, "agents_max_reregistrations": 4},
    }
    site.rollout(hosts=limits).ok()
    assert site.starts()[mine["name"]] == before[mine["name"]]


@pytest.mark.long
def test_batches_do_not_get_past_the_limit_together(factory):
    """Each batch alone would stay below it."""
    site = factory(5)
    hosts = {f"host{number}": {"agents_list": [agent]} for number, agent in enumerate(site.agents, start=1)}
    site.rollout(hosts=hosts).ok()
    for name in site.names():
        site.simulator.control("DELETE", f"users/{name}")
    site.count_from_now()
    run = site.rollout("--extra-vars", '{"agents_serial": 1}', hosts=hosts)
    run.failed("4 of 4 agents", "agents_max_reregistrations (10%) allows 3")
    assert site.counts()["operations"]["registry_confirm"] == 3
    assert set(site.names()) & site.simulator.usernames() == set(site.names()[:3])


def test_impostor_is_not_let_in(factory):
    site = factory(2)
    victim, other = site.names()
    site.simulator.switch(pending_survives_relock=True)
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    site.simulator.control("POST", "register", {"username": victim, "pairing_id": "ffffff"})
    site.simulator.control("POST", "window", {"open_ms": 0})
    run = site.rollout().failed(victim, "ffffff", "nothing was authorized")
    assert run.agents[victim]["verdict"] == "impostor"
    assert run.agents[other]["verdict"] == "registered"
    assert victim not in site.simulator.usernames()
    site.simulator.switch(pending_survives_relock=False)
    site.simulator.control("POST", "window", {"open_ms": 0})
    site.rollout().ok()
    until(lambda: site.connected(victim), "the real agent is logged in")


@pytest.mark.long
def test_the_first_host_does_not_decide_for_the_others_where_the_version_comes_from(factory):
    site = factory(2)
    hosts = {
        "fixed": {"agents_list": site.agents[:1], "agents_version": VERSION},
        "follows": {"agents_list": site.agents[1:], "agents_version": "auto"},
    }
    site.rollout(hosts=hosts).ok()
    images = {site.container(name)["Config"]["Image"] for name in site.names()}
    assert images == {f"{IMAGE}:{VERSION}"}
    assert site.counts()["operations"]["system_info"] == 1


def test_version_auto_is_what_connectware_says(factory):
    site = factory(1)
    site.rollout(agents_version="auto").ok()
    image = inspect("container", f"connectware-agent-{site.names()[0]}")["Config"]["Image"]
    assert image.endswith(":" + site.simulator.state()["version"])


@pytest.mark.long
def test_a_killed_rollout_is_finished_by_the_next(factory):
    """Containers that were deployed and never registered, with their pairing lines already in the log."""
    site = factory(2)
    site.rollout("--check").ok()
    site.play("rollout", "--tags", "never").ok()
    site.deploy().ok()
    assert all(site.container(name)["State"]["Running"] for name in site.names())
    run = site.rollout().ok()
    assert {agent["verdict"] for agent in run.agents.values()} == {"registered"}
