# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a user has set in his ansible.cfg and his shell: agents are let in, healed, audited and retired.

Not here: ANSIBLE_NO_LOG, which hides from the report what this looks at, and locales, which Ansible itself refuses
where they are not installed.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from integration import lives
from integration.audited import Audit
from integration.bed import Factory

SETTINGS: dict[str, dict[str, str]] = {
    "merged mappings": {"ANSIBLE_HASH_BEHAVIOUR": "merge"},
    "native types": {"ANSIBLE_JINJA2_NATIVE": "1"},
    "no facts as variables": {"ANSIBLE_INJECT_FACT_VARS": "0"},
    "modules are kept": {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_PIPELINING": "0"},
    "all end on an error": {"ANSIBLE_ANY_ERRORS_FATAL": "1"},
    "arguments in the output": {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1", "ANSIBLE_CHECK_MODE_MARKERS": "1"},
    "a key twice is an error": {"ANSIBLE_DUPLICATE_YAML_DICT_KEY": "error"},
    "free": {"ANSIBLE_STRATEGY": "free"},
    "host_pinned": {"ANSIBLE_STRATEGY": "host_pinned"},
    "facts are gathered and kept": {
        "ANSIBLE_GATHERING": "smart", "ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": "cache",
    },
    "tasks have a time": {"ANSIBLE_TASK_TIMEOUT": "120"},
    "minimal": {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal"},
    "oneline": {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.oneline"},
    "result as yaml": {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml", "ANSIBLE_VERBOSITY": "3"},
    "another time": {"TZ": "Pacific/Kiritimati"},
    "optimized": {"PYTHONOPTIMIZE": "2"},
    "warnings of Python": {"PYTHONWARNINGS": "always", "PYTHONDEVMODE": "1"},
    "one fork": {"ANSIBLE_FORKS": "1"},
    "diff": {"ANSIBLE_DIFF_ALWAYS": "1", "ANSIBLE_FORCE_COLOR": "1"},
    "variables early": {"ANSIBLE_VARS_PLUGIN_STAGE": "inventory", "ANSIBLE_RUN_VARS_PLUGINS": "start"},
    "no embedded templates": {"ANSIBLE_ALLOW_EMBEDDED_TEMPLATES": "0"},
    "untrusted templates are errors": {
        "_ANSIBLE_TEMPLAR_UNTRUSTED_TEMPLATE_BEHAVIOR": "error", "_ANSIBLE_TEMPLAR_UNKNOWN_TYPE_CONVERSION": "error",
        "_ANSIBLE_TEMPLAR_UNKNOWN_TYPE_ENCOUNTERED": "error",
    },
    "invalid attributes": {"ANSIBLE_INVALID_TASK_ATTRIBUTE_FAILED": "1", "ANSIBLE_DEPRECATION_WARNINGS": "1"},
    "uncompressed": {"ANSIBLE_MODULE_COMPRESSION": "ZIP_STORED"},
    "private role vars": {"ANSIBLE_PRIVATE_ROLE_VARS": "1"},
    "said to the log of the host": {"ANSIBLE_TARGET_LOG_INFO": "x", "ANSIBLE_NO_TARGET_SYSLOG": "1"},
    "skipped are not shown": {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "0", "ANSIBLE_DISPLAY_OK_HOSTS": "0"},
    "unsafe writes": {"ANSIBLE_UNSAFE_WRITES": "1"},
    "times of tasks": {
        "ANSIBLE_CALLBACKS_ENABLED": "edgefleet.connectware.rollout_report,ansible.posix.profile_tasks",
    },
}  # fmt: skip
# What a careful site has all at once.
STRICT = (
    "native types", "no facts as variables", "all end on an error", "a key twice is an error", "no embedded templates",
    "untrusted templates are errors", "invalid attributes", "optimized",
)  # fmt: skip
SETTINGS["strict"] = {key: value for name in STRICT for key, value in SETTINGS[name].items()}


@pytest.mark.long
@pytest.mark.parametrize("name", SETTINGS)
def test_an_agent_lives_with_them(factory: Callable[..., Factory], name: str) -> None:
    site = lives.quick(factory(2))
    site.environment.update(SETTINGS[name])
    lives.let_in_first(site)
    lives.nothing_to_do(site)
    lost, rejected = site.names()
    site.simulator.control("DELETE", f"users/{rejected}")
    site.rollout("--check").ok()
    site.rollout().ok()
    lives.empty(lost)
    lives.restart(lost)
    run = site.rollout().failed("agents_on_conflict")
    assert lives.verdicts(run)[lost][0] == "conflict"
    assert {agent["verdict"] for agent in Audit(site).agents.values()} == {"conflict", "registered"}
    site.rollout(agents_on_conflict="replace").ok()
    lives.closed_and_clean(site)
    lives.all_connected(site)
    site.retire().ok()
    assert not set(site.names()) & site.simulator.usernames()
