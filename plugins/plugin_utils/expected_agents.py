# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agents of an inventory, read as ansible-playbook reads it: variables of files beside it, templates and vault."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import ExpectedAgent, expected_agents
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import printable
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

AGENTS = "agents_list"
ASKS_CONNECTWARE = ("connectware.yml", "connectware.yaml")  # how the files of our own inventory plugin end

# What plugins for variables keep as long as the process lives: host_group_vars where it has found files and where there
# are none (not all of these in every ansible-core), and community.sops what it has read.
_KEPT_BY_PLUGINS = ("CANONICAL_PATHS", "FOUND", "NAK", "PATH_CACHE", "DECRYPTED")
_ONE_AT_A_TIME = threading.Lock()  # a process can have several event sources, each with a thread of its own


def agents_of_inventory(sources: Sequence[str]) -> tuple[ExpectedAgent, ...]:
    """The agents of all hosts, in the order of the inventory, as the files are now.

    Args:
        sources: files and folders, as ansible-playbook takes them with -i.

    Raises:
        SpecError: a source or an agents_list cannot be read, or a host has the name of a group.
    """
    for source in sources:
        if not os.path.exists(source):
            raise _unreadable(sources, f"there is no {printable(source, 200)}")
    try:
        with _ONE_AT_A_TIME:
            _forget_files()
            return _agents(sources)
    except AnsibleError as exc:
        raise _unreadable(sources, printable(str(exc), 300)) from exc


class _WholeInventory(InventoryManager):
    """Keeps which files it could not read, of which Ansible only warns.

    Attributes:
        unread: without those that ask Connectware, which may be away just now; they name no agents of their own.
    """

    def __init__(self, loader: DataLoader, sources: list[str]) -> None:
        self.unread: list[str] = []
        super().__init__(loader=loader, sources=sources)

    def parse_source(self, source: str, *arguments: Any, **options: Any) -> bool:
        parsed: bool = super().parse_source(source, *arguments, **options)
        if not parsed and os.path.isfile(source) and not str(source).endswith(ASKS_CONNECTWARE):
            self.unread.append(str(source))
        return parsed


def _agents(sources: Sequence[str]) -> tuple[ExpectedAgent, ...]:
    loader = DataLoader()
    if constants.DEFAULT_VAULT_PASSWORD_FILE or constants.DEFAULT_VAULT_IDENTITY_LIST:
        _unlock(loader)
    inventory = _WholeInventory(loader, list(sources))
    if inventory.unread:
        raise _unreadable(sources, f"Ansible cannot read {printable(', '.join(inventory.unread), 300)}")
    variables = VariableManager(loader=loader, inventory=inventory)
    HostVars(inventory=inventory, variable_manager=variables, loader=loader)  # so that templates find other hosts
    found: list[ExpectedAgent] = []
    for host in inventory.get_hosts():
        known = variables.get_vars(host=host)
        if AGENTS not in known:
            continue
        if host.name in inventory.groups:
            raise _unreadable(sources, f"the host {host.name} has the name of a group, and a run could not be limited")
        found += expected_agents(host.name, Templar(loader=loader, variables=known).template(known[AGENTS]))
    return tuple(found)


def _forget_files() -> None:
    """Files of variables may have come and gone since the last reading; not by the loader, which would load plugins."""
    plugins = [module for name, module in list(sys.modules.items()) if ".plugins.vars." in name]
    for kept in (getattr(plugin, name, None) for plugin in plugins for name in _KEPT_BY_PLUGINS):
        if isinstance(kept, (dict, set)):
            kept.clear()


def _unlock(loader: DataLoader) -> None:
    """The passwords of ANSIBLE_VAULT_PASSWORD_FILE and ANSIBLE_VAULT_IDENTITY_LIST; nobody is there to be asked."""
    from ansible.cli import CLI

    secrets: Any = CLI.setup_vault_secrets(
        loader, vault_ids=list(constants.DEFAULT_VAULT_IDENTITY_LIST), auto_prompt=False
    )
    loader.set_vault_secrets(secrets)


def _unreadable(sources: Sequence[str], answered: str) -> SpecError:
    return SpecError(
        "read the agents of the inventory",
        where=printable(", ".join(sources), 200),
        answered=answered,
        todo="Nothing was asked or changed. ansible-inventory --list shows what Ansible makes of it.",
    )
