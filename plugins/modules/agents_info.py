#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: agents_info
short_description: Look at the Connectware agents of a factory host
version_added: 0.1.0
description:
  - Shows the agents of a host, as M(edgefleet.connectware.agents) would observe them, and changes nothing.
extends_documentation_fragment:
  - edgefleet.connectware.attributes
  - edgefleet.connectware.engine
  - edgefleet.connectware.grouped_options
attributes:
  action_group:
    support: full
    membership:
      - edgefleet.connectware.engine
  async:
    support: partial
    details: With it, what the host answers is passed on as it is, whoever may have changed it.
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: The module changes nothing.
  idempotent:
    support: full
  platform:
    support: full
    platforms: Linux hosts with Docker Engine
options:
  names:
    description:
      - Names of the agents to look at. By default all of the host.
    type: list
    elements: str
    default: []
  usernames:
    description:
      - Users in Connectware whose agents are looked at. By default all.
    type: list
    elements: str
    default: []
  unmanaged:
    description:
      - Whether containers are looked at too that M(edgefleet.connectware.agents) has not made, but whose environment
        names an agent (E(CYBUS_AGENT_NAME)), and each of several containers that have the label of one agent.
    type: bool
    default: false
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - module: edgefleet.connectware.agents
"""

EXAMPLES = r"""
- name: Look at all agents of this host
  edgefleet.connectware.agents_info:
  register: found

- name: Show those that do not run
  ansible.builtin.debug:
    msg: "{{ found.agents | rejectattr('observation.state', 'eq', 'running') | map(attribute='name') }}"
"""

RETURN = r"""
away:
  description: >-
    V(true). The host could not be reached. A task with C(ignore_unreachable) fails then, and Ansible does not count the
    host as unreachable.
  type: bool
  returned: with C(ignore_unreachable), of a host that cannot be reached
  sample: true
agents:
  description: The agents.
  type: list
  elements: dict
  returned: success
  sample:
    - name: hh-press-01
      username: hh-press-01
      container: connectware-agent-hh-press-01
      volume: connectware-agent-hh-press-01
      labels:
        edgefleet.connectware.agent: hh-press-01
      observation:
        state: running
        credentials: true
        events: []
  contains:
    name:
      description: Name of the agent.
      type: str
      returned: success
    username:
      description: Its user in Connectware.
      type: str
      returned: success
    container:
      description: Name of its container.
      type: str
      returned: success
    volume:
      description: Name of its volume.
      type: str
      returned: success
    labels:
      description: Labels of its container, those of the image included.
      type: dict
      returned: success
    observation:
      description:
        - The agent as its host shows it; times are epoch seconds on the clock of the host.
        - C(trouble) says what the engine cannot show of this agent. Then C(state) and C(container_id) alone are known.
      type: dict
      returned: success
intruders:
  description:
    - Containers that can write to the volume of an agent and are not that agent, each with that volume. Those that are
      agents themselves and have their credentials there are among C(agents), with O(unmanaged).
  type: list
  elements: dict
  returned: success
  sample:
    - container: backup
      volume: connectware-agent-hh-press-01
  contains:
    container:
      description: Name of the container.
      type: str
      returned: success
    volume:
      description: Name of the volume.
      type: str
      returned: success
unreadable:
  description:
    - Containers that the engine cannot show, so that nobody can say under which username they run, nor, with
      O(unmanaged), whether they are agents at all. Each of them is a warning as well.
  type: list
  elements: dict
  returned: success
  sample: []
  contains:
    container:
      description: Name of the container.
      type: str
      returned: success
    state:
      description: Its state by the list of the engine; V(absent) where the list does not tell.
      type: str
      returned: success
    message:
      description: Why it cannot be shown.
      type: str
      returned: success
error:
  description: Why the task broke off, in the parts of its message.
  type: dict
  returned: when the task failed as a whole
  contains:
    kind:
      description: Which kind of error it is, for example V(EngineUnavailableError).
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
"""

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import GROUPED_OPTIONS
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.module import engine_module, run
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.show import show

OPTIONS = {
    "names": {"type": "list", "elements": "str", "default": []},
    "usernames": {"type": "list", "elements": "str", "default": []},
    "unmanaged": {"type": "bool", "default": False},
    **GROUPED_OPTIONS,
}


def main() -> None:
    run(engine_module(OPTIONS), show)


if __name__ == "__main__":
    main()
