# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan -> a container that was not started yet; and the end of one."""

from __future__ import annotations

from typing import Any

from .._agents.names import CREDENTIALS_PATH
from .._agents.spec import AgentSpec
from .._errors import EngineError
from .drift import DEFAULT_NETWORK, LABEL_CERTIFICATES, LABEL_LOG_OPTIONS, LABEL_REPLACED
from .engine import Engine
from .plan import Plan


def create(engine: Engine, plan: Plan, name: str) -> str:
    """A container that was not started yet; if it cannot be completed, it is removed again.

    Returns:
        Its ID.

    Raises:
        EngineError: the engine refused or failed.
    """
    spec, client, call = plan.spec, engine.client, engine.call
    first, *others = spec.networks or (None,)
    made = call(
        f"create the container {name}",
        client.create_container,
        spec.image,
        name=name,
        environment=spec.environment(),
        labels={**spec.all_labels(), **_own_labels(plan)},
        user=spec.user or None,
        stop_timeout=spec.stop_timeout,
        host_config=_host_config(engine, spec, first),
        use_config_proxy=False,
    )
    container_id = str(made["Id"])
    try:
        for network in others:
            attach = client.connect_container_to_network
            call(f"attach {name} to the network {network}", attach, container_id, network)
    except EngineError:
        delete(engine, name, container_id)
        raise
    return container_id


def _host_config(engine: Engine, spec: AgentSpec, network: str | None) -> Any:
    mounts = [{"Type": "volume", "Source": spec.volume, "Target": CREDENTIALS_PATH, "ReadOnly": False}]
    mounts += [{"Type": "bind", "Source": m.source, "Target": m.target, "ReadOnly": m.read_only} for m in spec.mounts]
    return engine.client.create_host_config(
        mounts=mounts,
        network_mode=network or spec.network_mode or DEFAULT_NETWORK,
        restart_policy={"Name": spec.restart_policy},
        mem_limit=spec.memory or None,
        nano_cpus=round(spec.cpus * 1e9) if spec.cpus else None,
        pids_limit=spec.pids_limit if spec.pids_limit and spec.pids_limit > 0 else None,
        cap_drop=["ALL"],
        cap_add=list(spec.capabilities) or None,
        security_opt=list(spec.security_opts) or None,
        read_only=spec.read_only,
        init=spec.init,
        extra_hosts=dict(spec.extra_hosts) or None,
        dns=list(spec.dns) or None,
        log_config={"Type": spec.log_driver, "Config": dict(spec.log_options)},
    )


def _own_labels(plan: Plan) -> dict[str, str]:
    """What a later run has to know of this container."""
    labels = {
        LABEL_LOG_OPTIONS: ",".join(sorted(plan.spec.log_options)),
        LABEL_REPLACED: plan.replaced_image or None,
        LABEL_CERTIFICATES: (plan.want or {}).get("certificates"),
    }
    return {name: value for name, value in labels.items() if value is not None}


def end(engine: Engine, name: str, container_id: str, patience: int) -> None:
    """Stop it, so that what runs in it can end in order, and delete it; its volume stays, and one that is gone is fine.

    Args:
        patience: seconds that it gets to stop.

    Raises:
        EngineError: the engine refused or failed.
    """
    stop(engine, name, container_id, patience)
    delete(engine, name, container_id)


def stop(engine: Engine, name: str, container_id: str, patience: int) -> None:
    """Only the first half of `end`."""
    engine.find(f"stop the container {name}", engine.client.stop, container_id, timeout=patience)


def delete(engine: Engine, name: str, container_id: str) -> None:
    """Only the second half of `end`."""
    remove = engine.client.remove_container
    engine.find(f"remove the container {name}", remove, container_id, v=False, force=True)
