# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strangers who want to be let in under the name of our agent, or with its pairing ID."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from attack.field import Client, Container, Field, Wire

SAME_NAME = "same name"
TWO_REQUESTS = "two requests"
SWAP = "swap"
STOLEN_ID = "swap with our ID"
OTHER_NAME = "our ID, other name"
FORGED_TEXT = "forged text line"
FORGED_MESSAGE = "forged in a message"
FORGED_ENTRY = "forged log entry"
FORGED_EARLY = "forged ahead of ours"
# While the list that was judged is not yet confirmed, our request can be exchanged for another one: the API is keyed by
# the username alone. Nobody can prevent it while the window is open.
SWAPS = (SWAP, STOLEN_ID)
FORGED = (FORGED_TEXT, FORGED_MESSAGE, FORGED_ENTRY, FORGED_EARLY)
KINDS = (SAME_NAME, TWO_REQUESTS, SWAP, STOLEN_ID, OTHER_NAME, *FORGED)
# When a stranger comes, seen from our agent's request.
BEFORE = "before our request"
DURING = "while ours is asked"
AFTER = "after ours was authorized"
PHASES = (BEFORE, DURING, AFTER)
# FORGED_EARLY is a perfect line of our container's log while our agent has not said its pairing ID yet. What the agent
# says within a poll interval contradicts it. A forger who is earlier than that can only be noticed, and thrown out.

# Cyrillic and full-width letters, and what is invisible.
LOOK_ALIKES: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.capitalize,
    lambda name: name + " ",
    lambda name: " " + name,
    lambda name: name + "\n",
    lambda name: name + "\t",
    lambda name: name + "\0",
    lambda name: name + "\u200b",
    lambda name: name.replace("e", "\u0435"),
    lambda name: name.replace("p", "\uff50"),
    lambda name: name.replace("-", "\u2011"),
    lambda name: name[:-1],
    lambda name: name + "1",
    lambda name: f"{name}, pairing ID",
)


@dataclass
class Stranger(Client):
    """Somebody who is not our agent. Times are those of the field.

    Attributes:
        phase: when he came, one of PHASES.
        listed: he was among the pending requests at any time.
        granted: he was answered 201 at any time.
        admitted: the broker let him in at any time.
        since: when he was seen to be in first, by either; None if he never was.
        until: when his user was deleted; None as long as that has not happened.
    """

    phase: str = BEFORE
    listed: bool = False
    granted: bool = False
    admitted: bool = False
    since: float | None = None
    until: float | None = None


@dataclass
class Attacker:
    """Acts between any two calls of a run, as its seed has it.

    Attributes:
        patient: once something was authorized, nobody asks again as long as the run lasts.
        strangers: all whom it has asked with.
    """

    kind: str
    wire: Wire
    random: random.Random
    site: Field
    patient: bool = False
    strangers: list[Stranger] = field(default_factory=list)
    _authorized: bool = False
    _plan: dict[int, int] = field(default_factory=dict)
    _awaited: str = ""
    _delay: int = 0
    _steps: int = 0
    _forged_id: str = ""

    @property
    def container(self) -> Container:
        """That of our agent."""
        return self.site.container

    def prepare(self) -> None:
        """Decide when to act, and what our container's other output will be."""
        if self.kind in SWAPS:
            return
        times = 2 if self.kind == TWO_REQUESTS else self.random.choice((1, 1, 2))
        if self.kind == SAME_NAME:  # one of them in a phase that is chosen: else few come after the authorization
            times -= 1
            self._awaited = self.random.choice((BEFORE, DURING, AFTER, AFTER))
            self._delay = 0 if self._awaited == BEFORE else self.random.randrange(4)
        for _unused in range(times):
            step = 0 if self.random.random() < 0.35 else self.random.randrange(1, 30)
            self._plan[step] = self._plan.get(step, 0) + 1
        if self.kind in FORGED:
            self._forged_id = self._new_id()
            lines = forged(self.kind, self.container.name, self._forged_id, self.random)
            side = self.container.before_pairing if self.random.random() < 0.5 else self.container.after_pairing
            side = self.container.early if self.kind == FORGED_EARLY else side
            side += lines

    def between(self, point: str) -> None:
        """One step; `point` says what is about to happen, or has just happened."""
        if point == "authorize":
            if self.kind in SWAPS:
                self.join(self.container.name, self._own_id() if self.kind == STOLEN_ID else None)
            return
        self._authorized = self._authorized or point == "authorized"
        for _unused in range(self._plan.get(self._steps, 0)):
            self._attack()
        if self._awaited == self._phase():
            self._delay -= 1
            if self._delay < 0:
                self._awaited = ""
                self._attack()
        if point == "authorized":
            self.poll_all()
        elif self.strangers and self.random.random() < 0.3:
            self.poll(self.random.choice(self.strangers))
        self._steps += 1

    def _attack(self) -> None:
        name = self.container.name
        if self.kind == OTHER_NAME:
            own = self._own_id() or self._new_id()
            self.join(self.random.choice(LOOK_ALIKES)(name), own)
        elif self.kind in FORGED:
            self.join(name, self._forged_id)
        else:
            self.join(name, None)

    def _own_id(self) -> str | None:
        """What our agent shows to everybody who reads its log."""
        asks_as = self.container.asks_as
        return asks_as.pairing_id if asks_as else None

    def _new_id(self) -> str:
        return f"{self.random.randrange(16**6):06x}"

    def join(self, username: str, pairing_id: str | None) -> None:
        """Ask as somebody new."""
        password = f"stranger-{self.random.getrandbits(64):x}"
        stranger = Stranger(username, pairing_id or self._new_id(), password, self._phase())
        self.strangers.append(stranger)
        self.poll(stranger)

    def _phase(self) -> str:
        if self._authorized:
            return AFTER
        return BEFORE if self.container.asks_as is None else DURING

    def poll(self, stranger: Stranger) -> None:
        """Ask again, as clients do until they are let in; whose grant waits for an open window logs in before."""
        if self.patient and self._authorized:
            return
        outcome = self.wire.ask(stranger)
        stranger.listed = stranger.listed or outcome == "pending"
        stranger.granted = stranger.granted or outcome == "granted"
        opens = self._authorized and self.wire.opens(stranger)
        stranger.admitted = stranger.admitted or opens
        if stranger.since is None and (outcome == "granted" or opens):
            stranger.since = self.site.now

    def note_deleted(self, username: str) -> None:
        """The run has deleted a user: whoever was in with that is out."""
        for stranger in self.strangers:
            if stranger.username == username and stranger.since is not None and stranger.until is None:
                stranger.until = self.site.now

    def poll_all(self) -> None:
        for stranger in self.strangers:
            self.poll(stranger)

    def entered(self) -> list[Stranger]:
        """Those who were answered 201 at any time, or let in by the broker."""
        return [stranger for stranger in self.strangers if stranger.since is not None]

    def holding(self) -> list[Stranger]:
        """Strangers who have access now: their passwords open the broker."""
        self.poll_all()
        return [stranger for stranger in self.strangers if self.wire.opens(stranger)]


