# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A site at which the examples of the documentation are run as they stand.

Only what every site has of its own is laid over them: addresses, the CA, the image, and names that no other test uses.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml
from guides.examples import example
from integration.bed import COLLECTIONS, IMAGE, Factory, Run

HOST = "hamburg.example.com"
GROUP = "factories"


class Site:
    """The host of the examples, with the agents of the examples, and the shell of its administrator."""

    def __init__(self, factory: Factory) -> None:
        self.factory = factory
        self.simulator = factory.simulator
        self.folder = factory.directory
        self.prefix = f"{factory.names()[0].rpartition('-')[0]}-"
        factory.agents[:] = [{"name": f"{self.prefix}press-0{number}"} for number in (1, 2)]
        self.token = self._token()
        end = factory.simulator.endpoints
        self.words = {
            "https://connectware.example.com": end["url"],
            "https://connectware-north.example.com": end["url"],
            "mqtt_host: connectware.example.com": "mqtt_host: 127.0.0.1",
            "/etc/ssl/factory-ca.pem": end["ca_path"],
            "registry.cybus.io/cybus/protocol-mapper": IMAGE,
            "press02-credentials": f"connectware-agent-{self.prefix}press02-credentials",
            "welder-agent-1": f"connectware-agent-{self.prefix}welder-agent-1",
            "(hh|": f"({self.prefix[:-1]}|",
            "hh-": self.prefix,
            "~/": f"{self.folder}/",
            " --become": "",  # whoever runs the tests may use Docker
        }
        factory.environment.update(
            CONNECTWARE_URL=end["url"], CONNECTWARE_CA_PATH=end["ca_path"], CONNECTWARE_TOKEN=self.token
        )
        # What an image and a network of this machine need; everything else is said by the examples.
        self.container = {
            key: factory.variables[f"agents_{key}"] for key in ("mqtt_port", "network_mode", "env", "pull")
        }

    def _token(self) -> str:
        body = {"username": "rollout", "password": self.simulator.passwords()["rollout"]}
        return str(self.simulator.client(None)("POST", "/api/login", json=body).json()["token"])

    def agent(self, number: int = 1) -> str:
        return f"{self.prefix}press-0{number}"

    def here(self, name: str, **more: str) -> str:
        """An example of the documentation, with this site's words for those of another."""
        return self.in_words_of_here(example(name), **more)

    def in_words_of_here(self, text: str, **more: str) -> str:
        for there, here in {**more, **self.words}.items():
            text = text.replace(there, here)
        return text

    def tasks(self, name: str, *arguments: str, replaced: dict[str, str] | None = None, **variables: Any) -> Run:
        """Run the tasks of an example on the host."""
        play = {
            "hosts": GROUP,
            "gather_facts": False,
            "module_defaults": {"edgefleet.connectware.agents": self.container},
            "tasks": yaml.safe_load(self.here(name, **(replaced or {}))),
        }
        return self.play([play], *arguments, **variables)

    def play(self, plays: list[dict[str, Any]], *arguments: str, **variables: Any) -> Run:
        (self.folder / "example.yml").write_text(yaml.safe_dump(plays))
        (self.folder / f"{GROUP}.yml").write_text(yaml.safe_dump({GROUP: {"hosts": {HOST: {}}}}))
        vault = {
            "vault_connectware_token": self.token,
            "vault_connectware_password": self.simulator.passwords()["rollout"],
            "vault_licence_key": "of-nobody",
            "vault_reader_token": self.token,
        }
        hosts = {HOST: {"agents_list": self.factory.agents}}
        return self.factory.play("example.yml", "-i", f"{GROUP}.yml", *arguments, hosts=hosts, **{**vault, **variables})

    def shell(self, code: str, **env: str) -> str:
        """Run a block of a page in a shell, in a folder with the inventory."""
        done = subprocess.run(
            ["bash", "-e", "-c", code], cwd=self.folder, capture_output=True, text=True, check=False, timeout=180,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1",
                 **self.factory.environment, **env},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def inventory(self, **variables: Any) -> Path:
        """The inventory of a user who calls `ansible-playbook -i inventory.yml` by hand."""
        given = {**self.factory.variables, **variables}
        for key in ("connectware_url", "connectware_username", "connectware_password", "connectware_ca_path"):
            del given[key]
        path = self.folder / "inventory.yml"
        hosts = {HOST: {"agents_list": self.factory.agents}}
        path.write_text(yaml.safe_dump({GROUP: {"hosts": hosts, "vars": given}}))
        return path

    def registered_by_hand(self, username: str) -> None:
        """Make a user as a registration does."""
        made = {"username": username, "created_by": "client-registry", "role": "connectware-agent"}
        self.simulator.control("POST", "users", made)
