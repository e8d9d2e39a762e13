# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions of roles that need no host: a name may be a number in the inventory, a list or a boolean a text."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import (
    CONNECTWARE_OPTIONS,
    ENGINE_OPTIONS,
    LOG_OPTIONS,
)

ROOT = Path(__file__).resolve().parents[2]
AGENTS = [{"name": 4711, "image": "new"}, {"name": "press", "image": "new"}]


def templated(
    tmp_path: Path,
    names: list[str],
    *,
    inventory: str = "localhost,",
    hosts: str = "localhost",
    check: bool = False,
    **known: Any,
) -> dict[str, Any]:
    """What these variables of roles are."""
    wanted = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    play = {
        "hosts": hosts,
        "gather_facts": False,
        "vars_files": sorted(map(str, [*ROOT.glob("roles/*/vars/main.yml"), *ROOT.glob("roles/*/vars/main/*.yml")])),
        "tasks": [
            {
                "ansible.builtin.copy": {"content": wanted, "dest": str(tmp_path / "found.json"), "mode": "0600"},
                "run_once": True,
                "check_mode": False,
            }
        ],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), "utf-8")
    (tmp_path / "known.json").write_text(json.dumps(known), "utf-8")
    script = "from ansible.cli.playbook import main; main()"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
            "-i",
            inventory,
            "-c",
            "local",
            "-e",
            "@known.json",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "play.yml",
            *(["--check"] if check else []),
        ],
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "src"), "ANSIBLE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((tmp_path / "found.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("only", ["4711, nobody", [4711], 4711, "4711,"])
def test_an_agent_is_chosen_by_a_name_that_is_a_number(tmp_path: Path, only: str | int | list[object]) -> None:
    names = ["__agents_chosen", "__agents_of_nobody"]
    found = templated(tmp_path, names, agents_only=only, agents_list=AGENTS)
    assert found["__agents_chosen"] == AGENTS[:1]
    assert found["__agents_of_nobody"] == (["nobody"] if "nobody" in str(only) else [])


@pytest.mark.parametrize("only", ["", " ", ["", ""]])
def test_an_empty_text_is_not_everybody(tmp_path: Path, only: str | list[object]) -> None:
    found = templated(tmp_path, ["__agents_chosen", "__agents_of_nobody"], agents_only=only, agents_list=AGENTS)
    assert found["__agents_chosen"] == [] and len(found["__agents_of_nobody"]) == 1


def test_an_agent_whose_name_is_a_number_is_said_to_be_put_back(tmp_path: Path) -> None:
    done = {"changed": True, "error": ""}
    found = templated(
        tmp_path,
        ["__agents_restored", "__agents_not_restored", "__agents_not_back"],
        __agents_put_back=AGENTS,
        __agents_deployed={"agents": [{"name": "4711", **done}, {"name": "press", **done, "error": "no such image"}]},
        __agents_registered={"agents": [{"name": "4711", "registered": False}]},
    )
    assert found == {
        "__agents_restored": ["4711"], "__agents_not_restored": ["press"], "__agents_not_back": ["4711"],
    }  # fmt: skip


def test_the_way_back_from_an_upgrade_that_was_killed_is_one_for_every_agent(tmp_path: Path) -> None:
    """One that has an image of its own takes nothing from agents_image."""
    changed = {"replaced_image": "reg/mapper@sha256:12", "previous_image": None}
    found = templated(
        tmp_path,
        ["__agents_replaced_before"],
        __agents_deployed={"agents": [{"name": "press", **changed}]},
        __agents_registered={"agents": [{"name": "press", "registered": False}]},
    )
    said = found["__agents_replaced_before"]
    assert "the image of press (reg/mapper@sha256:12)" in said and "agents_image" not in said
    assert "as image of that agent in agents_list, without version" in said


