# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift that the docker layer finds at a real engine and mends: options, networks and images."""

from __future__ import annotations

import json
from typing import Any

import pytest
from integration.bed import docker
from integration.layer_host import IMAGE, Host

from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ImageError

DRIFTS: dict[str, Any] = {
    "env": {"A": "1"},
    "labels": {"a": "1"},
    "mounts": [{"source": "/etc/hostname", "target": "/z"}, {"source": "/tmp", "target": "/a", "read_only": False}],
    "extra_hosts": {"z": "10.0.0.1", "a": "::1"},
    "dns": ["10.0.0.2", "10.0.0.1"],
    "restart_policy": "on-failure",
    "memory": "64m",
    "cpus": 0.29,
    "pids_limit": 0,
    "user": "65534",
    "capabilities": ["cap_chown", "NET_ADMIN"],
    "security_opts": [],
    "read_only": True,
    "init": False,
    "stop_timeout": 1,
}


@pytest.mark.parametrize("option", DRIFTS)
def test_drift_is_found_and_mended(option: str, host: Host) -> None:
    """A changed option makes the container anew, once; so does its removal. The volume stays as it is."""
    host.one()
    first, volume = host.container(), host.volume()
    assert first is not None
    for options in ({option: DRIFTS[option]}, {}):
        for check in (True, False):
            agent = host.one(check=check, **options)
            assert (agent["action"], agent["drift"]) == ("recreated", [option])
        assert host.one(**options)["action"] == "none"
        now = host.container()
        assert now is not None and now["Id"] != first["Id"]
        first = now
    assert host.volume() == volume


def test_same_options_otherwise_spelled_are_no_drift(host: Host) -> None:
    host.one(capabilities=["NET_ADMIN", "CHOWN"], security_opts=["no-new-privileges"], memory="65536k", pids_limit=0)
    again = host.one(capabilities=["cap_chown", "net_admin"], memory="64m", pids_limit=-1)
    assert again["action"] == "none"


def test_log_driver(host: Host) -> None:
    host.one()
    assert host.one(log_driver="local")["drift"] == ["log_driver"]
    assert host.one(log_driver="local")["action"] == "none"
    assert host.one(log_driver="local", log_options={"max-size": "5m"})["drift"] == ["log_options"]


def test_networks(host: Host) -> None:
    names = [f"{host.prefix}net{n}" for n in (2, 1)]
    for name in names:
        docker("network", "create", name)
    top = {"network_mode": None}
    host.one(top=top, networks=names)
    made = host.container()
    assert made is not None and set(made["NetworkSettings"]["Networks"]) == set(names)
    assert host.one(top=top, networks=names[::-1])["action"] == "none"
    assert host.one(top=top, networks=names[:1])["drift"] == ["networks"]
    docker("network", "disconnect", names[0], host.agent()["name"])
    docker("network", "connect", names[1], host.agent()["name"])
    assert host.one(top=top, networks=names[:1])["drift"] == ["networks"]
    assert host.one(network_mode="bridge")["drift"] == ["networks"]
    assert host.one(network_mode="default")["action"] == "none"
    docker("network", "disconnect", "bridge", host.agent()["name"])
    assert host.one(network_mode="bridge")["drift"] == ["networks"], "it has none, also after a restart"
    assert host.one(network_mode="bridge")["action"] == "none"
    assert host.one(network_mode="host")["drift"] == ["networks"]
    assert host.one(network_mode="host")["action"] == "none"


def test_a_change_behind_our_back_is_found(host: Host) -> None:
    host.one()
    docker("update", "--restart", "no", "--memory", "64m", "--memory-swap", "64m", host.agent()["name"])
    assert host.one()["drift"] == ["restart_policy", "memory"]
    host.one(restart_policy="on-failure")
    docker("update", "--restart", "on-failure:3", host.agent()["name"])
    assert host.one(restart_policy="on-failure")["drift"] == ["restart_policy"], "it would give up after three times"
    assert host.one(restart_policy="on-failure")["action"] == "none"


def test_image(host: Host) -> None:
    host.one()
    docker("tag", f"{IMAGE}:1", f"{IMAGE}:same")
    assert host.one(image=f"{IMAGE}:same")["action"] == "none"
    changed = host.one(image=f"{IMAGE}:2")
    assert (changed["action"], changed["drift"][0]) == ("recreated", "image")
    docker("tag", f"{IMAGE}:2", f"{IMAGE}:moving")
    assert host.one(image=f"{IMAGE}:moving")["action"] == "none"
    docker("tag", f"{IMAGE}:1", f"{IMAGE}:moving")
    assert host.one(image=f"{IMAGE}:moving")["drift"][0] == "image"


def test_image_that_would_be_pulled(host: Host) -> None:
    host.one()
    before = host.everything()
    agent = host.one(check=True, image="dl.invalid/none:9", top={"pull": "missing"})
    assert (agent["action"], agent["drift"], agent["pulled"]) == ("recreated", ["image"], True)
    assert host.everything() == before


@pytest.mark.parametrize("pull", ["never", "missing"])
def test_image_that_is_nowhere(pull: str, host: Host) -> None:
    login = {"registry_username": "license", "registry_password": "hush-hush"}
    with pytest.raises(ImageError) as raised:
        host.converge(image="127.0.0.1:9/none:9", pull=pull, **login)
    assert "127.0.0.1:9/none:9" in raised.value.message and raised.value.todo
    assert "hush-hush" not in json.dumps(raised.value.result())
    assert host.everything() == ""
