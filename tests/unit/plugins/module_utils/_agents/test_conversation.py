# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation against a world in memory: every course ends, and ends well."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from dataclasses import replace

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import (
    AWAITING_REQUEST,
    VERDICTS,
    Policy,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interim import Interim
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import LogEvent, Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import failure_of, outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConflictError,
    ContractError,
    EngineUnavailableError,
    ForbiddenError,
    LockedError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    UnreachableError,
)

from .world import World

BETWEEN = 3.0  # seconds that pass between two turns, while other hosts have theirs


@pytest.fixture(autouse=True, params=[None, 0.0, 1.5], ids=["at_once", "shortest_turns", "turns"])
def turn(request, monkeypatch):
    """Every course ends well whether a host has a worker for itself or shares it with others."""
    monkeypatch.setattr(f"{__name__}.TURN", request.param)
    return request.param


TURN = None


def talk(
    world, *, check=False, timeout=180.0, policy=None, lines=None, warnings=None, entries=None, windows=None, book=None
):
    records, interim, book = [AgentRecord(world.observe(name)) for name in world.agents], None, book or own_book()
    if lines is not None:
        listing = world.requests
        world.requests = lambda: lines.append(conversation.progress()) or listing()
    while True:
        conversation = Conversation(
            records, world, world, policy or Policy(), timeout=timeout, lease=60.0,
            clock=Clock(lambda: world.now, world.sleep), book=book, interim=interim,
        )  # fmt: skip
        try:
            conversation.predict() if check else conversation.run(TURN)
        finally:
            if warnings is not None:
                warnings += conversation.warnings
            if entries is not None:
                entries += [(one.outcome, one.message) for r in records for one in r.authorizations.asked]
            if windows is not None:
                windows += [one.window_open for r in records for one in r.authorizations.asked]
        if conversation.interim is None:
            return {record.name: outcome(record) for record in records}
        interim = Interim.from_dict(json.loads(json.dumps(conversation.interim.to_dict())))
        records = list(interim.records)
        world.sleep(BETWEEN)


def test_who_is_only_watched_and_has_settled_meanwhile_is_not_waited_for():
    """All hosts of a batch have started their agents before the first one is watched, and some wait for a worker."""
    world = World()
    world.registered("press")
    world.restart("press")
    records = [AgentRecord(world.observe("press"))]
    world.sleep(30.0)
    began = world.now
    clock = Clock(lambda: world.now, world.sleep)
    Conversation(
        records, world, world, Policy(only_watch=True), timeout=180.0, lease=60.0, clock=clock, book=own_book()
    ).run(TURN)

    assert outcome(records[0])["verdict"] == "registered"
    assert (world.looks, world.now - began) == (1, pytest.approx(0.3))


def writes(world):
    return [call for call in world.calls if call not in ("requests", "existing")]


def windows_at_authorizations(world):
    """Of each authorization, what was done to the window last before it."""
    moves = [call for call in world.calls if call in ("open", "close") or call.startswith("authorize")]
    return [moves[at - 1] for at, call in enumerate(moves) if call.startswith("authorize")]


WAYS = list(itertools.product(["before", "after"], ["poll", "exit", "silent"], [True, False], [True, False]))


@pytest.mark.parametrize(("saves", "on_conflict", "survives", "conflict_first"), WAYS)
def test_first_start_then_nothing(saves, on_conflict, survives, conflict_first):
    world = World(pending_survives=survives, conflict_first=conflict_first)
    for number in range(5):
        world.add(f"agent-{number}", saves=saves, on_conflict=on_conflict)
    first = talk(world)
    assert {o["verdict"] for o in first.values()} == {"registered"}
    assert {o["reason"] for o in first.values()} == {"first_start"}
    assert all(o["changed"] and o["pairing_id"] for o in first.values())
    assert set(world.restarts.values()) == {1}
    assert world.window_until <= world.now and world.calls.count("open") == world.calls.count("close") == 1
    world.sleep(10)
    world.calls.clear()
    second = talk(world)
    assert not any(o["changed"] for o in second.values())
    assert world.calls == ["requests", "existing"]


@pytest.mark.parametrize(("saves", "on_conflict", "survives", "conflict_first"), WAYS)
def test_only_the_agent_that_lost_its_credentials_is_touched(saves, on_conflict, survives, conflict_first):
    world = World(pending_survives=survives, conflict_first=conflict_first)
    for number in range(4):
        world.registered(f"agent-{number}", saves=saves, on_conflict=on_conflict)
    world.agents["agent-2"].credentials = False
    failed = talk(world)
    assert failed["agent-2"]["verdict"] == "conflict" and not failed["agent-2"]["registered"]
    assert failed["agent-2"]["reason"] == "credentials_missing"
    healed = talk(world, policy=Policy(on_conflict="replace"))
    assert healed["agent-2"]["verdict"] == "registered", healed
    assert "user_deleted" in healed["agent-2"]["actions"]
    assert set(world.restarts) == {"agent-2"}
    assert writes(world).count("delete agent-2") == 1
    world.sleep(10)
    assert not any(o["changed"] for o in talk(world).values())


@pytest.mark.parametrize(("saves", "on_conflict", "survives", "conflict_first"), WAYS)
def test_deleted_user_is_registered_again(saves, on_conflict, survives, conflict_first):
    world = World(pending_survives=survives, conflict_first=conflict_first)
    for number in range(3):
        world.registered(f"agent-{number}", saves=saves, on_conflict=on_conflict)
    world.users.discard("agent-1")
    outcome = talk(world)
    assert outcome["agent-1"]["verdict"] == "registered"
    assert outcome["agent-1"]["reason"] == "credentials_rejected"
    assert set(world.restarts) == {"agent-1"}
    world.sleep(10)
    assert not any(o["changed"] for o in talk(world).values())


