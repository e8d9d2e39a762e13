# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One authorization, for those who have to account for it: both pairing IDs, when, and what became of it."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .text import printable

SCHEMA = 1
"""The number of the form of an entry; it grows when a key goes or means something else, not when one comes."""

# Outcomes
ATTEMPTED = "attempted"
UNPROVEN = "unproven"
PROVED = "proved"
LET_IN = "let_in"
TAKEN_BACK = "taken_back"
NOT_TAKEN_BACK = "not_taken_back"
FAILED = "failed"
OUTCOMES = (ATTEMPTED, UNPROVEN, PROVED, LET_IN, TAKEN_BACK, NOT_TAKEN_BACK, FAILED)
SETTLED_OUTCOMES = (PROVED, LET_IN, TAKEN_BACK, NOT_TAKEN_BACK)
"""Those that no later event of a run changes."""

MESSAGE = 500  # characters


@dataclass
class Authorization:
    """One authorization. Times are epoch seconds of the controller's clock.

    Attributes:
        username: whose request it was.
        pairing_id: what our side has shown, an agent in the log of its container.
        listed_pairing_id: what the server has listed right before.
        window_open: the registration window was open then, or may have been, so that another request could have taken
            its place since.
        agent, container, container_id, image, image_id, image_digest, reason: of an agent, as its host showed it then;
            None for a client that this collection does not run.
        id: tells the entries of one authorization from those of others.
        authorized_at: when Connectware was asked for it.
        outcome: one of OUTCOMES.
        settled_at: when the outcome was found.
        message: why it was not proved; empty if it was.
        refused: Connectware has said no, so that whatever happens later is not the doing of this one.
    """

    username: str
    pairing_id: str
    listed_pairing_id: str
    window_open: bool
    agent: str | None = None
    container: str | None = None
    container_id: str | None = None
    image: str | None = None
    image_id: str | None = None
    image_digest: str | None = None
    reason: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    authorized_at: float = field(default_factory=time.time)
    outcome: str = ATTEMPTED
    settled_at: float | None = None
    message: str = ""
    refused: bool = False

    def settle(self, outcome: str, message: str = "") -> None:
        """Note what became of it, as far as that is known; what is settled stays."""
        if outcome == self.outcome or self.outcome in SETTLED_OUTCOMES or self.refused:
            return
        self.outcome = outcome
        self.settled_at = time.time()
        self.message = printable(message, MESSAGE)

    def refuse(self, message: str) -> None:
        """Connectware has said no."""
        self.settle(FAILED, message)
        self.refused = True

    def entry(self) -> dict[str, Any]:
        """For a result and for the file: the same keys in every state, times in UTC."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "outcome": self.outcome,
            "authorized_at": _utc(self.authorized_at),
            "settled_at": None if self.settled_at is None else _utc(self.settled_at),
            "agent": self.agent,
            "username": self.username,
            "pairing_id": self.pairing_id,
            "listed_pairing_id": self.listed_pairing_id,
            "window_open": self.window_open,
            "reason": self.reason,
            "container": self.container,
            "container_id": self.container_id,
            "image": self.image,
            "image_id": self.image_id,
            "image_digest": self.image_digest,
            "message": self.message,
        }


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
