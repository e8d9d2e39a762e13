# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: the options of a task, as they count for another host than the one that the task is evaluated for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.plugin_utils.facts_of_host import false_facts

EMPTY = (None, "", {}, [])  # an option that is not given


def options_of_host(
    options: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]], host: str, asking: str, prefix: str = ""
) -> dict[str, Any]:
    """What the play says, for all hosts; of the rest what the variables of that host say.

    Only a play, a role or the command line can have given an option that the variables of the asking host do not have.
    """
    # What `hostvars` gives is templated anew with each look, which takes a millisecond.
    own, there = hostvars[asking], hostvars[host]
    told = false_facts(there)  # by the host itself: nobody else is to be asked with that
    return {
        name: (None if f"{prefix}{name}" in told else there.get(f"{prefix}{name}"))
        if _given(value) == _given(own.get(f"{prefix}{name}"))
        else value
        for name, value in options.items()
    }


def _given(value: Any) -> Any:
    return None if value in EMPTY else value


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"options_of_host": options_of_host}
