# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is recorded of the authorizations of a run, in every course of events."""

from __future__ import annotations

import json
import os
import pwd
import socket
from pathlib import Path

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Clock, Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interim import Interim
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import complaint, outcome
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.recorder import Recorder, recorder
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import own_book
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ForbiddenError, UnreachableError

from .world import World

URL = "https://connectware.example.com"


class Run:
    """One conversation that is recorded."""

    def __init__(
        self, world: World, path: Path | None, *, timeout: float = 180.0, recorded: Recorder | None = None
    ) -> None:
        self.path = path
        self.recorder = recorded or recorder(
            str(path) if path else None, url=URL, account=lambda: "rollout", configured=None, host="hamburg"
        )
        self.records = [AgentRecord(world.observe(name)) for name in world.agents]
        self.conversation = Conversation(
            self.records, world, world, Policy(), timeout=timeout, clock=Clock(lambda: world.now, world.sleep),
            recorder=self.recorder,
        )  # fmt: skip

    def __call__(self) -> Run:
        self.conversation.run()
        return self

    @property
    def lines(self) -> list[dict]:
        assert self.path is not None
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    @property
    def outcomes(self) -> list[str]:
        return [line["outcome"] for line in self.lines]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evidence.jsonl"


def test_each_authorization_is_on_the_disk_before_the_server_is_asked_and_when_it_is_proven(path):
    world = World()
    for number in range(3):
        world.add(f"agent-{number}")
    original, seen = world.authorize, []

    def authorize(username, pairing_id):
        seen.append((username, run.lines[-1]["username"], run.lines[-1]["outcome"]))
        original(username, pairing_id)

    world.authorize = authorize
    run = Run(world, path)
    run()
    assert seen == [(f"agent-{number}", f"agent-{number}", "attempted") for number in range(3)]
    by_id: dict[str, list[str]] = {}
    for line in run.lines:
        by_id.setdefault(line["id"], []).append(line["outcome"])
    assert list(by_id.values()) == [["attempted", "proved"]] * 3
    assert run.recorder.entries() == sorted(run.lines[-3:], key=lambda line: line["username"])
    assert all(line["pairing_id"] == line["listed_pairing_id"] for line in run.lines)
    assert {line["pairing_id"] for line in run.lines} == {agent.pairing_id for agent in world.agents.values()}
    assert run.lines[0]["controller"] == socket.gethostname()
    assert run.lines[0]["controller_user"] == pwd.getpwuid(os.getuid()).pw_name
    assert (run.lines[0]["host"], run.lines[0]["connectware_url"]) == ("hamburg", URL)


def test_where_nothing_is_authorized_nothing_is_recorded(path):
    world = World(pending_survives=True)
    world.registered("agent-1")
    world.add("agent-2")
    world.stranger("agent-2")
    run = Run(world, path)()
    assert [outcome(record)["verdict"] for record in run.records] == ["registered", "impostor"]
    assert not path.exists() and run.recorder.entries() == []


def test_check_mode_records_nothing(path):
    world = World()
    world.add("agent-1")
    Run(world, path).conversation.predict()
    assert not path.exists()


def test_what_was_taken_back_is_recorded_as_such(path):
    world = World()
    world.add("agent-1", drops_credentials=True)
    run = Run(world, path)()
    assert run.outcomes == ["attempted", "taken_back"]
    assert "deleted" in run.lines[-1]["message"] and "agent-1" not in world.users


@pytest.mark.parametrize("outages", [0, 1, 2])
@pytest.mark.parametrize("turn", [None, 0.0, 1.5])
def test_what_is_settled_is_recorded_also_where_the_turn_ends_in_an_outage(path, turn, outages):
    """The next turn takes it for recorded."""
    world, left = World(), [outages]
    world.add("agent-1", drops_credentials=True)
    world.add("agent-2", boot=60.0)
    listing = world.requests

    def requests():
        if left[0] and any(call.startswith("delete") for call in world.calls):
            left[0] -= 1
            raise UnreachableError("list the requests")
        return listing()

    world.requests = requests
    records, interim, book = [AgentRecord(world.observe(name)) for name in world.agents], None, own_book()
    while True:
        recorded = recorder(str(path), url=URL, account=lambda: "rollout", configured=None, host="hamburg")
        conversation = Conversation(
            records, world, world, Policy(), clock=Clock(lambda: world.now, world.sleep), recorder=recorded, book=book,
            interim=interim,
        )  # fmt: skip
        conversation.run(turn)
        if conversation.interim is None:
            break
        interim = Interim.from_dict(json.loads(json.dumps(conversation.interim.to_dict())))
        records = list(interim.records)
        world.sleep(3.0)
    last = {line["id"]: line["outcome"] for line in map(json.loads, path.read_text().splitlines())}
    assert last == {entry["id"]: entry["outcome"] for entry in recorded.entries()}
    assert "taken_back" in last.values()