def test_credentials_lost_and_replaced_in_one_run():
    world = World()
    world.registered("agent-1").credentials = False
    outcome = talk(world, policy=Policy(on_conflict="replace"))
    assert outcome["agent-1"]["actions"] == ["restarted", "user_deleted", "restarted", "authorized", "restarted"]
    world.sleep(10)
    assert not talk(world)["agent-1"]["changed"]


@pytest.mark.parametrize("on_conflict", ["poll", "exit", "silent"])
def test_the_window_stays_closed_until_an_agent_whose_user_was_deleted_is_restarted(on_conflict):
    """What it asks before that would be listed beside its new request, and its log would still hold the old lines."""
    world = World(pending_survives=True)
    world.add("agent-1", on_conflict=on_conflict)
    world.users.add("agent-1")
    world.sleep(10.0)
    opened, restarted = [], []
    honest = world.open_window
    world.open_window = lambda seconds: opened.append(dict(world.restarts)) or honest(seconds)
    deleting = world.delete_user
    world.delete_user = lambda *args, **more: restarted.append(dict(world.restarts)) or deleting(*args, **more)

    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]

    assert outcome["registered"] and outcome["actions"] == ["user_deleted", "restarted", "authorized", "restarted"]
    assert restarted == [{}] and opened[0] == {"agent-1": 1}


def test_impostor_with_our_name_is_not_let_in_and_the_others_go_on():
    world = World(pending_survives=True)
    world.add("agent-1")
    world.add("agent-2")
    world.stranger("agent-1")
    outcome = talk(world)
    assert outcome["agent-1"]["verdict"] == "impostor" and "ffffff" in outcome["agent-1"]["message"]
    assert outcome["agent-2"]["registered"]
    assert all(pairing_id not in world.strangers for _username, pairing_id in world.let_in)


def test_volume_that_does_not_persist_is_found_by_the_proof():
    world = World()
    agent = world.add("agent-1")
    original = world._start
    world._start = lambda a: (setattr(a, "credentials", False), original(a))[1]
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"]
    assert world.restarts == {"agent-1": 1}
    assert agent.starts == 2


def test_agent_that_never_asks_times_out_with_its_last_lines():
    world = World()
    world.add("agent-1", boot=10_000.0)
    lines = []
    outcome = talk(world, timeout=100.0, lines=lines)["agent-1"]
    assert not outcome["registered"] and outcome["message"]
    assert world.restarts == {"agent-1": 1}
    assert lines[0] == "0 of 1 registered, waiting for agent-1: not judged yet"
    assert re.fullmatch(r"0 of 1 registered, waiting for agent-1: awaiting_request since [1-9]\d* s", lines[20])
    assert world.window_until <= world.now


def test_who_ran_out_of_time_is_told_with_what_was_seen_last_and_the_end_of_its_log():
    world = World()
    world.add("agent-1", boot=10_000.0)
    said = {"last_lines": ("one", "two", "three", "no route to host"), "former_lines": ("it was killed",)}
    honest = world.observe
    world.observe = lambda name: replace(honest(name), **said)
    record = AgentRecord(world.observe("agent-1"))
    clock = Clock(lambda: world.now, world.sleep)
    Conversation([record], world, world, Policy(grace=500.0), timeout=20.0, clock=clock, book=own_book()).run()

    failure = failure_of([record], "hamburg", {}, {"interim": {}})

    assert failure["failed"] and failure["msg"].startswith(
        "Host hamburg: 1 of 1 agents are not registered: agent agent-1: time is out, see timeout (agents_timeout); last"
        f" seen: {AWAITING_REQUEST}: {record.verdict.message}"
    )
    assert failure["msg"].endswith(
        ". Last log lines: two | three | no route to host. Before the engine started it again: it was killed"
    )
    assert outcome(record)["last_lines"] == list(said["last_lines"])


def test_check_mode_only_reads():
    world = World()
    world.add("agent-1")
    world.registered("agent-2")
    outcome = talk(world, check=True)
    assert world.calls == ["requests", "existing"]
    assert outcome["agent-1"]["verdict"] == "awaiting_request"
    assert outcome["agent-2"]["verdict"] == "registered"


def in_conflict(*names):
    """Agents that have lost their credentials, have asked, and were told 409."""
    world = World(conflict_first=True)
    for name in names:
        world.registered(name)
        world.agents[name].credentials = False
        world.restart(name)
    world.sleep(10.0)
    return world


def in_every_state():
    """An agent for each verdict, named after it."""
    world = World(pending_survives=True)
    for name in ("awaiting_authorization", "impostor", "awaiting_request", "unreadable"):
        world.add(name, boot=10_000.0 if name == "unreadable" else 0.5).marked = True
    for name in ("broken", "conflict", "registered", "unproven", "unsaved", "rejected"):
        world.registered(name).marked = name == "registered"
    world.agents["conflict"].credentials = world.agents["unsaved"].credentials = False
    world.restart("conflict")
    for name in ("unproven", "unsaved"):
        pairing = LogEvent("pairing", world.now - 400.0, name, "a00001")
        world.agents[name].events = [LogEvent("asking_new", world.now - 400.0), pairing]
    world.users.discard("rejected")
    world.open_window(60.0)
    world.sleep(80.0)  # it has closed by itself
    world.pending = [request for request in world.pending if request[0] != "awaiting_request"]
    world.stranger("impostor")
    world.calls.clear()
    return world


