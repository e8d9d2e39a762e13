# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source for ansible-rulebook: agents that ask to be registered, and agents that disappeared."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

DOCUMENTATION = r"""
short_description: Agents that ask to be registered in Connectware, and agents that disappeared from it
version_added: 0.1.0
author:
  - The edgefleet.connectware authors (@edgefleet)
description:
  - Looks at Connectware every O(interval) seconds and says what has changed, one event for each change. It reads only;
    an account with read rights is enough.
  - Every event has C(connectware.type), C(connectware.message) (what it means in a sentence), C(connectware.host) and
    C(meta.hosts), to which ansible-rulebook limits the playbooks of its rules. For an agent of the inventory both are
    its host; for everything else C(connectware.host) is null, and C(meta.hosts) is C(localhost).
  - C(connectware.notice) is true for what people must know, that is strangers, C(many_disappeared) and
    C(connectware_unreachable).
  - >-
    C(pending_request): a request waits to be authorized. With C(known) true it is under the username of an agent of the
    inventory (C(name), C(username), C(host), C(pairing_ids), C(registered): whether that user exists). With C(known)
    false it is under any other name (C(username), C(pairing_ids)): a stranger.
  - >-
    C(agent_disappeared): an agent of the inventory (C(name), C(username), C(host)) has no user in Connectware
    (C(reason) is C(user_missing)), or was connected and is not any more (C(not_connected); Connectware 2 tells).
  - >-
    C(agent_returned): one that had disappeared is back.
  - >-
    C(many_disappeared): more agents are gone than O(max_disappeared) allows (C(count), C(most), C(names)). Until fewer
    are gone, no event about a single agent is sent.
  - >-
    C(connectware_unreachable) (C(kind) is the class of the error) and C(connectware_reachable): in between nothing is
    known, and nobody has disappeared.
  - Agents that have no user when it starts have disappeared, as far as the events are concerned.
  - Texts of events hold nothing but letters, digits, spaces and the marks C(._-@:/+=,()?). Everything else is a
    question mark, because Ansible would fill in templates in what a rule hands to a playbook.
  - It ends with an error if its arguments cannot be used, or if its first look at Connectware shows that they are
    wrong. Later it reports every failure as C(connectware_unreachable) and goes on.
requirements:
  - ansible-core, requests and jmespath, in the Python that runs ansible-rulebook
options:
  agents:
    description:
      - The agents to watch. Either this or O(inventory).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Its name in the inventory.
        type: str
        required: true
      username:
        description:
          - Its user in Connectware; by default its name.
        type: str
      host:
        description:
          - The host of the inventory that has it.
        type: str
        required: true
  inventory:
    description:
      - Files and folders of an inventory, from which the C(agents_list) of each host is read. Give the same to
        C(ansible-rulebook -i).
      - ansible-rulebook copies it for each run. Of a file it copies that file alone, without C(group_vars) and
        C(host_vars) beside it; give a folder where you have these.
    type: list
    elements: path
  reload:
    description:
      - Seconds after which the inventory is read again, with all files of variables that are there then; 0 for never.
    type: float
    default: 300
  interval:
    description:
      - Seconds between two looks.
    type: float
    default: 15
  grace:
    description:
      - Seconds for which an agent must be gone, or ask, before that is an event. It should be longer than a rollout
        needs to register an agent. Strangers are reported at once.
    type: float
    default: 30
  remind:
    description:
      - Seconds after which what has not changed is reported again, with C(reminder) true; 0 for never. A throttle of a
        rule may have swallowed the first event. It should be longer than the throttle.
    type: float
    default: 1800
  max_disappeared:
    description:
      - How many agents may be gone at once. If there are more, C(many_disappeared) is sent instead of single events.
      - A number, or a percentage of all agents of the inventory, rounded up and at least 3.
    type: str
    default: 10%
  connected:
    description:
      - Also ask which agents are connected. Connectware 2 tells; with others it makes no difference.
    type: bool
    default: true
  connectware_url:
    description:
      - Address of Connectware. Default is C(CONNECTWARE_URL) of the environment; the same is true of all options below
        but O(connectware_contract).
    type: str
    required: true
  connectware_token:
    description:
      - A token. Either this or username and password.
    type: str
  connectware_username:
    description:
      - The user that logs in.
    type: str
  connectware_password:
    description:
      - Its password.
    type: str
  connectware_ca_path:
    description:
      - PEM file with the certificate of the CA that has signed Connectware's certificate.
    type: path
  connectware_validate_certs:
    description:
      - Whether to check the certificate.
    type: bool
    default: true
  connectware_timeout:
    description:
      - Seconds to wait for an answer.
    type: int
    default: 15
  connectware_contract:
    description:
      - Corrections to the built-in contract, as for the modules.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# Address and token come from CONNECTWARE_URL and CONNECTWARE_TOKEN of the environment.
- edgefleet.connectware.registry:
    inventory: [inventory]

# Without an inventory
- edgefleet.connectware.registry:
    connectware_url: https://connectware.example.com
    connectware_token: "{{ vault_reader_token }}"
    connectware_ca_path: /etc/ssl/factory-ca.pem
    interval: 30
    agents:
      - name: hh-press-01
        host: hamburg.example.com
"""


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Put events into the queue until it is cancelled."""
    in_thread = _in_thread()
    ended = threading.Event()
    try:
        # A wait before a request is repeated ends when nobody wants its answer any more.
        watch = await in_thread(partial(_watch, args, ended.wait))
        while True:
            for event in await in_thread(watch.look):
                await queue.put(event)
                await asyncio.sleep(0)
            await asyncio.sleep(watch.interval)
    finally:
        ended.set()


def _in_thread() -> Any:
    try:
        _find_collections()
        from ansible_collections.edgefleet.connectware.plugins.module_utils._eda.threads import in_thread
    except ImportError as exc:
        raise RuntimeError(
            f"The event source edgefleet.connectware.registry could not be loaded by {sys.executable}: {exc}. Install"
            " ansible-core, requests and jmespath for the Python that runs ansible-rulebook."
        ) from exc
    return in_thread


def _find_collections() -> None:
    """Make collections importable: ansible-rulebook runs this file by its path alone."""
    from ansible.utils.collection_loader import AnsibleCollectionConfig

    if AnsibleCollectionConfig.collection_finder is None and "ansible_collections" not in sys.modules:
        from ansible.plugins.loader import init_plugin_loader

        # extensions/eda/plugins/event_source/registry.py of the collection that this file belongs to
        collection = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 4))
        before = list(sys.path_hooks)
        init_plugin_loader([os.path.abspath(os.path.join(collection, *[os.pardir] * 3))])
        # ansible-core's hook claims every path below ansible_collections, files too: runpy would take them for
        # packages, and by it ansible-rulebook runs the sources that come after this one.
        sys.path_hooks[:] = [hook if hook in before else _for_folders(hook) for hook in sys.path_hooks]


def _for_folders(hook: Callable[[str], Any]) -> Callable[[str], Any]:
    def for_folders(path: str) -> Any:
        if os.path.isfile(path):
            raise ImportError("a file is no place to import from", path=path)
        return hook(path)

    return for_folders


def _watch(args: Mapping[str, Any], sleep: Any) -> Any:
    from ansible_collections.edgefleet.connectware.plugins.module_utils._eda import expected
    from ansible_collections.edgefleet.connectware.plugins.module_utils._eda.options import read_options
    from ansible_collections.edgefleet.connectware.plugins.module_utils._eda.watch import Watch
    from ansible_collections.edgefleet.connectware.plugins.plugin_utils.expected_agents import agents_of_inventory

    options = read_options(args)
    if options["agents"]:
        return Watch(options, lambda: expected.of_list(options["agents"]), sleep=sleep)
    return Watch(options, lambda: expected.checked(agents_of_inventory(options["inventory"])), sleep=sleep)
