# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another Connectware: how the simulator is switched into it, and what its users have in group_vars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from simulator.harness import Simulator

FOLDER = Path(__file__).parent / "data" / "dialect"
SPOKEN: dict[str, Any] = yaml.safe_load((FOLDER / "simulator.yml").read_text())
GROUP_VARS: dict[str, Any] = yaml.safe_load((FOLDER / "group_vars.yml").read_text())
AGENT_ENV = {"SIMULATOR_DIALECT": json.dumps(SPOKEN["agent"])}


def speak(simulator: Simulator) -> None:
    """Switch the server; a reset of the simulator ends it."""
    simulator.switch(**SPOKEN["switches"])