@pytest.mark.parametrize("on_conflict", ["fail", "replace"])
@pytest.mark.parametrize("watch_started", [False, True])
def test_check_mode_writes_nothing_whatever_the_verdict(on_conflict, watch_started):
    world = in_every_state()
    seen = {name: world.observe(name) for name in world.agents}
    seen["broken"] = replace(seen["broken"], state="restarting", restart_count=5, exit_code=139)
    records = [AgentRecord(each) for each in seen.values()]
    users, pending, window = set(world.users), list(world.pending), world.window_until
    clock = Clock(lambda: world.now, world.sleep)

    conversation = Conversation(records, world, world, Policy(on_conflict), clock=clock, book=own_book())
    conversation.predict(watch_started=watch_started)

    found = {record.name: outcome(record, predicted=True)["verdict"] for record in records}
    assert found == {verdict: verdict for verdict in VERDICTS}
    assert set(writes(world)) <= {"undeletable"}, "which only reads"
    assert (world.users, world.pending, world.window_until) == (users, pending, window)
    assert (world.restarts, world.unmarked, world.let_in) == ({}, [], [])


@pytest.mark.parametrize("watch_started", [False, True])
def test_check_mode_tells_of_a_user_that_must_not_be_deleted(watch_started):
    world = in_conflict("agent-1", "agent-2")
    world.protected.add("agent-2")
    records = [AgentRecord(world.observe(name)) for name in world.agents]
    clock = Clock(lambda: world.now, world.sleep)

    conversation = Conversation(records, world, world, Policy("replace"), clock=clock, book=own_book())
    conversation.predict(watch_started=watch_started)

    one, two = (outcome(record, predicted=True) for record in records)
    assert (one["verdict"], one["message"]) == ("conflict", "the stale user 'agent-1' is deleted")
    assert two["verdict"] == "conflict" and "agent-2 is an administrator" in two["message"]
    assert [record.wants("delete_user") for record in records] == [True, False]
    assert set(writes(world)) == {"undeletable"}, "which only reads"


def test_check_mode_with_reading_rights_alone_says_what_it_could_not_find_out():
    world = in_conflict("agent-1")
    record = AgentRecord(world.observe("agent-1"))

    def undeletable(_usernames):
        raise ForbiddenError("list roles", where="GET /api/roles", answered="HTTP 403")

    world.undeletable = undeletable
    conversation = Conversation([record], world, world, Policy("replace"), book=own_book())
    conversation.predict()

    assert record.wants("delete_user")
    assert "HTTP 403" in conversation.warnings[0] and "agent-1" in conversation.warnings[0]


@pytest.mark.parametrize("password", ["that", "another"])
def test_check_mode_can_watch_first_whether_those_that_have_just_started_ask(password):
    world = World()
    for name in ("agent-1", "agent-2"):
        world.registered(name)
    if password == "another":
        world.secrets["agent-2"] = password
    world.restart("agent-2")
    world.agents["agent-2"].marked = True
    began = world.now
    records = [AgentRecord(world.observe(name)) for name in world.agents]
    clock = Clock(lambda: world.now, world.sleep)

    Conversation(records, world, world, Policy("replace"), clock=clock, book=own_book()).predict(watch_started=True)

    found = {record.name: outcome(record, predicted=True) for record in records}
    assert found["agent-1"]["registered"]
    assert found["agent-2"]["registered"] == (password == "that")
    assert found["agent-2"]["reason"] == ("none" if password == "that" else "credentials_rejected")
    assert not writes(world) and world.now - began < Policy().settle + 1
    assert world.unmarked == []


def test_a_pairing_id_without_times_is_believed_after_a_poll_also_where_the_clock_was_set_back():
    seen = Observation(
        "a", "a", "c", "v", state="running", started_at=5000.0, observed_at=100.0,
        events=(LogEvent("asking_new"), LogEvent("pairing", None, "a", "a00001")),
    )  # fmt: skip
    record = AgentRecord(seen)
    record.pending = ("a00001",)
    policy = Policy(poll_interval=5.0)
    verdicts = []
    for later in (0.0, 4.0, 6.0):
        record.observe(replace(seen, observed_at=100.0 + later), later)
        verdicts.append(record.judge(policy, True, later).action)

    assert verdicts == ["wait", "wait", "authorize"]


def test_what_the_deployment_of_this_run_has_started_asks_anew_also_where_it_was_faster_than_the_first_look():
    world = World()
    world.registered("agent-1")
    world.secrets["agent-1"] = "another"
    world.restart("agent-1")
    world.sleep(2.0)
    seen = {started: replace(world.observe("agent-1"), started_now=started) for started in (True, False)}
    assert seen[True].asks

    reasons = {}
    for started, observation in seen.items():
        record = AgentRecord(observation)
        Conversation([record], world, world, Policy("replace"), book=own_book()).predict()
        reasons[started] = outcome(record, predicted=True)["reason"]

    assert reasons == {True: "credentials_rejected", False: "none"}, "the lines of an older start may be history"


def test_window_that_was_open_before_is_left_open():
    world = World()
    world.window_until = world.now + 3600
    world.add("agent-1")
    assert talk(world)["agent-1"]["registered"]
    assert "close" not in world.calls and "open" not in world.calls


def test_window_is_closed_when_the_server_fails_in_between():
    world = World()
    world.add("agent-1")

    def fail(username, pairing_id):
        raise ForbiddenError(f"authorize {username} {pairing_id}")

    world.authorize = fail
    with pytest.raises(ForbiddenError):
        talk(world)
    assert world.calls[-1] == "close"


