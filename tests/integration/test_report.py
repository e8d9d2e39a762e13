# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table and the report at the end of real runs, whatever becomes of the hosts and whatever prints the rest."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.bed import Factory, Run
from unit.plugins.module_utils._report.test_tally import valid

NOBODY_THERE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
ROLE = {"ansible.builtin.include_role": {"name": "edgefleet.connectware.agents"}}


def play(site: Factory, plays: list[dict[str, Any]], hosts: dict[str, Any], *arguments: str, **variables: Any) -> Run:
    """Run plays of our own."""
    (site.directory / "own.yml").write_text(yaml.safe_dump(plays))
    command, env = site._prepared("rollout", arguments, hosts, variables)
    command[command.index("edgefleet.connectware.rollout")] = "own.yml"
    done = subprocess.run(
        command, cwd=site.directory, env=env, capture_output=True, text=True, check=False, timeout=300
    )
    path = site.directory / "report.json"
    report = json.loads(path.read_text()) if path.exists() else {}
    if report:
        valid(report)
    return Run(done.returncode, done.stdout + done.stderr, report)


def table(output: str) -> str:
    return output[output.index("\nAGENTS") :]


def states(run: Run) -> dict[str, str]:
    return {name: host["state"] for name, host in run.report["hosts"].items()}


def test_every_host_is_told_of(factory):
    """One is registered, one cannot be reached, one has a wrong option, one fails before, and one has no agents."""
    site = factory(2)
    (first, second) = site.names()
    hosts = {
        "berlin": {"agents_list": [{"name": f"{first}-b"}], **NOBODY_THERE},
        "hamburg": {"agents_list": site.agents[:1]},
        "munich": {"agents_list": [{"name": f"{first} x"}]},
        "paris": {"agents_list": [{"name": second}], "stop_here": True},
        "rome": {},
    }
    plays = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Boot", "ansible.builtin.fail": {"msg": "no power"}, "when": "stop_here is defined"}],
        },
        {"hosts": "all", "gather_facts": False, "strategy": "free", "tasks": [{"name": "Agents", **ROLE}]},
    ]
    run = play(site, plays, hosts)
    assert run.code != 0
    assert states(run) == {
        "berlin": "unreachable", "hamburg": "ok", "munich": "failed", "paris": "failed", "rome": "ok",
    }  # fmt: skip
    assert run.report["hosts"]["paris"]["task"] == "Boot"
    assert run.report["hosts"]["paris"]["message"] == "no power"
    assert list(run.agents) == [first] and run.agents[first]["registered"]
    assert run.report["total"] == {"agents": 1, "ok": 1, "changed": 1, "failed": 0}
    assert 0 < run.agents[first]["seconds"] <= run.report["hosts"]["hamburg"]["seconds"]
    text = table(run.output)
    assert "unreachable before its agents were looked at" in text and "1 host unreachable" in text
    assert "paris: task 'Boot': no power" in text
    assert "No agents were looked at on rome" in text
    assert "\x1b" not in run.output and "DEPRECATION" not in run.output


def test_what_is_rescued_or_ignored_is_no_failure(factory):
    """In batches of one host, with names of modules made short by the keyword `collections`."""
    site = factory(1)
    hosts = {"hamburg": {"agents_list": site.agents}, "rome": {}}
    deploy = {"agents": "{{ agents_list }}", "image": "{{ agents_image }}", "version": "{{ agents_version }}",
              "mqtt_host": "127.0.0.1", "pull": "never"}  # fmt: skip
    task = {"name": "Deploy", "agents": deploy, "when": "agents_list is defined"}
    bad = {"name": "Look", "ansible.builtin.command": "false"}
    plays = [
        {
            "hosts": "all", "gather_facts": False, "serial": 1, "collections": ["edgefleet.connectware"],
            "tasks": [
                {**task, "check_mode": True},
                {**bad, "ignore_errors": True},
                {**bad, "until": False, "retries": 1, "delay": 0, "ignore_errors": True},
                {"block": [bad], "rescue": [{"name": "Mend", "ansible.builtin.debug": {"msg": "mended"}}]},
            ],
        }
    ]  # fmt: skip
    run = play(site, plays, hosts)
    assert run.code == 0, run.output
    assert states(run) == {"hamburg": "ok", "rome": "ok"}
    (agent,) = run.report["agents"]
    assert (agent["predicted"], agent["changed"], agent["verdict"]) == (["would be created"], False, None)
    assert site.container(site.names()[0]) is None


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["keyword", "command line"])
def test_check_mode_is_told_however_it_was_said(factory, arguments):
    site = factory(1)
    keyword = {} if arguments else {"check_mode": True}
    plays = [{"hosts": "all", "gather_facts": False, **keyword, "roles": ["edgefleet.connectware.agents"]}]
    run = play(site, plays, {"hamburg": {"agents_list": site.agents}}, *arguments).ok()
    (agent,) = run.report["agents"]
    assert agent["predicted"] == ["would be created", "would be registered"] and agent["changed"]
    assert run.report["check_mode"] and run.report["total"]["changed"] == 1
    assert "AGENTS (check mode)" in run.output and "1 agent on 1 host: ok=1 changed=1 failed=0" in run.output
    assert site.container(site.names()[0]) is None and site.volume(site.names()[0]) is None


