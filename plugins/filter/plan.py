# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: what a rollout would do, in words, by the report of an audit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import (
    BROKEN,
    CONFLICTED,
    IMPOSTOR,
    NONE,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import shortlist
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.rows import GHOST, UNKNOWN, UNREACHABLE

UNDECIDED = (CONFLICTED, IMPOSTOR)
UNCLEAR = (BROKEN, UNREACHABLE, UNKNOWN)
LEFT_OUT = (*UNDECIDED, *UNCLEAR, GHOST)


def plan(report: Any, longest: int = 50) -> str:
    """Sentences for whoever decides about the rollout."""
    try:
        said = [f"Audit of {report['generated_at']}."]
        if report["connectware"]["error"]:
            said.append(f"Connectware could not be asked: {report['connectware']['error'].rstrip('.')}.")
        agents = report["agents"]
        unlike = [agent for agent in agents if agent["drift"]]
        new = [agent for agent in agents if agent["reason"] != NONE and agent["verdict"] not in LEFT_OUT]
        undecided = [agent for agent in agents if agent["verdict"] in UNDECIDED]
        unclear = [agent for agent in agents if agent["verdict"] in UNCLEAR]
        replaced = [agent for agent in undecided if agent["would_register"]]
        alone = [agent for agent in undecided if not agent["would_register"]]
        said += [
            _sentence("Would be registered", new, "reason", longest),
            _sentence("Container would be made anew", unlike, "verdict", longest),
            _sentence("User would be deleted, and the agent registered anew", replaced, "verdict", longest),
            _sentence("Left alone, because somebody has to decide", alone, "verdict", longest),
            _sentence("Could not be judged", unclear, "verdict", longest),
        ]
    except (KeyError, TypeError) as exc:
        raise AnsibleFilterError(
            "plan: this is no report of edgefleet.connectware.audit_report; read the file audit.json that it has"
            f" written ({type(exc).__name__}: {exc})"
        ) from exc
    return " ".join(said)


def _sentence(said: str, agents: Sequence[Mapping[str, Any]], because: str, longest: int) -> str:
    """Of a long list its beginning."""
    names = [f"{agent['name']} on {agent['host']} ({agent[because]})" for agent in agents]
    return f"{said}: {shortlist(names, longest) or 'none'}."


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan": plan}
