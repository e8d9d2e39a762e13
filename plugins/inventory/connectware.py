# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connectware's agents beside those of the inventory: who is registered, who is missing, and who is a ghost."""

from __future__ import annotations

DOCUMENTATION = r"""
name: connectware
short_description: Agents of Connectware beside those of the inventory
version_added: 0.1.0
author:
  - The edgefleet.connectware authors (@edgefleet)
description:
  - Asks Connectware for its agents and holds them against C(agents_list) of the hosts that earlier inventory sources
    have, in them or in files of variables beside any source. Give it as the last source,
    C(-i inventory.yml -i connectware.yml).
  - The name of its configuration file ends with C(connectware.yml) or C(connectware.yaml).
  - Agents are C(registered), C(pending) (a request under their name waits to be authorized), or C(missing) (named in
    the inventory, unknown to Connectware). A registered agent that no host names is a C(ghost).
  - With O(agents_as=variables), a host is in the groups C(connectware_registered), C(connectware_pending) and
    C(connectware_missing) if one of its agents is, and its variable C(connectware_agents) has its agents, each as
    M(edgefleet.connectware.fleet_info) returns them. O(compose), O(groups) and O(keyed_groups) are for hosts that have
    agents; for all others, give a source of C(ansible.builtin.constructed) after this one.
  - With O(agents_as=hosts), every agent is a host in the group C(connectware_agents) and in the group of its state;
    ghosts are in C(connectware_ghost) as well. Its variable C(connectware_agent) has what is known of it. Nothing can
    be run on it, since an agent is no machine; C(connectware_agent.host) is the host that has it.
  - The variables C(connectware_ghosts) and C(connectware_strangers) of the group C(all) list the ghosts, and the
    pending requests under names that nobody has.
  - A user counts as an agent if a registration has made it, if it has a role of C(settings.agent_roles) of the
    contract, or if the inventory names it. All others are left out.
  - Costs one request for the pending requests, one for each 100 users of Connectware, and a login where there is no
    token; where there are more than 100 users, one more for each 100 agents that seem to have none. With a cache that
    is fresh, and for the same inventory, it costs none.
extends_documentation_fragment:
  - edgefleet.connectware.connectware
  - edgefleet.connectware.connectware.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Says that this file is for this plugin.
    type: str
    required: true
    choices:
      - edgefleet.connectware.connectware
  agents_as:
    description:
      - >-
        V(variables): agents are variables of their hosts, and no host is added.
      - >-
        V(hosts): agents are hosts. Keep such a source away from rollouts, whose C(all) would contain them.
    type: str
    choices:
      - variables
      - hosts
    default: variables
  name_pattern:
    description:
      - A regular expression (Python) for whole usernames. Only agents that fit it can be ghosts.
      - For an inventory that has only a part of the agents of this Connectware, for example V(hh-.*).
    type: str
  connected:
    description:
      - Also ask which agents are connected now (one request). Connectware 2 tells.
    type: bool
    default: false
notes:
  - C(agents_list) may be templated with variables of its host and with C(inventory_hostname); facts, variables of plays
    and of files beside playbooks are not known yet. One that cannot be read fails this source, because its agents would
    look like ghosts.
  - Variables of the group C(ungrouped) do not count. A host that this source puts into a group is not in that one.
  - Connection options of the configuration file may be templates and vaulted. Texts of Connectware are never templated.
  - In a folder of sources, files are read by name; call it for example V(zz_connectware.yml).
"""

