# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords are kept as salted hashes."""

from __future__ import annotations

import hashlib
import hmac
import os

_ROUNDS = 1000


def hashed(secret: str) -> str:
    """Return the text to keep for a secret."""
    salt = os.urandom(16)
    return f"{salt.hex()}${_digest(secret, salt)}"


def matches(secret: str | None, kept: str | None) -> bool:
    """Tell whether a secret is the one that was kept."""
    if secret is None or not kept:
        return False
    salt, _sign, digest = kept.partition("$")
    return hmac.compare_digest(_digest(secret, bytes.fromhex(salt)), digest)


def _digest(secret: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", secret.encode(errors="surrogatepass"), salt, _ROUNDS).hex()
