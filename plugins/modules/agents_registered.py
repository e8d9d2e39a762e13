#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: agents_registered
short_description: Register all Connectware agents of a factory host, as far as they need it
version_added: 0.1.0
description:
  - Compares what the host shows of its agents with what Connectware knows of them, and registers exactly those agents
    that need it. They started for the first time, their credentials were lost or are refused, or their user is in the
    way.
  - A pending request is authorized only if its username and its pairing ID are the ones that the agent's own container
    shows in its current run. No option turns this off.
  - Every new registration ends with one restart of the agent, which proves that its credentials were kept and work.
  - The registration window is opened only while an agent needs it, and is closed afterwards, unless it was open
    before, or another run needs it too. Then it closes by itself, after O(window_lease) at the latest.
  - With O(state=absent), what is left of agents in Connectware goes, their users and pending requests.
  - The conversation with Connectware is held on the controller. The factory host needs no way to its API and gets none
    of its secrets.
extends_documentation_fragment:
  - edgefleet.connectware.attributes
  - edgefleet.connectware.connectware
  - edgefleet.connectware.engine
  - edgefleet.connectware.evidence
  - edgefleet.connectware.grouped_options
  - edgefleet.connectware.window
attributes:
  action_group:
    support: full
    membership:
      - edgefleet.connectware.connectware
      - edgefleet.connectware.engine
  async:
    support: none
    details: The conversation with Connectware is held on the controller.
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: Linux hosts with Docker Engine
options:
  agents:
    description:
      - >-
        The agents: the return value C(agents) of M(edgefleet.connectware.agents). A task needs it.
    type: list
    elements: dict
  expected:
    description:
      - The agents that the task for M(edgefleet.connectware.agents) was given, as the inventory has them. Of each entry
        only C(name) and C(username) are read. A task needs it.
      - O(agents) is what the factory host has answered. It is held against this before Connectware is asked, so that
        whoever controls one host can neither have anybody let in under the name of another host's agent, nor have its
        user deleted.
    type: list
    elements: dict
  connectware_url:
    description:
      - Address of Connectware, with scheme and if needed port and path prefix. A task needs it.
      - Credentials in the address are refused. V(http://) is refused while certificates are verified, because it would
        send the credentials readable for everybody.
      - If not set, the environment variable E(CONNECTWARE_URL) is used.
    type: str
    required: false
  state:
    description:
      - Whether the agents should be registered, or gone from Connectware.
      - V(absent) needs agents whose containers do not run any more. It deletes a user only if a registration has made
        it and it has no administrator rights.
    type: str
    choices: [present, absent]
    default: present
  only_watch:
    description:
      - Do nothing about the agents, only watch until they have proven to be registered, or fail. What would need an
        action is a failure, and so is a failure that the log of an agent shows right now, but for connections to
        something else than its Connectware. Made for upgrades.
      - What proves to be registered loses the mark of one that never was, as it always does, see
        O(edgefleet.connectware.agents#module:agents[].volume); that is a change. The mark is beside the volume, so that
        the agent notices nothing. If it stayed, the agent would not count for C(agents_max_reregistrations) if its user
        were lost.
    type: bool
    default: false
  watch_started:
    description:
      - In check mode, whether agents that have just started are watched first, for O(settle) seconds at most, until
        they have shown whether they ask for a registration. Without it they count as registered as long as they have
        not asked yet.
    type: bool
    default: false
  elsewhere:
    description:
      - What else runs and answers to a username, so that its user is not deleted by O(on_conflict=replace) or
        O(state=absent). The role P(edgefleet.connectware.agents#role) finds it with
        M(edgefleet.connectware.agents_info) on the other hosts; in a play of your own the filter
        P(edgefleet.connectware.elsewhere#filter) makes it of the results.
      - An agent's own container may be among them.
    type: list
    elements: dict
    default: []
    suboptions:
      username:
        description:
          - User in Connectware.
        type: str
        required: true
      host:
        description:
          - Host of the inventory.
        type: str
        required: true
      container:
        description:
          - Container on that host. If not given, the host could not be asked.
        type: str
      container_id:
        description:
          - Its ID, by which an agent's own container is told apart.
        type: str
  on_conflict:
    description:
      - What happens to an agent whose request is refused because its user exists (409).
      - V(replace) deletes that user, so that the agent can be registered anew. Make sure that no other agent uses it.
      - A user is kept all the same if no registration has made it, if it has administrator rights, or if O(elsewhere)
        names something else that answers to it.
    type: str
    choices: [fail, replace]
    default: fail
  proof:
    description:
      - How an agent proves that its credentials work.
      - V(restart) restarts it once.
      - V(watch) leaves it running and watches with an open window whether it asks. The next run will find the same
        pairing line in its log and watch again. An agent that stores its credentials before it is let in is restarted
        all the same after a new registration, because watching it would prove nothing.
    type: str
    choices: [restart, watch]
    default: restart
  timeout:
    description:
      - Seconds that all agents of the host may take together. Of the time between two turns, see O(turn), ten seconds
        count at most.
    type: float
    default: 180.0
  settle:
    description:
      - Seconds that a just started agent is watched for a new request, where its log does not tell how long it takes
        to ask.
    type: float
    default: 10.0
  poll_interval:
    description:
      - Seconds between two requests of an agent that asks to be registered, at least one. Not documented by the vendor.
      - Whatever depends on the next request of an agent is given three times as long, or three times as long as this
        agent has taken from its start to its first request, if that is longer, but then not longer than O(grace).
      - A pairing ID is authorized once the log has shown it for so long, so that what was forged ahead of the agent's
        own line is contradicted.
    type: float
    default: 5.0
  grace:
    description:
      - Seconds that a started agent may take before its silence means that its log cannot be read.
    type: float
    default: 30.0
  turn:
    description:
      - Seconds after which the task ends although agents are still waited for, so that other hosts get its worker.
        RV(interim) then has what the next turn needs. Later turns may take longer, the more the longer it lasts.
      - Made for more hosts than Ansible has forks. The role P(edgefleet.connectware.agents#role) takes care of it.
      - If not set, the task ends when every agent is settled.
    type: float
  interim:
    description:
      - The return value RV(interim) of the turn before, in the same run. Then the agents are taken from there, and
        O(agents) is not looked at.
    type: dict
    default: {}
  looks:
    description:
      - What is to be looked at on the host. Set by the action plugin itself, refused in a task.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the agent.
        type: str
        required: true
      username:
        description:
          - Its user in Connectware.
        type: str
        required: true
      container:
        description:
          - Its container.
        type: str
        required: true
      volume:
        description:
          - Its volume.
        type: str
        required: true
      restart:
        description:
          - Whether it is restarted first.
        type: bool
        default: false
      seen:
        description:
          - Fingerprint of what was seen of it last. If not empty, its change is waited for.
        type: str
        default: ""
      unmark_after:
        description:
          - Seconds after which the mark that it was never registered goes, if it runs so long with credentials and does
            not ask. V(0) removes the mark at once. If not set, it stays.
        type: float
  wait:
    description:
      - Seconds to wait for a change at most. Set by the action plugin itself, refused in a task.
    type: float
    default: 0.0
  linger:
    description:
      - Seconds to wait for further agents after the first change. Set by the action plugin itself, refused in a task.
    type: float
    default: 0.0
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - module: edgefleet.connectware.agents
  - module: edgefleet.connectware.registered_client
    description: For agents that Docker does not run.
"""

EXAMPLES = r"""
- name: Run the agents
  edgefleet.connectware.agents:
    image: registry.cybus.io/cybus/protocol-mapper
    version: 1.8.0
    mqtt_host: connectware.example.com
    agents: "{{ agents_list }}" # for example [{name: hh-press-01}, {name: hh-press-02}]
  register: deployed

- name: Register those that need it
  edgefleet.connectware.agents_registered:
    agents: "{{ deployed.agents }}"
    expected: "{{ agents_list }}"
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_connectware_token }}"
    connectware_ca_path: /etc/ssl/factory-ca.pem
"""

RETURN = r"""
agents:
  description: What became of each agent. The same keys in every state.
  type: list
  elements: dict
  returned: when the options could be used
  sample:
    - name: hh-press-01
      username: hh-press-01
      container: connectware-agent-hh-press-01
      volume: connectware-agent-hh-press-01
      verdict: registered
      reason: first_start
      pairing_id: a82123
      registered: true
      failed: false
      changed: true
      actions: [authorized, restarted]
      message: ""
      last_lines: []
      seconds: 6.3
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
    verdict:
      description:
        - One of V(registered), V(broken), V(conflict), V(awaiting_authorization), V(impostor), V(unproven), V(unsaved),
          V(awaiting_request), V(rejected) and V(unreadable), and V(retired) with O(state=absent).
        - Empty where Connectware was never asked about it.
      type: str
      returned: success
    reason:
      description:
        - Why a registration was needed. One of V(none), V(first_start), V(credentials_missing), V(credentials_rejected)
          and V(conflict).
        - An agent that was never registered and has no user has V(first_start), whatever its volume holds.
        - An agent that is V(broken) or V(impostor) has V(none) as long as its user exists, because it is to be mended,
          not registered. One that O(on_conflict=replace) may cost its user in the same run has a reason.
      type: str
      returned: success
    pairing_id:
      description: The pairing ID that was authorized, else the last one in the log of the current run.
      type: str
      returned: success
    registered:
      description: Whether it is registered now.
      type: bool
      returned: success
    failed:
      description: Whether the task fails because of it.
      type: bool
      returned: success
    changed:
      description: Whether something was done, or in check mode would be.
      type: bool
      returned: success
    actions:
      description:
        - What was done, in order. V(user_deleted), V(authorized), V(restarted), V(denied), V(taken_back) for an
          authorization that let somebody else in and was undone, and V(unmarked).
        - V(unmarked) is said of an agent that was found registered although the mark of its volume says that it never
          was, see M(edgefleet.connectware.agents). The run before was killed, for example, or somebody has let the
          agent in by hand. After V(authorized) the mark goes without a word.
      type: list
      elements: str
      returned: success
    message:
      description: Why the verdict is what it is.
      type: str
      returned: success
    last_lines:
      description: The last lines of the log of an agent that failed.
      type: list
      elements: str
      returned: success
    seconds:
      description: How long it took, from the first look at the agent of this run to its last verdict.
      type: float
      returned: success
interim:
  description:
    - What the next turn needs, see O(interim); empty when every agent is settled. While it is not, no agent makes the
      task fail, and RV(agents) and RV(authorizations) are what is known so far.
  type: dict
  returned: when the options could be used
  sample: {}
authorizations:
  description:
    - What Connectware was asked to let in, in order. The same as the second line of each in O(evidence_path).
  type: list
  elements: dict
  returned: when the options could be used
  sample:
    - schema: 1
      id: 8d0f4c8e5f1f4d0c9a0f3b1c2d4e5f60
      outcome: proved
      authorized_at: "2026-03-01T08:15:02.114Z"
      settled_at: "2026-03-01T08:15:06.871Z"
      agent: hh-press-01
      username: hh-press-01
      pairing_id: a82123
      listed_pairing_id: a82123
      window_open: false
      reason: first_start
      container: connectware-agent-hh-press-01
      container_id: 3f1c9be2a7d0
      image: "registry.cybus.io/cybus/protocol-mapper:1.8.0"
      image_id: "sha256:5b0bcabd1ed2"
      image_digest: "registry.cybus.io/cybus/protocol-mapper@sha256:9e2f6c0d1a7b"
      message: ""
      connectware_url: https://connectware.example.com
      host: hamburg.example.com
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
        - V(proved), the agent came back with the credentials of it. V(taken_back), it did not, and the user was
          deleted. V(not_taken_back), that user could not be deleted, and a stranger may use it.
        - V(unproven), Connectware took it, and the run ended before the agent had proven it. V(failed), Connectware
          refused it. V(attempted), it is not known whether it took effect.
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
      description: Name of the agent.
      type: str
      returned: success
    username:
      description: The user that was let in.
      type: str
      returned: success
    pairing_id:
      description: The pairing ID that the agent's own container showed.
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
      description: Why a registration was needed.
      type: str
      returned: success
    container:
      description: Its container.
      type: str
      returned: success
    container_id:
      description: ID of that container.
      type: str
      returned: success
    image:
      description: The image of that container, as it was named.
      type: str
      returned: success
    image_id:
      description: ID of that image.
      type: str
      returned: success
    image_digest:
      description: Repository and digest of that image, null where it did not come from a registry.
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
      description: The factory host.
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
      description: Who has started that job.
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
  description: Why the task broke off, in the parts of its message. Agents that failed are no such error.
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

# What follows runs on the factory host, for the action plugin of the same name; users' options are read by that.

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import (
    CONNECTWARE_OPTIONS,
    CONVERSATION_OPTIONS,
    EVIDENCE_OPTIONS,
    GROUPED_OPTIONS,
    LOOK_OPTIONS,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.look import look_again
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.module import engine_module, run

# The options of a task, so that all that is documented is known here too; the action plugin demands what a task needs.
TASK_OPTIONS = {
    name: {**option, "required": False}
    for name, option in {**CONNECTWARE_OPTIONS, **CONVERSATION_OPTIONS, **EVIDENCE_OPTIONS, **GROUPED_OPTIONS}.items()
}


def main() -> None:
    run(engine_module({**TASK_OPTIONS, **LOOK_OPTIONS}), look_again)


if __name__ == "__main__":
    main()
