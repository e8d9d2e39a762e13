#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connectware_info
short_description: Show version and health of Connectware, and check the contract used to talk to it
version_added: 0.1.0
description:
  - Shows the version, which the image of every agent must equal, and what Connectware says of its services.
  - Checks on request whether this Connectware fits the contract, and says what to write into O(connectware_contract)
    where it does not.
  - Shows on request the contract, which is every path, method, field name and status code that this collection uses,
    with where each comes from, and with the corrections of O(connectware_contract) in it.
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
  gather:
    description:
      - What to show.
      - V(contract) alone asks the server nothing.
      - V(contract_check) asks the server with reading requests alone (C(GET), besides a login where there is no token),
        and says of each entry of the contract whether the answers fit it. It opens no window, authorizes nobody and
        changes nothing.
    type: list
    elements: str
    choices: [version, health, contract, contract_check]
    default: [version, health]
  wait:
    description:
      - Seconds to wait until Connectware answers and all its services are well, before anything is shown. An account
        that may not see the health waits for the version only. That there is no such path (404) counts as no answer
        until then, as a reverse proxy says so while Connectware starts.
    type: float
    default: 0.0
notes:
  - The check shows names of fields, kinds of values, status codes and the texts of errors. It shows no values of
    fields, but for the words by which services say how they are.
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

- name: Check whether this Connectware fits the contract, without changing anything
  edgefleet.connectware.connectware_info:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    connectware_contract: "{{ connectware_contract | default({}) }}"
    gather: [contract_check]
  delegate_to: localhost
  run_once: true
  register: api

- name: Show what does not fit, and what nobody could see
  ansible.builtin.debug:
    msg: "{{ api.contract_check.report | reject('match', 'ok|not_asked') }}"

- name: Keep the corrections
  ansible.builtin.copy:
    content: "{{ api.contract_check.corrections_yaml }}"
    dest: connectware_contract.yml
    mode: "0644"
  delegate_to: localhost
  run_once: true
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
contract_check:
  description: Whether this Connectware fits the contract in force.
  returned: when V(contract_check) is gathered
  type: dict
  contains:
    fits:
      description:
        - Whether nothing was found wrong, and the two lists that every run reads (pending requests, users) were seen.
        - That nothing was found wrong does not mean that everything was seen, see RV(contract_check.counts).
      type: bool
      returned: when V(contract_check) is gathered
      sample: false
    counts:
      description: How many entries have each result.
      type: dict
      returned: when V(contract_check) is gathered
      sample:
        {
          "wrong": 1,
          "wrong_type": 0,
          "missing": 1,
          "forbidden": 0,
          "not_provable": 9,
          "ok": 63,
          "not_asked": 24,
        }
    report:
      description:
        - What was found, one line for each thing, what does not fit first. Entries of one operation of which the same
          is to say share a line.
      type: list
      elements: str
      returned: when V(contract_check) is gathered
      sample:
        - >-
          missing: list_registry.fields.pairing_id (assumed: pairingId || pairingID || pairing_id): a text without
          blanks was expected, nothing is there; 1 of 1 have not; one has the fields username, pairingCode, createdAt
        - "ok: system_info: method (documented), path (documented), statuses.done (assumed): HTTP 200"
    entries:
      description: Every entry of the contract, with its result.
      type: list
      elements: dict
      returned: when V(contract_check) is gathered
      sample:
        - {
            "entry": "system_info.fields.version",
            "value": "version",
            "provenance": "documented",
            "result": "ok",
            "message": "a text is there",
          }
      contains:
        entry:
          description: Its place in O(connectware_contract), as a dotted path.
          type: str
          returned: when V(contract_check) is gathered
        value:
          description: What is used.
          type: raw
          returned: when V(contract_check) is gathered
        provenance:
          description: V(documented), V(observed), V(assumed), or corrected by the V(user).
          type: str
          returned: when V(contract_check) is gathered
        result:
          description:
            - V(ok), the answer has what is expected there.
            - V(missing), nothing is there. V(wrong_type), something else is there. V(wrong), Connectware refuses it, or
              it has no effect.
            - V(forbidden), this account may not see it. V(not_provable), no answer shows it at this moment, the
              message says why. V(not_asked), it would write, or the login was not needed.
          type: str
          returned: when V(contract_check) is gathered
        message:
          description: What was seen.
          type: str
          returned: when V(contract_check) is gathered
    answers:
      description: The answers that were looked at, with the names of their fields and never with their values.
      type: list
      elements: dict
      returned: when V(contract_check) is gathered
      sample:
        - {
            "operation": "list_registry",
            "request": "GET https://connectware.example.com/api/client-registry",
            "status": 200,
            "fields": ["pendingRequests", "unlockedUntil"],
            "item_fields": ["username", "pairingCode", "createdAt"],
          }
      contains:
        operation:
          description: The operation of the contract.
          type: str
          returned: when V(contract_check) is gathered
        request:
          description: Method and address.
          type: str
          returned: when V(contract_check) is gathered
        status:
          description: The HTTP status.
          type: int
          returned: when V(contract_check) is gathered
        fields:
          description: The fields of the answer.
          type: list
          elements: str
          returned: when V(contract_check) is gathered
        item_fields:
          description: The fields of the first item of the first list in the answer that is not empty.
          type: list
          elements: str
          returned: when V(contract_check) is gathered
    corrections:
      description: Those corrections that the answers leave no doubt about, to be laid over O(connectware_contract).
      type: dict
      returned: when V(contract_check) is gathered
      sample: {"list_registry": {"fields": {"pairing_id": "pairingCode"}}}
    corrections_yaml:
      description:
        - All corrections as text for a file of variables. What only you can decide or know is a comment in it.
      type: str
      returned: when V(contract_check) is gathered
      sample: |
        connectware_contract:
          list_registry:
            fields:
              pairing_id: pairingCode # found in an item of the list
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

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.info import connectware_facts
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run

OPTIONS = {
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": ["version", "health", "contract", "contract_check"],
        "default": ["version", "health"],
    },
    "wait": {"type": "float", "default": 0.0},
}


def main() -> None:
    run(connectware_module(OPTIONS), connectware_facts)


if __name__ == "__main__":
    main()