@pytest.mark.parametrize("error", [LockedError, ServerError, UnreachableError])
@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize("saves", ["before", "after"])
def test_an_authorization_whose_answer_is_lost_is_looked_after(error, takes_effect, saves):
    world = World()
    world.add("agent-1", saves=saves)
    original, failures = world.authorize, iter([True])

    def authorize(username, pairing_id):
        failing = next(failures, False)
        if takes_effect or not failing:
            original(username, pairing_id)
        if failing:
            raise error("authorize")

    world.authorize = authorize
    outcome = talk(world)["agent-1"]
    assert outcome["registered"], outcome
    assert outcome["actions"] == ["authorized", "restarted"]
    assert len(world.let_in) == 1


@pytest.mark.parametrize("status", [200, 202, 303, None])
@pytest.mark.parametrize(
    ("takes", "protected"), [("effect", False), ("effect", True), ("none", False), ("later", False)]
)
def test_an_answer_to_an_authorization_that_tells_nothing_is_not_counted_as_a_refusal(status, takes, protected):
    world, entries = World(), []
    world.add("agent-1")
    world.protected |= {"agent-1"} if protected else set()
    original = world.authorize

    def authorize(username, pairing_id):
        if takes == "effect":
            original(username, pairing_id)
        elif takes == "later":
            world.pending.clear()
            world.agents["agent-1"].asks_at = None
        raise ContractError(f"authorize {username}", answered=f"HTTP {status}", status=status)

    world.authorize = authorize
    with pytest.raises(ContractError, match=f"HTTP {status}"):
        talk(world, entries=entries)
    outcomes = {"none": "failed", "later": "attempted"}
    ((settled, message),) = entries
    assert settled == outcomes.get(takes, "not_taken_back" if protected else "taken_back")
    assert (f"HTTP {status}" in message) == (takes != "later")
    assert ("agent-1" in world.users) == protected
    assert world.calls[-1] == "close"


def test_who_was_let_in_by_such_an_answer_and_cannot_be_looked_for_is_told():
    world, warnings, entries = World(), [], []
    world.add("agent-1")

    def authorize(username, pairing_id):
        world.existing = fail
        raise ContractError(f"authorize {username} {pairing_id}", status=303)

    def fail(usernames):
        raise ServerError(f"list the users {', '.join(usernames)}")

    world.authorize = authorize
    with pytest.raises(ContractError):
        talk(world, entries=entries, warnings=warnings)
    (warning,) = warnings
    assert "agent agent-1 was authorized is unknown: Could not list the users agent-1." in warning
    assert entries == [("attempted", "")]


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


@pytest.mark.parametrize("stays", [True, False])
def test_a_refusal_of_an_ambiguous_name_deletes_nobody(stays):
    """Connectware answers 409 too where two requests of a name are pending. An administrator then lets ours in."""
    world, refused = World(pending_survives=stays), []
    agent = world.add("agent-1")
    listing = world.existing

    def authorize(username, pairing_id):
        world.stranger(username)
        refused.append(pairing_id)
        raise ConflictError(f"authorize {username}", answered="HTTP 409: several requests of that name")

    def existing(usernames):
        found = listing(usernames)
        request = ("agent-1", agent.pairing_id)
        if refused and request in world.pending:
            world.pending.remove(request)
            world.users.add("agent-1")
            world.secrets["agent-1"] = agent.secret
            agent.granted = True
        return found

    world.authorize, world.existing = authorize, existing
    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]
    assert len(refused) == 1 and world.users == {"agent-1"}, outcome
    assert [call for call in world.calls if call.startswith("delete")] == []
    assert outcome["verdict"] == ("impostor" if stays else "registered"), outcome


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


def test_a_stranger_who_got_in_is_out_soon_though_others_take_turns_in_the_list():
    """A list that shows the agent's own request, and then another's, and so on, gives nobody more time."""
    world = World(pending_survives=True, tells_conflict="confirm")
    agent = world.add("agent-1")
    let_in, out, lists, listing, deleting = [], [], itertools.count(), world.requests, world.delete_user

    def authorize(username, pairing_id):
        world.users.add(username)  # by another request that has taken the place of the agent's own
        world.pending.remove((username, pairing_id))
        let_in.append(world.now)

    def requests():
        if let_in:
            world.pending = [("agent-1", "ffffff" if next(lists) % 2 else agent.pairing_id)]
        return listing()

    def delete_user(username, **more):
        out.append(world.now)
        deleting(username, **more)

    world.authorize, world.requests, world.delete_user = authorize, requests, delete_user
    outcome = talk(world, policy=Policy(settle=2.0, poll_interval=1.0, grace=5.0))["agent-1"]
    assert "taken_back" in outcome["actions"] and world.users == set(), outcome
    assert len(let_in) == len(out) == 1
    assert out[0] - let_in[0] < 4.0 + 2 * BETWEEN


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


def test_window_that_somebody_else_made_longer_is_left_open():
    world = World()
    world.add("agent-1", poll=3.0)
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        world.window_until = world.now + 3600

    world.authorize = authorize
    assert talk(world)["agent-1"]["registered"]
    assert "close" not in world.calls


def test_a_run_that_was_killed_after_any_write_is_finished_by_the_next():
    class Killed(BaseException):
        pass

    for stop_at in range(1, 12):
        world = World(seed=stop_at)
        for number in range(3):
            world.add(f"agent-{number}", saves="before" if stop_at % 2 else "after")
        count = itertools.count(1)
        for method in ("open_window", "authorize", "look"):
            original = getattr(world, method)

            def killing(*args, original=original, count=count, stop_at=stop_at):
                if next(count) == stop_at:
                    raise Killed
                return original(*args)

            setattr(world, method, killing)
        with contextlib.suppress(Killed):
            talk(world)
        for method in ("open_window", "authorize", "look"):
            delattr(world, method)
        world.sleep(3)
        outcome = talk(world)
        assert {o["verdict"] for o in outcome.values()} == {"registered"}, (stop_at, outcome)
        world.sleep(10)
        assert not any(o["changed"] for o in talk(world).values())


