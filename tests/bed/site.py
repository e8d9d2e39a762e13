# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test bed: factory hosts with agents to be, reached over SSH, and a Connectware beside them.

    bed = Bed(Path(".build/bed"))
    bed.up(hosts=10, agents=10)      # again: what is there already is used again
    bed.inventory                    # of `ansible-playbook -i`
    bed.down()                       # nothing is left

Beds in different folders do not touch each other.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from bed.connectware import AGENT_IMAGE, Connectware
from integration.factory_host import FactoryHost, build, outer

LABEL = "edgefleet.connectware.bed"
GROUP = "factories"
AT_ONCE = 4  # machines that are brought up at the same time
PATIENCE = 30  # seconds until a machine that runs lets us in


class Bed:
    """The test bed whose key, inventory and Connectware are in this folder."""

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        self.folder = folder.resolve()
        self.connectware = Connectware(self.folder / "connectware")
        self.inventory = self.folder / "inventory.yml"
        self.configuration = self.folder / "ansible.cfg"
        self.key = self.folder / "id_ed25519"
        self.known_hosts = self.folder / "known_hosts"
        self.mark = hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]
        self._say = say

    # up and down

    def up(self, hosts: int, agents: int) -> None:
        """Bring up so many factory hosts, and write an inventory of so many agents for each.

        Raises:
            AssertionError: something does not start, with what it said.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.key.exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test bed", "-f", str(self.key)]
            subprocess.run(command, check=True, timeout=60)
        self._say("Connectware, and the image of the agents")
        self.connectware.start()
        self._say("the image of the factory hosts")
        build()
        machines = {name: self.machine(name) for name in names(hosts)}
        self._remove(set(self._there()) - {machine.name for machine in machines.values()})
        self._say(f"{hosts} factory hosts")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            addresses = dict(zip(machines, pool.map(self._bring_up, machines.values()), strict=True))
        known = [f"{addresses[name]} {machine.host_key()}\n" for name, machine in machines.items()]
        self.known_hosts.write_text("".join(known))
        self._write_inventory(addresses, agents)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._wait_for_ssh, addresses.values()))

    @property
    def addresses(self) -> dict[str, str]:
        """Of the factory hosts that are up, by their names in the inventory."""
        hosts = yaml.safe_load(self.inventory.read_text())[GROUP]["hosts"]
        return {name: host["ansible_host"] for name, host in hosts.items()}

    def down(self) -> None:
        """Remove factory hosts, Connectware and folder; images of the engine stay, tests use them too."""
        self._remove(set(self._there()))
        if (self.folder / "connectware").exists():
            self.connectware.remove()
        shutil.rmtree(self.folder, ignore_errors=True)

    def machine(self, name: str) -> FactoryHost:
        """The factory host of this name in the inventory."""
        return FactoryHost(f"bed-{self.mark}-{name}", ("--label", f"{LABEL}={self.mark}"))

    def _there(self) -> list[str]:
        return outer("ps", "--all", "--filter", f"label={LABEL}={self.mark}", "--format", "{{.Names}}").split()

    def _remove(self, machines: set[str]) -> None:
        if machines:
            outer("rm", "--force", "--volumes", *sorted(machines))

    def _bring_up(self, machine: FactoryHost) -> str:
        if machine.name in self._there():
            outer("start", machine.name)
            machine.wait_for_engine()
        else:
            machine.start()
        machine.let_in(self.key.with_suffix(".pub").read_text())
        wanted = outer("image", "inspect", "--format", "{{.Id}}", AGENT_IMAGE)
        if machine.docker("image", "inspect", "--format", "{{.Id}}", AGENT_IMAGE, check=False) != wanted:
            machine.load(AGENT_IMAGE)
        return machine.address()

    # SSH

    @property
    def ssh_arguments(self) -> list[str]:
        """Of every connection, besides the key: hosts are known by their own keys, and nothing of this user counts."""
        return ["-F", "none", "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "IdentitiesOnly=yes"]

    def ssh(self, address: str, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command on a factory host, as root."""
        line = ["ssh", *self.ssh_arguments, "-o", "BatchMode=yes", "-i", str(self.key), f"root@{address}", *command]
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=timeout)

    def _wait_for_ssh(self, address: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while (done := self.ssh(address, "docker", "version")).returncode:
            if time.monotonic() > deadline:
                raise AssertionError(f"docker version on {address}, over SSH: {done.stdout}{done.stderr}")
            time.sleep(0.2)

    # the inventory

    def _write_inventory(self, addresses: dict[str, str], agents: int) -> None:
        self.inventory.write_text(yaml.safe_dump(self.cut(addresses, agents), sort_keys=False))
        collections = os.environ["ANSIBLE_COLLECTIONS_PATH"]
        self.configuration.write_text(
            f"[defaults]\ncollections_path = {collections}\nforks = {len(addresses)}\n"
            "callbacks_enabled = edgefleet.connectware.rollout_report\n"
        )

    def cut(self, addresses: dict[str, str], agents: int) -> dict[str, Any]:
        """The inventory of these factory hosts with so many agents each."""
        hosts = {
            host: {"ansible_host": address, "agents_list": [{"name": name} for name in agent_names(host, agents)]}
            for host, address in addresses.items()
        }
        return {GROUP: {"hosts": hosts, "vars": self.variables}}

    @property
    def variables(self) -> dict[str, Any]:
        """Of all factory hosts."""
        return {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": " ".join(self.ssh_arguments),
            "ansible_pipelining": True,
            "ansible_python_interpreter": "/usr/bin/python3",
            **self.connectware.variables,
        }


def names(hosts: int) -> list[str]:
    """Of so many factory hosts, as in the inventory."""
    return [f"factory-{number:02}" for number in range(1, hosts + 1)]


def agent_names(host: str, agents: int) -> list[str]:
    """Of so many agents of a factory host."""
    return [f"{host}-press-{number:02}" for number in range(1, agents + 1)]
