#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_info
short_description: Show all agents that Connectware knows, and how they differ from the inventory
version_added: 0.1.0
description:
  - Lists the agents that Connectware knows, and holds them against those that the inventory names. A ghost is
    registered in Connectware and named by no host of the inventory; a missing agent is named by a host and unknown to
    Connectware.
  - A user counts as an agent if a registration has made it (C(list_users.fields.by_registration) of the contract), if
    it has a role of C(settings.agent_roles), or if the inventory names it. Any other user is that of a person or of
    other software, and is never shown.
  - It costs one request for the pending requests, one for each 100 users of Connectware, and one for each of
    O(connected) and O(version). Where there are more than 100 users, one more for each 100 agents of the inventory that
    seem to have none, since users slip from one page to another while they are read.
extends_documentation_fragment:
  - edgefleet.connectware.attributes
  - edgefleet.connectware.attributes.of_connectware
  - edgefleet.connectware.connectware
attributes:
  check_mode:
    support: full
    details: The module changes nothing.
  diff_mode:
    support: N/A
    details: The module changes nothing.
  idempotent:
    support: full
  platform:
    support: full
    platforms: all
options:
  expected:
    description:
      - The agents of the inventory. Keys are hosts, values are their C(agents_list), of which C(name) and C(username)
        are read. The filter P(edgefleet.connectware.agents_by_host#filter) gathers them.
      - Give all hosts of the inventory. Without this option nothing is compared, and nothing is called a ghost.
    type: dict
  name_pattern:
    description:
      - A regular expression (Python) for whole usernames. Only agents that fit it can be ghosts.
      - For an inventory that has only a part of the agents of this Connectware, for example V(hh-.*).
    type: str
  connected:
    description:
      - Also ask which agents are connected now. Connectware 2 tells.
    type: bool
    default: false
  version:
    description:
      - Also ask for the version of Connectware.
    type: bool
    default: false
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - plugin: edgefleet.connectware.agents_by_host
    plugin_type: filter
  - module: edgefleet.connectware.registry_info
  - module: edgefleet.connectware.agents_info
"""

EXAMPLES = r"""
- name: See who is registered
  edgefleet.connectware.fleet_info:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
  delegate_to: localhost
  run_once: true
  register: fleet

- name: Compare with the inventory
  edgefleet.connectware.fleet_info:
    expected: "{{ hostvars | edgefleet.connectware.agents_by_host(groups['factories']) }}"
    name_pattern: hh-.*
  delegate_to: localhost
  run_once: true
  register: fleet

- name: Nobody may be left behind
  ansible.builtin.assert:
    that: fleet.ghosts | length == 0
    fail_msg: "Not in the inventory: {{ fleet.ghosts | join(', ') }}"
"""

RETURN = r"""
agents:
  description: The agents of Connectware and of the inventory, by username.
  returned: success
  type: list
  elements: dict
  sample:
    - username: hh-press-01
      name: hh-press-01
      host: hamburg.example.com
      state: registered
      ghost: false
      evidence: registration
      pairing_ids: []
      roles: [connectware-agent]
      created_at: "2026-03-01T08:00:00.000Z"
      connected: true
  contains:
    username:
      description: The agent's user, without control characters and bounded.
      type: str
      returned: success
    name:
      description: The agent's name in the inventory; null if it is not there.
      type: str
      returned: success
    host:
      description: The host of the inventory that has it; null if it is not there.
      type: str
      returned: success
    state:
      description:
        - V(pending) if a request under its username waits to be authorized, else V(registered) if it has a user, else
          V(missing).
      type: str
      returned: success
    ghost:
      description: Whether it has a user, is not in the inventory, and fits O(name_pattern).
      type: bool
      returned: success
    evidence:
      description:
        - Why it counts as an agent, the best that there is. V(registration), a registration has made its user; V(role),
          it has a role that only agents have; V(inventory), nothing but that the inventory names it.
      type: str
      returned: success
    pairing_ids:
      description: Of the requests that are pending under its username; null for one that shows none.
      type: list
      elements: str
      returned: success
    roles:
      description: Its roles, names or IDs as Connectware lists them.
      type: list
      elements: str
      returned: success
    created_at:
      description: When its user was made, as Connectware writes it; null where it does not tell.
      type: str
      returned: success
    connected:
      description: Whether it is connected now; null without O(connected) or where Connectware does not tell.
      type: bool
      returned: success
ghosts:
  description: Usernames of the ghosts; empty without O(expected).
  returned: success
  type: list
  elements: str
  sample: [hh-press-09]
missing:
  description: Usernames of the agents of the inventory that Connectware does not know.
  returned: success
  type: list
  elements: str
  sample: [hh-press-02]
strangers:
  description: Requests that are pending under a name which neither the inventory nor an agent of Connectware has.
  returned: success
  type: list
  elements: dict
  sample: [{"username": "hh-press-99", "pairing_ids": ["a82123"]}]
  contains:
    username:
      description: Under which name the client wants to be registered, without control characters and bounded.
      type: str
      returned: success
    pairing_ids:
      description: The pairing IDs that its requests show, null for one that shows none.
      type: list
      elements: str
      returned: success
undecided:
  description:
    - How many users there are of which Connectware does not tell whether a registration has made them. If it tells that
      of nobody, ghosts cannot be told, and the module warns.
  returned: success
  type: int
  sample: 0
version:
  description:
    - The version of Connectware, which the image of the agents must have as well; null without O(version), and where
      Connectware does not tell it, or not this account.
  returned: success
  type: str
  sample: 1.8.0
error:
  description: Why the task broke off, in the parts of its message.
  type: dict
  returned: when the task failed as a whole
  contains:
    kind:
      description: Which kind of error it is, for example V(UnreachableError).
      type: str
      returned: always
    tried:
      description: What was tried.
      type: str
      returned: always
    where:
      description: On what, or empty.
      type: str
      returned: always
    answered:
      description: What answered, or empty.
      type: str
      returned: always
    todo:
      description: What to do now, or empty.
      type: str
      returned: always
    status:
      description: The HTTP status of an answer of Connectware's API, null where none came.
      type: int
      returned: when Connectware was asked for it
"""

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.info import fleet_facts
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run

OPTIONS = {
    "expected": {"type": "dict"},
    "name_pattern": {"type": "str"},
    "connected": {"type": "bool", "default": False},
    "version": {"type": "bool", "default": False},
}


def main() -> None:
    run(connectware_module(OPTIONS), fleet_facts)


if __name__ == "__main__":
    main()
