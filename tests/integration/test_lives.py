# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three cases in which an agent needs a registration, in all their kinds, each agent with neighbours that do not.

Several agents of a factory get hurt at once, each in its own way: a run must tell them apart, heal these, and leave the
others alone. Verified with docker and the simulator.
"""

from __future__ import annotations

import pytest
from integration import lives
from integration.bed import docker
from integration.lives import called
from simulator.harness import until

MANY = {"agents_max_reregistrations": "100"}
REPLACE = {**MANY, "agents_on_conflict": "replace"}

# What an agent may be like, as far as nobody has documented it.
WAYS = {
    "plain": {},
    "conflict-exit": {"SIMULATOR_ON_CONFLICT": "exit"},
    "conflict-silent": {"SIMULATOR_ON_CONFLICT": "silent"},
    "store-before": {"SIMULATOR_STORE": "before"},
    "after-answer": {"SIMULATOR_ANNOUNCE": "after_answer"},
    "each-poll": {"SIMULATOR_PAIRING_LINE": "each"},
    "text": {"SIMULATOR_LOG_FORMAT": "text"},
    "other-keys": {"SIMULATOR_LOG_KEYS": "msg,hostname,time,level"},
    "noisy": {"SIMULATOR_NOISE": "40", "SIMULATOR_POLL_NOISE": "5"},
}


def test_every_way_of_an_agent(factory):
    """First start, rejected credentials and lost credentials of agents of every kind."""
    site = lives.quick(factory(), *WAYS)
    for name, env in WAYS.items():
        next(agent for agent in site.agents if agent["name"].endswith(f"-{name}"))["env"] = env
    lives.first_rollout(site)
    lives.nothing_to_do(site)

    spared = called(site, "plain")
    hurt = [name for name in site.names() if name != spared]
    for name in hurt:
        site.simulator.control("DELETE", f"users/{name}")
    run = lives.healed(site, hurt, **MANY)
    assert {name: lives.verdicts(run)[name] for name in hurt} == dict.fromkeys(
        hurt, ("registered", "credentials_rejected")
    )
    lives.nothing_to_do(site)

    for name in hurt:
        lives.empty(name)
    lives.conflicts(site, hurt, **MANY)
    lives.healed(site, hurt, **REPLACE)
    lives.nothing_to_do(site)


def test_credentials_deleted_in_every_way(factory):
    site = lives.quick(
        factory(),
        "emptied",
        "unmade",
        "one-file",
        "zero-length",
        "half-written",
        "corrupt",
        "healthy",
        "spared",
        SIMULATOR_MORE_FILES="services.json,cache/points.db",
    )
    lives.first_rollout(site)
    hurt = [called(site, name) for name in ("emptied", "unmade", "one-file", "zero-length", "half-written", "corrupt")]
    emptied, unmade, one_file, zero_length, half_written, corrupt = hurt
    lives.empty(emptied)
    docker("rm", "-f", f"connectware-agent-{unmade}")
    docker("volume", "rm", f"connectware-agent-{unmade}")
    lives.in_container(one_file, f"rm {lives.CREDENTIALS}")
    lives.in_container(zero_length, f": > {lives.CREDENTIALS}")
    lives.in_container(half_written, f"truncate --size=20 {lives.CREDENTIALS}")
    lives.in_container(corrupt, f"head -c 200 /dev/urandom > {lives.CREDENTIALS}")
    for name in (one_file, zero_length, half_written, corrupt):
        lives.restart(name)
        until(lambda name=name: "newly generated" in lives.log_of(name).rpartition("Connected to")[2], f"{name} asks")

    lives.conflicts(site, hurt, **MANY)
    run = lives.healed(site, hurt, **REPLACE)
    assert all("user_deleted" in run.agents[name]["actions"] for name in hurt)
    lives.nothing_to_do(site, **REPLACE)


def test_credentials_rejected_in_every_way(factory):
    site = lives.quick(factory(), "deleted", "deleted-stopped", "password-cut", "password-later", "healthy", "spared")
    lives.first_rollout(site)
    deleted, stopped, cut, later = [
        called(site, name) for name in ("deleted", "deleted-stopped", "password-cut", "password-later")
    ]
    site.simulator.control("POST", "password", {"username": later, "password": "another-one"})
    lives.nothing_to_do(site)  # it is still logged in: nobody can see it yet

    site.simulator.control("DELETE", f"users/{deleted}")
    docker("stop", f"connectware-agent-{stopped}")
    site.simulator.control("DELETE", f"users/{stopped}")
    site.simulator.control("POST", "password", {"username": cut, "password": "another-one", "disconnect": True})
    lives.restart(later)
    for name in (cut, later):
        until(lambda name=name: "with cached credentials" in lives.log_of(name), f"{name} asks with its credentials")

    before = site.starts()
    run = site.rollout(**MANY).failed("409", cut, later)
    assert lives.verdicts(run) == {
        deleted: ("registered", "credentials_rejected"),
        stopped: ("registered", "credentials_rejected"),
        cut: ("conflict", run.agents[cut]["reason"]),
        later: ("conflict", run.agents[later]["reason"]),
        called(site, "healthy"): ("registered", "none"),
        called(site, "spared"): ("registered", "none"),
    }, run.output
    assert {run.agents[cut]["reason"], run.agents[later]["reason"]} <= {"conflict", "credentials_rejected"}
    assert lives.touched(before, site.starts()) == {deleted, stopped, cut, later}
    lives.all_connected(site, set(site.names()) - {cut, later})

    lives.healed(site, [cut, later], **REPLACE)
    lives.nothing_to_do(site, **REPLACE)


def test_the_permission_to_replace_reaches_nobody_but_the_agent_that_is_named(factory):
    """Of two agents on two hosts in the same trouble; the other one is not even looked at."""
    site = lives.quick(factory(), "one", "other", "healthy")
    hosts = {"hamburg": {"agents_list": site.agents[:1]}, "kiel": {"agents_list": site.agents[1:]}}
    site.rollout(hosts=hosts).ok()
    one, other, _healthy = site.names()
    for name in (one, other):
        lives.empty(name)
        lives.restart(name)
        until(lambda n=name: "newly generated" in lives.log_of(n).rpartition("Connected to")[2], f"{name} asks")
    users = {user["username"]: user for user in site.simulator.state()["users"]}
    before = site.starts()

    run = site.rollout(hosts=hosts, agents_only=[one], **REPLACE).ok()

    assert set(run.agents) == {one} and "user_deleted" in run.agents[one]["actions"]
    assert lives.touched(before, site.starts()) == {one}
    found = {user["username"]: user for user in site.simulator.state()["users"]}
    assert {name for name in users if found[name] != users[name]} == {one}
    site.rollout(hosts=hosts, **MANY).failed(f"agent {other}: conflict")


@pytest.mark.long
@pytest.mark.parametrize("window", ["closed", "open"])
def test_the_reason_of_a_conflict_does_not_depend_on_the_window(factory, window):
    site = lives.quick(factory(), "lost", "changed")
    lives.first_rollout(site)
    lost, changed = site.names()
    if window == "open":
        site.simulator.control("POST", "window", {"open_ms": 120_000})
    lives.empty(lost)
    lives.restart(lost)
    site.simulator.control("POST", "password", {"username": changed, "password": "another-one", "disconnect": True})
    for name, origin in ((lost, "newly generated"), (changed, "cached")):
        until(lambda n=name, o=origin: o in lives.log_of(n).rpartition("Connected to")[2], f"{name} asks")
    run = site.rollout().failed("409")
    assert lives.verdicts(run) == {
        lost: ("conflict", "credentials_missing"),
        changed: ("conflict", "credentials_rejected"),
    }, run.output


@pytest.mark.long
@pytest.mark.parametrize("on_conflict", ["silent", "exit"])
def test_an_agent_that_gives_up_on_a_conflict_is_restarted_after_its_user_was_deleted(factory, on_conflict):
    """Its credentials are stored before they are granted, so that those of the refused request are in the volume."""
    habits = {"SIMULATOR_STORE": "before", "SIMULATOR_ANNOUNCE": "after_answer", "SIMULATOR_ON_CONFLICT": on_conflict}
    site = lives.quick(factory(1), **habits)
    lives.first_rollout(site)
    (name,) = site.names()
    lives.empty(name)
    lives.conflicts(site, [name])
    lives.healed(site, [name], agents_on_conflict="replace")
    lives.nothing_to_do(site)


@pytest.mark.long
def test_an_agent_that_exits_when_rejected_is_told_with_its_last_words(factory):
    """It never asks again by itself, so only its volume can be given up; that is not for a run to decide."""
    site = lives.quick(factory(), "exits", "healthy", SIMULATOR_ON_REJECTED="exit")
    lives.first_rollout(site)
    exits, healthy = site.names()
    site.simulator.control("DELETE", f"users/{exits}")
    until(lambda: site.container(exits)["RestartCount"] >= 3, "the engine restarts it again and again", 30)
    before = site.starts()
    run = site.rollout().failed(exits, "crashes again and again", "The broker rejected the credentials")
    assert run.agents[exits]["verdict"] == "broken"
    assert run.agents[healthy]["verdict"] == "registered"
    assert lives.touched(before, site.starts()) <= {exits}
    assert not site.simulator.state()["window"]["open"]

    docker("rm", "-f", f"connectware-agent-{exits}")
    docker("volume", "rm", f"connectware-agent-{exits}")
    lives.healed(site, [exits])
    lives.nothing_to_do(site)


@pytest.mark.long
def test_check_mode_with_reading_rights_alone_tells_every_trouble_and_writes_nothing(factory):
    """A prediction needs no right to change anything, and no permission to replace makes it change something."""
    site = lives.quick(factory(), "healthy", "stopped", "changed", "asks", "impostor", "lost", "new")
    *there, new = site.agents
    site.agents = there
    lives.first_rollout(site)
    site.agents = [*there, new]
    healthy, stopped, changed, asks, impostor, lost, new = site.names()
    docker("stop", f"connectware-agent-{stopped}")
    site.agents[2]["env"] = {"CYBUS_LOG_LEVEL": "debug"}
    lives.empty(lost)
    lives.restart(lost)
    site.simulator.control("POST", "window", {"open_ms": 120_000})
    for name in (asks, impostor):
        site.simulator.control("DELETE", f"users/{name}")
    site.simulator.control("POST", "register", {"username": impostor, "pairing_id": "ffffff"})
    until(lambda: {asks, impostor} <= {name for name, _id in site.pending()}, "both ask")
    until(lambda: "409" in lives.log_of(lost), "its request meets a conflict")
    token = site.simulator.client("reader").session.headers["Authorization"].split()[1]
    reader = {"connectware_token": token, "connectware_username": None, "connectware_password": None}
    before, users, pending = site.starts(), site.simulator.state()["users"], site.pending()
    site.count_from_now()

    run = site.rollout("--check", "--diff", **REPLACE, **reader)

    assert {name: found[0] for name, found in lives.verdicts(run).items()} == {
        healthy: "registered",
        stopped: "registered",
        changed: "registered",
        asks: "awaiting_authorization",
        impostor: "impostor",
        lost: "conflict",
        new: "awaiting_request",
    }, run.output
    assert site.counts()["writes"] == 0 and "login" not in site.counts()["operations"]
    assert site.starts() == before and site.container(new) is None and site.volume(new) is None
    assert site.simulator.state()["users"] == users and sorted(site.pending()) == sorted(pending)
    assert site.simulator.state()["window"]["open"]
