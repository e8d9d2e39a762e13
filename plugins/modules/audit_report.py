#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: audit_report
short_description: Write what an audit of all agents has found as JSON, JUnit XML and a page
version_added: 0.1.0
description:
  - Judges what the role P(edgefleet.connectware.audit#role) has collected of all hosts and of Connectware, and writes
    the files V(audit.json), V(audit.xml) (JUnit) and V(audit.html). It asks nobody.
  - The page is one file. It loads nothing, and its Content Security Policy forbids that it could.
  - Runs on the controller. The role calls it; there is hardly a reason to call it in another way.
requirements:
  - Python 3.8 or newer
extends_documentation_fragment:
  - edgefleet.connectware.attributes
attributes:
  action_group:
    support: none
    membership: []
  async:
    support: full
  check_mode:
    support: full
    details: In check mode everything is judged and nothing is written.
  diff_mode:
    support: none
    details: The report is new at every run.
  idempotent:
    support: none
    details: The report is new at every run, and says when it was made.
  platform:
    support: full
    platforms: all
options:
  hosts:
    description:
      - The hosts of the play, each with C(name), C(factory), C(groups), C(named) (its C(agents_list), or V(false)),
        C(seen) and C(intruders) (C(agents) and C(intruders) of M(edgefleet.connectware.agents_info)), C(deployed) (of
        M(edgefleet.connectware.agents) in check mode), C(judged) (of M(edgefleet.connectware.agents_registered) in
        check mode), C(unreachable), C(error), and C(lost) where the run failed on it before its agents were known;
        then O(inventory) says which agents it has.
      - The factory of a host without C(factory) is the first of its C(groups) in alphabetical order, besides C(all),
        C(ungrouped) and those whose names begin with C(connectware_); else V(ungrouped).
    type: list
    elements: dict
    required: true
  inventory:
    description:
      - The C(agents_list) of every host of the whole inventory, by host. For names that are used twice, and for hosts
        that are C(lost).
    type: dict
    default: {}
  fleet:
    description:
      - The result of M(edgefleet.connectware.fleet_info), also of its failure.
    type: dict
    default: {}
  path:
    description:
      - Folder on the controller for the files. It is made if it does not exist.
    type: path
    required: true
  page_path:
    description:
      - Folder on the controller with the parts of the page, V(page.html), V(page.css) and V(page.js).
    type: path
    required: true
  title:
    description:
      - Title of the report.
    type: str
    default: Connectware agents
  connectware_url:
    description:
      - Address of Connectware, to be shown. It is not asked. One with credentials in it is not shown.
    type: str
  fail_on:
    description:
      - Verdicts and findings that fail the task if any agent has them, after the files were written.
      - One of V(ghost), V(missing) and V(other_version) fails the task as well where O(fleet) does not tell.
    type: list
    elements: str
    choices:
      - broken
      - conflict
      - awaiting_authorization
      - impostor
      - unproven
      - unsaved
      - awaiting_request
      - rejected
      - unreadable
      - ghost
      - unreachable
      - unknown
      - absent
      - stopped
      - drift
      - other_version
      - clone
      - missing
    default: []
author:
  - The edgefleet.connectware authors (@edgefleet)
seealso:
  - module: edgefleet.connectware.fleet_info
"""

EXAMPLES = r"""
# The role does all of it:
#   ansible-playbook -i inventory.yml edgefleet.connectware.audit
- name: Look at this host
  edgefleet.connectware.agents_info:
  register: seen

- name: Write the report
  edgefleet.connectware.audit_report:
    hosts:
      - name: "{{ inventory_hostname }}"
        factory: Hamburg
        named: "{{ agents_list }}"
        seen: "{{ seen.agents }}"
    path: /var/www/html/connectware
    page_path: "{{ audit_role_path }}/files"
  delegate_to: localhost
"""

RETURN = r"""
files:
  description: The files of the report, by kind. In check mode those that would be written.
  returned: success
  type: dict
  sample: {"json": "/srv/audit/audit.json", "junit": "/srv/audit/audit.xml", "html": "/srv/audit/audit.html"}
  contains:
    json:
      description: Everything, for programs. Its schema is V(audit.schema.json) beside the page.
      type: str
      returned: success
    junit:
      description: A suite for each host and a case for each agent, for CI systems.
      type: str
      returned: success
    html:
      description: The page.
      type: str
      returned: success
totals:
  description: How many hosts and agents there are in which state, as in the JSON.
  returned: success
  type: dict
  sample:
    hosts: 2
    agents: 3
    states: {"well": 2, "attention": 1, "failing": 0, "unknown": 0}
    verdicts: {"registered": 3}
    findings: {"drift": 1}
    host_statuses: {"asked": 2}
message:
  description: The report in one sentence.
  returned: success
  type: str
  sample: "2 of 3 agents on 2 hosts are well, 0 are failing, 1 need attention, of 0 nothing is known; ghosts: 0."
error:
  description: Why the task broke off, in the parts of its message.
  type: dict
  returned: when the task failed as a whole
  contains:
    kind:
      description: Which kind of error it is, for example V(SpecError).
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

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.files import write_report
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.rows import MATTERS
from ansible_collections.edgefleet.connectware.plugins.module_utils._ending import end_with

OPTIONS = {
    "hosts": {"type": "list", "elements": "dict", "required": True},
    "inventory": {"type": "dict", "default": {}},
    "fleet": {"type": "dict", "default": {}},
    "path": {"type": "path", "required": True},
    "page_path": {"type": "path", "required": True},
    "title": {"type": "str", "default": "Connectware agents"},
    "connectware_url": {"type": "str"},
    "fail_on": {"type": "list", "elements": "str", "choices": list(MATTERS), "default": []},
}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    end_with(module, lambda: write_report(module.params, module.check_mode))


if __name__ == "__main__":
    main()
