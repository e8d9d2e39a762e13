# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets: held in an object that does not show them, and taken out of every text that leaves this layer."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

from .._agents.text import printable

MASK = "****"
SHOWN = 300  # characters of an answer in a message


class Secret:
    """A token or password. Only `reveal` shows it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The plain text, for the wire only."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")


class Redactor:
    """Masks all secrets it was told, in the spellings in which they can come back in an answer or an error."""

    def __init__(self) -> None:
        self._spellings: set[str] = set()

    def learn(self, secret: Secret | None) -> None:
        """Mask this one from now on."""
        if secret is None or not secret.reveal():
            return
        plain = secret.reveal()
        self._spellings |= {
            plain,
            quote(plain, safe=""),
            quote_plus(plain),
            json.dumps(plain)[1:-1],
            repr(plain)[1:-1],
            base64.b64encode(plain.encode("utf-8", "surrogatepass")).decode("ascii"),
        }

    def __call__(self, text: str) -> str:
        for spelling in sorted(self._spellings, key=len, reverse=True):
            text = text.replace(spelling, MASK)
        return text

    def shown(self, text: str, limit: int = SHOWN) -> str:
        """The text fit for a message: secrets masked first, then control characters removed and bounded."""
        return printable(self(text), limit)
