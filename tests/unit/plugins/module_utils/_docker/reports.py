# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine reports, made by hand: the least that the layer reads."""

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.spec import AgentSpec
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.drift import LABEL_LOG_OPTIONS

IMAGE_CONFIG = {"Env": ["PATH=/bin", "FROM_IMAGE=1"], "Labels": {"vendor": "x"}, "User": "app"}


def spec(**values: Any) -> AgentSpec:
    """An agent with nothing but its identity."""
    identity = {"name": "press", "username": "press", "container": "c-press", "volume": "v-press"}
    return AgentSpec(**{"image": "agent:1", "mqtt_host": "broker", **identity, **values})


def container(**changes: Any) -> dict[str, Any]:
    """The report of an engine for the container of spec() over IMAGE_CONFIG; changes go by path, as host__Init=None."""
    agent = spec()
    report: dict[str, Any] = {
        "Id": "c1",
        "Name": "/c-press",
        "Image": "sha256:1",
        "Created": "2026-01-01T00:00:00Z",
        "State": {
            "Status": "running", "ExitCode": 0,
            "StartedAt": "2026-01-01T00:00:10Z", "FinishedAt": "0001-01-01T00:00:00Z",
        },
        "Config": {
            "Image": "agent:1",
            "Env": [f"{k}={v}" for k, v in agent.environment().items()] + IMAGE_CONFIG["Env"],
            "Labels": {"vendor": "x", **agent.all_labels(), LABEL_LOG_OPTIONS: "max-file,max-size"},
            "User": "app", "StopTimeout": 10, "Tty": False,
        },
        "HostConfig": {
            "Mounts": [{"Type": "volume", "Source": "v-press", "Target": "/data"}], "Binds": None,
            "NetworkMode": "bridge", "ExtraHosts": None, "Dns": [], "RestartPolicy": {"Name": "unless-stopped"},
            "Memory": 0, "NanoCpus": 0, "PidsLimit": 512, "CapAdd": None, "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"], "ReadonlyRootfs": False, "Init": True,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        },
        "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "n1"}}},
    }  # fmt: skip
    for path, value in changes.items():
        place, _unused, key = path.rpartition("__")
        inner = {"": report, "config": report["Config"], "host": report["HostConfig"], "state": report["State"]}[place]
        inner[key] = value
    return report
