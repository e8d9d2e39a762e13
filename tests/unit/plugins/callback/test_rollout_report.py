# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The callback: from the results that Ansible hands over to its table and its file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from unit.plugins.module_utils._report.test_tally import deployed, judged, valid

from ansible_collections.edgefleet.connectware.plugins.callback import rollout_report
from ansible_collections.edgefleet.connectware.plugins.callback.rollout_report import DEPLOY, REGISTER, CallbackModule
from ansible_collections.edgefleet.connectware.plugins.plugin_utils import unmasked


class Host(SimpleNamespace):
    """A host of the inventory."""

    def get_name(self) -> str:
        return str(self.name)


def task(action: str, **more: Any) -> Any:
    said = {"_uuid": action, "resolved_action": action, "action": action, "args": {}, "check_mode": False,
            "delegate_to": None, **more}  # fmt: skip
    return SimpleNamespace(get_name=lambda: f"Task {action}", **said)


def result(of: Any, values: dict[str, Any], host: str = "hamburg") -> Any:
    return SimpleNamespace(task=of, host=Host(name=host), result=values)


def older(of: Any, values: dict[str, Any], host: str = "hamburg") -> Any:
    """The same before ansible-core 2.19."""
    return SimpleNamespace(_task=of, _host=Host(name=host), _result=values)


def play(
    *roles: str, hosts: tuple[str, ...] = ("hamburg",), tasks: tuple[Any, ...] = (), check_mode: bool = False
) -> Any:
    inventory = SimpleNamespace(get_hosts=lambda _pattern: [Host(name=host) for host in hosts])
    return SimpleNamespace(
        hosts="all",
        check_mode=check_mode,
        get_roles=lambda: [SimpleNamespace(get_name=lambda role=role: role) for role in roles],
        get_tasks=lambda: list(tasks),
        get_variable_manager=lambda: SimpleNamespace(_inventory=inventory),
    )


def playbook(*plays: Any) -> Any:
    return SimpleNamespace(get_plays=lambda: list(plays))


def stats(failed: tuple[str, ...] = (), dark: tuple[str, ...] = (), changed: int = 0) -> Any:
    hosts = {"hamburg", *failed, *dark}
    return SimpleNamespace(
        processed=dict.fromkeys(hosts, 1),
        failures=dict.fromkeys(failed, 1),
        dark=dict.fromkeys(dark, 1),
        summarize=lambda _host: {"changed": changed},
    )


