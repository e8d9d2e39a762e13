# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectware as a whole, without HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .broker import MqttBroker
from .certificates import Authority
from .clock import now_ms
from .faults import FaultPlan
from .journal import Journal
from .model import State, User
from .registry import ClientRegistry
from .seed import DEFAULT_VERSION, complete_users, follow_config, fresh_state
from .store import read_json, write_json
from .switches import Switches
from .users import UserDirectory


class Connectware:
    """State, rules and their persistence."""

    def __init__(self, directory: Path, config: dict[str, Any]) -> None:
        self._directory = directory
        self._version = str(config.get("version", DEFAULT_VERSION))
        self._configured_switches: dict[str, Any] = config.get("switches", {})
        self._known_users: list[dict[str, Any]] = read_json(directory / "credentials.json") or []
        self._seed_users = complete_users(config.get("users", []), self._known_users)
        self.authority = Authority(directory)
        self.journal = Journal()
        self.faults = FaultPlan()
        self.started_at = now_ms()
        self.state = self._load_state()
        self.switches = self._switches()
        self.users = UserDirectory(self.state)
        self.registry = ClientRegistry(self.state, self.users, self.switches)
        self.broker = MqttBroker(self, mutual_tls=bool(config.get("mutual_tls", False)))
        self._after_restart()
        self.save()
        write_json(directory / "credentials.json", self._seed_users)

    def _load_state(self) -> State:
        kept = read_json(self._directory / "state.json")
        if not kept:
            return self._fresh_state()
        state = State.from_mapping(kept)
        follow_config(state, self._version, self._seed_users, self._known_users, self._configured_switches)
        return state

    def _fresh_state(self) -> State:
        return fresh_state(self._version, self._seed_users, self._configured_switches)

    def _switches(self) -> Switches:
        return Switches.from_mapping({**self._configured_switches, **self.state.switch_overrides})

    def _after_restart(self) -> None:
        if not self.switches.window_survives_restart:
            self.state.window_until = 0
        if not self.switches.pending_survives_restart:
            self.state.pending.clear()

    def save(self) -> None:
        """Keep the state."""
        write_json(self._directory / "state.json", self.state.as_mapping(), indent=None)

    def change_switches(self, changes: dict[str, Any]) -> None:
        """Turn switches; what is not named stays."""
        overrides = {**self.state.switch_overrides, **changes}
        Switches.from_mapping({**self._configured_switches, **overrides})
        self.state.switch_overrides = overrides
        self._use_switches()
        self.save()

    def _use_switches(self) -> None:
        vars(self.switches).update(vars(self._switches()))

    def reset(self) -> None:
        """Put everything back to the first start."""
        vars(self.state).update(vars(self._fresh_state()))
        self._use_switches()
        self.journal.reset()
        self.registry.window_history.clear()
        self.faults.clear()
        self.broker.cut_all()
        self.save()

    def remove_user(self, user: User) -> None:
        """Delete a user and end its sessions."""
        self.users.remove(user)
        self.broker.cut(user.username)
        self.save()

    # the gate of the broker

    def password_opens(self, username: str | None, password: str | None) -> bool:
        """Tell whether a user may log in to MQTT with a password."""
        user = self.users.check_password(username, password)
        return user is not None and "password" in user.grant_methods

    def certificate_opens(self, common_name: str | None) -> bool:
        """Tell whether a user may log in to MQTT with a certificate of this name."""
        user = self.users.by_name(common_name or "")
        return user is not None and "certificate" in user.grant_methods

    def version_fits(self, agent_version: str) -> bool:
        """Tell whether an agent of this version can communicate."""
        if not self.switches.enforce_agent_version or not agent_version:
            return True
        return agent_version == self.state.version
