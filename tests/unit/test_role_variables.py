# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions of the role agents that need no host: a name may be a number in the inventory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
AGENTS = [{"name": 4711, "image": "new"}, {"name": "press", "image": "new"}]


def templated(
    tmp_path: Path,
    names: list[str],
    *,
    role: str = "agents",
    inventory: str = "localhost,",
    hosts: str = "localhost",
    **known: Any,
) -> dict[str, Any]:
    """What these variables of the role are."""
    wanted = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    play = {
        "hosts": hosts,
        "gather_facts": False,
        "vars_files": [str(ROOT / "roles" / role / "vars" / "main.yml")],
        "tasks": [
            {
                "ansible.builtin.copy": {"content": wanted, "dest": str(tmp_path / "found.json"), "mode": "0600"},
                "run_once": True,
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


@pytest.mark.parametrize("only", ["4711, nobody", [4711]])
def test_an_agent_is_chosen_by_a_name_that_is_a_number(tmp_path: Path, only: str | list[object]) -> None:
    names = ["__agents_chosen", "__agents_of_nobody"]
    found = templated(tmp_path, names, agents_only=only, agents_list=AGENTS)
    assert found["__agents_chosen"] == AGENTS[:1]
    assert found["__agents_of_nobody"] == (["nobody"] if "nobody" in only else [])


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
    assert found == {**{name: [] for name in names}, "__agents_hosts": ["localhost", "plant-2", "plant-3"]}


def test_names_that_are_known_are_compared_all_the_same(tmp_path: Path) -> None:
    inventory = three_plants(tmp_path, [{"name": "{{ site }}-press"}, {"name": "welder"}])
    found = templated(tmp_path, ["__agents_twice", "__agents_namesakes"], inventory=inventory)
    plants = ["localhost", "plant-2", "plant-3"]
    assert found == {"__agents_twice": ["welder is on localhost and plant-2 and plant-3"], "__agents_namesakes": plants}


@pytest.mark.parametrize(("later", "of_nobody"), [("{{ site }}-press", []), ("welder", ["plant-2-press"])])
def test_an_agent_of_a_batch_to_come_may_have_the_name(tmp_path: Path, later: str, of_nobody: list[str]) -> None:
    """That is said of the whole play, hosts without facts among them; here this host has no site."""
    plants = {"localhost": {"agents_list": [{"name": "hh-press"}]}, "plant-2": {"agents_list": [{"name": later}]}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": plants}}))
    found = templated(tmp_path, ["__agents_of_nobody"], inventory=str(tmp_path / "hosts.yml"), hosts="all",
                      agents_only="hh-press,plant-2-press")  # fmt: skip
    assert found["__agents_of_nobody"] == of_nobody
