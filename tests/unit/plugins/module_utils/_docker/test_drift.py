# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drift: what engines and images add or spell differently is none, everything else is, and only under its own name."""

from __future__ import annotations

import pytest
from unit.plugins.module_utils._docker.reports import IMAGE_CONFIG, container, spec

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.mounts import Mount
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.drift import (
    LABEL_CERTIFICATES,
    LABEL_LOG_OPTIONS,
    LABEL_REPLACED,
    drift,
    reported,
    shown,
    wanted,
)


def drifts(agent=None, report=None):
    want = wanted(agent or spec(), "sha256:1", IMAGE_CONFIG)
    return drift(want, reported(report or container()))


def test_the_default_agent_does_not_drift():
    assert drifts() == ()


def networks(*names):
    return {"Networks": {name: {} for name in names}}


@pytest.mark.parametrize(
    ("agent", "report"),
    [
        ({}, {"host__PidsLimit": 512, "host__Dns": None}),
        ({"pids_limit": 0}, {"host__PidsLimit": None}),
        ({"pids_limit": -1}, {"host__PidsLimit": 0}),
        ({"memory": 0}, {"host__Memory": 0}),
        ({"memory": 5}, {"host__Memory": 5}),
        ({"cpus": 0.0}, {}),
        ({"cpus": 1.23456}, {"host__NanoCpus": 1234560000}),
        ({"cpus": 2.3}, {"host__NanoCpus": int(2.3 * 1e9)}),
        ({"user": ""}, {}),
        ({"user": "2:3"}, {"config__User": "2:3"}),
        ({"capabilities": ("NET_RAW", "CHOWN")}, {"host__CapAdd": ["CAP_CHOWN", "net_raw"]}),
        ({}, {"host__CapDrop": ["all"]}),
        ({"security_opts": ("no-new-privileges",)}, {"host__SecurityOpt": ["no-new-privileges=true"]}),
        ({"security_opts": ("b", "a")}, {"host__SecurityOpt": ["a", "b"]}),
        ({"security_opts": ()}, {"host__SecurityOpt": None}),
        ({"restart_policy": "no"}, {"host__RestartPolicy": {"Name": ""}}),
        ({"extra_hosts": {"plc": "::1"}}, {"host__ExtraHosts": ["plc:::1"]}),
        ({"extra_hosts": {"plc": "::1"}}, {"host__ExtraHosts": ["plc=::1"]}),
        ({"extra_hosts": {"a": "1", "b": "2"}}, {"host__ExtraHosts": ["b:2", "a:1"]}),
        # An engine from 29 on tells addresses in their shortest form.
        ({"dns": ("2001:DB8::53", "9.9.9.9")}, {"host__Dns": ["2001:db8::53", "9.9.9.9"]}),
        ({"dns": ("2001:0db8:0:0:0:0:0:53",)}, {"host__Dns": ["2001:db8::53"]}),
        ({"dns": ("no address",)}, {"host__Dns": ["no address"]}),
        ({"network_mode": "default"}, {}),
        ({}, {"host__NetworkMode": "default", "NetworkSettings": {"Networks": None}}),
        ({}, {"host__NetworkMode": "default", "NetworkSettings": networks("bridge")}),
        ({"network_mode": "host"}, {"host__NetworkMode": "host", "NetworkSettings": networks("host")}),
        ({"network_mode": "none"}, {"host__NetworkMode": "none", "NetworkSettings": networks("none")}),
        ({"network_mode": "container:x"}, {"host__NetworkMode": "container:x", "NetworkSettings": {"Networks": {}}}),
        ({"networks": ("b", "a")}, {"host__NetworkMode": "b", "NetworkSettings": networks("a", "b")}),
        ({"networks": ("a",)}, {"host__NetworkMode": "a", "NetworkSettings": None}),
        (
            {"mounts": (Mount("/a", "/b"), Mount("/c", "/d", False))},
            {"host__Mounts": None, "host__Binds": ["v-press:/data", "/c:/d", "/a:/b:ro,z"]},
        ),
        # The engine adds the log options of its own configuration to ours.
        ({}, {"host__LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3", "labels": "x"}}}),
    ],
)  # fmt: skip
def test_other_spellings_are_no_drift(agent, report):
    assert drifts(spec(**agent), container(**report)) == ()


