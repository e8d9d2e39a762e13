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
    for that if it is closed, and closes it afterwards, on failure as well. It stays open if it was open before, or
    another run needs it too; then it closes by itself, after O(window_lease) at the latest.
  - A request is authorized only if it is the only one of its username and carries the pairing ID. There is no option to
    turn this off.
  - Nothing is done for a client that is registered and does not ask again.
extends_documentation_fragment:
  - edgefleet.connectware.attributes
  - edgefleet.connectware.attributes.of_connectware
  - edgefleet.connectware.connectware
  - edgefleet.connectware.evidence
  - edgefleet.connectware.window
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
      - Whether to open the registration window if it is closed, and to keep it open while the client is waited for.
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
  sample: [window_opened, window_closed, authorized]
authorizations:
  description:
    - What Connectware was asked to let in, in order. The same as the second line of each in O(evidence_path).
  type: list
  elements: dict
  returned: success
  sample:
    - schema: 1
      id: 8d0f4c8e5f1f4d0c9a0f3b1c2d4e5f60
      outcome: let_in
      authorized_at: "2026-03-01T08:15:02.114Z"
      settled_at: "2026-03-01T08:15:06.871Z"
      agent: null
      username: welder-robots
      pairing_id: a82123
      listed_pairing_id: a82123
      window_open: false
      reason: null
      container: null
      container_id: null
      image: null
      image_id: null
      image_digest: null
      message: ""
      connectware_url: https://connectware.example.com
      host: null
      controller: automation
      controller_user: deploy
      job_id: null
      job_user: null
      account: rollout
      account_source: login
  contains:
    schema:
      description: Number of this form. It grows when a key goes or means something else.
      type: int
      returned: success
    id:
      description: Tells the lines of one authorization from those of others.
      type: str
      returned: success
    outcome:
      description:
        - V(let_in), Connectware shows the user, and nothing pending under its name any more.
        - V(unproven), Connectware took it and shows no such user yet. V(failed), Connectware refused it. V(attempted),
          it is not known whether it took effect.
      type: str
      returned: success
    authorized_at:
      description: When Connectware was asked, in UTC by the clock of the controller.
      type: str
      returned: success
    settled_at:
      description: When the outcome was found, null with V(attempted).
      type: str
      returned: success
    agent:
      description: Always null here, like all that only a factory host knows.
      type: str
      returned: success
    username:
      description: The user that was let in.
      type: str
      returned: success
    pairing_id:
      description: The pairing ID that was given.
      type: str
      returned: success
    listed_pairing_id:
      description: The pairing ID that Connectware listed right before.
      type: str
      returned: success
    window_open:
      description:
        - Whether the registration window was open when Connectware was asked. Only then could another request have
          taken the place of the one that was listed.
        - Also true where Connectware does not tell, unless the run has closed it itself.
      type: bool
      returned: success
    reason:
      description: Always null here.
      type: str
      returned: success
    container:
      description: Always null here.
      type: str
      returned: success
    container_id:
      description: ID of that container, always null here.
      type: str
      returned: success
    image:
      description: The image of that container, as it was named, always null here.
      type: str
      returned: success
    image_id:
      description: ID of that image, always null here.
      type: str
      returned: success
    image_digest:
      description: Repository and digest of that image, null here.
      type: str
      returned: success
    message:
      description: Why the outcome is not the wanted one.
      type: str
      returned: success
    connectware_url:
      description: The Connectware that was asked.
      type: str
      returned: success
    host:
      description: Always null here.
      type: str
      returned: success
    controller:
      description: Name of the machine that has asked.
      type: str
      returned: success
    controller_user:
      description: User of the operating system that has asked.
      type: str
      returned: success
    job_id:
      description: Job of AWX or Automation Controller, null elsewhere.
      type: str
      returned: success
    job_user:
      description: Always null here, a module is not told.
      type: str
      returned: success
    account:
      description: Account in Connectware, null where a token was used and O(evidence_account) is not set.
      type: str
      returned: success
    account_source:
      description: Where that is known from. V(login) with a username and password, V(option) from O(evidence_account).
      type: str
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

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import (
    EVIDENCE_OPTIONS,
    WINDOW_OPTIONS,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.set_client import set_client

OPTIONS = {
    **EVIDENCE_OPTIONS,
    **WINDOW_OPTIONS,
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
