# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of others in messages of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_KINDS = (
    (type(None), "nothing"),
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (Mapping, "a mapping"),
    (list, "a list"),
)

NAME = 128  # characters of a name or an ID of others in a result


def printable(text: str, limit: int = 80) -> str:
    """The text without control characters and bounded, fit for a message."""
    clean = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


def kind_of(value: object) -> str:
    """What it is, in words of a user: Ansible has classes of its own for all of them."""
    return next((words for kind, words in _KINDS if isinstance(value, kind)), type(value).__name__)


def shortlist(texts: Sequence[str], most: int, separator: str = ", ") -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return separator.join(texts[:most]) + more
