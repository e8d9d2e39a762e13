# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action plugin as ansible-core makes it, for one task on one host."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

HOST = "hamburg"
TASK_VARS = {"inventory_hostname": HOST}


def standing(plugin: Any, args: dict[str, Any], **task: Any) -> Any:
    """The action for a task with these arguments; what it would need of a connection is not there."""
    said = {"args": args, "check_mode": False, "async_val": 0, "ignore_unreachable": False, **task}
    connection = MagicMock()
    connection._shell.tmpdir = None
    return plugin.ActionModule(
        task=SimpleNamespace(**said),
        connection=connection,
        play_context=MagicMock(),
        loader=MagicMock(),
        templar=MagicMock(),
        shared_loader_obj=MagicMock(),
    )
