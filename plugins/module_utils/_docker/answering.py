# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers that nobody has named, and that answer to the username of an agent all the same.

One of our own may be among them: of an agent that had another name before, and the same username.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._agents.observation import RUNS
from .._agents.spec import AgentSpec
from .container_report import identity
from .engine import Engine
from .inventory import HostInventory, refuse
from .listed import agent_of


def check_nobody_else_answers(engine: Engine, inventory: HostInventory, specs: Sequence[AgentSpec]) -> None:
    """Refuse to retire agents that run in a container which is not the one of the inventory, perhaps by a slip.

    Raises:
        SpecError: such a container runs; it would ask to be registered again as soon as the user is gone.
    """
    named, agents = {spec.container for spec in specs}, {spec.name for spec in specs}
    strange = [
        name
        for name, entry in sorted(inventory.containers.items())
        if name not in named and entry.get("State") in RUNS and agent_of(entry) not in agents
    ]
    reports = engine.in_parallel(
        lambda name: engine.find(f"inspect the container {name}", engine.client.inspect_container, name), strange
    )
    usernames = [identity(report or {}, None)[1] for report in reports]
    problems = [
        f"agent {spec.name}: option 'container': the container {name} runs and answers to the username"
        f" '{spec.username}'; stop and remove it there first, since an agent that still runs would ask to be registered"
        " again"
        for spec in specs
        for name, username in zip(strange, usernames)
        if username == spec.username
    ]
    refuse(problems, engine.place)
