# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tally of a run: from the results of its tasks to one row an agent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
import referencing.jsonschema

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.authorization import Authorization
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import REASONS, RETIRED, VERDICTS
from ansible_collections.edgefleet.connectware.plugins.module_utils._report.tally import Tally

SCHEMAS = Path(__file__).resolve().parents[5] / "docs" / "schema"


def deployed(name: str = "press-1", action: str = "none", **more: Any) -> dict[str, Any]:
    names = {"username": name, "container": f"c-{name}", "volume": f"v-{name}"}
    return {"name": name, **names, "action": action, "pulled": False, "error": "", **more}


def judged(name: str = "press-1", verdict: str = "registered", **more: Any) -> dict[str, Any]:
    names = {"username": name, "container": f"c-{name}", "volume": f"v-{name}"}
    return {"name": name, **names, "verdict": verdict, "reason": "none", "pairing_id": None, "message": "",
            "registered": verdict == "registered", "failed": False, "changed": False, "actions": [],
            "seconds": 0.0, **more}  # fmt: skip


def rollout(tally: Tally, host: str = "hamburg", name: str = "press-1", check: bool = False) -> None:
    """A first rollout as the role does it: deployed, judged, and judged again."""
    tally.take(host, [deployed(name, "created")], deployed=True, predicted=check)
    awaiting = judged(name, "awaiting_request", reason="first_start", changed=True)
    tally.take(host, [awaiting], deployed=False, predicted=True, wanted="registered")
    tally.spend(host, 2.04)
    if not check:
        done = judged(name, reason="first_start", actions=["authorized", "restarted"], changed=True, seconds=6.3)
        tally.take(host, [done], deployed=False, predicted=False, wanted="registered")
        tally.spend(host, 7.0)


def end(tally: Tally, failed: tuple[str, ...] = (), unreachable: tuple[str, ...] = ()) -> dict[str, Any]:
    tally.end(failed, unreachable, {"hamburg": 3})
    report = tally.report()
    valid(report)
    return report


def valid(report: dict[str, Any]) -> None:
    """It has the form that is documented."""
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    resources = [(name, referencing.jsonschema.DRAFT202012.create_resource(text)) for name, text in schemas.items()]
    registry: referencing.Registry[Any] = referencing.Registry().with_resources(resources)
    jsonschema.Draft202012Validator(schemas["rollout_report.json"], registry=registry).validate(report)


def test_a_rollout():
    tally = Tally()
    rollout(tally)
    report = end(tally)
    (agent,) = report["agents"]
    assert agent["actions"] == ["created", "authorized", "restarted"] and agent["predicted"] == []
    assert (agent["changed"], agent["failed"], agent["registered"], agent["seconds"]) == (True, False, True, 6.3)
    host = report["hosts"]["hamburg"]
    assert (host["state"], host["seconds"], host["changed_tasks"]) == ("ok", 9.0, 3)
    assert host["agents"] == report["total"] == {"agents": 1, "ok": 1, "changed": 1, "failed": 0}


def test_a_mark_that_would_go():
    """Of an agent that is registered already."""
    tally = Tally(check=True)
    tally.take("hamburg", [deployed()], deployed=True, predicted=True)
    tally.take("hamburg", [judged(changed=True)], deployed=False, predicted=True, wanted="registered")
    (agent,) = end(tally)["agents"]
    assert agent["predicted"] == ["would be unmarked"] and agent["changed"] and agent["registered"]


def test_a_prediction():
    tally = Tally(check=True)
    rollout(tally, check=True)
    (agent,) = end(tally)["agents"]
    assert agent["predicted"] == ["would be created", "would be registered"] and agent["actions"] == []
    assert agent["changed"] and not agent["failed"]


def test_a_second_prediction_takes_the_place_of_the_first():
    """Once others were asked what answers to the name: what is said twice is done once, and what would fail is not."""
    tally = Tally(check=True)
    rollout(tally, check=True)
    tally.take("hamburg", [judged(changed=True, verdict="x")], deployed=False, predicted=True, wanted="registered")
    assert tally.rows_of("hamburg")[0].predicted == ["would be created", "would be registered"]
    refused = judged(verdict="conflict", failed=True)
    tally.take("hamburg", [refused], deployed=False, predicted=True, wanted="registered")
    (agent,) = end(tally)["agents"]
    assert agent["predicted"] == ["would be created"] and agent["failed"]


