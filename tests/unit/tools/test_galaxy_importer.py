# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of what galaxy-importer says, nothing is overlooked and nothing is accepted for no reason."""

from __future__ import annotations

from tools.galaxy_importer import complaints, judge

OUTPUT = "Loading module agents\nWARNING: playbooks/a.yml:7:10: odd\nERROR: broken\n...ansible-lint run complete\n"
ODD, BROKEN = "WARNING: playbooks/a.yml:7:10: odd", "ERROR: broken"


def test_warnings_and_errors_are_complaints() -> None:
    assert complaints(OUTPUT) == [ODD, BROKEN]


def test_what_is_not_accepted_is_wrong() -> None:
    accepted = [{"says": r"WARNING: playbooks/a.yml:\d+:\d+: odd", "reason": "meant"}]

    assert judge([ODD, BROKEN], accepted) == [BROKEN]


def test_a_reason_is_needed() -> None:
    assert judge([ODD], [{"says": ".*odd", "reason": " "}]) == ["accepted without a reason: .*odd"]


def test_what_is_not_said_any_more_need_not_be_accepted() -> None:
    (wrong,) = judge([], [{"says": ".*odd", "reason": "meant"}])

    assert "any more" in wrong


def test_a_part_of_a_line_is_not_enough() -> None:
    assert ODD in judge([ODD], [{"says": "WARNING", "reason": "meant"}])
