#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: agents
short_description: Containers and volumes of all Connectware agents of a factory host
version_added: 0.1.0
description:
  - Brings the containers of all agents of a host to what is wanted, all at once, each with a volume of its own for its
    credentials, and looks at them.
  - Does not wait until they are registered. Pass the result to M(edgefleet.connectware.agents_registered).
  - A container is made anew only if it differs from what is wanted, compared with what the engine reports. Its volume,
    and thus its registration, is kept. The old container is deleted only when the engine has started the new one. If
    it cannot, the old one runs again, and the agent fails.
  - Everything is checked before anything is touched. What two agents must not share, containers that were made by
    somebody else, and volumes that others mount are refused.
extends_documentation_fragment:
  - edgefleet.connectware.attributes
  - edgefleet.connectware.engine
  - edgefleet.connectware.agent_options
  - edgefleet.connectware.grouped_options
attributes:
  action_group:
    support: full
    membership:
      - edgefleet.connectware.engine
  async:
    support: partial
    details: >-
      With it, no line is said meanwhile, a message names neither host nor agents before it, and what the host answers
      is passed on as it is, whoever may have changed it.
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
      - All agents of the host.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the agent (E(CYBUS_AGENT_NAME)), unique in the whole inventory.
          - 3 to 63 letters, digits, V(-), V(_) and V(.), a letter or digit first.
        type: str
        required: true
      username:
        description:
          - User of the agent in Connectware (E(CYBUS_MQTT_USERNAME)). By default its name.
        type: str
      container:
        description:
          - Name of its container. By default V(connectware-agent-) and its name.
        type: str
      volume:
        description:
          - Name of the volume with its credentials. By default V(connectware-agent-) and its name.
          - A volume that is made gets a mark, an empty volume of its name and V(.unregistered), with the label
            C(edgefleet.connectware.unregistered). The mark goes when M(edgefleet.connectware.agents_registered) finds
            the agent registered, or with O(state=absent). Until then, credentials in the volume do not make the agent
            look like one whose user was revoked.
          - The name must not end with V(.unregistered).
          - Never shared between agents, since they overwrite each other's credentials.
        type: str
      manage:
        description:
          - Whether this module makes its container.
          - With V(false), somebody else does (Docker Compose, by hand). O(agents[].container) is then required, is
            looked at only, and is never created, recreated, started or removed; all options of containers are left out
            of account. Its volume is the one that is mounted for the credentials.
        type: bool
        default: true
      image:
        description:
          - Like O(image), for this agent.
        type: str
      version:
        description:
          - Like O(version), for this agent.
        type: str
      mqtt_host:
        description:
          - Like O(mqtt_host), for this agent.
        type: str
      mqtt_port:
        description:
          - Like O(mqtt_port), for this agent.
        type: int
      mqtt_scheme:
        description:
          - Like O(mqtt_scheme), for this agent.
        type: str
        choices: [mqtt, mqtts]
      env:
        description:
          - Like O(env), for this agent. Merged over it.
        type: dict
      labels:
        description:
          - Like O(labels), for this agent. Merged over it.
        type: dict
      network_mode:
        description:
          - Like O(network_mode), for this agent.
        type: str
      networks:
        description:
          - Like O(networks), for this agent.
        type: list
        elements: str
      extra_hosts:
        description:
          - Like O(extra_hosts), for this agent.
        type: dict
      dns:
        description:
          - Like O(dns), for this agent.
        type: list
        elements: str
      mounts:
        description:
          - Like O(mounts), for this agent.
        type: list
        elements: dict
        suboptions:
          source:
            description:
              - Absolute path on the host.
            type: path
            required: true
          target:
            description:
              - Absolute path in the container. Never V(/data), which belongs to the volume.
            type: path
            required: true
          read_only:
            description:
              - Whether the agent cannot write to it.
            type: bool
            default: true
      certificates:
        description:
          - Like O(certificates), for this agent. Replaces it as a whole.
        type: dict
        suboptions:
          ca:
            description:
              - Absolute path on the host of the CA's certificate.
            type: path
          certificate:
            description:
              - Absolute path on the host of the agent's certificate. Needs a key and V(mqtts).
            type: path
          key:
            description:
              - Absolute path on the host of the key of O(agents[].certificates.certificate). It stays on the host.
            type: path
          ca_target:
            description:
              - Path in the container at which the agent looks for the CA. Observed of Connectware's own containers.
            type: path
            default: /connectware_certs/cybus_ca.crt
          certificate_target:
            description:
              - Path in the container at which the agent looks for its certificate. An assumption.
            type: path
            default: /connectware_certs/client.crt
          key_target:
            description:
              - Path in the container at which the agent looks for its key. An assumption.
            type: path
            default: /connectware_certs/client.key
      restart_policy:
        description:
          - Like O(restart_policy), for this agent.
        type: str
        choices: ["no", on-failure, always, unless-stopped]
      memory:
        description:
          - Like O(memory), for this agent.
        type: str
      cpus:
        description:
          - Like O(cpus), for this agent.
        type: float
      pids_limit:
        description:
          - Like O(pids_limit), for this agent.
        type: int
      user:
        description:
          - Like O(user), for this agent.
        type: str
      capabilities:
        description:
          - Like O(capabilities), for this agent.
        type: list
        elements: str
      security_opts:
        description:
          - Like O(security_opts), for this agent.
        type: list
        elements: str
      read_only:
        description:
          - Like O(read_only), for this agent.
        type: bool
      init:
        description:
          - Like O(init), for this agent.
        type: bool
      stop_timeout:
        description:
          - Like O(stop_timeout), for this agent.
        type: int
      log_driver:
        description:
          - Like O(log_driver), for this agent. With another driver than the others have, O(log_options) are not its.
        type: str
      log_options:
        description:
          - Like O(log_options), for this agent.
        type: dict
  state:
    description:
      - Whether the containers should run or not exist.
      - With V(pulled), only the images are brought to the host.
    type: str
    choices: [present, absent, pulled]
    default: present
  purge:
    description:
      - Whether O(state=absent) deletes the volumes too, and the credentials in them. There is no other way in which a
        volume is ever deleted, and no way back.
    type: bool
    default: false
  predict_each:
    description:
      - In check mode, what would forbid to deploy one agent is the C(error) of that agent, and the others are
        predicted. For reports; a deployment refuses all agents of a host together, and check mode says so by default.
      - Two agents of one name, a name that cannot be used, and what Ansible itself refuses, as a text for a number, are
        refused for all agents all the same. Without check mode, or with another O(state) than V(present), it means
        nothing.
    type: bool
    default: false
  pull:
    description:
      - When images are pulled. Each image once, before any container is touched.
      - With V(always), a tag that has moved makes the containers anew. Check mode cannot know whether it has moved.
    type: str
    choices: [missing, always, never]
    default: missing
  registry_username:
    description:
      - User of the image registry. With the vendor's registry it is the literal V(license).
    type: str
  registry_password:
    description:
      - Password of O(registry_username). With the vendor's registry it is the licence key.
      - It is sent with the pull only and leaves nothing on the host. Where O(image) is given, an image of an agent that
        comes from another registry is pulled without it.
    type: str
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - module: edgefleet.connectware.agents_registered
  - module: edgefleet.connectware.agents_info
