# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a task that come in one mapping: `options` of those modules that have it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import kind_of

OPTION = "options"
# What ansible-core before 2.19 cannot read again after it has made a text of a list or mapping.
_NO_LITERAL = re.compile(r"[ \[{(](?:datetime\.\w+\(|(?:-?inf|nan)[,:}\])])")


def ungrouped(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a task, with those of the mapping among them.

    Args:
        args: as the task has them. What stands beside the mapping wins; what is null in the mapping was not given.

    Raises:
        AnsibleActionFail: it is no mapping, holds another one, or is the result of a task that failed.
    """
    grouped = args.get(OPTION) or {}
    refuse_what_became_text(OPTION, grouped)
    if not isinstance(grouped, Mapping):
        raise AnsibleActionFail(f"'{OPTION}' takes a mapping of other options, not {kind_of(grouped)}")
    if OPTION in grouped:
        raise AnsibleActionFail(f"'{OPTION}' takes other options, not '{OPTION}' again")
    if grouped.get("failed"):
        raise AnsibleActionFail(str(grouped.get("msg")), result=_parts_of(grouped))
    given = {name: value for name, value in grouped.items() if value is not None}
    return {**given, **{name: value for name, value in args.items() if name != OPTION}}


def refuse_what_became_text(option: str, value: Any) -> None:
    """Tell why a list or mapping has come as a text, where that can be seen.

    Raises:
        AnsibleActionFail: it has a date, or a number that is none.
    """
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")) and _NO_LITERAL.search(value):
        raise AnsibleActionFail(
            f"'{option}' has a value that this ansible-core cannot pass on, such as a date without quotes: write it in"
            " quotes. Nothing was started or changed."
        )


def _parts_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a failed task has beside its message: the error in parts."""
    return {"error": result["error"]} if result.get("error") else {}
