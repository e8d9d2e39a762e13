# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words by which results of `agents` and `agents_registered` are read: they are known, so they are no secret."""

from __future__ import annotations

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import REASONS, RETIRED, VERDICTS
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.unmasked import Vocabulary

OF_TASKS = (
    "agents", "authorizations", "censored", "failed", "interim", "module_stderr", "msg", "results", "stderr",
)  # fmt: skip
OF_AGENTS = (
    "action", "actions", "changed", "container", "error", "failed", "message", "name", "pairing_id", "pulled", "purged",
    "reason", "registered", "seconds", "username", "verdict", "volume",
)  # fmt: skip
OF_AUTHORIZATIONS = (
    "account", "account_source", "agent", "authorized_at", "connectware_url", "container_id", "controller",
    "controller_user", "host", "id", "image", "image_digest", "image_id", "job_id", "job_user", "listed_pairing_id",
    "outcome", "schema", "settled_at", "window_open",
)  # fmt: skip
ACTION = ("none", "created", "recreated", "started", "removed", "pulled")
ACTIONS = ("authorized", "denied", "restarted", "taken_back", "unmarked", "user_deleted")

WORDS = Vocabulary(
    keys={*OF_TASKS, *OF_AGENTS, *OF_AUTHORIZATIONS},
    values={
        "verdict": (*VERDICTS, RETIRED),
        "reason": REASONS,
        "action": ACTION,
        "actions": ACTIONS,
    },
)
