# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container as it should be and as the engine reports it, in the same words: what differs is the drift.

Both sides are normalised, because engines report the same thing in several spellings; and what an image brings by
itself (environment, labels, user) is taken into account, so that it never counts as drift.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .._agents.spec import CREDENTIALS_PATH, AgentSpec
from .image import Image

_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|LICEN[CS]E", re.IGNORECASE)
_MASK = "********"
DEFAULT_NETWORK = "bridge"
# Limits that an engine drops, with a warning only, where the kernel lacks them; and how it says that it has them.
LIMITS = {"memory": "MemoryLimit", "pids_limit": "PidsLimit"}


def wanted(spec: AgentSpec, image: Image) -> dict[str, Any]:
    """The container that the user wants, over this image."""
    return {
        "image": image.image_id,
        "env": {**_pairs(image.config.get("Env")), **spec.environment()},
        "labels": {**(image.config.get("Labels") or {}), **spec.all_labels()},
        "mounts": sorted(
            [
                ("volume", spec.volume, CREDENTIALS_PATH, False),
                *(("bind", m.source, m.target, m.read_only) for m in spec.mounts),
            ]
        ),
        "networks": sorted(spec.networks) if spec.networks else [network_mode(spec)],
        "extra_hosts": dict(spec.extra_hosts),
        "dns": list(spec.dns),
        "restart_policy": spec.restart_policy,
        "memory": spec.memory,
        "cpus": None if spec.cpus is None else round(spec.cpus, 3),
        "pids_limit": spec.pids_limit if spec.pids_limit and spec.pids_limit > 0 else None,
        "user": spec.user if spec.user is not None else image.config.get("User") or "",
        "capabilities": sorted(spec.capabilities),
        "dropped_capabilities": ["ALL"],
        "security_opts": _security(spec.security_opts),
        "read_only": spec.read_only,
        "init": spec.init,
        "stop_timeout": spec.stop_timeout,
        "log_driver": spec.log_driver,
        "log_options": dict(spec.log_options),
    }


def reported(container: Mapping[str, Any]) -> dict[str, Any]:
    """The container that the engine reports."""
    config, host = container["Config"], container["HostConfig"]
    log = host.get("LogConfig") or {}
    return {
        "image": container["Image"],
        "env": _pairs(config.get("Env")),
        "labels": dict(config.get("Labels") or {}),
        "mounts": _mounts(host),
        "networks": _networks(container),
        "extra_hosts": dict(entry.split(":", 1) for entry in host.get("ExtraHosts") or []),
        "dns": list(host.get("Dns") or []),
        "restart_policy": (host.get("RestartPolicy") or {}).get("Name") or "no",
        "memory": host.get("Memory") or None,
        "cpus": round(host["NanoCpus"] / 1e9, 3) if host.get("NanoCpus") else None,
        "pids_limit": host.get("PidsLimit") if (host.get("PidsLimit") or 0) > 0 else None,
        "user": config.get("User") or "",
        "capabilities": _capabilities(host.get("CapAdd")),
        "dropped_capabilities": _capabilities(host.get("CapDrop")),
        "security_opts": _security(host.get("SecurityOpt") or []),
        "read_only": bool(host.get("ReadonlyRootfs")),
        "init": bool(host.get("Init")),
        "stop_timeout": config.get("StopTimeout"),
        "log_driver": log.get("Type"),
        "log_options": dict(log.get("Config") or {}),
    }


def drift(want: Mapping[str, Any], have: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the options that differ.

    Options of the log driver that we do not set are no drift: the engine adds its own defaults to them.
    """
    have = {**have, "log_options": {key: have["log_options"].get(key) for key in want["log_options"]}}
    return tuple(option for option in want if want[option] != have[option])


def network_mode(spec: AgentSpec) -> str:
    """The network that the container is made in; engines differ in what they call their default one."""
    mode = (spec.networks[0] if spec.networks else spec.network_mode) or DEFAULT_NETWORK
    return DEFAULT_NETWORK if mode == "default" else mode


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """For a diff: values that look like secrets by their names are masked."""
    masked = {option: _masked(values[option]) for option in ("env", "labels", "log_options")}
    return {**values, **masked, "mounts": [list(mount) for mount in values["mounts"]]}


def _masked(values: Mapping[str, str]) -> dict[str, str]:
    return {name: _MASK if value and _SECRET.search(name) else value for name, value in values.items()}


def _pairs(env: Iterable[str] | None) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in env or [])


def _mounts(host: Mapping[str, Any]) -> list[tuple[str, str, str, bool]]:
    mounts = [
        (mount["Type"], mount.get("Source", ""), mount["Target"], bool(mount.get("ReadOnly")))
        for mount in host.get("Mounts") or []
    ]
    for bind in host.get("Binds") or []:
        source, target, *mode = bind.split(":")
        kind = "bind" if source.startswith("/") else "volume"
        mounts.append((kind, source, target, "ro" in ",".join(mode).split(",")))
    return sorted(mounts)


def _networks(container: Mapping[str, Any]) -> list[str]:
    mode = container["HostConfig"].get("NetworkMode") or "default"
    if mode in ("host", "none") or mode.startswith("container:"):
        return [mode]
    attached = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return sorted(attached) if attached else [DEFAULT_NETWORK if mode == "default" else mode]


def _capabilities(names: Iterable[str] | None) -> list[str]:
    upper = [name.upper() for name in names or []]
    return sorted({name[4:] if name.startswith("CAP_") else name for name in upper})


def _security(options: Iterable[str]) -> list[str]:
    plain = (option.replace("no-new-privileges=", "no-new-privileges:") for option in options)
    return sorted({f"{option}:true" if option == "no-new-privileges" else option for option in plain})
