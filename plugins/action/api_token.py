# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the same name, and a line now and then while it waits for Connectware."""

from __future__ import annotations

from ansible_collections.edgefleet.connectware.plugins.plugin_utils.telling_action import TellingAction


class ActionModule(TellingAction):
    """Runs the module as any other."""
