# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is refused or fails: one message that says what to do, and nothing half-done left behind."""

from __future__ import annotations

import os

import pytest
from integration.bed import IMAGE, docker
from simulator.harness import until


def nothing_started(site):
    assert all(site.container(name) is None for name in site.names())
    assert all(site.volume(name) is None for name in site.names())


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ({"name": "{name}"}, "needs a name of its own"),
        ({"name": "{name}-x", "volume": "connectware-agent-{name}"}, "needs a volume of its own"),
        ({"name": "{name} x"}, "letters"),
        ({"name": "{name}-x", "memory": "lots"}, "512m"),
        ({"name": "{name}-x", "labels": {"io.cybus.connectware": "core"}}, "installer removes"),
    ],
)
def test_refused_before_anything_starts(factory, second, says):
    site = factory(1)
    (name,) = site.names()
    bad = {key: value.replace("{name}", name) if isinstance(value, str) else value for key, value in second.items()}
    site.agents.append(bad)
    site.rollout().failed("factory", name, "option", says, "Nothing was started")
    site.agents.pop()
    nothing_started(site)


def test_one_name_on_two_hosts_names_both(factory):
    site = factory(1)
    hosts = {"factory": {"agents_list": site.agents}, "other": {"agents_list": site.agents}}
    site.rollout(hosts=hosts).failed(site.names()[0], "factory and other", "Nothing was started")
    nothing_started(site)


def test_wrong_password(factory):
    site = factory(1)
    site.rollout(connectware_password="not-the-password").failed("factory", "/api/login", "401", "connectware_password")
    site.rollout().ok()


def test_wrong_ca(factory, tmp_path):
    trustme = pytest.importorskip("trustme")
    site = factory(1)
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    site.rollout(connectware_ca_path=str(other)).failed("certificate", "connectware_ca_path")
    site.rollout().ok()


def test_ca_file_that_does_not_exist(factory):
    site = factory(1)
    site.rollout(connectware_ca_path="/nowhere/ca.pem").failed("/nowhere/ca.pem")


@pytest.mark.long
def test_unknown_server(factory):
    site = factory(1)
    site.rollout(connectware_url="https://connectware.invalid").failed("connectware.invalid")
    site.rollout().ok()


@pytest.mark.long
def test_image_that_is_nowhere(factory):
    site = factory(1)
    site.rollout(agents_version="0.0.1").failed("factory", f"{IMAGE}:0.0.1", "pull")
    nothing_started(site)
    site.rollout().ok()


def test_engine_that_does_not_answer(factory, tmp_path):
    site = factory(1)
    site.rollout(agents_docker_host=f"unix://{tmp_path}/none.sock").failed("factory", "none.sock")
    nothing_started(site)


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
@pytest.mark.usefixtures("system_python")
def test_socket_denied(factory):
    site = factory(1)
    run = site.rollout(
        ansible_become=True, ansible_become_user="nobody", ansible_become_method="su", ansible_pipelining=True,
        ansible_become_flags="--shell /bin/sh", ansible_python_interpreter="/usr/bin/python3",
    )  # fmt: skip
    run.failed("factory", "docker.sock", "become")
    nothing_started(site)


def test_foreign_container_of_that_name_is_left_alone(factory):
    site = factory(1)
    name = f"connectware-agent-{site.names()[0]}"
    docker("create", "--name", name, "debian:bookworm-slim", "true")
    site.rollout().failed("factory", name)
    assert docker("inspect", "--format", "{{.Config.Image}}", name) == "debian:bookworm-slim"
    docker("rm", name)
    site.rollout().ok()


def test_one_agent_that_cannot_start_does_not_keep_the_others_from_registering(factory):
    site = factory(2)
    bad, good = site.names()
    site.agents[0]["mounts"] = [{"source": "/nowhere/at/all", "target": "/x"}]
    run = site.rollout().failed("factory", bad, "/nowhere/at/all")
    assert run.agents[good]["verdict"] == "registered"
    assert run.agents[bad]["verdict"] == "broken"
    del site.agents[0]["mounts"]
    site.rollout().ok()


@pytest.mark.long
def test_a_change_that_the_engine_refuses_is_a_failure_and_no_change(factory):
    site = factory(1)
    (name,) = site.names()
    site.rollout().ok()
    before = site.starts()
    run = site.rollout(agents_cpus=100_000).failed("factory", name, "CPUs")
    assert run.agents[name]["actions"] == [] and run.changed == 0, run.output
    assert site.starts() == before
    site.rollout().ok()
    assert site.starts() == before


@pytest.mark.long
def test_pairing_that_never_appears(factory):
    site = factory(2)
    slow, good = site.names()
    site.agents[0]["env"] = {"SIMULATOR_START_DELAY": "3600", "SIMULATOR_NOISE": "2"}
    said = ("Last log lines: ",)
    run = site.rollout(agents_grace=3, agents_timeout=60).failed("factory", slow, "docker logs", *said)
    docker("restart", "--time", "1", f"connectware-agent-{slow}")
    site.rollout(agents_timeout=5).failed(f"agent {slow}: time is out, see timeout (agents_timeout)", *said)
    assert run.agents[slow]["actions"].count("restarted") == 1
    assert run.agents[good]["verdict"] == "registered"
    assert not site.simulator.state()["window"]["open"]
    del site.agents[0]["env"]
    site.rollout().ok()
    until(lambda: site.connected(slow), "it is logged in")


@pytest.mark.long
def test_crash_loop(factory):
    site = factory(1)
    site.agents[0]["env"] = {"SIMULATOR_CRASH": "7"}
    said = ("crashes again and again", "last exit code 7", "Fatal error, exiting with 7")
    site.rollout(agents_timeout=60).failed("factory", site.names()[0], "broken", *said)
    del site.agents[0]["env"]
    site.rollout().ok()


@pytest.mark.long
def test_log_that_cannot_be_read(factory):
    site = factory(1)
    site.agents[0].update(log_driver="none")
    site.rollout().failed("factory", "none", "json-file")
    del site.agents[0]["log_driver"]
    site.rollout().ok()
