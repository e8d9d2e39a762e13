#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: api_token
short_description: Make a long-lived labelled token of Connectware
version_added: 0.1.0
description:
  - Logs in with username and password and returns a token that lives as long as wanted, for automation, or for accounts
    that have a second factor later.
  - Connectware does not tell which tokens exist, so every run makes a new one. Run it once and keep the token in a
    vault.
  - The token is in the result. The task needs C(no_log=true).
extends_documentation_fragment:
  - edgefleet.connectware.attributes
  - edgefleet.connectware.attributes.of_connectware
  - edgefleet.connectware.connectware
attributes:
  check_mode:
    support: full
    details: Makes no token and does not log in.
  diff_mode:
    support: none
    details: Tokens that exist cannot be listed, and a token does not belong into a diff.
  idempotent:
    support: none
    details: Every run makes a new token.
  platform:
    support: full
    platforms: all
options:
  connectware_token:
    description:
      - Not used by this module, and neither is the environment variable E(CONNECTWARE_TOKEN).
    type: str
  connectware_username:
    description:
      - Whose token is made.
      - If not set, the environment variable E(CONNECTWARE_USERNAME) is used.
    type: str
    required: true
  connectware_password:
    description:
      - Password of O(connectware_username).
      - If not set, the environment variable E(CONNECTWARE_PASSWORD) is used.
    type: str
    required: true
  label:
    description:
      - By which the token is recognised in Connectware.
    type: str
    required: true
  expire_in_hours:
    description:
      - For how many hours the token is valid.
    type: float
    required: true
author:
  - The edgefleet.connectware authors (@edgefleet)
"""

EXAMPLES = r"""
- name: Make a token for the rollout, valid for a year
  edgefleet.connectware.api_token:
    connectware_url: https://connectware.example.com
    connectware_username: rollout
    connectware_password: "{{ vault_connectware_password }}"
    label: ansible-rollout
    expire_in_hours: 8760
  delegate_to: localhost
  run_once: true
  no_log: true
  register: made

- name: Keep it where only this user can read it
  ansible.builtin.copy:
    content: "{{ made.token }}"
    dest: ~/.connectware-token
    mode: "0600"
  delegate_to: localhost
  run_once: true
  no_log: true
"""

RETURN = r"""
token:
  description: The token. Null in check mode.
  returned: success
  type: str
  sample: eyJhbGciOiJIUzI1NiJ9
expires_at:
  description: When it ends, as Connectware writes it. Null in check mode and where Connectware does not tell.
  returned: success
  type: str
  sample: "2027-03-01T08:15:00.000Z"
label:
  description: Its label.
  returned: success
  type: str
  sample: ansible-rollout
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

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import CONNECTWARE_OPTIONS
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.tokens import make_token

OPTIONS = {
    "connectware_username": {**CONNECTWARE_OPTIONS["connectware_username"], "required": True},
    "connectware_password": {**CONNECTWARE_OPTIONS["connectware_password"], "required": True},
    "label": {"type": "str", "required": True, "no_log": False},
    "expire_in_hours": {"type": "float", "required": True},
}


def main() -> None:
    module = connectware_module(OPTIONS)
    module.params["connectware_token"] = None  # not even looked at: that of the environment may be unusable
    run(module, make_token)


if __name__ == "__main__":
    main()
