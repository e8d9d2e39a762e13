# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a factory host answers, as it may be used: the keys and the types that our modules have, and nothing else.

Who controls a factory host chooses what is answered from there. So it is read here once, before anything is done with
it, Ansible's own doings included; nobody after that has to think of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .forms import Forms, MisfitError, flag, listed, mapping, maybe, plain, text, whole
from .observation import MESSAGE, Observation

MOST_AGENTS = 2000  # of one host
_TEXTS = listed(text(), 200)
_ERROR_PARTS = ("kind", "tried", "where", "answered", "todo")


def _observation(value: Any, where: str) -> dict[str, Any]:
    try:
        seen = Observation.from_dict(value).to_dict()
    except MisfitError as exc:
        raise MisfitError(f"{where}: {exc}") from None
    return {key: list(found) if isinstance(found, tuple) else found for key, found in seen.items()}


def _warning(value: Any, where: str) -> str:
    """Its text: in ansible-core 2.19 and later it comes with more around it, and is soon more than data."""
    return str(text(MESSAGE)(_said(value), where))


def _said(value: Any) -> Any:
    if isinstance(value, Mapping) and isinstance(value.get("event"), Mapping):
        return value["event"].get("msg")
    return getattr(getattr(value, "event", None), "msg", value)


def _reason(answer: Mapping[str, Any]) -> str:
    """Why a module has failed that says it in no message: in ansible-core 2.19 and later one that was not caught."""
    said = _said(answer.get("exception"))
    if not isinstance(said, str) or not said.strip():
        return "it failed, and did not say why"
    return str(text(MESSAGE)(said.strip()[-MESSAGE:], "exception"))


_IDENTITY: Forms = {"name": text(), "username": text(), "container": text(), "volume": text()}
_DEPLOYED = mapping(
    {
        **_IDENTITY,
        "action": text(),
        "changed": flag,
        "drift": _TEXTS,
        "pulled": flag,
        "purged": flag,
        "previous_image": maybe(text()),
        "replaced_image": maybe(text()),
        "replaced_container": maybe(text()),
        "error": text(MESSAGE),
        "observation": _observation,
    }
)
_SHOWN = mapping({**_IDENTITY, "labels": plain, "observation": _observation})
_UNREADABLE = mapping({"container": text(), "state": text(), "message": text(MESSAGE)})
_INTRUDER = mapping({"container": text(), "volume": text()})

DEPLOYED: Forms = {"agents": listed(_DEPLOYED, MOST_AGENTS)}
"""Of module agents."""
SHOWN: Forms = {
    "agents": listed(_SHOWN, MOST_AGENTS),
    "unreadable": listed(_UNREADABLE, MOST_AGENTS),
    "intruders": listed(_INTRUDER, MOST_AGENTS),
}
"""Of module agents_info."""
LOOKED: Forms = {"observations": listed(_observation, MOST_AGENTS)}
"""Of the host's part of module agents_registered."""

_OF_ANY: Forms = {
    "changed": flag,
    "failed": flag,
    "msg": text(3 * MESSAGE),
    "error": mapping({key: text(MESSAGE) for key in _ERROR_PARTS}),
    "warnings": listed(_warning, 1000),
    "diff": mapping({"before": plain, "after": plain}),
    "invocation": plain,
    "module_stdout": text(MESSAGE),
    "module_stderr": text(MESSAGE),
    "rc": whole,
}
"""What each module can answer. All else that Ansible knows is an order to it, or shown as it is."""


def as_it_may_be_used(answer: Mapping[str, Any], own: Forms) -> dict[str, Any]:
    """The answer, without what no module of ours says.

    Args:
        own: what the module that was asked says where it has not failed: one of those above.

    Raises:
        MisfitError: something in it is not what that module says.
    """
    known = {**_OF_ANY, **own}
    read = {key: known[key](value, key) for key, value in answer.items() if key in known}
    missing = [key for key in own if key not in read]
    if missing and not read.get("failed"):
        raise MisfitError(f"it has no {missing[0]}")
    if read.get("failed"):
        read.setdefault("msg", _reason(answer))
    return read