@pytest.mark.parametrize("known", [[], ["press-1"]])
def test_a_count_of_another_host_from_before_this_one_was_looked_at_does_not_let_its_agents_in(
    tmp_path: Path, known: list[str]
) -> None:
    """As under the strategy `free`, where each host counts, and all of them keep the count that came last."""
    lost = {"name": "press-1", "username": "press-1", "verdict": "rejected", "reason": "credentials_rejected",
            "registered": False, "actions": []}  # fmt: skip
    counted = {"anew": known, "too_many": [], "to_replace": [], "twice": []}
    found = templated(
        tmp_path, ["__agents_counted"], agents_max_reregistrations=0, agents_on_conflict="fail",
        __agents_tally=counted, __agents_registered={"agents": [lost]},
    )["__agents_counted"]  # fmt: skip
    if known:
        assert found == counted, "it is not counted a second time"
    else:
        assert found["anew"] == ["press-1"] and "1 of 1 agents would be registered anew" in found["too_many"][0]


def test_who_would_be_cut_off_by_another_volume(tmp_path: Path) -> None:
    drift = {"moved": ["image", "volume"], "lost": [], "new": ["volume"], "4711": ["volume"]}
    verdicts = {"moved": "conflict", "lost": "conflict", "new": "awaiting_request", "4711": "registered"}
    found = templated(
        tmp_path,
        ["__agents_cut_off"],
        __agents_deployed={"agents": [{"name": name, "drift": options} for name, options in drift.items()]},
        __agents_registered={"agents": [{"name": name, "verdict": verdict} for name, verdict in verdicts.items()]},
    )
    assert found == {"__agents_cut_off": ["moved"]}


def test_secrets_that_are_numbers_are_not_told_of_a_task_that_failed(tmp_path: Path) -> None:
    """YAML makes numbers of them where they stand without quotes."""
    told = "not with 12345678, tok-en-tok, hook-of-ours or 87654321"
    found = templated(
        tmp_path,
        ["__awx_refused"],
        awx_connectwares=[{"name": "n", "token": "tok-en-tok"}, {"name": "m", "username": "u", "password": 12345678}],
        awx_notifications=[{"configuration": {"url": "hook-of-ours", "port": 443, "headers": {"X-Key": 87654321}}}],
        ansible_failed_result={"failed": True, "msg": told},
        __awx_api_token="of-the-controller",
    )
    assert found == {"__awx_refused": "not with ***, ***, *** or ***"}


def three_plants(tmp_path: Path, agents_list: Any) -> str:
    """An inventory in which the host of the play alone knows what its agents are called."""
    plants = {"localhost": {"site": "hh"}, "plant-2": {}, "plant-3": {}}
    (tmp_path / "hosts.yml").write_text(
        yaml.safe_dump({"all": {"hosts": plants, "vars": {"agents_list": agents_list}}})
    )
    return str(tmp_path / "hosts.yml")


@pytest.mark.parametrize(
    "agents_list",
    [[{"name": "{{ site }}-press"}], "{{ [{'name': site ~ '-press'}] }}", "{{ names_of[site] }}"],
)
def test_names_that_other_hosts_do_not_know_in_this_run_do_not_stop_it(tmp_path: Path, agents_list: Any) -> None:
    names = ["__agents_twice", "__agents_namesakes", "__agents_hosts", "__agents_other_askers", "__agents_to_weigh"]
    inventory = three_plants(tmp_path, agents_list)
    found = templated(tmp_path, names, inventory=inventory, agents_state="present", names_of={"hh": [{"name": "p"}]},
                      agents_max_reregistrations="10%", agents_on_conflict="fail")  # fmt: skip
    hosts = ["localhost", "plant-2", "plant-3"]
    assert found == {**{name: [] for name in names}, "__agents_hosts": hosts, "__agents_namesakes": {}}


