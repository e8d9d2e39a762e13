# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.filter.plan import FilterModule

plan = FilterModule().filters()["plan"]


def row(name: str, verdict: str = "registered", reason: str = "none", **more: Any) -> dict[str, Any]:
    """An agent of a report."""
    known = {"name": name, "host": "hall-1", "verdict": verdict, "reason": reason}
    return {**known, "drift": [], "findings": [], "would_register": False, **more}


def new(name: str, verdict: str = "awaiting_request", reason: str = "first_start", **more: Any) -> dict[str, Any]:
    return row(name, verdict, reason, would_register=True, **more)


def report(*agents: dict[str, Any], error: str = "") -> dict[str, Any]:
    return {"generated_at": "2026-11-24T06:00:00Z", "connectware": {"error": error}, "agents": list(agents)}


def test_where_nothing_is_to_do() -> None:
    assert plan(report(row("press-1"))) == (
        "Audit of 2026-11-24T06:00:00Z. Would be registered: none. Container would be made anew, started, or"
        " restarted: none. User would be deleted, and the agent registered anew: none. Left alone, because somebody has"
        " to decide: none. Could not be judged: none."
    )


def test_who_would_be_registered_and_why() -> None:
    text = plan(report(new("press-1"), new("press-2", "rejected", "credentials_rejected")))
    assert "Would be registered: press-1 on hall-1 (first_start), press-2 on hall-1 (credentials_rejected)." in text


@pytest.mark.parametrize(("verdict", "would_register"), [("conflict", False), ("impostor", False), ("impostor", True)])
def test_who_is_left_alone(verdict: str, would_register: bool) -> None:
    text = plan(report(row("press-1", verdict, "conflict", would_register=would_register)))
    assert "User would be deleted, and the agent registered anew: none." in text
    assert f"Left alone, because somebody has to decide: press-1 on hall-1 ({verdict})." in text
    assert "Would be registered: none." in text


def test_whose_user_would_be_deleted_because_the_inventory_says_so() -> None:
    """By agents_on_conflict: replace; whoever approves of the rollout approves of that."""
    text = plan(
        report(row("press-1", "conflict", "conflict", would_register=True), row("press-2", "conflict", "conflict"))
    )
    assert "User would be deleted, and the agent registered anew: press-1 on hall-1 (conflict). Left alone" in text
    assert "has to decide: press-2 on hall-1 (conflict)." in text and "Would be registered: none." in text


@pytest.mark.parametrize("verdict", ["broken", "unreachable", "unknown", "unreadable", "unsaved"])
def test_who_could_not_be_judged(verdict: str) -> None:
    text = plan(report(row("press-1", verdict, "first_start")))
    assert f"Could not be judged: press-1 on hall-1 ({verdict})." in text
    assert "Would be registered: none." in text


def test_a_ghost_is_not_registered() -> None:
    text = plan(report(row("press-1", "ghost", "first_start")))
    assert "Would be registered: none." in text and "press-1" not in text


@pytest.mark.parametrize("why", [{"drift": ["memory"]}, {"findings": ["absent"]}, {"findings": ["stopped", "drift"]}])
def test_whose_container_would_be_made_anew_or_started(why: dict[str, list[str]]) -> None:
    assert "started, or restarted: press-1 on hall-1 (registered)." in plan(report(row("press-1", **why)))
    assert plan(report(new("press-1", **why))).count("press-1") == (2 if "drift" in why else 1)


def test_who_would_only_be_restarted() -> None:
    """For a proof; one that asks for a registration is in the sentence of these."""
    text = plan(report(row("press-1", "unproven"), new("press-2", "unproven", "credentials_missing")))
    assert "started, or restarted: press-1 on hall-1 (unproven)." in text
    assert "Would be registered: press-2 on hall-1 (credentials_missing)." in text
    assert text.count("press-1") == text.count("press-2") == 1


def test_of_a_long_list_its_beginning() -> None:
    agents = [new(f"press-{number}") for number in range(1, 6)]
    start = "Would be registered: press-1 on hall-1 (first_start), press-2 on hall-1 (first_start)"
    assert f"{start} and 3 more. " in plan(report(*agents), longest=2)
    assert " more" not in plan(report(*agents), longest=5)


@pytest.mark.parametrize("error", ["It timed out", "It timed out."])
def test_that_connectware_did_not_answer(error: str) -> None:
    assert "Z. Connectware could not be asked: It timed out. Would" in plan(report(error=error))


@pytest.mark.parametrize("wrong", [{}, [], "", {"generated_at": "now"}, {**report(), "agents": ["press-1"]}])
def test_what_is_no_report_is_refused(wrong: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"read the file audit\.json"):
        plan(wrong)
