# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Docker Engine answers: the shapes of API 1.41, as the documentation and a real engine have them.

`test_stub.py` holds every answer against that of a real engine, field by field.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

API = "1.41"
NEVER = "0001-01-01T00:00:00Z"
HEADERS = {"Api-Version": API, "Docker-Experimental": "false", "Ostype": "linux", "Server": "Docker/20.10.24 (linux)"}

VERSION: dict[str, Any] = {
    "Platform": {"Name": ""},
    "Components": [
        {
            "Name": "Engine",
            "Version": "20.10.24",
            "Details": {
                "ApiVersion": API,
                "Arch": "amd64",
                "BuildTime": "2023-04-04T18:23:03.000000000+00:00",
                "Experimental": "false",
                "GitCommit": "5d6db84",
                "GoVersion": "go1.19.7",
                "KernelVersion": platform.release(),
                "MinAPIVersion": "1.12",
                "Os": "linux",
            },
        },
        {"Name": "containerd", "Version": "1.6.20", "Details": {"GitCommit": "2806fc1"}},
        {"Name": "runc", "Version": "1.1.5", "Details": {"GitCommit": "v1.1.5-0-gf19387a"}},
        {"Name": "docker-init", "Version": "0.19.0", "Details": {"GitCommit": ""}},
    ],
    "Version": "20.10.24",
    "ApiVersion": API,
    "MinAPIVersion": "1.12",
    "GitCommit": "5d6db84",
    "GoVersion": "go1.19.7",
    "Os": "linux",
    "Arch": "amd64",
    "KernelVersion": platform.release(),
    "BuildTime": "2023-04-04T18:23:03.000000000+00:00",
}

CONFIG: dict[str, Any] = {
    "Hostname": "",
    "Domainname": "",
    "User": "",
    "AttachStdin": False,
    "AttachStdout": False,
    "AttachStderr": False,
    "Tty": False,
    "OpenStdin": False,
    "StdinOnce": False,
    "Env": [],
    "Cmd": None,
    "Image": "",
    "Volumes": None,
    "WorkingDir": "",
    "Entrypoint": None,
    "OnBuild": None,
    "Labels": {},
}
OPTIONAL_CONFIG = ("StopTimeout", "StopSignal", "Healthcheck", "ExposedPorts")  # left out where nobody has set them

HOST_CONFIG: dict[str, Any] = {
    "Binds": None,
    "ContainerIDFile": "",
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "default",
    "PortBindings": None,
    "RestartPolicy": {"Name": "", "MaximumRetryCount": 0},
    "AutoRemove": False,
    "VolumeDriver": "",
    "VolumesFrom": None,
    "CapAdd": None,
    "CapDrop": None,
    "CgroupnsMode": "host",
    "Dns": None,
    "DnsOptions": None,
    "DnsSearch": None,
    "ExtraHosts": None,
    "GroupAdd": None,
    "IpcMode": "private",
    "Cgroup": "",
    "Links": None,
    "OomScoreAdj": 0,
    "PidMode": "",
    "Privileged": False,
    "PublishAllPorts": False,
    "ReadonlyRootfs": False,
    "SecurityOpt": None,
    "UTSMode": "",
    "UsernsMode": "",
    "ShmSize": 67108864,
    "Runtime": "runc",
    "ConsoleSize": [0, 0],
    "Isolation": "",
    "CpuShares": 0,
    "Memory": 0,
    "NanoCpus": 0,
    "CgroupParent": "",
    "BlkioWeight": 0,
    "BlkioWeightDevice": None,
    "BlkioDeviceReadBps": None,
    "BlkioDeviceWriteBps": None,
    "BlkioDeviceReadIOps": None,
    "BlkioDeviceWriteIOps": None,
    "CpuPeriod": 0,
    "CpuQuota": 0,
    "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0,
    "CpusetCpus": "",
    "CpusetMems": "",
    "Devices": None,
    "DeviceCgroupRules": None,
    "DeviceRequests": None,
    "KernelMemory": 0,
    "KernelMemoryTCP": 0,
    "MemoryReservation": 0,
    "MemorySwap": 0,
    "MemorySwappiness": None,
    "OomKillDisable": False,
    "PidsLimit": None,
    "Ulimits": None,
    "CpuCount": 0,
    "CpuPercent": 0,
    "IOMaximumIOps": 0,
    "IOMaximumBandwidth": 0,
    "MaskedPaths": [
        "/proc/asound",
        "/proc/acpi",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/sys/firmware",
    ],
    "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
}