def test_requests_of_a_first_rollout_stay_within_their_budget():
    world = World()
    for number in range(10):
        world.add(f"agent-{number}")
    talk(world)
    authorizations = [call for call in world.calls if call.startswith("authorize")]
    others = len(world.calls) - len(authorizations)
    assert len(authorizations) == 10
    assert others <= 4 + 14, world.calls


@pytest.mark.parametrize("saves", ["before", "after"])
def test_a_stranger_who_took_the_place_of_the_listed_request_is_thrown_out(saves):
    world = World()
    world.add("agent-1", saves=saves)
    original = world.authorize

    def authorize(username, pairing_id):
        world.pending = [(username, "ffffff")]
        world.strangers.add("ffffff")
        world.calls.append("swapped")
        original_pending = world.pending
        world.pending = [(username, pairing_id)]
        original(username, pairing_id)
        world.agents[username].granted = False
        world.let_in[-1] = original_pending[0]

    world.authorize = authorize
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"]
    assert "agent-1" not in world.users and "delete agent-1 (ours)" in world.calls
    assert outcome["actions"][-1] == "taken_back" and "deleted at once" in outcome["message"]
    world.authorize = original
    assert talk(world)["agent-1"]["registered"]


def test_what_cannot_be_taken_back_is_said_loudly():
    world = World()
    world.add("agent-1")
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        world.agents[username].granted = False

    def forbidden(username, *, ours):
        assert ours
        raise ForbiddenError(f"delete the user {username}", answered="HTTP 403")

    world.authorize, world.delete_user = authorize, forbidden
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"]
    assert "HTTP 403" in outcome["message"] and "Delete it in Connectware now" in outcome["message"]


@pytest.mark.parametrize(("deny_supported", "survives"), [(True, True), (True, False), (False, False)])
def test_its_own_request_from_before_a_restart_is_cleared(deny_supported, survives):
    world = World(deny_supported=deny_supported, pending_survives=survives, forgets_restarted=False)
    world.add("agent-1")
    world.window_until = world.now + 3
    world.sleep(2)
    world._start(world.agents["agent-1"])
    world.sleep(1.5 if survives else 0.9)
    outcome = talk(world)["agent-1"]
    assert outcome["registered"], outcome
    assert len(world.let_in) == 1


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("others", [0, 1])
def test_what_could_not_be_cleared_because_another_worker_moves_the_window_is_cleared_in_another_round(rounds, others):
    world, book, clearings = World(), own_book(), []
    world.add("agent-1")
    world.stranger("agent-1", "dead01")
    world.window_until = world.now + 50.0  # by this run itself, for other hosts of it
    book.opened(world.window_until, world.window_until)
    for _other in range(others):
        book.enter()
    denying = world.deny

    def deny(username):
        clearings.append(username)
        if len(clearings) <= rounds:
            assert book.claim(world.now)
        return denying(username)

    def requests():
        if 1 <= len(clearings) <= rounds and world.calls[-1].startswith("deny"):
            book.release()
        return World.requests(world)

    world.deny, world.requests = deny, requests
    outcome = talk(world, book=book)["agent-1"]
    assert outcome["registered"], outcome
    assert len(clearings) == rounds + 1
    assert [pairing_id for _username, pairing_id in world.let_in] == [world.agents["agent-1"].pairing_id]


def test_an_earlier_request_that_nothing_clears_is_told():
    world = World(pending_survives=True, forgets_restarted=False)
    world.add("agent-1")
    world.window_until = world.now + 3
    world.sleep(2)
    world._start(world.agents["agent-1"])
    world.sleep(2)
    outcome = talk(world)["agent-1"]
    assert not outcome["registered"] and "no way to deny it (POST /deny: HTTP 404)" in outcome["message"]
    assert not world.let_in


def test_a_user_that_is_protected_is_kept():
    world = World()
    world.registered("agent-1").credentials = False
    world.protected.add("agent-1")
    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]
    assert outcome["verdict"] == "conflict" and "administrator" in outcome["message"]
    assert "agent-1" in world.users


@pytest.mark.parametrize(("method", "works"), [("requests", 1), ("existing", 1), ("open_window", 0), ("look", 0)])
def test_an_outage_in_the_middle_is_waited_for(method, works):
    world = World()
    for number in range(3):
        world.add(f"agent-{number}")
    original, calls = getattr(world, method), itertools.count(1)
    error = EngineUnavailableError if method == "look" else UnreachableError

    def failing(*args):
        if works < next(calls) <= works + 3:
            raise error("reach it")
        return original(*args)

    setattr(world, method, failing)
    outcome = talk(world)
    assert {o["verdict"] for o in outcome.values()} == {"registered"}, outcome
    assert set(world.restarts.values()) == {1}


def test_one_that_the_engine_cannot_restart_is_taken_back_and_the_others_go_on():
    world = World()
    world.add("agent-0")
    for number in (1, 2):
        world.add(f"agent-{number}", boot=3.0)
    world.restart_trouble = {"agent-0": "Could not restart the container c-agent-0: task 0123: already exists."}
    outcomes = talk(world)
    assert outcomes["agent-0"]["verdict"] == "broken" and "already exists" in outcomes["agent-0"]["message"]
    assert outcomes["agent-0"]["actions"] == ["authorized", "taken_back"]
    assert [outcomes[f"agent-{number}"]["registered"] for number in (1, 2)] == [True, True]
    assert world.users == {"agent-1", "agent-2"}


