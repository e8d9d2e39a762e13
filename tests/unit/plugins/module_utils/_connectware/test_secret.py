# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets never show."""

from __future__ import annotations

import base64
import json
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.secret import MASK, Redactor, Secret

PLAIN = st.text(min_size=4, max_size=40).filter(lambda text: text.strip("*") == text and text not in "base64 url json")


def test_a_secret_shows_only_on_demand() -> None:
    secret = Secret("hunter22")
    assert "hunter22" not in f"{secret} {secret!r} {[secret]} {(secret, secret)}"
    assert secret.reveal() == "hunter22"
    assert secret == Secret("hunter22")
    assert secret != Secret("hunter23")
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@given(PLAIN, st.text(max_size=20))
def test_every_spelling_is_masked(plain: str, around: str) -> None:
    redactor = Redactor()
    redactor.learn(Secret(plain))
    spellings = [
        plain,
        json.dumps(plain)[1:-1],
        quote(plain, safe="", errors="surrogatepass"),
        base64.b64encode(plain.encode("utf-8", "surrogatepass")).decode(),
    ]
    for spelling in spellings:
        assert plain not in redactor(f"{around} {spelling} {around}").replace(MASK, "")


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_a_secret_within_encoded_text_is_masked(before: bytes, behind: bytes) -> None:
    """As in a server's log of a header: the base64 of user:password, or a dump in hex."""
    secret = "pa/ss%w\u00f6rd+0987"
    redactor = Redactor()
    redactor.learn(Secret(secret))
    around = before + secret.encode() + behind
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = redactor(encode(around).decode())
        assert MASK in text
        left = [len(part) for part in text.split(MASK)]
        assert sum(left) <= len(encode(before)) + len(encode(behind)) + 4, (
            "at most the edges that it shares with others"
        )
    assert redactor(around.hex()) == f"{before.hex()}{MASK}{behind.hex()}"
    assert redactor(quote(secret, safe="").lower()) != quote(secret, safe="").lower()


def test_a_secret_is_masked_before_the_text_is_cut() -> None:
    redactor = Redactor()
    redactor.learn(Secret("0123456789" * 10))
    assert "0123" not in redactor.shown("x" * 70 + "0123456789" * 10, 80)


def test_nothing_is_learned_of_nothing() -> None:
    redactor = Redactor()
    redactor.learn(None)
    redactor.learn(Secret(""))
    assert redactor("text") == "text"
