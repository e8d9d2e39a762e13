# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""api_token: a new token each time, none in check mode."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._connectware.conversation import NOBODY, PASSWORD, TOKEN, Conversation
from unit.plugins.modules.running import Run

NAME = "api_token"


def test_makes_a_token(server: Conversation, login_params: dict[str, Any], run: Run) -> None:
    body = {"username": "rollout", "password": PASSWORD, "expireTimeInHours": 8760, "label": "ci"}
    server.expect_login(body=body)
    result = run(NAME, **login_params, label="ci", expire_in_hours=8760)
    assert result["changed"]
    assert (result["token"], result["label"]) == (TOKEN, "ci")
    assert result["expires_at"] == "2099-01-01T00:00:00.000Z"
    assert PASSWORD not in result["_printed"]


def test_check_mode_makes_none(server: Conversation, login_params: dict[str, Any], run: Run) -> None:
    result = run(NAME, **login_params, label="ci", expire_in_hours=1, check=True)
    assert result["changed"]
    assert result["token"] is None
    assert server.seen == []


def test_a_wrong_password(server: Conversation, login_params: dict[str, Any], run: Run) -> None:
    server.expect("POST", "/api/login", status=401, answer={"message": f"not {PASSWORD}"}, token=NOBODY)
    result = run(NAME, **login_params, label="ci", expire_in_hours=1)
    assert result["failed"]
    assert "connectware_password" in result["msg"]
    assert PASSWORD not in result["_printed"]


@pytest.mark.parametrize("hours", [0, -1])
def test_a_life_that_is_none(hours: int, login_params: dict[str, Any], run: Run) -> None:
    result = run(NAME, **login_params, label="ci", expire_in_hours=hours)
    assert result["failed"]
    assert "expire_in_hours" in result["msg"]


def test_a_token_is_not_enough(params: dict[str, Any], run: Run) -> None:
    assert run(NAME, **params, label="ci", expire_in_hours=1)["failed"]


@pytest.mark.parametrize("unusable", ["Bearer a.b.c", "tök"])
def test_a_token_of_the_environment_that_cannot_be_used_does_not_matter(
    unusable: str, server: Conversation, login_params: dict[str, Any], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTWARE_TOKEN", unusable)
    del login_params["connectware_token"]
    server.expect_login()
    result = run(NAME, **login_params, label="ci", expire_in_hours=1)
    assert result.get("token") == TOKEN, result
