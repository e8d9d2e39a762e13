# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""All contestants run with the same settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from benchmark import contestants
from benchmark.ground import Case
from benchmark.results import RUNS

ALL = [
    contestants.ours(),
    contestants.naive(Path("/collections")),
    contestants.mitogen(Path("/collections"), Path("/packages")),
    contestants.floor(),
]
OF_ITS_OWN = {"ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_STRATEGY", "ANSIBLE_STRATEGY_PLUGINS"}


def environment(contestant: contestants.Contestant, folder: Path) -> dict[str, str]:
    """What Ansible is told in the environment of its run."""
    places = {"inventory": folder, "control_paths": folder, "configuration": folder / "ansible.cfg", "folder": folder}
    ground: Any = SimpleNamespace(case=Case(10, 10), **places)
    replace(contestant, commands=dict.fromkeys(RUNS, ("env",))).run(RUNS[0], ground)
    lines = (folder / f"{contestant.name}.log").read_text().splitlines()
    told = dict(line.partition("=")[::2] for line in lines if line.startswith("ANSIBLE_"))
    return {name: value for name, value in told.items() if name not in OF_ITS_OWN}


@pytest.mark.parametrize("contestant", ALL, ids=lambda contestant: contestant.name)
def test_all_have_the_same_forks_pipelining_and_ssh_settings(
    contestant: contestants.Contestant, tmp_path: Path
) -> None:
    told = environment(contestant, tmp_path)

    assert told == environment(ALL[0], tmp_path)
    assert told["ANSIBLE_FORKS"] == "10"
    assert told["ANSIBLE_PIPELINING"] == "1", "the naive playbook asks Connectware from the controller"
    assert told["ANSIBLE_SSH_CONTROL_PATH_DIR"] == str(tmp_path)
