# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of a host while the inventory is still being read."""

from __future__ import annotations

from typing import Any

from ansible.inventory.helpers import get_group_vars, sort_groups
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources


def variables_of(host: Any, inventory: Any, loader: Any) -> dict[str, Any]:
    """What the sources that were read before say of it, and the files beside them.

    Args:
        inventory: as a plugin for inventories gets it.
    """
    sources = getattr(inventory, "processed_sources", [])
    # The inventory is not finished: a host need not be in the group `all` yet.
    groups = sort_groups({*host.get_groups(), inventory.groups["all"]})
    variables = {
        "inventory_hostname": host.name,
        "inventory_hostname_short": host.name.split(".")[0],
        "group_names": sorted(group.name for group in groups if group.name != "all"),
    }
    for more in (
        get_group_vars(groups),
        get_vars_from_inventory_sources(loader, sources, groups, "all"),
        host.get_vars(),
        get_vars_from_inventory_sources(loader, sources, [host], "all"),
    ):
        variables = combine_vars(variables, more)
    return variables
