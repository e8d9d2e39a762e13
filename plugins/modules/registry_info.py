#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_info
short_description: Show the pending requests and the registration window of the Client Registry
version_added: 0.1.0
description:
  - Lists which clients ask Connectware to be registered, with their pairing IDs, and whether the registration window is
    open.
  - What a client says of itself proves nothing. Never copy a pairing ID from here into
    M(edgefleet.connectware.registered_client); read it from the log of the client.
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
  usernames:
    description:
      - Show only the pending requests of exactly these usernames.
    type: list
    elements: str
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - module: edgefleet.connectware.registry_window
  - module: edgefleet.connectware.registered_client
"""

EXAMPLES = r"""
- name: See who asks
  edgefleet.connectware.registry_info:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
  delegate_to: localhost
  run_once: true
  register: registry

- name: Nobody may be waiting
  ansible.builtin.assert:
    that: registry.pending | length == 0
    fail_msg: "Pending: {{ registry.pending | map(attribute='username') | join(', ') }}"
"""

RETURN = r"""
pending:
  description: The pending requests, in the order of Connectware.
  returned: success
  type: list
  elements: dict
  sample: [{"username": "hh-press-01", "pairing_id": "a82123"}]
  contains:
    username:
      description: Under which name the client wants to be registered, without control characters and bounded.
      type: str
      returned: success
    pairing_id:
      description: The pairing ID that the request shows, null if it shows none.
      type: str
      returned: success
window:
  description: The registration window.
  returned: success
  type: dict
  sample: {"open": true, "remaining": 212.0}
  contains:
    open:
      description: Whether the window is open; false where Connectware does not tell.
      type: bool
      returned: success
    remaining:
      description: Seconds until it closes; null while it is closed or where Connectware does not tell.
      type: float
      returned: success
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

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.info import registry_facts
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run

OPTIONS = {"usernames": {"type": "list", "elements": "str"}}


def main() -> None:
    run(connectware_module(OPTIONS), registry_facts)


if __name__ == "__main__":
    main()