def test_what_could_not_be_taken_back_is_recorded_as_such(path):
    world = World()
    world.add("agent-1", drops_credentials=True)

    def forbidden(username, **_options):
        raise ForbiddenError(f"delete the user {username}", answered="403", status=403)

    world.delete_user = forbidden
    run = Run(world, path)()
    assert run.outcomes == ["attempted", "not_taken_back"]
    assert "Delete it in Connectware now" in run.lines[-1]["message"]


def test_a_refusal_is_recorded_although_it_ends_the_run(path):
    world = World()
    world.add("agent-1")

    def refuse(username, _pairing_id):
        raise ForbiddenError(f"authorize {username}", answered="403 no right", status=403)

    world.authorize = refuse
    run = Run(world, path)
    with pytest.raises(ForbiddenError):
        run()
    assert run.outcomes == ["attempted", "failed"]
    assert "403 no right" in run.lines[-1]["message"]


@pytest.mark.parametrize("effect", [True, False])
def test_a_lost_answer_is_settled_by_what_the_server_shows(path, effect):
    world = World()
    world.add("agent-1")
    original = world.authorize
    lost = [True]

    def authorize(username, pairing_id):
        if not lost:
            original(username, pairing_id)
            return
        lost.clear()
        if effect:
            original(username, pairing_id)
        raise UnreachableError(f"authorize {username}", answered="timed out")

    world.authorize = authorize
    run = Run(world, path)()
    assert run.records[0].verdict.verdict == "registered"
    again = [] if effect else ["attempted"]
    assert run.outcomes[: 1 + len(again)] == ["attempted", *again]
    assert sorted(run.outcomes) == sorted(["attempted", "proved", *again, *(["failed"] if again else [])])
    assert run.recorder.entries()[-1]["outcome"] == "proved"


def test_a_run_that_breaks_off_after_an_authorization_says_so(path):
    world = World()
    world.add("agent-1")
    original = world.look

    def look(looks, wait):
        if world.let_in:
            raise KeyboardInterrupt
        return original(looks, wait)

    world.look = look
    run = Run(world, path)
    with pytest.raises(KeyboardInterrupt):
        run()
    assert run.outcomes == ["attempted", "unproven"] and run.lines[-1]["message"]
    assert world.window_until <= world.now, "the window is closed all the same"


def test_an_agent_that_cannot_be_recorded_is_not_authorized_and_the_others_are_brought_to_their_end(path):
    world = World()
    for number in (1, 2):
        world.add(f"agent-{number}", boot=0.5 * number)
    run = Run(world, path)
    original = world.authorize

    def authorize(username, pairing_id):
        original(username, pairing_id)
        path.rename(path.with_suffix(".old"))
        path.mkdir()

    world.authorize = authorize
    run()
    first, second = run.records
    assert outcome(first)["registered"] and not outcome(second)["registered"]
    assert "agents_evidence_path" in complaint(second) and world.users == {"agent-1"}
    assert run.recorder.failure is not None, "that agent-1 is proven could not be written either"
    assert [entry["outcome"] for entry in run.recorder.entries()] == ["proved"]


def test_without_a_file_the_result_has_it_all_the_same():
    world = World()
    world.add("agent-1")
    (entry,) = Run(world, None)().recorder.entries()
    assert (entry["outcome"], entry["agent"], entry["account"]) == ("proved", "agent-1", "rollout")


def test_the_seconds_of_an_agent_are_its_own():
    world = World()
    world.registered("agent-1")
    world.add("agent-2")
    first, second = [outcome(record) for record in Run(world, None)().records]
    assert first["seconds"] == 0 < second["seconds"] <= round(world.now - 1000, 1)


@pytest.mark.parametrize(
    ("logged_in", "configured", "says"),
    [
        ("rollout", "somebody", ("rollout", "login")),
        (None, "automation", ("automation", "option")),
        (None, None, (None, None)),
    ],
)
def test_whose_account_it_is(logged_in, configured, says):
    world = World()
    world.add("agent-1")
    recorded = recorder(None, url=URL, account=lambda: logged_in, configured=configured)
    (entry,) = Run(world, None, recorded=recorded)().recorder.entries()
    assert (entry["account"], entry["account_source"]) == says


@pytest.mark.parametrize(
    ("variables", "environment", "says"),
    [
        ({"awx_job_id": 42, "awx_user_name": "eve"}, {}, ("42", "eve")),
        ({"tower_job_id": 7, "tower_user_name": "bob\x1b"}, {}, ("7", "bob?")),
        ({}, {"AWX_HOST": "https://awx", "JOB_ID": "43"}, ("43", None)),
        ({}, {"JOB_ID": "of something else"}, (None, None)),
    ],
)
def test_the_job_of_awx(monkeypatch, variables, environment, says):
    for name in ("AWX_HOST", "JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    world = World()
    world.add("agent-1")
    recorded = recorder(None, url=URL, account=lambda: None, configured=None, variables=variables)
    (entry,) = Run(world, None, recorded=recorded)().recorder.entries()
    assert (entry["job_id"], entry["job_user"]) == says