"""

EXAMPLES = r"""
- name: Run two agents on this host
  edgefleet.connectware.agents:
    image: registry.cybus.io/cybus/protocol-mapper
    version: 1.8.0
    mqtt_host: connectware.example.com
    registry_username: license
    registry_password: "{{ vault_licence_key }}"
    agents:
      - name: hh-press-01
      - name: hh-press-02
        volume: press02-credentials
        env:
          CYBUS_LOG_LEVEL: debug
  register: deployed

- name: Look after an agent that Docker Compose runs, without making it anew
  edgefleet.connectware.agents:
    agents:
      - name: hh-welder-01
        manage: false
        container: welder-agent-1

- name: Remove an agent from this host and keep its credentials
  edgefleet.connectware.agents:
    state: absent
    agents:
      - name: hh-press-02
        volume: press02-credentials
"""

RETURN = r"""
agents:
  description: What was done for each agent, and what its host shows of it then.
  type: list
  elements: dict
  returned: when the agents could be looked at, also if some of them failed
  sample:
    - name: hh-press-01
      username: hh-press-01
      container: connectware-agent-hh-press-01
      volume: connectware-agent-hh-press-01
      action: created
      changed: true
      drift: []
      pulled: false
      purged: false
      previous_image: null
      replaced_image: null
      replaced_container: null
      error: ""
      observation:
        state: running
        credentials: false
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
    action:
      description: One of V(created), V(recreated), V(started), V(removed) and V(none).
      type: str
      returned: success
    changed:
      description: Whether something was done, or in check mode would be.
      type: bool
      returned: success
    drift:
      description:
        - The options in which a container differed that was made anew.
        - Besides the names of options, V(dropped_capabilities) for a container that keeps capabilities of the engine's
          default set.
        - V(certificates) if the files of O(certificates) have other certificates in them than when the container was
          made. A container without the label C(edgefleet.connectware.certificates), files that the module cannot read,
          and an engine on another machine never differ in that.
      type: list
      elements: str
      returned: success
    pulled:
      description: Whether its image was pulled and is another one than before, or in check mode would be pulled.
      type: bool
      returned: success
    purged:
      description: Whether its volume was deleted, and the credentials in it, or in check mode would be.
      type: bool
      returned: success
    previous_image:
      description:
        - The image of its container before, for one that was made anew with another image. By digest if it has one,
          else by its ID.
      type: str
      returned: success
    replaced_image:
      description:
        - The image before that of its container, also where an earlier run replaced it. As RV(agents[].previous_image),
          and null where no image was ever replaced.
      type: str
      returned: success
    replaced_container:
      description:
        - The ID of the container in whose place its own has come, or in check mode would come. Null if there was none.
        - Whoever was told of that one before must not take it for another that answers to the same name.
      type: str
      returned: success
    error:
      description: Why it could not be brought to what is wanted, or be looked at. Empty if all went well.
      type: str
      returned: success
    observation:
      description:
        - The agent as its host shows it; times are epoch seconds on the clock of the host.
        - C(never_registered) says that the mark of its volume is there, see O(agents[].volume).
        - C(credentials) is null where nobody can look for them, as in check mode where it would get another volume.
      type: dict
      returned: success
error:
  description: Why the task broke off, in the parts of its message. Agents that failed are no such error.
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

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import (
    AGENT_IDENTITY_OPTIONS,
    AGENT_OPTIONS,
    GROUPED_OPTIONS,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.converge import converge
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.module import engine_module, run

OPTIONS = {
    "agents": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {**AGENT_IDENTITY_OPTIONS, **AGENT_OPTIONS},
    },
    "state": {"type": "str", "choices": ["present", "absent", "pulled"], "default": "present"},
    "purge": {"type": "bool", "default": False},
    "predict_each": {"type": "bool", "default": False},
    "pull": {"type": "str", "choices": ["missing", "always", "never"], "default": "missing"},
    "registry_username": {"type": "str"},
    "registry_password": {"type": "str", "no_log": True},
    **AGENT_OPTIONS,
    **GROUPED_OPTIONS,
}


def main() -> None:
    run(engine_module(OPTIONS), converge)


if __name__ == "__main__":
    main()
