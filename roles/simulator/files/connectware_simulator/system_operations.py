# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Connectware says about itself."""

from __future__ import annotations

from .calls import Answer, Call
from .clock import formatted, now_ms
from .core import Connectware

_SERVICES = ("admin-web-app", "auth-server", "broker", "ingress-controller", "system-control-server")


def system_info(core: Connectware, call: Call) -> Answer:
    """Tell the version."""
    return call.answer("success", {"version": core.state.version})


def system_health(core: Connectware, call: Call) -> Answer:
    """Tell how the services are."""
    uptime = (now_ms() - core.started_at) // 1000
    status = call.spec["words"]["running"]
    services = [call.item({"name": name, "status": status, "uptime": uptime}) for name in _SERVICES]
    return call.answer("success", {"services": services})


def system_agents(core: Connectware, call: Call) -> Answer:
    """Tell which agents are connected."""
    registered = {user.username for user in core.state.users if user.created_by == "client-registry"}
    agents = [
        call.item(
            {
                "name": client["username"],
                "status": "connected",
                "connected_at": formatted(client["since"], core.switches.time_format),
            }
        )
        for client in core.broker.clients()
        if client["username"] in registered
    ]
    return call.answer("success", {"agents": agents})
