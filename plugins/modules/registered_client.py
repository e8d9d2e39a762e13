#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: registered_client
short_description: Register any client by its username and pairing ID, or remove it
version_added: 0.1.0
description:
  - For clients and agents that this collection does not run itself, for example in Docker Compose or Kubernetes.
  - Waits for the request of the client, authorizes it, and checks that the client got in. Opens the registration window
    for that if it is closed, and closes it afterwards if it opened it, on failure as well.
  - A request is authorized only if it is the only one of its username and carries the pairing ID. There is no option to
    turn this off.
  - Nothing is done for a client that is registered and does not ask again.
extends_documentation_fragment:
  - edgefleet.connectware.attributes
  - edgefleet.connectware.connectware
  - edgefleet.connectware.evidence
attributes:
  check_mode:
    support: full
    details: Does not wait for a request. Fails where another client asks under the username.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: all
options:
  username:
    description:
      - Username of the client, exactly as it asks for it. For an agent this is its name, unless it was given another.
    type: str
    required: true
  pairing_id:
    description:
      - The pairing ID that the client itself shows, for an agent in its log. The filter
        P(edgefleet.connectware.pairing_id#filter) reads it from there.
      - Not needed for a client that is registered already, and not used when O(state=absent).
    type: str
  state:
    description:
      - V(present) registers the client.
      - V(absent) deletes its user. Its credentials stop working, the client has to be stopped by other means.
    type: str
    choices: [present, absent]
    default: present
  only_registered:
    description:
      - With O(state=absent), whether a user is kept that no registration has made, or that has administrator rights.
      - Set it to V(false) to delete any user. Which user that is, is then yours to know.
    type: bool
    default: true
  timeout:
    description:
      - For how many seconds to wait for the request of the client.
    type: int
    default: 60
  open_window:
    description:
      - Whether to open the registration window if it is closed. It is opened with an explicit end shortly after
        O(timeout), and closed as soon as the client got in.
      - With V(false) somebody else has to open it, for example M(edgefleet.connectware.registry_window) once for many
        clients.
    type: bool
    default: true
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - module: edgefleet.connectware.registry_info
  - module: edgefleet.connectware.registry_window
  - plugin: edgefleet.connectware.pairing_id
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read the log of an agent that Docker Compose runs
  ansible.builtin.command:
    cmd: docker compose logs --no-log-prefix welder-robots
    chdir: /opt/connectware
  register: log
  changed_when: false
  check_mode: false

- name: Register it
  edgefleet.connectware.registered_client:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    username: welder-robots
    pairing_id: "{{ log.stdout | edgefleet.connectware.pairing_id('welder-robots') }}"
  delegate_to: localhost

- name: Remove a client
  edgefleet.connectware.registered_client:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    username: welder-robots
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
username:
  description: The username of the client.
  returned: success
  type: str
  sample: welder-robots
user:
  description: The user of the client as Connectware knows it, null if there is none, or none yet in check mode.
  returned: success
  type: dict
  sample:
    id: 4d1c0f6e
    username: welder-robots
    roles: [connectware-agent]
    created_at: "2026-03-01T08:15:00.000Z"
actions:
  description: What was done on the server, in order.
  returned: success
  type: list
  elements: str
  sample: [window_opened, authorized, window_closed]
"""

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import EVIDENCE_OPTIONS
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.client import set_client
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run

OPTIONS = {
    **EVIDENCE_OPTIONS,
    "username": {"type": "str", "required": True},
    "pairing_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "only_registered": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 60},
    "open_window": {"type": "bool", "default": True},
}


def main() -> None:
    run(connectware_module(OPTIONS), set_client)


if __name__ == "__main__":
    main()