def test_whoever_was_let_in_and_never_came_is_thrown_out_when_time_is_out():
    world = World()
    world.add("agent-1", poll=1000.0)
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        world.agents[username].asks_at = None

    world.authorize = authorize
    world.window_until = world.now + 5000
    world.sleep(1)
    outcome = talk(world, timeout=10.0)["agent-1"]
    assert not outcome["registered"] and "time is out" not in outcome["verdict"]
    assert "agent-1" not in world.users and outcome["actions"][-1] == "taken_back"
    assert "was deleted at once" in outcome["message"]


@pytest.mark.parametrize("turn", [None], indirect=True)  # how far it gets until then is what this is about
def test_an_agent_that_came_back_keeps_its_user_when_time_is_out():
    world = World()
    world.add("agent-1", boot=4.0)
    outcome = talk(world, timeout=14.0, policy=Policy(settle=30.0))["agent-1"]
    assert not outcome["registered"] and outcome["actions"] == ["authorized", "restarted"], outcome
    assert "agent-1" in world.users
    assert talk(world)["agent-1"]["registered"]


@pytest.mark.parametrize("saves", ["before", "after"])
def test_a_host_that_is_slow_now_is_given_the_time_it_needs(saves):
    """Everything takes four times as long as configured, as on a host that starts many agents at once."""
    world = World()
    world.add("agent-1", boot=8.0, poll=8.0, saves=saves)
    outcome = talk(world, policy=Policy(poll_interval=2.0))["agent-1"]
    assert outcome["verdict"] == "registered", outcome
    assert outcome["actions"] == ["authorized", "restarted"]


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("behind", [0.3, 2.0, 4.9])
def test_what_is_forged_ahead_of_the_agents_own_line_lets_nobody_in(behind, timed):
    """The stranger asks under an ID that the log shows first; the genuine line comes within a poll interval."""
    world = World(pending_survives=True)
    agent = world.add("agent-1")
    world.window_until = world.now + 60.0
    world.stranger("agent-1")
    agent.asks_at = world.now + behind
    forged = [LogEvent("asking_new", world.now), LogEvent("pairing", world.now, "agent-1", "ffffff")]
    if not timed:
        forged = [replace(event, at=None) for event in forged]
    honest = world._poll

    def poll(asking):
        first = asking.events == forged
        if first:
            asking.events = []
        honest(asking)
        if first:
            asking.events = [*forged, *asking.events]

    world._poll = poll
    agent.events = forged
    outcome = talk(world)["agent-1"]
    assert ("agent-1", "ffffff") not in world.let_in, outcome


@pytest.mark.parametrize("turn", [None], indirect=True)  # the pauses between turns would be counted too
def test_a_pairing_id_that_was_there_before_the_run_is_not_waited_for():
    world = World(pending_survives=True)
    world.add("agent-1")
    world.window_until = world.now + 60.0
    world.sleep(10.0)
    began = world.now
    assert talk(world)["agent-1"]["registered"]
    assert world.now - began < 5.0


@pytest.mark.parametrize(("forged", "costs"), [(["conflict"], []), (["asking_cached", "conflict"], ["restarted"])])
def test_a_forged_conflict_does_not_cost_a_healthy_agent_its_user(forged, costs):
    world = World()
    agent = world.registered("agent-1")
    agent.events = [LogEvent(kind, world.now) for kind in forged]
    outcome = talk(world, policy=Policy(on_conflict="replace"))["agent-1"]
    assert (outcome["verdict"], outcome["actions"]) == ("registered", costs)
    assert not writes(world)


@pytest.mark.parametrize("on_conflict", ["silent", "exit"])
@pytest.mark.parametrize("poll", [0.3, 1.0, 6.0])
def test_an_agent_that_gave_up_on_its_conflict_is_restarted_again_when_its_user_is_gone(on_conflict, poll):
    world = World()
    world.registered("agent-1", on_conflict=on_conflict, poll=poll, saves="before").credentials = False
    policy = Policy(on_conflict="replace", poll_interval=poll)
    outcome = talk(world, policy=policy)["agent-1"]
    assert outcome["registered"], outcome


def test_an_authorization_without_effect_is_told_and_not_repeated_for_ever():
    world = World()
    world.add("agent-1")
    opening, was_closed = world.open_window, []

    def open_window(seconds):
        was_closed.append(world.now >= world.window_until)
        opening(seconds)

    world.open_window = open_window
    world.authorize = lambda username, _pairing_id: world.calls.append(f"authorize {username}")
    outcome = talk(world)["agent-1"]
    assert outcome["verdict"] == "awaiting_authorization" and "still lists the request" in outcome["message"]
    assert world.calls.count("authorize agent-1") == 1
    # By how long was drawn, it may be made longer in time: it is waited as long as any authorization may take.
    assert was_closed[0] and not any(was_closed[1:]), "the window was opened again"


def refusing(world, error, times=None, *, before=lambda username, pairing_id: None):
    """Authorizations fail, for ever or so often; returns when each of them was asked for."""
    moments, original = [], world.authorize

    def authorize(username, pairing_id):
        moments.append(world.now)
        if times is not None and len(moments) > times:
            original(username, pairing_id)
            return
        before(username, pairing_id)
        raise error(f"authorize {username}", answered="HTTP 4xx")

    world.authorize = authorize
    return moments


