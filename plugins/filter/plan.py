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
    REGISTERED,
    UNPROVEN,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import shortlist
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.rows import (
    ABSENT,
    GHOST,
    STOPPED,
    UNKNOWN,
    UNREACHABLE,
)

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
        sentences = {
            "Would be registered": ("reason", [agent for agent in agents if _is_new(agent)]),
            "Container would be made anew, started, or restarted": (
                "verdict", [agent for agent in agents if _is_unlike(agent)],
            ),
            "User would be deleted, and the agent registered anew": (
                "verdict", [agent for agent in agents if _is_replaced(agent)],
            ),
            "Left alone, because somebody has to decide": (
                "verdict", [agent for agent in agents if agent["verdict"] in UNDECIDED and not _is_replaced(agent)],
            ),
            "Could not be judged": ("verdict", [agent for agent in agents if _is_unclear(agent)]),
        }  # fmt: skip
        said += [_sentence(text, named, because, longest) for text, (because, named) in sentences.items()]
    except (KeyError, TypeError) as exc:
        raise AnsibleFilterError(
            "plan: this is no report of edgefleet.connectware.audit_report; read the file audit.json that it has"
            f" written ({type(exc).__name__}: {exc})"
        ) from exc
    return " ".join(said)


def _is_new(agent: Mapping[str, Any]) -> bool:
    return bool(agent["would_register"]) and agent["verdict"] not in LEFT_OUT


def _is_replaced(agent: Mapping[str, Any]) -> bool:
    return agent["verdict"] == CONFLICTED and bool(agent["would_register"])


def _is_unlike(agent: Mapping[str, Any]) -> bool:
    """Of one that would be registered, its container goes without saying."""
    begins = bool({ABSENT, STOPPED} & {*agent["findings"]}) or _is_to_prove(agent)
    return bool(agent["drift"]) or (begins and not agent["would_register"])


def _is_to_prove(agent: Mapping[str, Any]) -> bool:
    """A restart tells whether it gets in with its credentials."""
    return bool(agent["verdict"] == UNPROVEN and agent["reason"] == NONE)


def _is_unclear(agent: Mapping[str, Any]) -> bool:
    """A rollout would fail for it as well, where it needs a registration and would get none."""
    needs = agent["reason"] != NONE and not agent["would_register"]
    return agent["verdict"] in UNCLEAR or (needs and agent["verdict"] not in (REGISTERED, *LEFT_OUT))


def _sentence(said: str, agents: Sequence[Mapping[str, Any]], because: str, longest: int) -> str:
    """Of a long list its beginning."""
    names = [f"{agent['name']} on {agent['host']} ({agent[because]})" for agent in agents]
    return f"{said}: {shortlist(names, longest) or 'none'}."


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan": plan}
