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


def templated(tmp_path: Path, names: list[str], **known: Any) -> dict[str, Any]:
    """What these variables of the role are."""
    wanted = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(ROOT / "roles" / "agents" / "vars" / "main.yml")],
        "tasks": [{"ansible.builtin.copy": {"content": wanted, "dest": str(tmp_path / "found.json"), "mode": "0600"}}],
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
            "localhost,",
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
