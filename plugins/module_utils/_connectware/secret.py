# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets: held in an object that does not show them, and taken out of every text that leaves this layer."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus

from .._agents.text import printable

MASK = "****"
SHOWN = 300  # characters of an answer in a message
LEAST_ENCODED = 6  # bytes; what a shorter secret looks like in a longer text is too short to be told from other text

_FOR_HTML = {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}  # as programs in Go write JSON


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
        self._spellings |= _spellings(secret.reveal())

    def __call__(self, text: str) -> str:
        for spelling in sorted(self._spellings, key=len, reverse=True):
            text = text.replace(spelling, MASK)
        return text

    def shown(self, text: str, limit: int = SHOWN) -> str:
        """The text fit for a message: secrets masked first, then control characters removed and bounded."""
        return printable(self(text), limit)


def _spellings(plain: str) -> set[str]:
    raw = plain.encode("utf-8", "surrogatepass")
    in_json = json.dumps(plain)[1:-1]
    in_url = quote(raw, safe="")
    found = {
        plain,
        in_json,
        in_json.translate(_FOR_HTML),
        json.dumps(plain, ensure_ascii=False)[1:-1],
        json.dumps(in_json)[1:-1],
        repr(in_json)[1:-1],
        repr(plain)[1:-1],
        in_url,
        re.sub("%[0-9A-F]{2}", lambda match: match.group().lower(), in_url),
        quote_plus(raw),
        base64.b64encode(raw).decode("ascii"),
        base64.urlsafe_b64encode(raw).decode("ascii"),
    }
    if len(raw) >= LEAST_ENCODED:
        found |= {raw.hex(), raw.hex().upper()}
        found |= {text for shift in range(3) for text in _in_base64(raw, shift)}
    return found


def _in_base64(raw: bytes, shift: int) -> tuple[str, str]:
    """The characters that a text in base64 has for it so many bytes behind a multiple of three, in both alphabets."""
    first, last = (0, 2, 3)[shift], (shift + len(raw)) * 8 // 6
    padded = b"\0" * shift + raw
    plain, for_urls = base64.b64encode(padded), base64.urlsafe_b64encode(padded)
    return plain[first:last].decode("ascii"), for_urls[first:last].decode("ascii")
