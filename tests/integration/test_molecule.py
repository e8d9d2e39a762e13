# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios of `extensions/molecule` and the project of `docs/examples/molecule`, run by the real molecule."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from integration.bed import COLLECTIONS, ROOT, docker

SCENARIOS = ROOT / "extensions" / "molecule"
EXAMPLE = ROOT / "docs" / "examples" / "molecule"
NAMES = sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))


def molecule_test(folder: Path, scenario: str, state: Path) -> str:
    """Run `molecule test` in a project; what it keeps goes into a folder of its own. Returns what it printed."""
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "MOLECULE_EPHEMERAL_DIRECTORY": str(state),
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
    }
    command = ["molecule", "test", "--no-command-borders", "--scenario-name", scenario]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def passed(output: str, scenario: str) -> list[str]:
    """The steps that have ended well, by the list that molecule prints in the end."""
    details = output.rpartition("\nDETAILS")[2]
    return re.findall(rf"^{scenario} > (\w+): Executed: Successful", details, flags=re.MULTILINE)


def left_over(state: Path) -> list[str]:
    """Machines of the scenario that keeps its things in that folder, and agents of the example."""
    mark = hashlib.sha256(str(state).encode()).hexdigest()[:8]
    filters = (f"label=edgefleet.connectware.molecule={mark}", "name=^connectware-agent-(hamburg|munich)-")
    return [name for each in filters for name in docker("ps", "--all", "--quiet", "--filter", each).splitlines()]


def steps_of(*files: Path) -> list[str]:
    """The steps of a scenario; the last file that says which ones counts."""
    found = [yaml.safe_load(file.read_text("utf-8")).get("scenario", {}).get("test_sequence") for file in files]
    return [step.split()[0] for step in [each for each in found if each][-1]]


@pytest.mark.long
@pytest.mark.parametrize("name", [*NAMES, "example"])
def test_a_scenario_passes(name: str, tmp_path: Path) -> None:
    if name == "example":  # as a user has it: somewhere else, with nothing of this checkout around it
        project, scenario = Path(shutil.copytree(EXAMPLE, tmp_path / "factories")), "default"
        wanted = steps_of(project / "molecule" / scenario / "molecule.yml")
    else:
        project, scenario = ROOT, name
        wanted = steps_of(SCENARIOS / "config.yml", SCENARIOS / scenario / "molecule.yml")

    state = tmp_path / "state"
    output = molecule_test(project, scenario, state)

    assert passed(output, scenario) == wanted, output
    assert left_over(state) == []