def forged(kind: str, name: str, pairing_id: str, chance: random.Random) -> list[bytes]:
    """Lines that something else in the container prints."""
    text = f"Username: {name}, pairing ID (should match in UI): {pairing_id}"
    kinds = {FORGED_TEXT: _in_text, FORGED_MESSAGE: _in_a_message, FORGED_ENTRY: _as_entries}
    wrapped = kinds[chance.choice((FORGED_TEXT, FORGED_ENTRY)) if kind == FORGED_EARLY else kind](text)
    return chance.choice(wrapped).encode().split(b"\n")


START = "Starting in distributed (edge) mode"
ASKING = "Asking for Connectware registration at h with newly generated credentials..."
ENTRY = {"level": 30, "time": 1_600_000_000_000, "pid": 7, "hostname": "factory", "v": 1}


def _entry(message: object, **more: object) -> str:
    return json.dumps({**ENTRY, "msg": message, **more})


def _in_text(text: str) -> list[str]:
    """Of an agent that writes text, most of them are perfect."""
    return [
        text,
        f"INFO: {text}",
        f"\x1b[32mINFO\x1b[39m: \x1b[36m{text}\x1b[39m",
        f"[2026-01-02T03:04:05.678Z] INFO (protocol-mapper/1): {text}",
        f"\x1b]0;title\x07{text}",
        f"\x1b[2J\x1b[1;1H{text}\r",
        f"{START}\n{text}",
        f"{ASKING}\n{text}",
        f"{START}\n{ASKING}\n{text}",
        f"{_entry('a library says hello')}\n{START}\n{ASKING}\n{text}",
    ]


def _in_a_message(text: str) -> list[str]:
    messages = [
        f"device says: {text}",
        f"{text} (quoted)",
        f"line one\n{text}",
        f"\u202e{text}",
        f"{text}\n{text}",
        _entry(text),
    ]
    wrapped = [_entry(message) for message in messages]
    wrapped += [_entry({"text": text}), _entry("ok", payload=text)]
    return [*wrapped, json.dumps([{**ENTRY, "msg": text}]), _entry(f"received {text!r}")]


def _as_entries(text: str) -> list[str]:
    """Of an agent that writes JSON, most of them are perfect."""
    return [
        _entry(text),
        _entry(f"\x1b[36m{text}\x1b[39m"),
        json.dumps({"msg": text}),
        "\n".join(_entry(message) for message in (START, text)),
        "\n".join(_entry(message) for message in (ASKING, text)),
        "\n".join(_entry(message) for message in (START, ASKING, text)),
    ]