@pytest.mark.parametrize("survives", [True, False])
@pytest.mark.parametrize(("error", "most"), [(NotFoundError, 2), (LockedError, 4), (ConflictError, 4)])
def test_a_refusal_that_nothing_explains_ends_the_agent_after_a_few_attempts(error, most, survives):
    world, entries = World(pending_survives=survives), []
    world.add("agent-1")
    began, moments = world.now, refusing(world, error)

    outcome = talk(world, timeout=600.0, entries=entries)["agent-1"]

    assert outcome["verdict"] == "awaiting_authorization" and outcome["failed"] and not outcome["registered"], outcome
    assert "refuses to authorize it: Could not authorize agent-1: HTTP 4xx" in outcome["message"]
    assert len(moments) == most and world.now - began < 60.0
    assert [settled for settled, _message in entries[-most:]] == ["failed"] * most
    assert world.calls.count("requests") < 40 and world.window_until <= world.now


@pytest.mark.parametrize("error", [RateLimitedError, ServerError, UnreachableError])
def test_an_outage_of_authorizations_is_waited_for_with_growing_pauses(error, turn):
    world = World()
    world.add("agent-1")
    began, moments = world.now, refusing(world, error)

    outcome = talk(world)["agent-1"]

    assert outcome["failed"] and "it could not be authorized yet" in outcome["message"], outcome
    assert world.now - began > 175.0 and 5 <= len(moments) <= 9
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert pauses[:5] == sorted(pauses[:5]) and pauses[3] > 15.0
    assert turn is not None or world.calls.count("requests") < 60


@pytest.mark.parametrize("error", [NotFoundError, LockedError, ConflictError, RateLimitedError, UnreachableError])
def test_the_first_attempt_after_a_refusal_is_made_at_once(error, turn):
    world = World()
    world.add("agent-1")
    moments = refusing(world, error, times=1)
    assert talk(world)["agent-1"]["registered"]
    assert len(moments) == 2 and moments[1] - moments[0] < (2.0 if turn is None else 2.0 + BETWEEN)


def test_a_request_that_is_gone_explains_that_it_was_not_found():
    world = World()
    world.add("agent-1", poll=5.0)
    moments = refusing(world, NotFoundError, times=4, before=lambda *request: world.pending.remove(request))
    assert talk(world)["agent-1"]["registered"]
    assert len(moments) == 5


def test_a_window_that_locks_in_the_middle_again_and_again_explains_that_it_was_locked():
    world = World()
    world.add("agent-1")
    moments = refusing(world, LockedError, times=5, before=lambda *_request: world.close_window())
    assert talk(world)["agent-1"]["registered"]
    assert len(moments) == 6


def test_one_that_is_refused_does_not_keep_the_others_waiting():
    world = World()
    for number in range(3):
        world.add(f"agent-{number}", boot=0.5 + 2 * number)
    original = world.authorize

    def authorize(username, pairing_id):
        if username == "agent-0":
            world.calls.append("authorize agent-0")
            raise LockedError("authorize agent-0")
        original(username, pairing_id)

    world.authorize = authorize
    outcomes = talk(world)
    assert [outcome["registered"] for outcome in outcomes.values()] == [False, True, True]
    assert world.calls.count("authorize agent-0") == 4 and world.calls.count("authorize agent-1") == 1


def test_an_outage_that_does_not_end_is_the_error_when_time_is_out():
    world = World()
    world.add("agent-1")
    original, calls = world.requests, itertools.count(1)

    def failing():
        if next(calls) > 1:
            raise UnreachableError("list the requests")
        return original()

    world.requests = failing
    lines = []
    with pytest.raises(UnreachableError):
        talk(world, timeout=60.0, lines=lines)
    assert any("list the requests" in line for line in lines)


def test_a_server_that_never_answered_fails_at_once():
    world = World()
    world.add("agent-1")
    before = world.now

    def failing():
        raise UnreachableError("list the requests")

    world.requests = failing
    with pytest.raises(UnreachableError):
        talk(world)
    assert world.now == before


@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
@pytest.mark.parametrize("saves", ["before", "after"])
@pytest.mark.parametrize("tells", [True, False])
def test_where_it_works_the_window_is_closed_before_an_authorization(tells, saves, told):
    world = World(pending_survives=True, authorizes_while_closed=told, tells=tells)
    for number in range(5):
        world.add(f"agent-{number}", saves=saves, boot=0.5 + number)
    warnings, windows = [], []
    outcomes = talk(world, warnings=warnings, windows=windows)
    assert {o["verdict"] for o in outcomes.values()} == {"registered"}
    assert set(windows) == {False}
    seen = windows_at_authorizations(world)
    assert len(seen) == 5 and "open" not in seen
    assert world.window_until <= world.now and not warnings


def test_nobody_says_that_a_window_was_closed_of_which_nothing_is_told():
    """The request waits already, so the run has no need to move the window."""
    world = World(pending_survives=True, authorizes_while_closed=True, tells=False)
    world.add("agent-0")
    world.window_until = world.now + 3600
    world.sleep(30.0)
    assert world.pending
    windows = []
    assert talk(world, windows=windows)["agent-0"]["verdict"] == "registered"
    assert world.calls.index("authorize agent-0") < world.calls.index("open")
    assert set(windows) == {True}


def test_a_window_that_somebody_else_has_opened_stays_open_for_an_authorization():
    world = World(pending_survives=True, authorizes_while_closed=None)
    world.add("agent-0")
    world.window_until = world.now + 3600
    assert talk(world)["agent-0"]["verdict"] == "registered"
    assert "close" not in world.calls and world.window_until > world.now


