# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the event source says, as plain data.

ansible-rulebook hands each event to the playbooks of its rules as a variable, and Ansible fills in templates in such
variables. A name on the server can be anything. So a text of an event has no character of which a template, a vaulted
value or a command could be made; and each event says to which host playbooks are limited. For what is no agent of the
inventory that is localhost, so a wrong rule can do no harm on factory hosts. `notice` is for what people must know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._agents.fleet import ExpectedAgent
from .._errors import ConnectwareError

PENDING_REQUEST = "pending_request"
AGENT_DISAPPEARED = "agent_disappeared"
AGENT_RETURNED = "agent_returned"
MANY_DISAPPEARED = "many_disappeared"
UNREACHABLE = "connectware_unreachable"
REACHABLE = "connectware_reachable"

USER_MISSING = "user_missing"
NOT_CONNECTED = "not_connected"
WHY = {USER_MISSING: "it has no user there", NOT_CONNECTED: "it is not connected any more"}

NO_FACTORY_HOST = "localhost"
MAX_NAME = 80
MAX_MESSAGE = 600
MAX_LISTED = 10  # names or pairing IDs in one event
_MARKS = frozenset(" ._-@:/+=,()?")


def harmless(text: str, limit: int = MAX_NAME) -> str:
    """The text with nothing but letters, digits and a few marks, and bounded; everything else is a question mark."""
    clean = "".join(char if char.isalnum() or char in _MARKS else "?" for char in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


def request_of_agent(
    agent: ExpectedAgent, pairing_ids: Iterable[str | None], *, registered: bool, reminder: bool
) -> dict[str, Any]:
    """An agent of the inventory asks to be registered, or somebody under its name."""
    ids = _shown(pairing_ids)
    return _of_agent(
        PENDING_REQUEST,
        agent,
        f"{agent.name} of {agent.host} asks to be registered, pairing ID {', '.join(ids)}.",
        pairing_ids=ids,
        registered=registered,
        reminder=reminder,
    )


def request_of_stranger(username: str, pairing_ids: Iterable[str | None]) -> dict[str, Any]:
    """Somebody asks under a name that the inventory does not have."""
    ids, shown = _shown(pairing_ids), harmless(username)
    return _event(
        PENDING_REQUEST,
        f"Somebody asks to be registered as {shown}, pairing ID {', '.join(ids)}. No agent of the inventory has this"
        " username, and nothing was authorized.",
        notice=True,
        known=False,
        username=shown,
        pairing_ids=ids,
    )


def disappeared(agent: ExpectedAgent, reason: str, *, reminder: bool) -> dict[str, Any]:
    """An agent of the inventory is gone."""
    still = "is still gone" if reminder else "has disappeared"
    message = f"{agent.name} of {agent.host} {still} from Connectware: {WHY[reason]}."
    return _of_agent(AGENT_DISAPPEARED, agent, message, reason=reason, reminder=reminder)


def returned(agent: ExpectedAgent) -> dict[str, Any]:
    """An agent that had disappeared is back."""
    return _of_agent(AGENT_RETURNED, agent, f"{agent.name} of {agent.host} is back in Connectware.")


def many_disappeared(agents: Sequence[ExpectedAgent], most: int, *, new: int, reminder: bool) -> dict[str, Any]:
    """More agents are gone than anything is done about by itself.

    Args:
        new: how many of them have had no user since the start, as those that were added to the inventory.
    """
    names = [harmless(agent.name) for agent in agents[:MAX_LISTED]]
    more = " and more" if len(agents) > MAX_LISTED else ""
    return _event(
        MANY_DISAPPEARED,
        f"{len(agents)} agents are gone from Connectware, and max_disappeared allows {most}: {', '.join(names)}{more}."
        f" {f'{new} of them have had no user there since the start: were they added to the inventory? ' if new else ''}"
        "Was Connectware restored from a backup, is it another one, or were they revoked on purpose? Until fewer are"
        " gone, nothing is rolled out. If it is meant, run the rollout by hand.",
        notice=True,
        count=len(agents),
        most=most,
        names=names,
        reminder=reminder,
    )


def unreachable(error: ConnectwareError, *, reminder: bool) -> dict[str, Any]:
    """Nothing can be said of any agent, because Connectware cannot be asked."""
    return _event(UNREACHABLE, error.message, notice=True, kind=type(error).__name__, reminder=reminder)


def reachable() -> dict[str, Any]:
    """It can be asked again."""
    return _event(REACHABLE, "Connectware answers again.")


def _of_agent(change: str, agent: ExpectedAgent, message: str, **more: Any) -> dict[str, Any]:
    return _event(
        change,
        message,
        host="".join(agent.host),  # ansible-core has texts of its own kind
        known=True,
        name=harmless(agent.name),
        username=harmless(agent.username),
        **more,
    )


def _event(change: str, message: str, *, host: str | None = None, notice: bool = False, **more: Any) -> dict[str, Any]:
    facts = {"type": change, "message": harmless(message, MAX_MESSAGE), "notice": notice, "host": host, **more}
    return {"connectware": facts, "meta": {"hosts": [NO_FACTORY_HOST if host is None else host]}}


def _shown(pairing_ids: Iterable[str | None]) -> list[str]:
    return sorted("none" if each is None else harmless(each) for each in pairing_ids)[:MAX_LISTED]