def test_names_that_are_known_are_compared_all_the_same(tmp_path: Path) -> None:
    inventory = three_plants(tmp_path, [{"name": "{{ site }}-press"}, {"name": "welder"}])
    found = templated(tmp_path, ["__agents_twice", "__agents_namesakes"], inventory=inventory)
    plants = ["localhost", "plant-2", "plant-3"]
    twice = ["welder is on localhost and plant-2 and plant-3"]
    assert found == {"__agents_twice": twice, "__agents_namesakes": {"welder": plants}}


def test_an_option_that_is_omitted_is_not_compared(tmp_path: Path) -> None:
    """As a variable that only some hosts have makes it, with `default(omit)`."""
    omitted = dict.fromkeys(("username", "container", "volume"), "{{ nothing | default(omit) }}")
    plants = {name: {"agents_list": [{"name": f"{name}-press", **omitted}]} for name in ("localhost", "plant-2")}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": plants}}))
    known = "{{ hostvars | edgefleet.connectware.agents_by_host(groups['all']) }}"
    found = templated(tmp_path, ["__agents_twice", "__agents_namesakes", "known"],
                      inventory=str(tmp_path / "hosts.yml"), known=known)  # fmt: skip
    assert (found["__agents_twice"], found["__agents_namesakes"]) == ([], {})
    assert found["known"] == {name: [{"name": f"{name}-press"}] for name in plants}


