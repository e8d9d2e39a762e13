# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of others in messages of ours."""

from __future__ import annotations


def printable(text: str, limit: int = 80) -> str:
    """The text without control characters and bounded, fit for a message."""
    clean = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."