class Site:
    """The callback, what it has displayed, and the file that it was told to write."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.callback = CallbackModule()
        self.callback.get_option = lambda name: {"path": str(path) if path else None}[name]
        self.callback._display = self.display = MagicMock(columns=200)

    def shown(self) -> str:
        return "\n".join(str(call.args[0]) for call in self.display.display.call_args_list)

    def report(self) -> dict[str, Any]:
        assert self.path is not None
        report: dict[str, Any] = json.loads(self.path.read_text())
        valid(report)
        return report


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(rollout_report.context, "CLIARGS", {"check": False})
    return Site(tmp_path / "report.json")


@pytest.mark.parametrize("made", [result, older])
def test_a_rollout(made: Any, site: Site) -> None:
    callback = site.callback
    callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    for action, agent in (
        (DEPLOY, deployed(action="created")),
        (REGISTER, judged(actions=["authorized"], changed=True)),
    ):
        callback.v2_runner_on_start(Host(name="hamburg"), task(action))
        callback.v2_runner_on_ok(made(task(action), {"agents": [agent]}))
    callback.v2_playbook_on_stats(stats(changed=2))

    site.display.banner.assert_called_once_with("AGENTS")
    assert "press-1" in site.shown() and "1 agent on 1 host: ok=1 changed=1 failed=0" in site.shown()
    (agent,) = site.report()["agents"]
    assert (agent["host"], agent["name"], agent["actions"]) == ("hamburg", "press-1", ["created", "authorized"])


@pytest.mark.parametrize("made", [result, older])
def test_a_loop_over_hosts_that_a_task_is_delegated_to(made: Any, site: Site) -> None:
    """At its end, Ansible tells the template in the place of the hosts."""
    callback, rounds = site.callback, [{"agents": [deployed()]}, {"agents": [deployed(action="created")]}]
    callback.v2_runner_on_start(Host(name="desk"), task(DEPLOY))
    for host, values in zip(("hamburg", "munich"), rounds, strict=True):
        callback.v2_runner_item_on_ok(made(task(DEPLOY, delegate_to=host), values, "desk"))
    callback.v2_runner_on_ok(made(task(DEPLOY, delegate_to="{{ item }}"), {"results": rounds}, "desk"))
    callback.v2_playbook_on_stats(stats())

    report = site.report()
    assert [(agent["host"], agent["changed"]) for agent in report["agents"]] == [("hamburg", False), ("munich", True)]
    assert set(report["hosts"]) == {"desk", "hamburg", "munich"}


@pytest.mark.parametrize("made", [result, older])
def test_a_host_that_was_never_reached_has_a_line_with_the_reason(made: Any, site: Site) -> None:
    site.callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    site.callback.v2_runner_on_unreachable(made(task("setup"), {"msg": "no route to host"}))
    site.callback.v2_playbook_on_stats(stats(dark=("hamburg",)))

    assert "hamburg: task 'Task setup': no route to host" in site.shown()
    assert site.report()["hosts"]["hamburg"]["state"] == "unreachable"


def test_agents_whose_names_are_masked_stay_apart(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by ansible-core 2.22 and later, for an encrypted file with all variables of a host, numbers among them."""
    monkeypatch.setattr(unmasked, "mask_secrets", lambda text: re.sub("press-.|fail|[0-9]", "$REDACTED$", text))
    callback = site.callback
    callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    both = [{"name": "press-1"}, {"name": "press-2"}]
    created = [deployed("$REDACTED$", action="created"), deployed("$REDACTED$")]
    callback.v2_runner_on_ok(result(task(DEPLOY, args={"agents": both}), {"agents": created}))
    for name, agent in (("press-2", {"$REDACTED$ed": True, "message": "odd"}), ("press-1", {"$REDACTED$ed": False})):
        told = {**judged("$REDACTED$", seconds="$REDACTED$.$REDACTED$"), **agent}
        del told["failed"]
        callback.v2_runner_on_ok(result(task(REGISTER, args={"agents": [{"name": name}]}), {"agents": [told]}))
    callback.v2_playbook_on_stats(stats())

    assert site.report()["total"] == {"agents": 2, "ok": 1, "changed": 1, "failed": 1}
    first, second = site.report()["agents"]
    assert (first["name"], first["actions"], first["failed"]) == ("$REDACTED$", ["created"], False)
    assert (second["name"], second["actions"], second["message"]) == ("$REDACTED$", [], "odd")


def test_a_message_of_several_lines_is_told_in_one(site: Site) -> None:
    site.callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    told = {"failed": True, "msg": "Validation of arguments failed:\nwrong type\r\nwrong\x1b[31m value"}
    site.callback.v2_runner_on_failed(result(task("validate_argument_spec"), told))
    site.callback.v2_playbook_on_stats(stats(failed=("hamburg",)))

    assert "Validation of arguments failed: wrong type wrong?[31m value" in site.shown()
    assert "0 agents on 1 host: ok=0 changed=0 failed=0, 1 host failed" in site.shown()


@pytest.mark.parametrize("made", [result, older])
def test_a_host_that_went_away_tells_how_far_its_agents_were(made: Any, site: Site) -> None:
    callback = site.callback
    callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    callback.v2_runner_on_ok(
        made(task(REGISTER), {"agents": [judged(verdict="awaiting_request")], "interim": {"a": 1}})
    )
    last = {"agents": [judged(verdict="unproven")], "msg": "Host hamburg: lost", "unreachable": True}
    callback.v2_runner_on_unreachable(made(task(REGISTER), last))
    callback.v2_playbook_on_stats(stats(dark=("hamburg",)))

    report = site.report()
    assert [agent["verdict"] for agent in report["agents"]] == ["unproven"]
    assert report["hosts"]["hamburg"]["state"] == "unreachable" and "Host hamburg: lost" in site.shown()