@pytest.mark.parametrize(("later", "of_nobody"), [("{{ site }}-press", []), ("welder", ["plant-2-press"])])
def test_an_agent_of_a_batch_to_come_may_have_the_name(tmp_path: Path, later: str, of_nobody: list[str]) -> None:
    """That is said of the whole play, hosts without facts among them; here this host has no site."""
    plants = {"localhost": {"agents_list": [{"name": "hh-press"}]}, "plant-2": {"agents_list": [{"name": later}]}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": plants}}))
    found = templated(tmp_path, ["__agents_of_nobody"], inventory=str(tmp_path / "hosts.yml"), hosts="all",
                      agents_only="hh-press,plant-2-press")  # fmt: skip
    assert found["__agents_of_nobody"] == of_nobody


# The options of each role that are lists of texts, or booleans, as far as its own expressions read them.
LISTS = {
    "docker_host": ["users", "engine_packages", "sdk_packages", "process_options"],
    "simulator": ["pip_arguments", "sans", "image_tags", "image_build_arguments"],
    "awx": ["job_credentials", "verify_fail_on"],
}
BOOLEANS = {"simulator": ["install", "service", "image", "image_purge"]}


@pytest.mark.parametrize(
    ("entries", "meant", "boolean", "true"),
    [
        (["--one", "two"], ["--one", "two"], True, True),
        ("--one, two", ["--one", "two"], "true", True),
        ("--one", ["--one"], "yes", True),
        ([17], ["17"], False, False),
        ([], [], "false", False),
        ("", [], "no", False),
    ],
)
def test_lists_and_booleans_may_be_texts(
    tmp_path: Path, entries: Any, meant: list[str], boolean: bool | str, true: bool
) -> None:
    """As those of extra variables are: the check of the arguments takes them, and converts only its own copy."""
    lists = [f"{role}_{name}" for role, names in LISTS.items() for name in names]
    booleans = [f"{role}_{name}" for role, names in BOOLEANS.items() for name in names]
    found = templated(tmp_path, [f"__{name}" for name in lists + booleans], **dict.fromkeys(lists, entries),
                      **dict.fromkeys(booleans, boolean))  # fmt: skip
    assert found == {**{f"__{name}": meant for name in lists}, **{f"__{name}": true for name in booleans}}


def test_what_the_simulator_is_started_with(tmp_path: Path) -> None:
    options = ("dir", "host", "api_port", "mqtt_port", "mqtts_port", "control_port", "version")
    known = dict.fromkeys([f"simulator_{name}" for name in options], "x")
    passwords = [f"simulator_{user}_password" for user in ("admin", "rollout", "registrar", "reader", "nobody")]
    found = templated(tmp_path, ["__simulator_arguments", "__simulator_config"], **known,
                      **dict.fromkeys(passwords, "x"), simulator_sans="one,two", simulator_mutual_tls="false",
                      simulator_switches={}, simulator_users=[])  # fmt: skip
    assert found["__simulator_arguments"][-4:] == ["--san", "one", "--san", "two"]
    assert found["__simulator_config"]["mutual_tls"] is False


@pytest.mark.parametrize(("update", "sent"), [("false", []), ("true", ["chat"])])
def test_notifications_with_texts_of_a_command_line(tmp_path: Path, update: str, sent: list[str]) -> None:
    chat = {"name": "chat", "type": "webhook", "configuration": {}, "events": "started, error"}
    there = {**chat, "notification_type": "webhook", "notification_configuration": {}}
    seen = {"results": [{"json": {"results": [there]}}]}
    found = templated(tmp_path, ["__awx_told", "__awx_notifications_to_send"], awx_notifications=[chat],
                      awx_update_secrets=update, __awx_seen=seen, __awx_known_notifications={"chat": "7"})  # fmt: skip
    assert found["__awx_told"] == {"started": ["7"], "success": [], "error": ["7"], "approvals": []}
    assert found["__awx_notifications_to_send"] == sent


ALL_EVENTS = ["approvals", "error", "started", "success"]


@pytest.mark.parametrize(
    ("said", "told"),
    [({}, ALL_EVENTS), ({"events": None}, ALL_EVENTS), ({"events": ""}, ALL_EVENTS), ({"events": []}, []),
     ({"events": ["error"]}, ["error"])],
)  # fmt: skip
def test_who_is_told_of_which_event(tmp_path: Path, said: dict[str, Any], told: list[str]) -> None:
    """A list without events is a notification that tells of nothing, as long as somebody is away for example."""
    found = templated(tmp_path, ["__awx_told"], awx_notifications=[{"name": "chat", **said}],
                      __awx_known_notifications={"chat": "7"})["__awx_told"]  # fmt: skip
    assert sorted(event for event, numbers in found.items() if numbers) == told


def test_why_a_rollout_would_stop(tmp_path: Path) -> None:
    """What the inventory has twice, agents of the play, and how many would be registered anew; each once."""
    lost = {"name": "lost", "username": "lost", "verdict": "rejected", "reason": "credentials_rejected",
            "registered": False, "actions": []}  # fmt: skip
    plants = {host: {"agents_list": [{"name": "twin"}]} for host in ("localhost", "plant-2")}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": plants}}))
    known = {"agents_max_reregistrations": 0, "agents_on_conflict": "fail"}
    judged = {"agents": [lost, {**lost, "name": "twin", "reason": "none", "registered": True}]}
    found = templated(tmp_path, ["__agents_obstacles"], inventory=str(tmp_path / "hosts.yml"), **known,
                      __agents_registered=judged)["__agents_obstacles"]  # fmt: skip
    assert "twin is on localhost and plant-2" in found and found.count("twin is on localhost and plant-2") == 1
    assert "agents would be registered anew, and agents_max_reregistrations (0) allows 0: lost" in found[-1]
    found = templated(tmp_path, ["__agents_obstacles"], **known, agents_list=[{"name": "alone"}],
                      __agents_registered={"agents": []})  # fmt: skip
    assert found["__agents_obstacles"] == []


@pytest.mark.parametrize(("manage", "managed"), [("false", []), (True, ["p"])])
def test_an_agent_whose_container_is_not_managed(tmp_path: Path, manage: bool | str, managed: list[str]) -> None:
    agents = [{"name": "p", "manage": manage}, {"name": "q"}]
    found = templated(tmp_path, ["__agents_managed"], agents_only=[], agents_list=agents)
    assert [agent["name"] for agent in found["__agents_managed"]] == [*managed, "q"]


@pytest.mark.parametrize(("wanted", "told"), [("auto", []), (" 1.7.0 ", ["agents_version is 1.7.0"])])
def test_what_would_have_another_version_than_connectware(tmp_path: Path, wanted: str, told: list[str]) -> None:
    theirs = {"name": "theirs", "image": "mapper:1.7.0", "manage": False}
    agents = [{"name": "p", "image": "mapper:1.7.0"}, theirs, {"name": "q", "version": "1.6.0"}, {"name": "r"}]
    found = templated(
        tmp_path, ["__agents_other_versions"], agents_only=[], agents_state="upgraded", agents_version=wanted,
        agents_list=agents, __agents_connectware={"version": "1.8.0"},
    )  # fmt: skip
    of_agents = ["image of agent p is mapper:1.7.0", "version of agent q is 1.6.0"]
    assert found["__agents_other_versions"] == told + of_agents


# Two Connectwares; None stands for that of the environment.
NORTH, SOUTH = "https://north.example.com", "https://south.example.com"


@pytest.mark.parametrize(
    ("first", "later", "asked"),
    [
        (NORTH, None, [{"url": "", "host": "plant-2"}]),
        (NORTH, "", [{"url": "", "host": "plant-2"}]),
        (None, NORTH, [{"url": NORTH, "host": "plant-2"}]),
        (NORTH, SOUTH, [{"url": SOUTH, "host": "plant-2"}]),
        (NORTH, NORTH, []),
        (None, None, []),
        ("", None, []),
    ],
)
def test_every_connectware_but_that_of_the_host_that_asks_first_is_asked_too(
    tmp_path: Path, first: str | None, later: str | None, asked: list[dict[str, str]]
) -> None:
    """That of the environment is one as well."""
    urls = {"localhost": first, "plant-2": later}
    plants = {host: {} if url is None else {"connectware_url": url} for host, url in urls.items()}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": plants}}))
    found = templated(tmp_path, ["__agents_other_askers"], inventory=str(tmp_path / "hosts.yml"), hosts="all",
                      agents_state="present", agents_version="auto", agents_list=[{"name": "p"}])  # fmt: skip
    assert found["__agents_other_askers"] == asked


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("reg.example:5000/mapper:1.7.0", True),
        ("reg.example:5000/mapper:stable", True),
        ("mapper@sha256:0123", True),
        ("reg.example:5000/mapper", False),
        ("mapper", False),
        ("", False),
    ],
)
def test_an_image_of_all_agents_that_names_its_version_is_told_before_an_upgrade(
    tmp_path: Path, image: str, told: bool
) -> None:
    found = templated(tmp_path, ["__agents_fixed_image"], agents_image=image)
    assert found["__agents_fixed_image"] == (image if told else "")


