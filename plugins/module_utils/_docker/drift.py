# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container as it should be and as the engine reports it, in the same words: what differs is the drift.

Both sides are normalised, because engines report the same thing in several spellings; and what an image brings by
itself (environment, labels, user) is taken into account, so that it never counts as drift.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from .._agents.names import CREDENTIALS_PATH, OWN_LABELS
from .._agents.spec import AgentSpec
from .container_report import name_of, variables

_SECRET = re.compile(r"PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL|LICEN[CS]E|AUTH", re.IGNORECASE)
# What every image says of itself in public: its authors and licences, whose names would match.
_PUBLIC = "org.opencontainers.image."
# To the last @ before the path; or behind it, where a slash is part of a password and no number of a port ends there.
_LOGIN_IN_URL = re.compile(r"(?<=://)(?:[^/\s]+|[^/@:\s]*:(?!\d+/)\S+)(?=@)")
MASK = "********"
DEFAULT_NETWORK = "bridge"
# Limits that an engine drops, with a warning only, where the kernel lacks them; and how it says that it has them.
LIMITS = {"memory": "MemoryLimit", "pids_limit": "PidsLimit"}
LABEL_LOG_OPTIONS = OWN_LABELS + "log-options"
"""Names the log options that were asked for: the engine adds those of its own configuration to them."""
LABEL_REPLACED = OWN_LABELS + "replaced-image"
"""The image of the container that this one took the place of, by digest if it had one: whoever wants to go back where
nobody remembers it finds it here. History, not a wish: it never differs."""
LABEL_CERTIFICATES = OWN_LABELS + "certificates"
"""The fingerprint of the certificates that were there when the container was made; see certificates.py."""
NOTES = (LABEL_LOG_OPTIONS, LABEL_REPLACED, LABEL_CERTIFICATES)  # to a later run, and no part of what is wanted