@pytest.mark.parametrize("becomes", ["failed", "rescued", "ignored"])
def test_agents_that_could_not_be_judged_are_not_ok(becomes: str, site: Site) -> None:
    """An option of that task was refused, for example; whether the host has failed by that is another question."""
    callback = site.callback
    callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    callback.v2_runner_on_ok(result(task(DEPLOY), {"agents": [deployed(action="created")]}))
    refused = result(task(REGISTER), {"failed": True, "msg": "missing required arguments"})
    callback.v2_runner_on_failed(refused, ignore_errors=becomes == "ignored")
    callback.v2_playbook_on_stats(stats(failed=("hamburg",) if becomes == "failed" else ()))

    assert site.report()["total"] == {"agents": 1, "ok": 0, "changed": 1, "failed": 1}
    assert site.report()["hosts"]["hamburg"]["state"] == ("failed" if becomes == "failed" else "ok")
    (agent,) = site.report()["agents"]
    assert agent["message"] == "it was not judged"


@pytest.mark.parametrize("lost", [DEPLOY, REGISTER])
@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize(("rescued", "failed"), [(False, 2), (True, 0)])
def test_agents_that_nobody_has_seen_since_they_were_to_be_touched_are_not_ok(
    lost: str, away: bool, rescued: bool, failed: int, site: Site
) -> None:
    """The engine ends in the middle of it, or the host goes away. What was looked at before does not count any more."""
    callback = site.callback
    callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    names = ("press-1", "press-2", "press-3")
    wanted = {"press-1": {"action": "recreated"}, "press-2": {}, "press-3": {}}
    says = {"press-2": {"registered": False, "verdict": "awaiting_request", "changed": True}}
    deployments = {"agents": [deployed(name, **wanted[name]) for name in names]}
    judgements = {"agents": [judged(name, **says.get(name, {})) for name in names]}
    callback.v2_runner_on_ok(result(task(DEPLOY, check_mode=True), deployments))
    callback.v2_runner_on_ok(result(task(REGISTER, check_mode=True), judgements))
    if lost == REGISTER:
        callback.v2_runner_on_ok(result(task(DEPLOY), deployments))
    ends = callback.v2_runner_on_unreachable if away else callback.v2_runner_on_failed
    ends(result(task(lost), {"unreachable" if away else "failed": True, "msg": "it is gone"}))
    if rescued:  # as an upgrade puts back what it has replaced
        callback.v2_runner_on_ok(result(task(REGISTER), {"agents": [judged(name) for name in names]}))
    callback.v2_playbook_on_stats(stats(**{"dark" if away else "failed": ("hamburg",)}))

    assert site.report()["total"]["failed"] == failed
    found = {agent["name"]: (agent["registered"], "nobody has seen it since" in agent["message"])
             for agent in site.report()["agents"]}  # fmt: skip
    since = (True, False) if rescued else (False, True)
    assert found == {"press-1": since, "press-2": since, "press-3": (True, False)}


def test_a_failure_that_was_ignored_is_none(site: Site) -> None:
    site.callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    site.callback.v2_runner_on_failed(result(task("shell"), {"failed": True, "msg": "odd"}), ignore_errors=True)
    site.callback.v2_runner_on_ok(result(task(DEPLOY), {"agents": [deployed()]}))
    site.callback.v2_playbook_on_stats(stats())

    assert "odd" not in site.shown()


def test_a_run_that_is_not_about_agents_says_nothing(site: Site) -> None:
    site.callback.v2_playbook_on_play_start(play("somebody.elses.role"))
    site.callback.v2_runner_on_failed(result(task("shell"), {"failed": True, "msg": "odd"}))
    site.callback.v2_playbook_on_stats(stats(failed=("hamburg",)))

    site.display.banner.assert_not_called()
    assert site.shown() == ""


