# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A factory host speaks for the agents that the inventory names there, and for no other."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import expected_agents
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.spoken_for import check_spoken_for
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import UnexpectedAgentError

WANTED = [{"name": "press-1"}, {"name": "press-2", "username": "hh-press-2"}, {"name": 3, "username": None}]
RIGHT = [("press-1", "press-1"), ("press-2", "hh-press-2"), ("3", "3")]


def check(answered: list[tuple[Any, Any]]) -> None:
    check_spoken_for(answered, expected_agents("hamburg", WANTED), "hamburg")


def test_what_was_asked_for_is_believed_in_any_order() -> None:
    check(RIGHT)
    check(RIGHT[::-1])


@pytest.mark.parametrize(
    ("answered", "says"),
    [
        ([("press-1", "mu-robot-1"), *RIGHT[1:]], "the username 'mu-robot-1' for the agent 'press-1'"),
        ([*RIGHT, ("mu-robot-1", "mu-robot-1")], "it names the agent 'mu-robot-1', which the inventory does not"),
        ([*RIGHT, ("press-1", "press-1")], "it speaks twice of the agent 'press-1'"),
        (RIGHT[:2], "it says nothing of the agent '3'"),
        ([], "it says nothing of the agent 'press-1', it says nothing of the agent 'press-2'"),
        ([*RIGHT[:2], (3, 3)], "it names the agent 'int 3'"),
        ([("press-1", ["press-1"]), *RIGHT[1:]], """the username "list ['press-1']" for the agent 'press-1'"""),
        ([("press-1", "press-1\x1b[2J"), *RIGHT[1:]], "the username 'press-1?[2J' for"),
    ],
)
def test_anything_else_is_refused(answered: list[tuple[Any, Any]], says: str) -> None:
    with pytest.raises(UnexpectedAgentError) as refused:
        check(answered)

    text = refused.value.message
    assert says in text
    assert text.startswith("Could not use what module agents has answered on host hamburg: ")
    assert "Nobody was authorized" in text and "in other hands" in text


def test_of_many_the_first_ones_are_said() -> None:
    with pytest.raises(UnexpectedAgentError, match="and 8 more"):
        check([(f"other-{number}", "x") for number in range(10)])


def test_a_later_look_changes_nobodys_name() -> None:
    """It is held against nothing any more, so what is known stays."""
    known = Observation("press-1", "press-1", "a-container", "a-volume", state="running")
    record = AgentRecord(known)

    record.observe(Observation("press-1", "mu-robot-1", "another", "other", state="exited"), 1.0)

    seen = record.observation
    assert (seen.username, seen.container, seen.volume, seen.state) == ("press-1", "a-container", "a-volume", "exited")
