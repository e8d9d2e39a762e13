# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom a factory host speaks for: the agents that the inventory names there, and nobody else.

What a host answers decides who is let in, and whose user is deleted. Who controls one host must not reach the agents of
others by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._errors import UnexpectedAgentError
from .fleet import ExpectedAgent
from .text import NAME, printable, shortlist

MOST_SAID = 5


def check_spoken_for(seen: Iterable[tuple[object, object]], expected: Sequence[ExpectedAgent], host: str) -> None:
    """Hold the answer of module `agents` against the inventory.

    Args:
        seen: name and username of each agent, as the host has answered.
        expected: the agents that the task has asked for, by the inventory.
        host: for the message.

    Raises:
        UnexpectedAgentError: it names others, or the same with other usernames, or not all of them.
    """
    usernames = {agent.name: agent.username for agent in expected}
    answered = [(_text(name), _text(username)) for name, username in seen]
    wrong = [_wrong(name, username, usernames) for name, username in answered if usernames.get(name) != username]
    names = [name for name, _username in answered]
    wrong += [f"it speaks twice of the agent {_shown(name)}" for name in dict.fromkeys(names) if names.count(name) > 1]
    wrong += [f"it says nothing of the agent {_shown(name)}" for name in usernames if name not in names]
    if wrong:
        raise UnexpectedAgentError(
            "use what module agents has answered",
            where=f"host {host}",
            answered=shortlist(wrong, MOST_SAID),
            todo="Nobody was authorized and no user was touched for it. If the task has the result of another list of"
            " agents, give it both of one; else find out who changes what this host answers: it may be in other hands.",
        )


def _wrong(name: str, username: str, usernames: dict[str, str]) -> str:
    if name not in usernames:
        return f"it names the agent {_shown(name)}, which the inventory does not name there"
    right = usernames[name]
    return f"it has the username {_shown(username)} for the agent {_shown(name)}, whose username is {_shown(right)}"


def _text(value: object) -> str:
    """Anything can come where a text is expected, and must not be taken for one."""
    return value if isinstance(value, str) else f"{type(value).__name__} {value!r}"


def _shown(text: str) -> str:
    return repr(printable(text, NAME))
