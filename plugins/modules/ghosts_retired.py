#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ghosts_retired
short_description: Delete the users of agents that the inventory does not name any more
version_added: 0.1.0
description:
  - A ghost is an agent that is registered in Connectware and named by no host of the inventory. Its credentials still
    work, wherever they are. This module deletes its user, after which they do not work any more.
  - It deletes those that O(usernames) names, or all if there are at most O(max). By default it deletes none, and shows
    what could go.
  - Everything is judged before the first user is deleted. A ghost is kept if no registration has made its user, if it
    has administrator rights, if it is connected now, if a request is pending under its name, or if it is the account
    that logs in. A name of the inventory is never touched.
  - Use the role P(edgefleet.connectware.ghosts#role), which gives it the whole inventory.
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
    support: full
  platform:
    support: full
    platforms: all
options:
  expected:
    description:
      - The agents of the whole inventory. Keys are hosts, values are their C(agents_list), of which C(name) and
        C(username) are read. The filter P(edgefleet.connectware.agents_by_host#filter) gathers them.
      - Without any agent in it, the module fails.
    type: dict
    required: true
  usernames:
    description:
      - The ghosts to retire. One that is gone already is no error; one that must be kept fails the task before anything
        is deleted.
    type: list
    elements: str
    default: []
  max:
    description:
      - Without O(usernames), retire all ghosts that may go, if they are not more than this. If they are more, the task
        fails and none is deleted. With V(0), they are only shown.
    type: int
    default: 0
  name_pattern:
    description:
      - A regular expression (Python) for whole usernames. It says which agents this inventory is responsible for; no
        other is a ghost. For example V(hh-.*), or V(.*) if the inventory has every agent of this Connectware.
      - Required with O(max), because agents of another inventory look like ghosts to this one.
    type: str
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - plugin: edgefleet.connectware.agents_by_host
    plugin_type: filter
  - module: edgefleet.connectware.fleet_info
  - module: edgefleet.connectware.registered_client
"""

EXAMPLES = r"""
- name: Show what could go
  edgefleet.connectware.ghosts_retired:
    expected: "{{ hostvars | edgefleet.connectware.agents_by_host(groups['factories']) }}"
  delegate_to: localhost
  run_once: true

- name: Retire one that was named
  edgefleet.connectware.ghosts_retired:
    expected: "{{ hostvars | edgefleet.connectware.agents_by_host(groups['factories']) }}"
    usernames: [hh-press-09]
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
ghosts:
  description: The ghosts that were looked at, by username.
  returned: success
  type: list
  elements: dict
  sample:
    - username: hh-press-09
      retired: true
      kept: null
      evidence: registration
      connected: false
      created_at: "2026-03-01T08:00:00.000Z"
  contains:
    username:
      description: Its user, without control characters and bounded.
      type: str
      returned: success
    retired:
      description: Whether its user was deleted, or would be in check mode.
      type: bool
      returned: success
    kept:
      description: Why its user must stay; null if it may go.
      type: str
      returned: success
    evidence:
      description: Why it counts as an agent, see M(edgefleet.connectware.fleet_info).
      type: str
      returned: success
    connected:
      description: Whether it is connected now; null where Connectware does not tell.
      type: bool
      returned: success
    created_at:
      description: When its user was made, as Connectware writes it; null where it does not tell.
      type: str
      returned: success
message:
  description: Who was retired, who was kept and why, in one line.
  returned: success
  type: str
  sample: "Retired: hh-press-09. Kept: hh-robot-02 (it is connected now: something works under its name)."
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

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.ghosts import retire_ghosts
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.module import connectware_module, run

OPTIONS = {
    "expected": {"type": "dict", "required": True},
    "usernames": {"type": "list", "elements": "str", "default": []},
    "max": {"type": "int", "default": 0},
    "name_pattern": {"type": "str"},
}


def main() -> None:
    run(connectware_module(OPTIONS), retire_ghosts)


if __name__ == "__main__":
    main()