ENDPOINT: dict[str, Any] = {
    "IPAMConfig": None,
    "Links": None,
    "Aliases": None,
    "NetworkID": "",
    "EndpointID": "",
    "Gateway": "",
    "IPAddress": "",
    "IPPrefixLen": 0,
    "IPv6Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "MacAddress": "",
    "DriverOpts": None,
}

NETWORK_SETTINGS: dict[str, Any] = {
    "Bridge": "",
    "SandboxID": "",
    "HairpinMode": False,
    "LinkLocalIPv6Address": "",
    "LinkLocalIPv6PrefixLen": 0,
    "Ports": {},
    "SandboxKey": "",
    "SecondaryIPAddresses": None,
    "SecondaryIPv6Addresses": None,
    "EndpointID": "",
    "Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
    "IPAddress": "",
    "IPPrefixLen": 0,
    "IPv6Gateway": "",
    "MacAddress": "",
}

# What an engine says of the simulated agent's image, as far as anybody reads it.
IMAGE: dict[str, Any] = {
    "Id": "sha256:dd74423275344b1a136e2f49850ae92e5f43617d0f497fcbee2d9807c2ebaa6c",
    "RepoTags": [],
    "RepoDigests": [],
    "Created": "2026-11-24T23:19:56.116766962Z",
    "Config": {
        **CONFIG,
        "User": "1000:1000",
        "Env": [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONDONTWRITEBYTECODE=1",
            "PYTHONUNBUFFERED=1",
            "SIMULATOR_AGENT_VERSION=1.8.0",
        ],
        "Entrypoint": ["/usr/bin/python3", "/usr/local/bin/agent.py"],
        "Labels": {"org.opencontainers.image.title": "connectware-simulator-agent"},
    },
    "Architecture": "amd64",
    "Os": "linux",
    "Size": 299391860,
    "VirtualSize": 299391860,
}


def moment(nanoseconds: int) -> str:
    """RFC 3339 to the nanosecond, without zeros at the end, as the engine writes it."""
    whole, fraction = divmod(nanoseconds, 10**9)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{fraction:09d}".rstrip("0")
    return f"{text}.{digits}Z" if digits else f"{text}Z"


def log_moment(nanoseconds: int) -> str:
    """The same with all nine digits, as before a line of a log."""
    whole, fraction = divmod(nanoseconds, 10**9)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{fraction:09d}Z"


def config_of(body: Mapping[str, Any], image: Mapping[str, Any], container_id: str) -> dict[str, Any]:
    """The configuration of a container: what was asked for, over what its image brings."""
    base = {**CONFIG, **{key: image["Config"][key] for key in ("User", "WorkingDir", "Entrypoint", "Cmd")}}
    given = {key: body[key] for key in (*CONFIG, *OPTIONAL_CONFIG) if body.get(key) not in (None, "", [])}
    env = list(body.get("Env") or [])
    named = {entry.partition("=")[0] for entry in env}
    env += [entry for entry in image["Config"]["Env"] or [] if entry.partition("=")[0] not in named]
    on_host = (body.get("HostConfig") or {}).get("NetworkMode") == "host"
    labels = {**(image["Config"]["Labels"] or {}), **(body.get("Labels") or {})}
    hostname = given.get("Hostname") or (platform.node() if on_host else container_id[:12])
    return {**base, **given, "Env": env, "Labels": dict(sorted(labels.items())), "Hostname": hostname}


def host_config_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a container's configuration that belongs to its host."""
    given = {key: value for key, value in (body.get("HostConfig") or {}).items() if value is not None}
    result = {**HOST_CONFIG, **given}
    result["RestartPolicy"] = {**HOST_CONFIG["RestartPolicy"], **(given.get("RestartPolicy") or {})}
    if "Mounts" in given:
        result["Mounts"] = [
            {key: value for key, value in mount.items() if key != "ReadOnly" or value} for mount in given["Mounts"]
        ]
    return result
