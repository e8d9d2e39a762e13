# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task 1 of a rollout: the module of the same name on the factory host.

Adds what the module cannot do: take options in one mapping, say a line now and then while it works, and name host and
agents where it never came to look at them.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.answers import DEPLOYED
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import expected_agents
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.progress import telling
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.spoken_for import check_spoken_for
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConnectwareError
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.facts_of_host import refuse_false_facts
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.grouped_options import (
    refuse_what_became_text,
    ungrouped,
)
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.guarded_action import failed
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.host_action import HostAction
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.whose import names_in, whose

DOING = {
    "present": "bringing {agents} to what is wanted, images included where they are pulled",
    "pulled": "bringing the images of {agents} to the host",
    "absent": "removing {agents} from the host",
}


class ActionModule(HostAction, NormalAction):
    """Runs the module as any other; what the host answers is of the agents that the task has named, or a failure."""

    MODULE = "agents"
    SAYS = DEPLOYED

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        host = str((task_vars or {}).get("inventory_hostname", "?"))
        names = names_in(self._task.args.get("agents"))
        try:
            self._task.args = ungrouped(self._task.args)
            _refuse_texts(self._task.args.get("agents"))
        except AnsibleActionFail as exc:
            raise AnsibleActionFail(f"{whose(host, names)}: {exc}", result={**exc.result}) from None
        try:
            refuse_false_facts(host, task_vars or {})
        except ConnectwareError as exc:
            return {**failed(exc), "msg": f"{whose(host, names)}: {exc.message}"}
        doing = DOING.get(str(self._task.args.get("state", "present")), "working on {agents}")
        counted = f"{len(names)} agent{'' if len(names) == 1 else 's'}"
        display = Display()
        try:
            with telling(
                lambda line: display.display(f"{host}: {line}"),
                lambda seconds: f"{doing.format(agents=counted)}, since {seconds:.0f} s",
            ):
                result: dict[str, Any] = super().run(tmp, task_vars)
        except AnsibleConnectionFailure as exc:
            # Without a cause: newer versions of Ansible would add its text once more.
            raise AnsibleConnectionFailure(f"{whose(host, names)}: {exc}") from None
        if "agents" in result:
            try:
                answered = [(agent["name"], agent["username"]) for agent in result["agents"]]
                check_spoken_for(answered, expected_agents(host, self._task.args["agents"]), host)
            except ConnectwareError as exc:
                result = failed(exc)
        if result.get("failed") and "msg" in result:
            result["msg"] = f"{whose(host, [] if result.get('agents') else names)}: {result['msg']}"
        return result


def _refuse_texts(agents: Any) -> None:
    """Ansible makes a mapping of a text like `name=press-1`: but nobody has compared that name with those of others.

    Raises:
        AnsibleActionFail: an agent is a text, or the list is.
    """
    refuse_what_became_text("agents", agents)
    if any(isinstance(entry, str) for entry in (agents if isinstance(agents, list) else [agents])):
        raise AnsibleActionFail(
            "'agents' has a text in the place of an agent. Nothing was started or changed. Write each agent as a"
            " mapping, for example - name: hh-press-01."
        )
