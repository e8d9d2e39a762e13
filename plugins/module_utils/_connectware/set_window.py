# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Use case: the registration window is open for long enough, or closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._agents.times import check_times
from .._errors import ContractError, SpecError
from .registry import Registry, Window
from .session import Session

LEAST = 60.0  # seconds that a window shall stay open where nothing else is said


def set_window(session: Session, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bring the window into the wanted state.

    Raises:
        SpecError: a time cannot be right, or they contradict each other.
        ContractError: the server accepted the request, but the window did not follow.
    """
    wanted_open = params["state"] == "open"
    if wanted_open:
        check_times(params)
    duration = float(params["duration"])
    min_remaining = min(LEAST, duration) if params["min_remaining"] is None else float(params["min_remaining"])
    if wanted_open and not 0 <= min_remaining <= duration:
        raise SpecError(
            "open the registration window",
            answered=f"min_remaining ({min_remaining:g} s) must be between 0 and duration ({duration:g} s)",
            todo="Nothing was changed. Correct the options.",
        )
    registry = Registry(session)
    before = registry.state().window
    changed = not _fits(before, min_remaining) if wanted_open else _may_be_open(before)
    after = before
    if changed:
        after = Window(open=True, remaining=duration) if wanted_open else Window(open=False)
        if not check_mode:
            after = _changed(registry, session, before, duration if wanted_open else None)
    return {
        "changed": changed,
        "before": before.to_dict(),
        "window": after.to_dict(),
        "diff": {"before": before.to_dict(), "after": after.to_dict()},
    }


def _fits(window: Window, min_remaining: float) -> bool:
    """Whether it stays open for long enough; without a known end nobody can promise more than nothing."""
    return window.open and (0.0 if window.remaining is None else window.remaining) >= min_remaining


def _may_be_open(window: Window) -> bool:
    """It is open, or nothing tells whether it is: then only closing it makes sure."""
    return window.open or not (window.told or window.blank)


def _changed(registry: Registry, session: Session, before: Window, duration: float | None) -> Window:
    remaining = None
    if duration is None:
        registry.close_window()
    else:
        remaining = registry.open_window(duration)
    after = registry.state().window
    if not (after.told or before.told or (after.blank and remaining is not None)):
        # Nothing tells: what was accepted counts.
        return Window(open=duration is not None, remaining=duration if remaining is None else remaining, told=False)
    if after.open != (duration is not None):
        name = "lock" if duration is None else "unlock"
        operation = session.contract.operation(name)
        raise ContractError(
            operation.tried,
            where=session.url,
            answered="the request was accepted, but the Client Registry still shows the window as "
            + ("open" if after.open else "closed"),
            todo=f"Correct the entries {name} or list_registry.fields.unlocked_until in connectware_contract.",
        )
    return after