def wanted(
    spec: AgentSpec, image_id: str | None, image_config: Mapping[str, Any], certificates: str | None = None
) -> dict[str, Any]:
    """The container that the user wants, over an image that brings this configuration.

    Args:
        certificates: their fingerprint; None where there is none.
    """
    return {
        "container": spec.container,
        "image": image_id,
        "env": {**variables(image_config.get("Env")), **spec.environment()},
        "labels": _labels({**(image_config.get("Labels") or {}), **spec.all_labels()}),
        "volume": spec.volume,
        "mounts": sorted((m.source, m.target, m.read_only) for m in spec.mounts),
        "certificates": certificates,
        "networks": sorted(spec.networks) if spec.networks else [_mode(spec.network_mode)],
        "extra_hosts": dict(spec.extra_hosts),
        "dns": _addresses(spec.dns),
        "restart_policy": spec.restart_policy,
        "memory": spec.memory or None,
        "cpus": round(spec.cpus, 3) if spec.cpus else None,
        "pids_limit": spec.pids_limit if spec.pids_limit and spec.pids_limit > 0 else None,
        "user": spec.user or image_config.get("User") or "",
        "capabilities": _capabilities(spec.capabilities),
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
    mounts = _mounts(host)
    return {
        "container": name_of(container),
        "image": container["Image"],
        "env": variables(config.get("Env")),
        "labels": _labels(config.get("Labels") or {}),
        "volume": next((source for kind, source, target, _unused in mounts if _is_credentials(kind, target)), None),
        "mounts": sorted(mount[1:] for mount in mounts if not _is_credentials(mount[0], mount[2])),
        "certificates": (config.get("Labels") or {}).get(LABEL_CERTIFICATES),
        "networks": _networks(container),
        "extra_hosts": dict(_name_and_address(entry) for entry in host.get("ExtraHosts") or []),
        "dns": _addresses(host.get("Dns") or []),
        "restart_policy": _restart_policy(host.get("RestartPolicy") or {}),
        "memory": host.get("Memory") or None,
        "cpus": round(host["NanoCpus"] / 1e9, 3) if host.get("NanoCpus") else None,
        "pids_limit": host.get("PidsLimit") if (host.get("PidsLimit") or 0) > 0 else None,
        "user": config.get("User") or "",
        "capabilities": _capabilities(host.get("CapAdd")),
        "dropped_capabilities": _capabilities(host.get("CapDrop")),
        "security_opts": _security(host.get("SecurityOpt") or []),
        "read_only": bool(host.get("ReadonlyRootfs")),
        "init": host.get("Init"),  # None leaves it to the daemon's configuration, which nobody can see
        "stop_timeout": config.get("StopTimeout"),
        "log_driver": (host.get("LogConfig") or {}).get("Type"),
        "log_options": _log_options(container),
    }


def drift(want: Mapping[str, Any], have: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the options that differ."""
    differs = [option for option in want if want[option] != have.get(option)]
    if "log_driver" in differs and "log_options" in differs:
        differs.remove("log_options")  # another driver has other options
    if "certificates" in differs and None in (want["certificates"], have.get("certificates")):
        differs.remove("certificates")  # nobody can tell, now or when it was made; where there are none, its mounts do
    return tuple(differs)


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """For a diff: values of variables that look like secrets, and logins in addresses, are masked."""
    masked = {option: _masked(values[option]) for option in ("env", "labels", "log_options")}
    return {**values, **masked, "mounts": [list(mount) for mount in values["mounts"]]}


def _masked(values: Mapping[str, str]) -> dict[str, str]:
    return {
        name: MASK if value and _looks_secret(name) else _LOGIN_IN_URL.sub(MASK, value)
        for name, value in values.items()
    }


def _looks_secret(name: str) -> bool:
    return not name.startswith(_PUBLIC) and _SECRET.search(name) is not None


def _labels(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in NOTES}


def _log_options(container: Mapping[str, Any]) -> dict[str, str]:
    """Those that were asked for."""
    options = (container["HostConfig"].get("LogConfig") or {}).get("Config") or {}
    asked = (container["Config"].get("Labels") or {}).get(LABEL_LOG_OPTIONS)
    if asked is None:
        return dict(options)
    names = asked.split(",")
    return {name: value for name, value in options.items() if name in names}


def _mounts(host: Mapping[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Kind, source, target, and whether it is read-only, of each."""
    mounts = [
        (mount["Type"], mount.get("Source", ""), mount["Target"], bool(mount.get("ReadOnly")))
        for mount in host.get("Mounts") or []
    ]
    for bind in host.get("Binds") or []:
        source, target, *mode = bind.split(":") if ":" in bind else ["", bind]  # a volume without a name
        kind = "bind" if source.startswith("/") else "volume"
        mounts.append((kind, source, target, "ro" in ",".join(mode).split(",")))
    return mounts


def _name_and_address(entry: str) -> tuple[str, str]:
    """Others than we separate the two by an equals sign, and engines keep what they got."""
    name, *address = re.split("[:=]", entry, maxsplit=1)
    return name, "".join(address)


def _addresses(servers: Iterable[str]) -> list[str]:
    return [_address(str(server)) for server in servers]


def _address(text: str) -> str:
    """In its shortest form, if it is one: engines from 29 on tell it like that."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def _is_credentials(kind: str, target: str) -> bool:
    return kind == "volume" and target == CREDENTIALS_PATH


def _mode(name: str | None) -> str:
    return name if name and name != "default" else DEFAULT_NETWORK


def _networks(container: Mapping[str, Any]) -> list[str]:
    mode = container["HostConfig"].get("NetworkMode") or "default"
    if mode in ("host", "none") or mode.startswith("container:"):
        return [mode]
    attached = (container.get("NetworkSettings") or {}).get("Networks")
    return [_mode(mode)] if attached is None else sorted(attached)  # none at all where somebody took it off


def _restart_policy(policy: Mapping[str, Any]) -> str:
    """As the docker command takes it, with the number of times after which an engine gives up: we never set one."""
    name, times = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    return f"{name}:{times}" if times else str(name)


def _capabilities(names: Iterable[str] | None) -> list[str]:
    upper = [name.upper() for name in names or []]
    return sorted({name[4:] if name.startswith("CAP_") else name for name in upper})


def _security(options: Iterable[str]) -> list[str]:
    plain = (option.replace("no-new-privileges=", "no-new-privileges:") for option in options)
    return sorted({f"{option}:true" if option == "no-new-privileges" else option for option in plain})
