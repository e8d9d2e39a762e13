# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a task that come in one mapping."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.edgefleet.connectware.plugins.plugin_utils.grouped_options import ungrouped


@pytest.mark.parametrize("grouped", [{}, None, {"options": None}, {"options": {}}])
def test_without_a_mapping_nothing_changes(grouped: dict[str, Any] | None) -> None:
    assert ungrouped({"agents": [1], **(grouped or {})}) == {"agents": [1]}


def test_what_is_null_in_the_mapping_was_not_given() -> None:
    given = {"state": "present", "options": {"cpus": None, "memory": "", "init": False, "env": {"A": None}}}
    assert ungrouped(given) == {"state": "present", "memory": "", "init": False, "env": {"A": None}}


def test_what_stands_beside_the_mapping_wins() -> None:
    assert ungrouped({"image": "mine", "cpus": None, "options": {"image": "theirs", "cpus": 2}}) == {
        "image": "mine",
        "cpus": None,
    }


def test_the_result_of_a_task_that_failed_is_why_this_one_fails() -> None:
    with pytest.raises(AnsibleActionFail, match="Could not reach Connectware"):
        ungrouped({"agents": [], "options": {"failed": True, "msg": "Could not reach Connectware"}})


@pytest.mark.parametrize(
    ("grouped", "text"),
    [
        ("image=theirs", "'options' takes a mapping of other options, not a string"),
        ([{"image": "theirs"}], "'options' takes a mapping of other options, not a list"),
        ({"options": {}}, "'options' takes other options, not 'options' again"),
        ("{'env': {'BUILD': datetime.date(2024, 1, 1)}}", "has a value that this ansible-core cannot pass on"),
        ("{'cpus': inf, 'env': {'A': 1}}", "such as a date without quotes: write it in quotes"),
    ],
)
def test_something_else_is_refused(grouped: Any, text: str) -> None:
    with pytest.raises(AnsibleActionFail, match=text):
        ungrouped({"agents": [], "options": grouped})
