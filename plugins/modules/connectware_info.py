#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connectware_info
short_description: Show the version and health of Connectware, and the contract used to talk to it
version_added: 0.1.0
description:
  - Shows the version, which the image of every agent must equal, and what Connectware says of its services.
  - Shows on request the contract, which is every path, method, field name and status code that this collection uses,
    with where each comes from, and with the corrections of O(connectware_contract) in it.
extends_documentation_fragment:
  - edgefleet.connectware.attributes
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
  gather:
    description:
      - What to show.
      - V(contract) alone asks the server nothing.
    type: list
    elements: str
    choices: [version, health, contract]
    default: [version, health]
  wait:
    description:
      - Seconds to wait until Connectware answers and all its services are well, before anything is shown. An account
        that may not see the health waits for the version only.
    type: float
    default: 0.0
author:
  - The edgefleet.connectware authors (@edgefleet)
"""

EXAMPLES = r"""
- name: Which version do the agents need
  edgefleet.connectware.connectware_info:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    gather: [version]
  delegate_to: localhost
  run_once: true
  register: connectware

- name: Wait until Connectware is back after its own upgrade
  edgefleet.connectware.connectware_info:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    wait: 300
  delegate_to: localhost
  run_once: true

- name: List what is only assumed about the API
  edgefleet.connectware.connectware_info:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    gather: [contract]
  delegate_to: localhost
  run_once: true
  register: api

- name: Show it
  ansible.builtin.debug:
    msg: "{{ api.contract | selectattr('provenance', 'equalto', 'assumed') }}"
"""

RETURN = r"""
version:
  description: The version of Connectware.
  returned: when V(version) is gathered
  type: str
  sample: "1.8.0"
health:
  description: The services of Connectware.
  returned: when V(health) is gathered
  type: dict
  sample: {"healthy": true, "services": [{"name": "broker", "status": "running", "uptime": "86400"}]}
  contains:
    healthy:
      description: Whether all services are well.
      type: bool
      returned: when V(health) is gathered
    services:
      description: What each service says of itself.
      type: list
      elements: dict
      returned: when V(health) is gathered
contract:
  description: Every entry of the contract in force.
  returned: when V(contract) is gathered
  type: list
  elements: dict
  sample: [{"entry": "confirm.path", "value": "/api/client-registry/confirm", "provenance": "documented"}]
  contains:
    entry:
      description: Its place in O(connectware_contract), as a dotted path.
      type: str
      returned: when V(contract) is gathered
    value:
      description: What is used.
      type: raw
      returned: when V(contract) is gathered
    provenance:
      description:
        - V(documented) by the vendor, V(observed) in the vendor's artefacts, V(assumed), or corrected by the V(user).
      type: str
      returned: when V(contract) is gathered
"""

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.info import connectware_facts
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run

OPTIONS = {
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": ["version", "health", "contract"],
        "default": ["version", "health"],
    },
    "wait": {"type": "float", "default": 0.0},
}


def main() -> None:
    run(connectware_module(OPTIONS), connectware_facts)


if __name__ == "__main__":
    main()