@pytest.mark.parametrize(("state", "of_nobody"), [("upgradable", ["nobody"]), ("upgraded", [])])
def test_the_second_play_of_an_upgrade_does_not_have_all_hosts_whose_agents_are_named_alone(
    tmp_path: Path, state: str, of_nobody: list[str]
) -> None:
    group = {"connectware_agents_to_upgrade": {"hosts": {"localhost": None}}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": group}}))
    found = templated(tmp_path, ["__agents_of_nobody"], inventory=str(tmp_path / "hosts.yml"), agents_only="p,nobody",
                      agents_list=[{"name": "p"}], agents_state=state)  # fmt: skip
    assert found["__agents_of_nobody"] == of_nobody


def test_every_host_that_retires_agents_asks_the_same(tmp_path: Path) -> None:
    """Under the strategy `free` a host goes on with the answers to the last question of any host."""
    agents = [{"name": "x"}, {"name": "moved", "username": "moved-user"}]
    plants = {"localhost": {"agents_list": [*agents, {"name": "alone"}]}, "plant-2": {"agents_list": agents}}
    plants |= {"plant-3": {"agents_list": [{"name": "else"}, {"name": 4711}]}, "plant-4": {"agents_list": "no list"}}
    plants |= {"plant-5": {"agents_list": [{"name": "4711"}, {"name": "{{ nobody_knows }}"}]}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": plants}}))
    elsewhere = [{"username": name, "host": host, "container": "c"}
                 for name, host in (("x", "plant-2"), ("alone", "localhost"), ("4711", "plant-5"))]  # fmt: skip
    found = templated(
        tmp_path, ["__agents_questions_of_namesakes", "__agents_beside_retired"], inventory=str(tmp_path / "hosts.yml"),
        __agents_deployed={"agents": [{"username": name} for name in ("x", "moved-user", "alone")]},
        __agents_elsewhere=elsewhere,
    )  # fmt: skip
    asked = {host: sorted(names) for host, names in found["__agents_questions_of_namesakes"]}
    assert set(asked) == {"localhost", "plant-2", "plant-3", "plant-5"}
    assert all(names == ["4711", "moved", "moved-user", "x"] for names in asked.values())
    assert found["__agents_beside_retired"] == elsewhere[:1], "not of its own host, which has just been looked at"

    found = templated(
        tmp_path, ["__agents_beside_retired"], inventory=str(tmp_path / "hosts.yml"), hosts="localhost,plant-5",
        __agents_deployed={"agents": [{"username": name} for name in ("x", "4711")]}, __agents_elsewhere=elsewhere,
        check=True,
    )  # fmt: skip
    assert found["__agents_beside_retired"] == elsewhere[:1], "not of hosts of the play, where it is there still"


@pytest.mark.parametrize(
    ("given", "rollout", "upgrade"),
    [
        ({}, ["100%"], ["1", "25%"]),
        ({"agents_serial": ""}, ["100%"], ["1", "25%"]),
        ({"agents_serial": 20}, ["20"], ["20"]),
        ({"agents_serial": "1, 50%"}, ["1", "50%"], ["1", "50%"]),
        ({"agents_serial": [1, 5, "25%"]}, ["1", "5", "25%"], ["1", "5", "25%"]),
    ],
)
def test_batches_of_hosts(tmp_path: Path, given: dict[str, Any], rollout: list[str], upgrade: list[str]) -> None:
    """Ansible ends in a traceback where it gets several in one text, or an empty one."""
    plays = {name: yaml.safe_load((ROOT / "playbooks" / f"{name}.yml").read_text("utf-8"))[-1]
             for name in ("rollout", "upgrade")}  # fmt: skip
    found = templated(tmp_path, list(plays), **given, **{name: play["serial"] for name, play in plays.items()})
    assert found == {"rollout": rollout, "upgrade": upgrade}


# Where roles pass the options of a module on, each under the name of its variable.
# Where roles pass the options of a module on, each under the name of its variable.
PASSED_ON = [
    ("agents", "__agents_connectware_options", "", CONNECTWARE_OPTIONS, set()),
    ("audit", "__audit_given", "", CONNECTWARE_OPTIONS, {"agents_name_pattern"}),
    ("ghosts", "__ghosts_options", "", CONNECTWARE_OPTIONS, {"agents_name_pattern"}),
    ("agents", "__agents_engine_options", "agents_", {**ENGINE_OPTIONS, **LOG_OPTIONS}, set()),
    ("audit", "__audit_engine_options", "agents_", {**ENGINE_OPTIONS, **LOG_OPTIONS}, set()),
]
VARIABLES = [variable for _role, variable, *_more in PASSED_ON]


@pytest.mark.parametrize(("role", "variable", "prefix", "options", "more"), PASSED_ON, ids=VARIABLES)
def test_roles_pass_on_every_option_that_a_module_takes(
    role: str, variable: str, prefix: str, options: dict[str, Any], more: set[str]
) -> None:
    text = yaml.load((ROOT / "roles" / role / "vars" / "main.yml").read_text("utf-8"), Loader)[variable]
    passed_on = dict(re.findall(r"'(\w+)': (\w+)", text))
    assert set(passed_on) == {*options, *more}
    assert all(value == f"{prefix if name in options else ''}{name}" for name, value in passed_on.items())


def test_what_a_single_agent_may_set_for_itself_is_told() -> None:
    """The README promises the variables of three tables but those that it names."""
    role = ROOT / "roles" / "agents"
    text = (role / "README.md").read_text("utf-8")
    spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"]
    own = {f"agents_{name}" for name in spec["options"]["agents_list"]["options"]}
    themes = [text.split(f"\n### {theme}\n")[1].split("\n### ")[0] for theme in ("Image", "Broker", "Container")]
    rows = [row.split("|")[1] for theme in themes for row in re.findall(r"^\| `.*", theme, re.MULTILINE)]
    told = {name for row in rows for name in re.findall(r"`(agents_\w+)`", row)}
    excepted = text.split('"image", "broker" and "container"')[1].split("\n\n")[0]
    patterns = re.findall(r"`(agents_\w+\*?)`", excepted)
    left_out = {name for name in told if any(fnmatch(name, pattern) for pattern in patterns)}
    assert patterns and told - left_out <= own
    assert not left_out & own


CONNECTWARE_TASKS = ["agents/tasks/version.yml", "audit/tasks/fleet.yml", "ghosts/tasks/once.yml"]


@pytest.mark.parametrize("path", CONNECTWARE_TASKS)
def test_tasks_on_the_controller_pass_every_option_of_connectware_on(path: str) -> None:
    text = (ROOT / "roles" / path).read_text("utf-8")
    modules = re.findall(r"^ +edgefleet\.connectware\.\w+:\n((?: +\S.*\n)+)", text, re.MULTILINE)
    assert modules
    for arguments in modules:
        assert set(re.findall(r"^ +(connectware_\w+): ", arguments, re.MULTILINE)) == set(CONNECTWARE_OPTIONS)


class Loader(yaml.SafeLoader):
    """Takes a text that is not to be templated for a text."""


Loader.add_constructor("!unsafe", lambda _loader, node: str(node.value))


def texts(found: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a file, each with its key."""
    if isinstance(found, dict):
        for name, value in found.items():
            yield from texts(value, name)
    elif isinstance(found, list):
        for value in found:
            yield from texts(value, key)
    elif isinstance(found, str):
        yield key, found


def raw_uses(role: Path) -> Iterator[str]:
    """Where an expression reads a list of texts or a boolean as it was given, and does not just pass it on."""
    spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"]
    names = [
        name
        for name, option in spec["options"].items()
        if option["type"] == "bool" or (option["type"] == "list" and option["elements"] == "str")
    ]
    alone = r"'\w+': NAME( \| default\(none\))?,|\ANAME( \| default\(omit\))?\Z"
    for path in sorted([*role.glob("tasks/*.yml"), *role.glob("vars/*.yml")]):
        for key, text in texts(yaml.load(path.read_text("utf-8"), Loader)):
            bare = key in ("when", "that", "failed_when", "changed_when", "until")
            for expression in [text] if bare else re.findall(r"\{[{%]-?\s*(.*?)\s*-?[%}]\}", text, re.DOTALL):
                for name in names:
                    fine = rf"{name} \| bool" + ("" if bare or key == "loop" else f"|{alone.replace('NAME', name)}")
                    if key != f"__{name}" and re.search(rf"(?<![\w.`]){name}\b", re.sub(fine, "", expression)):
                        yield f"{path.parent.name}/{path.name}: {key}: {name}"


@pytest.mark.parametrize("role", sorted(path.parent.name for path in (ROOT / "roles").glob("*/meta")))
def test_no_expression_reads_a_text_as_a_list_or_a_boolean(role: str) -> None:
    assert list(raw_uses(ROOT / "roles" / role)) == []
