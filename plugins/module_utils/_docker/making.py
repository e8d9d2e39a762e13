# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A spec as the arguments with which the SDK creates its container."""

from __future__ import annotations

from typing import Any

from .._agents.spec import CREDENTIALS_PATH, AgentSpec
from .drift import network_mode
from .engine import Engine, types_of_sdk


def creation(engine: Engine, spec: AgentSpec) -> dict[str, Any]:
    """The arguments of create_container. Further networks are attached afterwards."""
    return {
        "image": spec.image,
        "name": spec.container,
        "environment": spec.environment(),
        "labels": spec.all_labels(),
        "user": spec.user,
        "stop_timeout": spec.stop_timeout,
        "host_config": _host_config(engine, spec),
        "use_config_proxy": False,
    }


def _host_config(engine: Engine, spec: AgentSpec) -> Any:
    types = types_of_sdk()
    mounts = [types.Mount(CREDENTIALS_PATH, spec.volume, type="volume")]
    mounts += [types.Mount(m.target, m.source, type="bind", read_only=m.read_only) for m in spec.mounts]
    return engine.client.create_host_config(
        mounts=mounts,
        network_mode=network_mode(spec),
        restart_policy={"Name": spec.restart_policy},
        mem_limit=spec.memory,
        nano_cpus=None if spec.cpus is None else round(spec.cpus * 1e9),
        pids_limit=spec.pids_limit if spec.pids_limit and spec.pids_limit > 0 else None,
        cap_drop=["ALL"],
        cap_add=list(spec.capabilities) or None,
        security_opt=list(spec.security_opts) or None,
        read_only=spec.read_only,
        init=spec.init,
        extra_hosts=dict(spec.extra_hosts) or None,
        dns=list(spec.dns) or None,
        log_config=types.LogConfig(type=spec.log_driver, config=dict(spec.log_options)),
    )