EXAMPLES = r"""
# fmt: code
# connectware.yml, after the inventory that has the agents:
#   ansible-inventory -i inventory.yml -i connectware.yml --graph
#   ansible-playbook -i inventory.yml -i connectware.yml edgefleet.connectware.rollout \
#     -e agents_hosts=connectware_missing
plugin: edgefleet.connectware.connectware
connectware_url: https://connectware.example.com
connectware_ca_path: /etc/ssl/factory-ca.pem
# The token comes from CONNECTWARE_TOKEN, or from here: vaulted, or from a lookup.
connectware_token: "{{ lookup('ansible.builtin.file', '~/.connectware-token') }}"

---
# Every agent as a host, by site, and those that are not connected, from a cache
plugin: edgefleet.connectware.connectware
agents_as: hosts
connected: true
name_pattern: (hh|mu)-.*
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/connectware
compose:
  site: connectware_agent.username.split('-') | first
keyed_groups:
  - key: site
    prefix: site
groups:
  offline: connectware_agent.connected is false
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from ansible import constants, template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import combine_vars

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents import fleet
from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import CONNECTWARE_OPTIONS
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.fleet import (
    NOTHING_TOLD,
    look_at_fleet,
    nothing_told,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConnectwareError
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.variables_of_host import sources_of, variables_of

AGENTS = "agents_list"
EVERYBODY = "connectware_agents"
GHOST = "ghost"
NO_ADDRESS = "an-agent-is-no-host.invalid"  # a name that never has an address (RFC 2606)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Adds to the inventory what Connectware says of its agents."""

    NAME = "edgefleet.connectware.connectware"

    def verify_file(self, path: str) -> bool:
        """Whether this source is for this plugin."""
        return bool(super().verify_file(path)) and path.endswith(("connectware.yml", "connectware.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Nothing is added to the inventory before all that was asked for is there.

        What the user has composed comes last of all: an expression that fails leaves no agent out.
        """
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        self._sources = sources_of(inventory, path)
        try:
            expected = self._expected() or None
            concerns = fleet.compiled(self._templated(self.get_option("name_pattern"), "name_pattern"))
            seen = self._seen(path, self._connection(config), expected or (), cache)
        except ConnectwareError as exc:
            raise AnsibleParserError(exc.message) from None
        self._warn(seen, expected)
        self._add(fleet.compare(seen, expected, concerns), seen.strangers, expected or ())

    # ------------------------------------------------------------------------------------------------- what is asked

    def _connection(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The options of CONNECTWARE_OPTIONS, templated."""
        params = {name: self._templated(self.get_option(name), name) for name in CONNECTWARE_OPTIONS}
        # A variable that is empty, as AWX makes them, is not given; ansible-core takes an empty path for this folder.
        params |= {name: None for name in params if name not in config and os.environ.get(name.upper()) == ""}
        # A text that is no boolean would be read as false by ansible-core, without a word.
        given = config.get("connectware_validate_certs", os.environ.get("CONNECTWARE_VALIDATE_CERTS") or None)
        if given is None:
            params["connectware_validate_certs"] = True
        else:
            try:
                params["connectware_validate_certs"] = boolean(
                    self._templated(given, "connectware_validate_certs"), strict=True
                )
            except TypeError as exc:
                raise AnsibleParserError(f"Could not use connectware_validate_certs: {exc}") from None
        return params

    def _templated(self, value: Any, what: str, variables: Mapping[str, Any] | None = None) -> Any:
        """A value of the user's own files with its templates filled in."""
        self.templar.available_variables = combine_vars(dict(variables or {}), self._vars)
        try:
            return self.templar.template(value)
        except AnsibleError as exc:
            raise AnsibleParserError(f"Could not read {what} while the inventory is read: {exc}") from exc

    def _expected(self) -> list[fleet.ExpectedAgent]:
        """The agents that the hosts of earlier sources have."""
        found: list[fleet.ExpectedAgent] = []
        for name, host in self.inventory.hosts.items():
            variables = variables_of(host, self.inventory, self.loader, self._sources)
            if AGENTS in variables:
                agents = self._templated(variables[AGENTS], f"{AGENTS} of the host {name}", variables)
                found += fleet.expected_agents(name, agents)
        return found

    def _seen(self, path: str, params: Mapping[str, Any], expected: Iterable[fleet.ExpectedAgent], cache: bool) -> Any:
        """What Connectware shows, or has shown to the same question."""
        key, use_cache = self.get_cache_key(path), bool(self.get_option("cache"))
        question = self._question(params, expected)
        if use_cache and cache:
            try:
                kept = self._cache[key]
                if kept["question"] == question:
                    return fleet.Fleet.from_dict(json.loads(kept["fleet"]))
            except (KeyError, TypeError, ValueError):
                self.display.vvv(f"{path}: nothing of use is in the cache")
        session = connect(params, on_wait=lambda why, seconds: self.display.vv(f"waits {seconds:.1f} s: {why}"))
        try:
            seen = look_at_fleet(session, tuple(expected), connected=self.get_option("connected"))
        finally:
            session.close()
        if use_cache:
            # As ASCII: a name can have halves of characters, which a plugin for caches may write and then not read.
            self._cache[key] = {"question": question, "fleet": json.dumps(seen.to_dict())}
        return seen

    def _question(self, params: Mapping[str, Any], expected: Iterable[fleet.ExpectedAgent]) -> str:
        """What the answer depends on, without any secret."""
        asked = [
            params["connectware_url"],
            params["connectware_username"],
            params["connectware_contract"],
            self.get_option("connected"),
            sorted({(agent.username, agent.name) for agent in expected}),
        ]
        return sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()

    # ------------------------------------------------------------------------------------------------- what is added

    def _warn(self, seen: fleet.Fleet, expected: Iterable[fleet.ExpectedAgent] | None) -> None:
        if expected is None and self.get_option("agents_as") == "variables":
            self.display.warning(
                f"No host of an earlier inventory source has agents in {AGENTS}, so there is nothing that Connectware's"
                " agents could be compared with. Give this source after the one that has them (-i inventory.yml"
                " -i connectware.yml), or set agents_as: hosts to list Connectware's agents alone."
            )
        if expected is not None and nothing_told(seen):
            self.display.warning(NOTHING_TOLD)

    def _add(
        self,
        entries: Iterable[fleet.Entry],
        strangers: Iterable[fleet.Stranger],
        expected: Iterable[fleet.ExpectedAgent],
    ) -> None:
        for state in (*fleet.STATES, GHOST):
            self.inventory.add_group(_group(state))
        self._set("all", "connectware_ghosts", [entry.to_dict() for entry in entries if entry.ghost])
        self._set("all", "connectware_strangers", [stranger.to_dict() for stranger in strangers])
        if self.get_option("agents_as") == "hosts":
            self._add_hosts(entries)
        else:
            self._add_variables(entries, expected)

    def _add_hosts(self, entries: Iterable[fleet.Entry]) -> None:
        taken = {*self.inventory.hosts, *self.inventory.groups, *constants.LOCALHOST, EVERYBODY}
        self.inventory.add_group(EVERYBODY)
        names: list[str] = []
        for entry in entries:
            name = fleet.host_name(entry.agent.username, taken)
            taken.add(name)
            names.append(name)
            self.inventory.add_host(name, group=EVERYBODY)
            self.inventory.add_child(_group(entry.agent.state), name)
            if entry.ghost:
                self.inventory.add_child(_group(GHOST), name)
            self._set(name, "connectware_agent", entry.to_dict())
            self._set(name, "ansible_host", NO_ADDRESS)
        for name in names:
            self._construct(name, self.inventory.get_host(name).get_vars())

    def _add_variables(self, entries: Iterable[fleet.Entry], expected: Iterable[fleet.ExpectedAgent]) -> None:
        known = {entry.agent.username: entry for entry in entries}
        by_host: dict[str, list[fleet.Entry]] = {}
        # Where two hosts name one user by mistake, it is an agent of both.
        for agent in sorted(expected, key=lambda each: each.username):
            by_host.setdefault(agent.host, []).append(replace(known[agent.username], expected=agent))
        for name, agents in by_host.items():
            self._set(name, EVERYBODY, [entry.to_dict() for entry in agents])
            for state in {entry.agent.state for entry in agents}:
                self.inventory.add_child(_group(state), name)
        for name in by_host:
            host = self.inventory.get_host(name)
            self._construct(name, variables_of(host, self.inventory, self.loader, self._sources))

    def _set(self, entity: str, name: str, value: Any) -> None:
        self.inventory.set_variable(entity, name, _never_templated(value))

    def _construct(self, host: str, variables: Mapping[str, Any]) -> None:
        """What the user has composed of it."""
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)


def _never_templated(value: Any) -> Any:
    """Texts of others stay what they are."""
    if hasattr(template, "trust_as_template"):  # this ansible-core trusts no text by itself
        return value
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var(value)


def _group(state: str) -> str:
    return f"connectware_{state}"
