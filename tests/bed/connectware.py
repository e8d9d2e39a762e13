# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Connectware of a test bed: role `simulator` on this machine, at an address that agents in factory hosts reach.

Its process outlives whoever has started it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests
from integration.bed import IMAGE, VERSION, one_at_a_time
from integration.factory_host import outer_gateway

PLAYBOOK = Path(__file__).parent / "simulator.yml"
USERNAME, PASSWORD = "rollout", "simulator-rollout"  # public, like all passwords of the simulator
AGENT_IMAGE = f"{IMAGE}:{VERSION}"


class Connectware:
    """The simulator whose program and state are in this folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self) -> Connectware:
        """Build the image of the agent and start the simulator; what is there already is used again."""
        self._apply(state="present")
        return self

    def remove(self) -> None:
        """The process has ended and nothing of it is left; the image of the agent stays, tests use it too."""
        self._apply(state="absent")

    def _apply(self, **variables: Any) -> None:
        settings = {
            "dir": str(self._folder),
            # The virtual environment that runs this has all that the simulator needs.
            "venv": sys.prefix,
            "install": False,
            "host": outer_gateway(),
            "version": VERSION,
            "image_name": IMAGE,
            **{f"{port}_port": 0 for port in ("api", "mqtt", "mqtts", "control")},
            **variables,
        }
        extra = {f"simulator_{name}": value for name, value in settings.items()}
        extra |= {"ansible_python_interpreter": sys.executable}
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", str(PLAYBOOK)]
        env = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        with one_at_a_time():
            done = subprocess.run(
                [*command, "--extra-vars", json.dumps(extra)],
                env=env, capture_output=True, text=True, check=False, timeout=900,
            )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"the simulator could not be made {settings['state']}:\n{done.stdout}{done.stderr}")

    @property
    def endpoints(self) -> dict[str, Any]:
        """Where it listens, as the role says."""
        return dict(json.loads((self._folder / "state" / "endpoints.json").read_text()))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask its control API.

        Raises:
            requests.RequestException: it does not answer, or not well.
        """
        answer = requests.request(method, f"{self.endpoints['control_url']}/control/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    @property
    def variables(self) -> dict[str, Any]:
        """What an inventory says of it, and of the agents that belong to it."""
        end = self.endpoints
        return {
            "connectware_url": end["url"],
            "connectware_ca_path": end["ca_path"],
            "connectware_username": USERNAME,
            "connectware_password": PASSWORD,
            "agents_image": IMAGE,
            "agents_version": VERSION,
            "agents_pull": "never",
            "agents_mqtt_host": end["host"],
            "agents_mqtt_port": end["mqtt_port"],
            "agents_env": {"CYBUS_HOSTNAME_INGRESS": end["ingress"]},
        }
