# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose the requests under a client's username are, and why it is not let in; no test needs a server."""

from __future__ import annotations

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.client_requests import (
    is_ours,
    listed,
    refusal,
)


@pytest.mark.parametrize(
    ("pending", "ours"),
    [
        (("a82123",), True),
        (("A82123",), False),
        ((None,), False),
        ((), False),
        (("a82123", None), False),
        (("a82123", "a82123"), False),
    ],
)
def test_ours(pending: tuple[str | None, ...], ours: bool) -> None:
    assert is_ours(pending, "a82123") is ours


@pytest.mark.parametrize(("window_open", "said"), [(True, False), (False, True)])
def test_where_nothing_is_pending_a_closed_window_is_told(window_open: bool, said: bool) -> None:
    text = refusal("press", (), "a82123", window_open=window_open).message
    assert "no request of that username is pending" in text
    assert ("the registration window is closed" in text) is said


def test_a_strangers_request_is_named_by_its_pairing_id() -> None:
    text = refusal("press", ("b00000",), "a82123").message
    assert "1 request with 'b00000'; nobody was authorized" in text


def test_many_requests_are_cut() -> None:
    text = listed((None, *(f"id-{number}" for number in range(11))))
    assert text.startswith("12 requests with 'no pairing ID', 'id-0'") and text.endswith("'id-8' and 2 more")
