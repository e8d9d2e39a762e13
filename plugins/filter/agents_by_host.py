# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: the agents that an inventory names, by host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.edgefleet.connectware.plugins.plugin_utils.agents_of_hosts import identities


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"agents_by_host": identities}
