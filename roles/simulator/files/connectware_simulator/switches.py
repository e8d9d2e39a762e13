# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switches: one for every fact about Connectware that nobody has settled."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from .dialect import DEFAULT_DIALECT, merged

CHOICES: dict[str, tuple[str, ...]] = {
    "answer_order": ("locked_first", "conflict_first"),
    "conflict_told_by": ("register", "confirm"),
    "same_username": ("append", "replace", "reject"),
    "confirm_ambiguous": ("first", "last", "all", "reject"),
    "create_user_on": ("confirm", "poll"),
    "time_format": ("iso", "epoch_ms", "epoch_s"),
    "window_format": ("iso", "epoch_ms", "epoch_s", "remaining_ms"),
    "username_filter_list": ("repeated", "comma"),
    "unlock_again": ("restart", "extend"),
}


class SwitchError(ValueError):
    """A switch that does not exist, or a value that it cannot have."""


@dataclass
class Switches:
    """Defaults are what is assumed of a real Connectware."""

    pairing_id_field: str = "pairingId"
    window_field: str = "unlockedUntil"
    duration_field: str = "duration"
    duration_required: bool = False
    default_window_ms: int = 30000
    max_window_ms: int = 0
    unlock_again: str = "restart"
    answer_order: str = "locked_first"
    conflict_told_by: str = "register"
    pending_survives_relock: bool = False
    pending_survives_restart: bool = True
    window_survives_restart: bool = False
    pending_ttl_ms: int = 0
    same_username: str = "append"
    confirm_while_locked: bool = False
    confirm_ambiguous: str = "first"
    create_user_on: str = "confirm"
    grant_while_locked: bool = True
    grant_repeatable: bool = True
    deny_supported: bool = False
    time_format: str = "iso"
    window_format: str = "iso"
    username_filter_list: str = "repeated"
    first_page: int = 1
    rows_per_page_default: int = 20
    rows_per_page_max: int = 100
    api_token_in_query: bool = True
    health_needs_login: bool = False
    enforce_agent_version: bool = True
    token_hours_default: float = 24.0
    dialect: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Switches:
        """Build and check switches from data."""
        known = {item.name: item for item in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise SwitchError(f"unknown switch {name!r}; known: {', '.join(sorted(known))}")
            _check_value(name, value, getattr(cls(), name))
        result = cls(**values)
        _check_dialect(result.dialect, DEFAULT_DIALECT, "dialect")
        return result

    def as_mapping(self) -> dict[str, Any]:
        """Return the switches as data."""
        return asdict(self)

    def full_dialect(self) -> dict[str, Any]:
        """Return the dialect in force; the short field switches come first, the dialect last."""
        operations = {
            "registry_list": {
                "response": {"window": self.window_field},
                "item": {"pairing_id": self.pairing_id_field},
            },
            "registry_unlock": {
                "request": {"duration": self.duration_field},
                "response": {"window": self.window_field},
            },
            "registry_lock": {"response": {"window": self.window_field}},
        }
        return merged(merged(DEFAULT_DIALECT, {"operations": operations}), self.dialect)


def _check_value(name: str, value: Any, default: Any) -> None:
    wanted: tuple[type, ...] = (type(default),)
    if isinstance(default, float):
        wanted = (int, float)
    if not isinstance(value, wanted) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise SwitchError(f"switch {name!r} must be {wanted[-1].__name__}, not {value!r}")
    if name in CHOICES and value not in CHOICES[name]:
        raise SwitchError(f"switch {name!r} must be one of {', '.join(CHOICES[name])}, not {value!r}")


def _check_dialect(changes: Any, default: dict[str, Any], where: str) -> None:
    """Refuse what would change nothing, down to single fields, and what no answer could be made with."""
    if not isinstance(changes, dict):
        raise SwitchError(f"{where} must be a mapping, not {changes!r}")
    unknown = set(changes) - set(default)
    if unknown:
        known = ", ".join(sorted(default))
        raise SwitchError(f"unknown in {where}: {', '.join(sorted(unknown))}; known: {known}")
    for name, value in changes.items():
        if isinstance(default[name], dict):
            _check_dialect(value, default[name], f"{where}.{name}")
        elif isinstance(default[name], int):
            _check_kind(value, (int,), f"{where}.{name}")
        else:
            _check_kind(value, (str,) if name in ("method", "path", "header") else (str, type(None)), f"{where}.{name}")


def _check_kind(value: Any, kinds: tuple[type, ...], where: str) -> None:
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise SwitchError(f"{where} must be {' or '.join(kind.__name__ for kind in kinds)}, not {value!r}")