@pytest.mark.parametrize(
    ("ways", "why"),
    [
        ({}, "the pending requests went when the registration window was closed"),
        (
            {"pending_survives": True, "refuses_while_closed": True},
            "an authorization was refused while the registration window was closed",
        ),
    ],
)
@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
@pytest.mark.parametrize("saves", ["before", "after"])
@pytest.mark.parametrize("apart", [0.0, 1.0])
@pytest.mark.parametrize("tells", [True, False])
def test_where_it_turns_out_not_to_work_it_is_tried_once_and_told_to_who_thought_so(
    tells, ways, why, told, saves, apart
):
    world = World(authorizes_while_closed=told, tells=tells, **ways)
    for number in range(5):
        world.add(f"agent-{number}", boot=0.5 + apart * number, saves=saves)
    warnings = []
    outcomes = talk(world, warnings=warnings)
    assert {o["verdict"] for o in outcomes.values()} == {"registered"}
    assert [why in warning for warning in warnings] == ([True] if told else []), warnings
    assert world.calls.count("close") == 2, "the attempt, and the end"
    assert sum(call.startswith("authorize") for call in world.calls) <= 6, "one attempt, and one for each agent"
    assert set(world.restarts.values()) == {1}, "the proof, and no other"


@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
def test_a_window_that_cannot_be_closed_keeps_no_agent_out(told):
    world = World(pending_survives=True, authorizes_while_closed=told)
    for number in range(5):
        world.add(f"agent-{number}", boot=0.5 + number)
    attempts = itertools.count(1)

    def refusing():
        next(attempts)
        raise NotFoundError("close the registration window", answered="404")

    world.close_window = refusing
    warnings = []
    outcomes = talk(world, warnings=warnings)
    assert {o["verdict"] for o in outcomes.values()} == {"registered"}
    assert next(attempts) == 3, "once before an authorization, and at the end"
    assert [warning.startswith("connectware_contract") for warning in warnings] == [True] * bool(told) + [False]


@pytest.mark.parametrize("told", [True, None], ids=["told_that_it_works", "unknown"])
def test_an_outage_while_it_is_closed_is_waited_for_only_where_closing_is_known_to_work(told):
    world = World(pending_survives=True, authorizes_while_closed=told)
    world.add("agent-0")
    closing, attempts = world.close_window, itertools.count(1)

    def failing_at_first():
        if next(attempts) == 1:
            raise UnreachableError("close the registration window")
        closing()

    world.close_window = failing_at_first
    assert talk(world)["agent-0"]["verdict"] == "registered"
    assert windows_at_authorizations(world) == ["close" if told else "open"]


def test_a_host_that_gets_its_turns_late_is_not_out_of_time(monkeypatch):
    """A hundred hosts and few workers: most of the time is spent waiting for a turn, and is no fault of the agents."""
    monkeypatch.setattr(f"{__name__}.BETWEEN", 60.0)
    world = World()
    world.window_until = world.now + 1_000_000
    for number in range(5):
        world.add(f"agent-{number}")
    assert {o["verdict"] for o in talk(world, timeout=100.0).values()} == {"registered"}


def test_an_agent_that_never_asks_is_given_up_although_the_turns_come_late(monkeypatch):
    monkeypatch.setattr(f"{__name__}.BETWEEN", 60.0)
    world = World()
    world.window_until = world.now + 1_000_000
    world.add("agent-0", boot=1_000_000.0)
    began = world.now
    assert talk(world, timeout=100.0)["agent-0"]["verdict"] != "registered"
    assert world.now - began <= 100.0 / 10 * 60 + 2 * 60


@pytest.mark.parametrize("turn", [0.01, 0.4])
@pytest.mark.parametrize("timeout", [600.0, 7200.0])
def test_there_are_fewer_turns_than_ansible_can_include_in_each_other(monkeypatch, turn, timeout):
    run, turns = Conversation.run, []
    monkeypatch.setattr(Conversation, "run", lambda self, turn: turns.append(turn) or run(self, turn))
    monkeypatch.setattr(f"{__name__}.TURN", turn)
    monkeypatch.setattr(f"{__name__}.BETWEEN", 0.2)
    world = World()
    world.add("agent-0", boot=1_000_000.0)
    began = world.now
    assert not talk(world, timeout=timeout, policy=Policy(grace=2 * timeout))["agent-0"]["registered"]
    assert world.now - began == pytest.approx(timeout, abs=15.0)
    assert len(turns) <= 122  # Ansible 2.16 to 2.21 end with a traceback at 246


@pytest.mark.parametrize("seed", range(60))
def test_slow_authorizations_and_long_waits_for_a_turn_are_no_failure(seed, monkeypatch):
    """A turn may end with its authorizations: what was listed before them says nothing about them."""
    world = World(seed)
    chance = world.random
    monkeypatch.setattr(f"{__name__}.TURN", chance.choice([0.0, 0.4, 1.5]))
    monkeypatch.setattr(f"{__name__}.BETWEEN", chance.choice([8.0, 15.0, 25.0, 40.0, 60.0]))
    world.window_until = world.now + 1_000_000
    for number in range(5):
        world.add(f"agent-{number}", boot=chance.uniform(0.5, 25))
    authorize, slow = world.authorize, chance.choice([0.1, 0.5, 2.0])

    def slowly(username, pairing_id):
        authorize(username, pairing_id)
        world.now += slow

    world.authorize = slowly
    outcomes = talk(world, timeout=1000.0, policy=Policy(grace=120.0))
    assert {o["verdict"] for o in outcomes.values()} == {"registered"}, [o["message"] for o in outcomes.values()]