@pytest.mark.parametrize(
    ("agent", "report", "option"),
    [
        ({"env": {"A": "1"}}, {}, "env"),
        ({}, {"config__Env": None}, "env"),
        ({"labels": {"a": "1"}}, {}, "labels"),
        ({"volume": "other"}, {}, "volume"),
        ({}, {"host__Mounts": []}, "volume"),
        ({"container": "other"}, {}, "container"),
        ({"mounts": (Mount("/a", "/b"),)}, {}, "mounts"),
        ({}, {"host__Binds": ["/a:/b"]}, "mounts"),
        ({}, {"host__Binds": ["/b"]}, "mounts"),
        ({}, {"host__Mounts": [], "host__Binds": ["/data"]}, "volume"),
        ({}, {"host__ExtraHosts": ["alone"]}, "extra_hosts"),
        ({"networks": ("a",)}, {}, "networks"),
        ({"extra_hosts": {"a": "1"}}, {}, "extra_hosts"),
        ({"dns": ("1.1.1.1",)}, {}, "dns"),
        ({}, {"NetworkSettings": {"Networks": {}}}, "networks"),
        ({"restart_policy": "always"}, {}, "restart_policy"),
        (
            {"restart_policy": "on-failure"},
            {"host__RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
            "restart_policy",
        ),
        ({"memory": 1}, {}, "memory"),
        ({"cpus": 0.5}, {}, "cpus"),
        ({"pids_limit": None}, {}, "pids_limit"),
        ({"user": "root"}, {}, "user"),
        ({"capabilities": ("CHOWN",)}, {}, "capabilities"),
        ({}, {"host__CapDrop": None}, "dropped_capabilities"),
        ({"security_opts": ()}, {}, "security_opts"),
        ({"read_only": True}, {}, "read_only"),
        ({"init": False}, {}, "init"),
        ({"init": False}, {"host__Init": None}, "init"),
        ({}, {"host__Init": None}, "init"),
        ({"stop_timeout": 11}, {}, "stop_timeout"),
        ({}, {"config__StopTimeout": None}, "stop_timeout"),
        ({"stop_timeout": 0}, {"config__StopTimeout": None}, "stop_timeout"),
        ({"log_driver": "local"}, {}, "log_driver"),
        ({"log_options": {}}, {}, "log_options"),
        ({"log_options": {"max-size": "1m", "max-file": "3"}}, {}, "log_options"),
        ({}, {"Image": "sha256:2"}, "image"),
    ],
)
def test_each_option_drifts_under_its_name(agent, report, option):
    assert drifts(spec(**agent), container(**report)) == (option,)


def test_a_log_option_that_only_the_daemon_sets_is_seen_where_nobody_noted_what_was_asked_for():
    labels = dict(container()["Config"]["Labels"])
    del labels[LABEL_LOG_OPTIONS]
    extra = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3", "labels": "x"}}
    assert drifts(report=container(config__Labels=labels, host__LogConfig=extra)) == ("log_options",)


def test_the_image_that_was_replaced_is_history_and_no_drift():
    labels = {**container()["Config"]["Labels"], LABEL_REPLACED: "reg/mapper@sha256:old"}
    assert drifts(report=container(config__Labels=labels)) == ()


@pytest.mark.parametrize(
    ("now", "then", "drift_of_it"),
    [("a", "a", ()), ("a", "b", ("certificates",)), ("a", None, ()), (None, "b", ()), (None, None, ())],
)
def test_certificates_differ_only_where_both_sides_tell(now, then, drift_of_it):
    labels = {**container()["Config"]["Labels"], **({LABEL_CERTIFICATES: then} if then else {})}
    have = reported(container(config__Labels=labels))
    assert drift(wanted(spec(), "sha256:1", IMAGE_CONFIG, now), have) == drift_of_it
    assert shown(have)["certificates"] == then


def test_secrets_are_not_shown():
    env = {"CYBUS_PASSWORD": "1", "api_key": "2", "EMPTY_TOKEN": "", "URL": "mqtt://me:pw@host:1/x@y", "LEVEL": "debug"}
    seen = shown(wanted(spec(env=env), None, {}))["env"]
    masked = "********"
    assert {name: seen[name] for name in env} == {
        "CYBUS_PASSWORD": masked, "api_key": masked, "EMPTY_TOKEN": "", "URL": f"mqtt://{masked}@host:1/x@y",
        "LEVEL": "debug",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "shown_as"),
    [
        ("amqp://u:p@ss@host", "amqp://********@host"),
        ("postgres://u:pa/ss@host/db", "postgres://********@host/db"),
        ("https://token@host/a", "https://********@host/a"),
        ("http://host:8080/x@y", "http://host:8080/x@y"),
        ("http://host/x@y", "http://host/x@y"),
    ],
)
def test_a_login_in_an_address_is_not_shown_whatever_is_in_its_password(url, shown_as):
    assert shown(wanted(spec(env={"URL": url}), None, {}))["env"]["URL"] == shown_as


def test_what_an_image_says_of_itself_in_public_is_shown():
    public = {"org.opencontainers.image.licenses": "GPL-3.0-or-later", "org.opencontainers.image.authors": "us"}
    labels = {**public, "com.example.licence-key": "1"}
    seen = shown(wanted(spec(labels=labels), None, {}))["labels"]
    assert {name: seen[name] for name in labels} == {**public, "com.example.licence-key": "********"}


def test_another_log_driver_is_the_difference_and_not_its_options():
    agent = spec(log_driver="local", log_options={"max-size": "1m"})
    assert drifts(agent) == ("log_driver",)