def test_a_delegated_loop_is_told_by_the_hosts_that_have_the_agents(factory):
    site = factory(2)
    agents = {f"host{number}": {"agents_list": [agent]} for number, agent in enumerate(site.agents)}
    deploy = {"agents": "{{ hostvars[item].agents_list }}", "image": "{{ agents_image }}", "pull": "never",
              "version": "{{ agents_version }}", "mqtt_host": "127.0.0.1"}  # fmt: skip
    task = {"name": "Deploy", "edgefleet.connectware.agents": deploy, "check_mode": True}
    one = {**task, "delegate_to": "host0", "vars": {"item": "host0"}}
    both = {**task, "loop": ["host0", "host1"], "when": "inventory_hostname == 'host1'"}
    plays = [{"hosts": "desk:host1", "gather_facts": False, "tasks": [{**one, "run_once": True}, both]}]
    run = play(site, plays, {"desk": {}, **agents})
    assert run.code == 0, run.output
    found = {(agent["host"], agent["name"]) for agent in run.report["agents"]}
    first, second = site.names()
    assert found == {("host0", first), ("host1", first), ("host1", second)}


def test_a_run_about_something_else_prints_nothing(factory):
    site = factory(1)
    bad = {"name": "Else", "ansible.builtin.fail": {"msg": "of no interest"}}
    run = play(site, [{"hosts": "all", "gather_facts": False, "tasks": [bad]}], {"hamburg": {}})
    assert "AGENTS" not in run.output and run.report == {}, "that of the last rollout would be replaced"


@pytest.mark.parametrize("width", [80, 200])
def test_on_a_terminal(factory, width):
    """Its width bounds the table, and there alone it is coloured."""
    site = factory(1)
    site.environment = {"ANSIBLE_NOCOLOR": "0", "ANSIBLE_FORCE_COLOR": "0", "COLUMNS": "", "TERM": "xterm"}
    command, env = site._prepared("rollout", ["--check"], {"a-host-with-a-long-name": {"agents_list": site.agents}}, {})
    del env["COLUMNS"]
    controller, terminal = pty.openpty()
    subprocess.run(["stty", "cols", str(width)], stdin=terminal, check=True)
    process = subprocess.Popen(command, cwd=site.directory, env=env, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    output = _all_of(controller)
    assert process.wait(60) == 0, output
    lines = table(output.replace("\r\n", "\n")).splitlines()
    assert any("\x1b[" in line for line in lines)
    plain = [_without_colours(line) for line in lines]
    assert max(len(line) for line in plain) <= width
    assert any("would be created, would be registered" in line for line in plain) is (width == 200)


def _all_of(controller: int) -> str:
    """What a program writes on a terminal until it ends."""
    found = b""
    while True:
        try:
            part = os.read(controller, 65536)
        except OSError:  # the other end is closed
            return found.decode()
        if not part:
            return found.decode()
        found += part


def _without_colours(line: str) -> str:
    parts = line.split("\x1b[")
    return parts[0] + "".join(part.partition("m")[2] for part in parts[1:])


@pytest.mark.parametrize("where", ["none/report.json", "a-folder"])
def test_a_report_that_cannot_be_written_is_a_warning(factory, tmp_path, where):
    site = factory(1)
    (tmp_path / "a-folder").mkdir()
    site.environment = {"CONNECTWARE_REPORT_PATH": str(tmp_path / where)}
    run = site.rollout("--check").ok()
    flat = " ".join(run.output.split())
    assert f"Could not write the report to {tmp_path / where}" in flat and "CONNECTWARE_REPORT_PATH" in flat
    assert "Traceback" not in run.output and "would be created" in run.output


def test_beside_the_callback_of_awx(factory, tmp_path):
    """As ansible-runner runs a job for AWX: its own callback prints, ours adds the table."""
    site = factory(1)
    _command, env = site._prepared("rollout", [], {"hamburg": {"agents_list": site.agents}}, {})
    data = tmp_path / "runner"
    (data / "env").mkdir(parents=True)
    (data / "project").mkdir()
    ours = ("ANSIBLE_COLLECTIONS_PATH", "CONNECTWARE_REPORT_PATH", "ANSIBLE_LOCALHOST_WARNING")
    kept = {name: env[name] for name in ours}
    kept["ANSIBLE_CALLBACKS_ENABLED"] = "edgefleet.connectware.rollout_report"
    (data / "env" / "envvars").write_text(yaml.safe_dump(kept))
    (data / "project" / "site.yml").write_text("- ansible.builtin.import_playbook: edgefleet.connectware.rollout\n")
    command = ["ansible-runner", "run", str(data), "-p", "site.yml", "-i", "job",
               "--inventory", str(tmp_path / "inventory.yml")]  # fmt: skip
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"  {site.names()[0]}  registered" in table(done.stdout)
    report = json.loads(Path(env["CONNECTWARE_REPORT_PATH"]).read_text())
    valid(report)
    assert [agent["registered"] for agent in report["agents"]] == [True]
    events = [json.loads(path.read_text()) for path in (data / "artifacts" / "job" / "job_events").glob("*.json")]
    assert any("AGENTS" in event["stdout"] for event in events), "AWX shows it"
