#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_window
short_description: Open or close the registration window of the Client Registry
version_added: 0.1.0
description:
  - While the registration window is open, clients can ask Connectware to be registered. While it is closed, which it
    normally is, they are refused.
  - Opens the window for an explicit time, after which Connectware closes it by itself, or closes it now.
  - Rolling out agents does not need this module, the role P(edgefleet.connectware.agents#role) opens and closes the
    window itself. Use it around the registration of other clients.
extends_documentation_fragment:
  - edgefleet.connectware.attributes
  - edgefleet.connectware.attributes.of_connectware
  - edgefleet.connectware.connectware
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Where Connectware does not tell whether the window is open, it is opened or closed in every run.
  platform:
    support: full
    platforms: all
options:
  state:
    description:
      - Whether the window should be open or closed.
      - Where Connectware does not tell whether it is open, it is opened or closed in every run, which counts as a
        change, and what Connectware has accepted counts as the window that there is now.
    type: str
    choices: [open, closed]
    default: open
  duration:
    description:
      - For how many seconds from now the window is opened, from 5 to 86400, which is a day. Only used when
        O(state=open).
    type: int
    default: 300
  min_remaining:
    description:
      - A window that stays open for at least so many seconds is left as it is. One that closes earlier is opened anew
        for O(duration).
      - The remaining time is computed with the clock of the server. Where Connectware does not tell it, the window is
        opened anew unless this is V(0).
      - By default 60, or O(duration) if that is less.
    type: int
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - module: edgefleet.connectware.registry_info
  - module: edgefleet.connectware.registered_client
"""

EXAMPLES = r"""
- name: Let new clients ask for ten minutes
  edgefleet.connectware.registry_window:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    connectware_ca_path: /etc/ssl/factory-ca.pem
    duration: 600
  delegate_to: localhost
  run_once: true

- name: Close the window now
  edgefleet.connectware.registry_window:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    state: closed
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
before:
  description: The window as it was found.
  returned: success
  type: dict
  sample: {"open": false, "remaining": null}
  contains:
    open:
      description: Whether the window was open; false where Connectware does not tell.
      type: bool
      returned: success
    remaining:
      description: Seconds until it closes; null while it is closed or where Connectware does not tell.
      type: float
      returned: success
window:
  description: The window as it is now; in check mode as it would be.
  returned: success
  type: dict
  sample: {"open": true, "remaining": 299.4}
  contains:
    open:
      description: Whether the window is open.
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

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.set_window import set_window

OPTIONS = {
    "state": {"type": "str", "choices": ["open", "closed"], "default": "open"},
    "duration": {"type": "int", "default": 300},
    "min_remaining": {"type": "int"},
}


def main() -> None:
    run(connectware_module(OPTIONS), set_window)


if __name__ == "__main__":
    main()
