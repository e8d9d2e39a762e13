# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: the variables that AWX has of an inventory, with others added."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import kind_of

# What Ansible writes with a tag in YAML, it reads and AWX keeps under these names in JSON.
TAGS = {"!vault": "__ansible_vault", "!vault-encrypted": "__ansible_vault", "!unsafe": "__ansible_unsafe"}


def merged_variables(there: Any, wanted: Mapping[str, Any], inventory: str) -> dict[str, Any]:
    """Those that are there, and of the same name the wanted ones.

    Not with from_json and from_yaml: they would decrypt vaulted values, or refuse them.

    Args:
        there: as AWX has it, in JSON or YAML. Up to ansible-core 2.18 a template makes a mapping of such a text.
        wanted: by their names.
        inventory: its name in AWX, for the message.

    Raises:
        AnsibleFilterError: what is there cannot be read.
    """
    known = there if isinstance(there, Mapping) else _read(str(there or ""), inventory)
    return {**known, **wanted}


def _read(text: str, inventory: str) -> Mapping[str, Any]:
    try:
        found = _loaded(text)
    except (yaml.YAMLError, ValueError, LookupError, RecursionError) as exc:
        raise _unreadable(inventory, _why(exc)) from None  # the error itself shows the text, and so perhaps a secret
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise _unreadable(inventory, f"it is {kind_of(found)}")
    return found


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return _LOADER(text).get_single_data()


def _tagged(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> dict[str, Any]:
    return {TAGS[node.tag]: loader.construct_scalar(node)}


def _loader() -> type[yaml.SafeLoader]:
    class Loader(yaml.SafeLoader):
        """Knows the tags of Ansible. Dates stay texts: up to ansible-core 2.18 no template can pass others on."""

    Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)
    for tag in TAGS:
        Loader.add_constructor(tag, _tagged)
    return Loader


_LOADER = _loader()


def _why(exc: Exception) -> str:
    if isinstance(exc, yaml.MarkedYAMLError) and exc.problem_mark is not None:
        return f"line {exc.problem_mark.line + 1} cannot be read"
    return "a value of it cannot be read"


def _unreadable(inventory: str, why: str) -> AnsibleFilterError:
    return AnsibleFilterError(
        f"merged_variables: the variables of the inventory {inventory} in AWX are neither JSON nor YAML with names and"
        f" values ({why}). Correct them in AWX, under Resources, Inventories, and run again. They were left as they are"
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"merged_variables": merged_variables}
