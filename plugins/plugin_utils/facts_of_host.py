# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of a host that are no facts, but have the names of our variables.

Ansible believes whatever a host answers to `setup`, and to any other module. Facts win over the inventory, so that who
controls a factory host could have the login to Connectware sent to himself, or a file written on the controller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import printable, shortlist
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import UnexpectedFactsError

BEGINNINGS = ("agents_", "audit_", "connectware_", "ghosts_")  # of names, after underscores
MOST_SAID = 5


def false_facts(variables: Mapping[str, Any]) -> list[str]:
    """The names of ours that a host has told facts under, which have taken the place of what the inventory says."""
    facts = variables.get("ansible_facts")
    names = [str(name) for name in facts] if isinstance(facts, Mapping) else []
    return sorted(name for name in names if name.lstrip("_").startswith(BEGINNINGS))


def refuse_false_facts(host: str, variables: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> None:
    """Hold what a host has told against the names of our variables.

    Args:
        options: of a task that one host runs for others as well: only what has come into these counts.

    Raises:
        UnexpectedFactsError: it has told some of them.
    """
    found = false_facts(variables)
    if options is not None:
        found = [name for name in found if name in options and options[name] == variables["ansible_facts"][name]]
    if found:
        raise UnexpectedFactsError(
            "use the variables",
            where=f"host {printable(host, 128)}",
            answered=f"facts of that host have names of this collection: "
            f"{shortlist([printable(name, 64) for name in found], MOST_SAID)}",
            todo="Nothing was asked or changed for that host. Variables of this collection belong into the inventory or"
            " the play, or into set_fact without cacheable. If you have made no such facts, the host has: then it may"
            " be in other hands.",
        )
