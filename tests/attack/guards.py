# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server as the conversation sees it, with the attacker between any two calls; and two checks that are too weak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from attack.attacker import Attacker
from attack.field import Field

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import Requests, ServerPort


class Attacked:
    """A ServerPort with the attacker in front of and behind every call."""

    title = "Username and pairing ID are checked"

    def __init__(self, server: ServerPort, attacker: Attacker, field: Field) -> None:
        self._server = server
        self._attacker = attacker
        self._field = field
        self.authorizes_while_closed = server.authorizes_while_closed

    def _between(self, point: str) -> None:
        self._attacker.between(point)

    def requests(self) -> Requests:
        self._between("list")
        return self._server.requests()

    def existing(self, usernames: Iterable[str]) -> Mapping[str, str | None]:
        self._between("users")
        return self._server.existing(usernames)

    def open_window(self, seconds: float) -> float | None:
        told = self._server.open_window(seconds)
        self._between("opened")
        return told

    def close_window(self) -> None:
        self._between("close")
        self._server.close_window()

    def authorize(self, username: str, pairing_id: str) -> None:
        self._between("authorize")
        self._server.authorize(username, pairing_id)
        self._between("authorized")

    def delete_user(self, username: str, *, ours: bool = False) -> None:
        self._server.delete_user(username, ours=ours)
        self._attacker.note_deleted(username)
        container = self._field.container
        if container.asks_as is None and container.due is None:
            container.due = self._field.now + 0.1  # its session is cut
        self._between("deleted")

    def undeletable(self, usernames: Iterable[str]) -> Mapping[str, str]:
        return self._server.undeletable(usernames)

    def deny(self, username: str) -> str:
        self._between("deny")
        return self._server.deny(username)


class NameOnly(Attacked):
    """Makes of ours a check of the name alone: whoever asks under our agent's name is taken for our agent."""

    title = "Only the username is checked"

    def __init__(self, server: ServerPort, attacker: Attacker, field: Field) -> None:
        super().__init__(server, attacker, field)
        field.container.shows_others = False  # whoever does not look at the ID is not led astray by the log either

    def requests(self) -> Requests:
        found = super().requests()
        own = self._field.container.asks_as
        if own is None or own.username not in found.pending:
            return found
        return replace(found, pending={**found.pending, own.username: (own.pairing_id,)})


class IdOnly(Attacked):
    """Takes for our agent whoever shows its pairing ID, and authorizes the name under which that is listed."""

    title = "Only the pairing ID is checked"
    _listed_as: Mapping[str, str] = {}

    def requests(self) -> Requests:
        found = super().requests()
        own = self._field.container.asks_as
        name = self._field.container.name
        names = [listed for listed, ids in found.pending.items() if own is not None and own.pairing_id in ids]
        self._listed_as = dict(zip([name], names, strict=False))
        return replace(found, pending={**found.pending, name: (own.pairing_id,)}) if own and names else found

    def authorize(self, username: str, pairing_id: str) -> None:
        super().authorize(self._listed_as[username], pairing_id)