def test_a_run_that_stops_after_its_prediction_has_changed_nothing():
    tally = Tally()
    rollout(tally, check=True)
    (agent,) = end(tally)["agents"]
    assert not agent["changed"] and agent["predicted"]


@pytest.mark.parametrize("command_line", [False, True])
def test_a_play_may_say_itself_that_it_is_in_check_mode(command_line: bool):
    """By its keyword, whatever the command line says."""
    tally = Tally(command_line)
    tally.begin(check=not command_line)
    rollout(tally, check=True)
    report = end(tally)
    assert report["agents"][0]["changed"] is report["check_mode"] is not command_line


@pytest.mark.parametrize("first", [False, True])
def test_a_run_with_one_play_in_check_mode_is_none_in_check_mode(first: bool):
    tally = Tally()
    for check in (first, not first):
        tally.begin(check)
        rollout(tally, name=f"press-{check}", check=check)
    tally.begin(check=True)  # about something else
    report = end(tally)
    assert not report["check_mode"] and report["total"]["changed"] == 2


def test_an_agent_that_cannot_be_deployed():
    tally = Tally()
    tally.take("hamburg", [deployed(error="no such image")], deployed=True, predicted=False)
    tally.spend("hamburg", 1.26)
    (agent,) = end(tally)["agents"]
    assert (agent["failed"], agent["message"], agent["verdict"], agent["seconds"]) == (True, "no such image", None, 1.3)


def test_what_is_put_back_counts_as_it_ended():
    tally = Tally()
    tally.take("hamburg", [deployed(action="recreated")], deployed=True, predicted=False)
    tally.take("hamburg", [judged(verdict="broken", failed=True)], deployed=False, predicted=False)
    tally.take("hamburg", [deployed(action="recreated")], deployed=True, predicted=False)
    tally.take("hamburg", [judged(seconds=2.0)], deployed=False, predicted=False)
    (agent,) = end(tally)["agents"]
    assert (agent["failed"], agent["actions"]) == (False, ["recreated", "recreated"])


def test_a_pulled_image_is_a_change():
    tally = Tally()
    tally.take("hamburg", [deployed(pulled=True)], deployed=True, predicted=False)
    (agent,) = end(tally)["agents"]
    assert (agent["actions"], agent["changed"]) == (["pulled"], True)


@pytest.mark.parametrize(("action", "told"), [("removed", ["removed", "purged"]), ("none", ["purged"])])
@pytest.mark.parametrize("check", [True, False])
def test_credentials_that_are_gone_for_good_are_told(action: str, told: list[str], check: bool):
    tally = Tally(check)
    tally.take("hamburg", [deployed(action=action, purged=True)], deployed=True, predicted=check)
    (agent,) = end(tally)["agents"]
    assert agent["changed"] and agent["actions"] == ([] if check else told)
    assert agent["predicted"] == ([f"would be {word}" for word in told] if check else [])


def test_agents_that_are_still_waited_for_when_the_run_ends_have_failed():
    tally = Tally()
    rollout(tally)
    waiting = judged("press-2", "awaiting_request", changed=True, actions=["restarted"])
    tally.take("munich", [judged("press-3"), waiting], deployed=False, predicted=False)
    tally.leave("munich", "Register the agents")
    tally.leave("hamburg", "Register the agents")
    report = end(tally)
    assert {agent["name"]: agent["failed"] for agent in report["agents"]} == {
        "press-1": False,
        "press-2": True,
        "press-3": False,
    }
    assert (report["hosts"]["hamburg"]["state"], report["hosts"]["munich"]["state"]) == ("ok", "failed")
    assert "still waited for: press-2. Run again" in report["hosts"]["munich"]["message"]


