# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift: what engines spell differently is the same, and what differs is named."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from unit.plugins.module_utils._docker.fake_engine import IMAGE_REPORT, report

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.spec import AgentSpec, build_specs
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker import drift
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.image import Image

IMAGE = Image("reg/mapper:1.8.0", "sha256:one", IMAGE_REPORT["Config"], pulled=False)  # type: ignore[arg-type]


def spec(**options: Any) -> AgentSpec:
    given = {"image": "reg/mapper", "version": "1.8.0", "mqtt_host": "cw", **options}
    return build_specs(given, [{"name": "press-1"}], host="h")[0]


def differs(wanted: AgentSpec, **container: Any) -> tuple[str, ...]:
    return drift.drift(drift.wanted(wanted, IMAGE), drift.reported(report(**container)))


def test_defaults_over_an_image_are_no_drift() -> None:
    assert differs(spec()) == ()


SPELLINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"HostConfig__NetworkMode": "default"}),
    ({"network_mode": "default"}, {}),
    ({"network_mode": "host"}, {"HostConfig__NetworkMode": "host", "NetworkSettings__Networks": {"host": {}}}),
    ({}, {"HostConfig__SecurityOpt": ["no-new-privileges"]}),
    ({}, {"HostConfig__SecurityOpt": ["no-new-privileges=true"]}),
    ({"security_opts": []}, {"HostConfig__SecurityOpt": None}),
    ({"pids_limit": 0}, {"HostConfig__PidsLimit": None}),
    ({"pids_limit": -1}, {"HostConfig__PidsLimit": 0}),
    ({"pids_limit": 0}, {"HostConfig__PidsLimit": -1}),
    ({"cpus": 0.29}, {"HostConfig__NanoCpus": 290000000}),
    ({"memory": "64m"}, {"HostConfig__Memory": 67108864, "HostConfig__MemorySwap": 134217728}),
    ({"capabilities": ["NET_ADMIN", "chown"]}, {"HostConfig__CapAdd": ["CAP_CHOWN", "CAP_NET_ADMIN"]}),
    ({}, {"HostConfig__CapDrop": ["all"]}),
    ({"extra_hosts": {"b": "::1", "a": "1.2.3.4"}}, {"HostConfig__ExtraHosts": ["a:1.2.3.4", "b:::1"]}),
    ({"restart_policy": "no"}, {"HostConfig__RestartPolicy": {"Name": "", "MaximumRetryCount": 0}}),
    ({"restart_policy": "on-failure"}, {"HostConfig__RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}),
    ({"init": False}, {"HostConfig__Init": None}),
    (
        {"mounts": [{"source": "/z", "target": "/z"}, {"source": "/a", "target": "/b", "read_only": False}]},
        {
            "HostConfig__Mounts": [
                {"Type": "bind", "Source": "/a", "Target": "/b"},
                {"Type": "bind", "Source": "/z", "Target": "/z", "ReadOnly": True},
                {"Type": "volume", "Source": "connectware-agent-press-1", "Target": "/data"},
            ]
        },
    ),
    ({}, {"HostConfig__Mounts": None, "HostConfig__Binds": ["connectware-agent-press-1:/data:rw"]}),
    # An engine adds the defaults of its own configuration to ours.
    ({}, {"HostConfig__LogConfig__Config": {"max-size": "10m", "max-file": "3", "compress": "true"}}),
]


@pytest.mark.parametrize(("options", "container"), SPELLINGS)
def test_spellings_of_the_same(options: dict[str, Any], container: dict[str, Any]) -> None:
    assert differs(spec(**options), **container) == ()


DIFFERENCES: list[tuple[str, dict[str, Any]]] = [
    ("image", {"Image": "sha256:two"}),
    ("env", {"Config__Env": [*report()["Config"]["Env"], "LEFT=over"]}),
    ("env", {"Config__Env": report()["Config"]["Env"][:-1]}),
    ("labels", {"Config__Labels": {"vendor": "x"}}),
    ("labels", {"Config__Labels": {**report()["Config"]["Labels"], "left": "over"}}),
    ("mounts", {"HostConfig__Mounts": [{"Type": "volume", "Source": "other", "Target": "/data"}]}),
    ("networks", {"NetworkSettings__Networks": {"bridge": {}, "other": {}}}),
    ("networks", {"HostConfig__NetworkMode": "host"}),
    ("extra_hosts", {"HostConfig__ExtraHosts": ["a:1.2.3.4"]}),
    ("dns", {"HostConfig__Dns": ["1.1.1.1"]}),
    ("restart_policy", {"HostConfig__RestartPolicy": {"Name": "always"}}),
    ("memory", {"HostConfig__Memory": 1}),
    ("cpus", {"HostConfig__NanoCpus": 1000000000}),
    ("pids_limit", {"HostConfig__PidsLimit": None}),
    ("user", {"Config__User": "root"}),
    ("capabilities", {"HostConfig__CapAdd": ["CAP_CHOWN"]}),
    ("dropped_capabilities", {"HostConfig__CapDrop": None}),
    ("security_opts", {"HostConfig__SecurityOpt": None}),
    ("read_only", {"HostConfig__ReadonlyRootfs": True}),
    ("init", {"HostConfig__Init": None}),
    ("stop_timeout", {"Config__StopTimeout": None}),
    ("log_options", {"HostConfig__LogConfig__Config": {"max-size": "10m"}}),
]


@pytest.mark.parametrize(("option", "container"), DIFFERENCES)
def test_each_difference_is_named(option: str, container: dict[str, Any]) -> None:
    assert differs(spec(), **container) == (option,)


def test_every_option_has_a_difference_above() -> None:
    options = set(drift.wanted(spec(), IMAGE))
    assert options - {option for option, _ in DIFFERENCES} == {"log_driver"}
    assert options == set(drift.reported(report()))


def test_log_driver_is_compared() -> None:
    assert "log_driver" in differs(spec(), HostConfig__LogConfig={"Type": "local", "Config": {}})


def test_what_is_shown_has_no_secret() -> None:
    wanted = spec(
        env={"API_TOKEN": "hush", "LICENCE": "hush", "db_Password": "hush", "EMPTY_KEY": "", "LEVEL": "debug"},
        labels={"a.secret": "hush"},
        log_options={"splunk-token": "hush"},
    )
    shown = drift.shown(drift.wanted(wanted, replace(IMAGE, image_id=None)))
    assert "hush" not in json.dumps(shown)
    assert (shown["env"]["LEVEL"], shown["env"]["EMPTY_KEY"]) == ("debug", "")
