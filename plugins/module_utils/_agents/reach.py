# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which failed connections are an agent's own to its Connectware: it connects to machines too, and these may be off.

By what its container is told of Connectware. An agent that is told a name may log an address instead, so there the port
of the broker counts as well.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping

from .spec import DEFAULT_PORTS

HOSTS = ("CYBUS_MQTT_HOST", "CYBUS_HOSTNAME_INGRESS", "CYBUS_CONTROLPLANE_URI")  # the first documented, others observed
PORT, SCHEME = "CYBUS_MQTT_PORT", "CYBUS_MQTT_SCHEME"  # documented

_URI = re.compile(r"[a-z]+://(?P<host>\[[^\]]*\]|[^:/]*)", re.IGNORECASE)


def names_of_connectware(env: Mapping[str, str]) -> tuple[str, ...]:
    """What a line of the log has in it that is about Connectware: its hosts, and perhaps its port with a colon.

    Args:
        env: of the agent's container.
    """
    found = [_URI.match(env[name]) or env[name] for name in HOSTS if env.get(name)]
    hosts = [(one if isinstance(one, str) else one["host"]).strip("[] ").lower() for one in found]
    port = env.get(PORT) or DEFAULT_PORTS.get(env.get(SCHEME) or "mqtt", "")
    ports = [f":{port}"] if port and any(host and not _is_address(host) for host in hosts) else []
    return tuple(dict.fromkeys([*filter(None, hosts), *ports]))


def is_about(text: str, names: Iterable[str]) -> bool:
    """One of them is in this line, as a whole."""
    return any(re.search(_whole(name), text, re.IGNORECASE) for name in names)


def _whole(name: str) -> str:
    return ("" if name.startswith(":") else r"(?<![\w.-])") + re.escape(name) + r"(?![\w-]|\.\w)"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