def test_hosts_that_fail_and_hosts_that_are_rescued():
    tally = Tally()
    tally.expect(["berlin", "hamburg", "munich", "rome"])
    rollout(tally)
    tally.fail("berlin", "unreachable", "Gather facts", "no route to host")
    tally.fail("munich", "failed", "Check the inventory", "x" * 10_000)
    tally.fail("rome", "failed", "Upgrade", "rescued later")
    tally.fail("database", "failed", "Else", "in a play about something else")
    report = end(tally, failed=("munich",), unreachable=("berlin",))
    states = {name: host["state"] for name, host in report["hosts"].items()}
    assert states == {"berlin": "unreachable", "hamburg": "ok", "munich": "failed", "rome": "ok"}
    assert report["hosts"]["berlin"]["task"] == "Gather facts"
    assert len(report["hosts"]["munich"]["message"]) == 4000
    assert (report["hosts"]["rome"]["task"], report["hosts"]["rome"]["message"]) == ("", "")


@pytest.mark.parametrize("judged_later", [False, True])
def test_a_deployment_whose_failure_was_rescued_is_no_success_of_its_agents(judged_later: bool):
    """Nobody knows what became of them, until something else has looked."""
    tally = Tally()
    tally.take("hamburg", [deployed(action="created"), deployed("press-2")], deployed=True, predicted=True)
    tally.take("hamburg", [judged(changed=True), judged("press-2")], deployed=False, predicted=True, wanted="x")
    tally.lose("hamburg")
    tally.fail("hamburg", "failed", "Bring the agents", "rescued later")
    if judged_later:
        tally.take("hamburg", [deployed(), deployed("press-2")], deployed=True, predicted=False)
        tally.take("hamburg", [judged(), judged("press-2")], deployed=False, predicted=False, wanted="x")
    report = end(tally)
    assert report["hosts"]["hamburg"]["state"] == "ok"
    failed = {agent["name"]: agent["failed"] for agent in report["agents"]}
    assert failed == {"press-1": not judged_later, "press-2": False}


@pytest.mark.parametrize("judged_later", [False, True])
def test_agents_that_were_not_judged_are_no_success_where_that_was_rescued(judged_later: bool):
    tally = Tally()
    tally.take("hamburg", [deployed(action="created")], deployed=True, predicted=False)
    tally.refuse("hamburg")
    tally.fail("hamburg", "failed", "Register the agents", "rescued later")
    if judged_later:
        tally.take("hamburg", [judged()], deployed=False, predicted=False)
    (agent,) = end(tally)["agents"]
    assert (agent["failed"], agent["message"]) == ((False, "") if judged_later else (True, "it was not judged"))


def test_authorizations_have_their_documented_form():
    tally = Tally()
    rollout(tally)
    around = {"connectware_url": "https://x", "host": "hamburg", "controller": "c", "controller_user": "root",
              "job_id": None, "job_user": None, "account": "rollout", "account_source": "login"}  # fmt: skip
    entry = {**Authorization("press-1", "a82123", "a82123", window_open=False).entry(), **around}
    tally.authorizations.append(entry)
    assert end(tally)["authorizations"] == [entry]


def test_the_documented_form_refuses_what_it_does_not_know():
    tally = Tally()
    rollout(tally)
    report = end(tally)
    for broken in ({**report, "schema": 2}, {**report, "more": 1}, {k: v for k, v in report.items() if k != "hosts"}):
        with pytest.raises(jsonschema.ValidationError):
            valid(broken)


def test_the_documented_form_knows_all_verdicts_and_reasons():
    schema = json.loads((SCHEMAS / "rollout_report.json").read_text())["$defs"]["agent"]["properties"]
    assert set(schema["verdict"]["enum"]) == {*VERDICTS, RETIRED, "", None}
    assert set(schema["reason"]["enum"]) == {*REASONS, None}


def test_why_an_agent_is_not_registered_is_told():
    tally = Tally()
    waits = judged(verdict="impostor", failed=True, message="somebody else asks")
    tally.take("hamburg", [waits], deployed=False, predicted=False, wanted="registered")
    (agent,) = end(tally, ("hamburg",))["agents"]
    assert (agent["failed"], agent["message"]) == (True, "somebody else asks")
