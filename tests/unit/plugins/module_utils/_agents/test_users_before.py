# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user of an agent's name that was there before: it is told from the agent's own, and kept unless it may go."""

from __future__ import annotations

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConflictError, UnreachableError

from .talking import talk, turn
from .world import World

__all__ = ["turn"]  # each course with and without turns


@pytest.mark.parametrize("told", ["confirm", "confirm_and_drop"])
@pytest.mark.parametrize("protected", [True, False])
def test_a_user_that_was_there_before_is_not_ours_if_only_the_authorization_tells_of_it(told, protected):
    world = World(tells_conflict=told)
    world.add("agent-1")
    world.users.add("agent-1")
    world.protected = {"agent-1"} if protected else set()
    outcome = talk(world)["agent-1"]
    assert outcome["verdict"] == "conflict" and "agents_on_conflict" in outcome["message"], outcome
    assert "authorized" not in outcome["actions"]
    assert world.users == {"agent-1"}
    assert [call for call in world.calls if call.startswith("delete")] == []


@pytest.mark.parametrize("told", ["confirm", "confirm_and_drop"])
def test_such_a_user_is_replaced_if_the_user_wants_it(told):
    world = World(tells_conflict=told)
    world.add("agent-1")
    world.users.add("agent-1")
    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]
    assert outcome["registered"], outcome
    assert [call for call in world.calls if call.startswith("delete")] == ["delete agent-1"]


@pytest.mark.parametrize("on_conflict", ["fail", "replace"])
@pytest.mark.parametrize(
    "ways", [{"refuses_while_closed": True, "pending_survives": True}, {}], ids=["refused", "gone"]
)
def test_the_window_is_open_for_one_whose_authorization_is_to_tell_of_its_user(ways, on_conflict):
    """The run has closed it to authorize, in vain; the request of an agent that was restarted has to come again."""
    world = World(tells_conflict="confirm", authorizes_while_closed=None, **ways)
    world.add("agent-1")
    world.users.add("agent-1")
    quick = Policy(on_conflict=on_conflict, settle=2.0, poll_interval=1.0, grace=5.0)
    outcome = talk(world, policy=quick)["agent-1"]
    assert outcome["verdict"] == ("registered" if on_conflict == "replace" else "conflict"), outcome
    assert world.window_until <= world.now


def test_a_name_that_was_taken_is_free_when_its_user_is_gone():
    world = World(tells_conflict="confirm", pending_survives=True)
    world.add("agent-1")
    world.users.add("agent-1")
    original = world.authorize

    def authorize(username, pairing_id):
        try:
            original(username, pairing_id)
        except ConflictError:
            world.users.discard(username)  # by hand, in the same moment
            raise

    world.authorize = authorize
    assert talk(world)["agent-1"]["registered"]
    assert [call for call in world.calls if call.startswith("delete")] == []


def taking_in_vain(world):
    """Connectware says that it authorizes although a user of that name is there; the agent hears 409 afterwards."""

    def authorize(username, pairing_id):
        if username not in world.users:
            World.authorize(world, username, pairing_id)
            return
        world.calls.append(f"authorize {username}")
        world.pending.remove((username, pairing_id))
        world.refused.add(pairing_id)

    world.authorize = authorize


@pytest.mark.parametrize("on_conflict", ["poll", "exit", "silent"])
@pytest.mark.parametrize("protected", [True, False])
def test_a_user_that_was_there_before_is_not_ours_if_connectware_took_the_authorization(on_conflict, protected):
    world, entries = World(tells_conflict="confirm"), []
    world.add("agent-1", on_conflict=on_conflict)
    world.users.add("agent-1")
    world.protected = {"agent-1"} if protected else set()
    taking_in_vain(world)

    outcome = talk(world, entries=entries)["agent-1"]

    assert outcome["verdict"] == "conflict" and "agents_on_conflict" in outcome["message"], outcome
    assert "'agent-1' was there before this run authorized anything, so it was kept" in outcome["message"]
    assert "authorize agent-1" in world.calls and "taken_back" not in outcome["actions"]
    assert world.users == {"agent-1"} and not [call for call in world.calls if call.startswith("delete")]
    assert entries[-1][0] == "not_taken_back"


@pytest.mark.parametrize("protected", [True, False])
def test_such_a_user_is_replaced_only_if_the_user_wants_it_and_it_is_not_protected(protected):
    world = World(tells_conflict="confirm")
    world.add("agent-1")
    world.users.add("agent-1")
    world.protected = {"agent-1"} if protected else set()
    taking_in_vain(world)

    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]

    assert [call for call in world.calls if call.startswith("delete")] == ["delete agent-1"], "not as one of ours"
    assert outcome["registered"] == (not protected), outcome
    assert world.users == {"agent-1"} and ("it is an administrator" in outcome["message"]) == protected


def test_a_user_that_was_there_before_is_kept_also_where_the_agent_never_says_why_it_fails():
    world = World(tells_conflict="confirm")
    agent = world.add("agent-1")
    world.users.add("agent-1")

    def authorize(username, pairing_id):
        world.pending.remove((username, pairing_id))
        agent.asks_at = None

    world.authorize = authorize

    outcome = talk(world, timeout=40.0)["agent-1"]

    assert not outcome["registered"] and "so it was kept" in outcome["message"], outcome
    assert world.users == {"agent-1"} and not [call for call in world.calls if call.startswith("delete")]


def test_a_user_that_is_made_by_hand_while_the_request_waits_is_kept():
    world = World(tells_conflict="confirm")
    world.add("agent-1")
    original = world.authorize

    def authorize(username, pairing_id):
        world.users.add(username)
        original(username, pairing_id)

    world.authorize = authorize
    outcome = talk(world)["agent-1"]
    assert outcome["verdict"] == "conflict" and outcome["actions"] == [], outcome
    assert world.users == {"agent-1"}


def test_where_no_answer_came_a_user_that_cannot_be_ours_is_kept():
    """The request is gone and the user is there: so it looks authorized, but it was made by hand in that moment."""
    world = World()
    agent = world.add("agent-1")

    def authorize(username, pairing_id):
        world.calls.append(f"authorize {username}")
        world.pending.remove((username, pairing_id))
        world.users.add(username)
        world.protected.add(username)
        agent.asks_at = None
        raise UnreachableError("authorize")

    world.authorize = authorize
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"] and "it is an administrator" in outcome["message"], outcome
    assert world.users == {"agent-1"}


def test_a_user_that_is_protected_is_kept():
    world = World()
    world.registered("agent-1").credentials = False
    world.protected.add("agent-1")
    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]
    assert outcome["verdict"] == "conflict" and "administrator" in outcome["message"]
    assert "agent-1" in world.users
