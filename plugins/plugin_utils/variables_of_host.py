# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of a host while the inventory is still being read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ansible import context
from ansible.inventory.helpers import get_group_vars, sort_groups
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

AT_ONCE, FOR_A_TASK = "inventory", "task"  # when plugins for variables run: their option `stage`, or RUN_VARS_PLUGINS


def sources_of(inventory: Any, path: str) -> list[str]:
    """The sources beside which Ansible looks for files of variables: all of them, also those that come later.

    Args:
        inventory: as a plugin for inventories gets it.
        path: of the source that is being read.
    """
    given = [str(source) for source in context.CLIARGS.get("inventory") or ()]
    if any(path == source or path.startswith(os.path.join(source, "")) for source in given):
        return given
    # This inventory is none of a command line. It tells the files that were read, but not in which folder they were.
    return [*(source for source in getattr(inventory, "processed_sources", []) if source), path]


def variables_of(host: Any, inventory: Any, loader: Any, sources: Sequence[str]) -> dict[str, Any]:
    """What the sources that were read before say of it, and the files beside all sources.

    Args:
        inventory: as a plugin for inventories gets it.
        sources: see `sources_of`.
    """
    # The inventory is not finished: a host need not be in the group `all` yet.
    everybody = inventory.groups["all"]
    groups = sort_groups({*host.get_groups(), everybody})
    variables = {
        "inventory_hostname": host.name,
        "inventory_hostname_short": host.name.split(".")[0],
        "group_names": sorted(group.name for group in groups if group.name != "all"),
    }

    def of_files(entities: Sequence[Any], stage: str) -> dict[str, Any]:
        """What plugins for variables say that are to run then; most say the same in both stages."""
        found: dict[str, Any] = get_vars_from_inventory_sources(loader, sources, entities, stage)
        return found

    of_groups = [get_group_vars(groups)]
    if of_files(groups, AT_ONCE):  # then files of a group are as good as what its source says of it
        of_groups = [part for group in groups for part in (get_group_vars([group]), of_files([group], AT_ONCE))]
    # A file of a group wins over one of all hosts, whichever of their sources comes last.
    for more in (
        *of_groups,
        of_files([everybody], FOR_A_TASK),
        of_files([group for group in groups if group != everybody], FOR_A_TASK),
        host.get_vars(),
        of_files([host], AT_ONCE),
        of_files([host], FOR_A_TASK),
    ):
        variables = combine_vars(variables, more)
    return variables
