# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option that more than one module takes, once. The documentation fragments mirror these tables."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

CONNECTWARE_OPTIONS: dict[str, Any] = {
    "connectware_url": {"type": "str", "required": True, "fallback": (env_fallback, ["CONNECTWARE_URL"])},
    "connectware_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["CONNECTWARE_TOKEN"])},
    "connectware_username": {"type": "str", "fallback": (env_fallback, ["CONNECTWARE_USERNAME"])},
    "connectware_password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["CONNECTWARE_PASSWORD"])},
    "connectware_ca_path": {"type": "path", "fallback": (env_fallback, ["CONNECTWARE_CA_PATH"])},
    "connectware_validate_certs": {
        "type": "bool",
        "default": True,
        "fallback": (env_fallback, ["CONNECTWARE_VALIDATE_CERTS"]),
    },
    "connectware_timeout": {"type": "int", "default": 15, "fallback": (env_fallback, ["CONNECTWARE_TIMEOUT"])},
    "connectware_contract": {"type": "dict", "default": {}},
}
"""How to reach Connectware and who logs in. Token, or username with password; a token wins. Time-out in seconds."""

CONNECTWARE_TOGETHER = [("connectware_username", "connectware_password")]
CONNECTWARE_ONE_OF = [("connectware_token", "connectware_username")]

EVIDENCE_OPTIONS: dict[str, Any] = {
    "evidence_path": {"type": "path", "fallback": (env_fallback, ["CONNECTWARE_EVIDENCE_PATH"])},
    "evidence_account": {"type": "str", "fallback": (env_fallback, ["CONNECTWARE_EVIDENCE_ACCOUNT"])},
}
"""Where authorizations are recorded, and whose the token is that they are made with."""

SOCKET = "unix:///var/run/docker.sock"
"""Of an engine whose address nobody has given."""

ENGINE_OPTIONS: dict[str, Any] = {
    "docker_host": {
        "type": "str",
        "default": SOCKET,
        "fallback": (env_fallback, ["DOCKER_HOST"]),
    },
    "docker_ca_path": {"type": "path"},
    "docker_cert_path": {"type": "path"},
    "docker_key_path": {"type": "path"},
    "docker_timeout": {"type": "int", "default": 60},
}
"""How the factory host reaches its Docker Engine. Time-out in seconds. TLS applies to tcp:// addresses only."""

ENGINE_TOGETHER = [("docker_cert_path", "docker_key_path")]

LOG_OPTIONS: dict[str, Any] = {"log_patterns": {"type": "dict", "default": {}}}
"""Corrections to the texts by which an agent's log is understood."""

GROUPED_OPTIONS: dict[str, Any] = {"options": {"type": "dict"}}
"""Other options of the same task in one mapping, for action plugins: no module gets it, they spread it before."""

MOUNT_OPTIONS: dict[str, Any] = {
    "source": {"type": "path", "required": True},
    "target": {"type": "path", "required": True},
    "read_only": {"type": "bool", "default": True},
}

CERTIFICATE_OPTIONS: dict[str, Any] = {
    "ca": {"type": "path"},
    "certificate": {"type": "path"},
    "key": {"type": "path", "no_log": False},
    "ca_target": {"type": "path", "default": "/connectware_certs/cybus_ca.crt"},
    "certificate_target": {"type": "path", "default": "/connectware_certs/client.crt"},
    "key_target": {"type": "path", "default": "/connectware_certs/client.key", "no_log": False},
}
"""Files of the host that an agent reads. That the CA is looked for there was observed of Connectware's own containers;
the other two targets are assumptions, and options for that reason."""

AGENT_OPTIONS: dict[str, Any] = {
    "image": {"type": "str"},
    "version": {"type": "str"},
    "mqtt_host": {"type": "str"},
    "mqtt_port": {"type": "int"},
    "mqtt_scheme": {"type": "str", "choices": ["mqtt", "mqtts"]},
    "env": {"type": "dict"},
    "labels": {"type": "dict"},
    "network_mode": {"type": "str"},
    "networks": {"type": "list", "elements": "str"},
    "extra_hosts": {"type": "dict"},
    "dns": {"type": "list", "elements": "str"},
    "mounts": {"type": "list", "elements": "dict", "options": MOUNT_OPTIONS},
    "certificates": {"type": "dict", "options": CERTIFICATE_OPTIONS},
    "restart_policy": {"type": "str", "choices": ["no", "on-failure", "always", "unless-stopped"]},
    "memory": {"type": "str"},
    "cpus": {"type": "float"},
    "pids_limit": {"type": "int"},
    "user": {"type": "str"},
    "capabilities": {"type": "list", "elements": "str"},
    "security_opts": {"type": "list", "elements": "str"},
    "read_only": {"type": "bool"},
    "init": {"type": "bool"},
    "stop_timeout": {"type": "int"},
    "log_driver": {"type": "str"},
    "log_options": {"type": "dict"},
}
"""What an agent's container is like: at the top of a task for all agents of the host, within one agent for that one."""

AGENT_IDENTITY_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "username": {"type": "str"},
    "container": {"type": "str"},
    "volume": {"type": "str"},
    "manage": {"type": "bool", "default": True},
}
"""What belongs to one agent alone, with defaults made from its name."""

WINDOW_OPTIONS: dict[str, Any] = {
    "window_lease": {"type": "float", "default": 60.0},
}
"""How long the registration window is held open, in seconds."""

CONVERSATION_OPTIONS: dict[str, Any] = {
    "agents": {"type": "list", "elements": "dict", "required": True},
    "expected": {"type": "list", "elements": "dict", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "only_watch": {"type": "bool", "default": False},
    "watch_started": {"type": "bool", "default": False},
    "elsewhere": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "username": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "container": {"type": "str"},
            "container_id": {"type": "str"},
        },
    },
    "on_conflict": {"type": "str", "choices": ["fail", "replace"], "default": "fail"},
    "proof": {"type": "str", "choices": ["restart", "watch"], "default": "restart"},
    "timeout": {"type": "float", "default": 180.0},
    "settle": {"type": "float", "default": 10.0},
    "poll_interval": {"type": "float", "default": 5.0},
    "grace": {"type": "float", "default": 30.0},
    **WINDOW_OPTIONS,
    "turn": {"type": "float"},
    "interim": {"type": "dict", "default": {}},
}
"""What the user decides about registering; times in seconds."""

LOOK_OPTIONS: dict[str, Any] = {
    "looks": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "username": {"type": "str", "required": True},
            "container": {"type": "str", "required": True},
            "volume": {"type": "str", "required": True},
            "restart": {"type": "bool", "default": False},
            "seen": {"type": "str", "default": ""},
            "unmark_after": {"type": "float"},
        },
    },
    "wait": {"type": "float", "default": 0.0},
    "linger": {"type": "float", "default": 0.0},
}
"""What the action plugin asks of the host; times in seconds."""