def test_a_run_that_is_not_about_agents_leaves_the_report_of_the_last_that_was(site: Site) -> None:
    assert site.path is not None
    site.path.write_text("of the run before")
    site.callback.v2_playbook_on_start(playbook(play("somebody.elses.role")))
    site.callback.v2_playbook_on_play_start(play("somebody.elses.role"))
    site.callback.v2_playbook_on_stats(stats())
    assert site.path.read_text() == "of the run before"


def test_a_play_that_includes_what_is_about_agents_has_a_report(site: Site) -> None:
    assert site.path is not None
    site.path.write_text("of the run before")
    site.callback.v2_playbook_on_start(playbook(play("somebody.elses.role")))
    site.callback.v2_playbook_on_play_start(play("somebody.elses.role"))
    site.callback.v2_runner_on_start(Host(name="hamburg"), task(DEPLOY))
    assert not site.path.exists()
    site.callback.v2_runner_on_ok(result(task(DEPLOY), {"agents": [deployed()]}))
    site.callback.v2_playbook_on_stats(stats())
    assert [agent["host"] for agent in site.report()["agents"]] == ["hamburg"]


def test_an_earlier_turn_is_told_only_if_no_later_one_comes(site: Site) -> None:
    callback, turn = site.callback, {"records": []}
    callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    waiting = {"agents": [judged(verdict="awaiting_request")], "interim": turn}
    callback.v2_runner_on_ok(result(task(REGISTER), waiting))
    callback.v2_runner_on_ok(result(task(REGISTER), {"agents": [judged()]}))
    callback.v2_runner_on_ok(result(task(REGISTER), waiting, "munich"))
    callback.v2_playbook_on_stats(stats())

    assert {agent["host"]: agent["verdict"] for agent in site.report()["agents"]} == {
        "hamburg": "registered", "munich": "awaiting_request",
    }  # fmt: skip


def test_a_file_that_cannot_be_written_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rollout_report.context, "CLIARGS", {"check": False})
    site = Site(tmp_path / "no_folder" / "report.json")
    site.callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    site.callback.v2_playbook_on_stats(stats())

    (text,) = site.display.warning.call_args.args
    assert "no_folder/report.json" in text and "CONNECTWARE_REPORT_PATH" in text


def test_a_run_that_is_interrupted_leaves_no_report_of_the_one_before(site: Site) -> None:
    assert site.path is not None
    site.path.write_text("of the run before")
    site.callback.v2_playbook_on_start(playbook(play("somebody.elses.role"), play(rollout_report.ROLE)))
    assert not site.path.exists()


def test_what_is_no_file_of_its_own_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "stdout"
    target.touch()
    (tmp_path / "report.json").symlink_to(target)
    site = Site(tmp_path / "report.json")
    site.callback.v2_playbook_on_start(playbook(play(rollout_report.ROLE)))
    assert (tmp_path / "report.json").is_symlink() and target.exists()


def test_no_file_is_written_that_nobody_wants(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rollout_report.context, "CLIARGS", {"check": False})
    monkeypatch.chdir(tmp_path)
    callback = Site(None).callback
    callback.v2_playbook_on_play_start(play(rollout_report.ROLE))
    callback.v2_playbook_on_stats(stats())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command_line", [True, False])
def test_check_mode_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command_line: bool) -> None:
    """Which a play has by the command line, or by its keyword."""
    monkeypatch.setattr(rollout_report.context, "CLIARGS", {"check": command_line})
    site = Site(tmp_path / "report.json")
    site.callback.v2_playbook_on_play_start(play(tasks=(task(DEPLOY),), check_mode=True))
    site.callback.v2_runner_on_ok(result(task(DEPLOY, check_mode=True), {"agents": [deployed(action="created")]}))
    site.callback.v2_playbook_on_stats(stats(changed=1))

    site.display.banner.assert_called_once_with("AGENTS (check mode)")
    assert site.report()["check_mode"] and site.report()["total"]["changed"] == 1
