# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios of molecule: every life of agents has one, and they differ in variables alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.factory_host import AS_A_MACHINE, IMAGE

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "extensions" / "molecule"
SHARED = SCENARIOS / "utils"
EXAMPLE = ROOT / "docs" / "examples" / "molecule"
FOLDERS = sorted(path.parent for path in SCENARIOS.glob("*/molecule.yml"))
# What agents live through, or a role that is for itself, and the playbook that a scenario of it must run.
LIVES = {
    "default": "rollout",
    "reregistration": "rollout",
    "upgrade": "upgrade",
    "retire": "retire",
    "hosts": "rollout",
    "ghosts": "retire_ghosts",
    "audit": "audit",
    "docker_host": None,  # a role without a playbook of its own
    "simulator": None,  # another one
}
# Roles without a scenario, and why.
WITHOUT_SCENARIO = {
    "awx": "Brings AWX to what a file says, and needs one: tests/awx runs it, its second run and its edits against a"
    " server with AWX's API.",
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


BASE = read(SCENARIOS / "config.yml")
VARIABLES = set(read(SHARED / "inventory" / "scenario.yml")["all"]["vars"])


def merged(folder: Path) -> dict[str, Any]:
    """Playbooks and steps of a scenario, as molecule lays its file over the base."""
    own = read(folder / "molecule.yml")
    return {
        "playbooks": {**BASE["ansible"]["playbooks"], **own.get("ansible", {}).get("playbooks", {})},
        "steps": own.get("scenario", {}).get("test_sequence", BASE["scenario"]["test_sequence"]),
    }


def named(folder: Path) -> str:
    return folder.name


def test_every_life_has_a_scenario_and_every_scenario_is_known() -> None:
    assert {folder.name for folder in FOLDERS} == set(LIVES)


def roles_of(playbook: Path) -> set[str]:
    """The roles that a playbook, or the one that it imports, runs."""
    found: set[str] = set()
    for play in read(playbook):
        if "ansible.builtin.import_playbook" in play:
            collection, _dot, name = play["ansible.builtin.import_playbook"].rpartition(".")
            assert collection == "edgefleet.connectware"
            found |= roles_of(ROOT / "playbooks" / f"{name}.yml")
        for task in play.get("tasks", []):
            found |= {task[verb]["name"] for verb in ("ansible.builtin.include_role",) if verb in task}
        found |= {role["role"] for role in play.get("roles", [])}
    return {name.rpartition(".")[2] for name in found}


def test_every_role_is_converged_by_a_scenario_or_says_why_not() -> None:
    converged = {role for folder in FOLDERS for role in roles_of(folder / merged(folder)["playbooks"]["converge"])}
    roles = {path.name for path in (ROOT / "roles").iterdir() if (path / "tasks").is_dir()}

    assert roles - converged == set(WITHOUT_SCENARIO)


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_scenario_is_variables_alone(folder: Path) -> None:
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    own = read(folder / "molecule.yml")

    assert files == {"molecule.yml", "inventory/hosts.yml"}
    assert set(own) <= {"ansible", "scenario"}
    assert set(own.get("ansible", {})) <= {"playbooks"}
    assert set(own.get("scenario", {})) <= {"name", "test_sequence"}


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_the_inventory_of_a_scenario_sets_what_the_shared_files_know(folder: Path) -> None:
    inventory = read(folder / "inventory" / "hosts.yml")
    given = set(inventory.get("all", {}).get("vars", {}))
    for host in inventory["factories"]["hosts"].values():
        given |= set(host)

    assert {name for name in given if name.startswith("scenario_")} <= VARIABLES
    assert all(name.startswith(("scenario_", "agents_", "audit_", "ghosts_")) for name in given)


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_scenario_runs_the_playbook_of_its_life_and_shared_files_alone(folder: Path) -> None:
    scenario = merged(folder)
    used = [*scenario["playbooks"].values(), *(step.split()[1] for step in scenario["steps"] if " " in step)]

    assert all((folder / name).resolve().parent == SHARED / "playbooks" for name in used)
    assert all((folder / name).exists() for name in used)
    (converge,) = read(folder / scenario["playbooks"]["converge"])
    playbook = LIVES[folder.name]
    if playbook is None:
        assert converge["roles"] == [{"role": f"edgefleet.connectware.{folder.name}"}]
    else:
        assert converge["ansible.builtin.import_playbook"] == f"edgefleet.connectware.{playbook}"


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_scenario_proves_idempotence_and_looks_afterwards(folder: Path) -> None:
    steps = merged(folder)["steps"]
    proofs = [number for number, step in enumerate(steps) if step == "idempotence"]

    assert steps[0] == steps[-1] == "destroy"
    assert proofs and all(steps[number - 1].endswith("note.yml") and steps[number + 1] == "verify" for number in proofs)
    assert folder.name == "default" or steps.count("side_effect") == 1


def test_every_shared_file_is_used() -> None:
    told = "\n".join(
        path.read_text("utf-8") for path in SCENARIOS.rglob("*") if path.suffix == ".yml" or path.name == "Dockerfile"
    )
    files = [path for path in SHARED.rglob("*") if path.is_file() and path.parent.name != "inventory"]

    assert [path.name for path in files if path.name != "Dockerfile" and not re.search(rf"\b{path.name}\b", told)] == []


def test_factory_hosts_of_scenarios_and_of_other_tests_are_the_same() -> None:
    made = read(SHARED / "tasks" / "machine.yml")[0]["block"][0]["vars"]["machine_flags"]

    assert tuple(made) == AS_A_MACHINE
    variables = read(SHARED / "inventory" / "scenario.yml")["all"]["vars"]
    kind = variables["scenario_machine_kind"]
    assert variables["scenario_machine_image"].replace("{{ scenario_machine_kind }}", kind) == IMAGE
    assert f" AS {kind}\n" in (SHARED / "factory_host" / "Dockerfile").read_text("utf-8")


def test_nothing_is_verified_with_modules_of_the_collection() -> None:
    for name in (
        "playbooks/verify.yml",
        "playbooks/verify_audit.yml",
        "playbooks/verify_simulator.yml",
        "tasks/verify_host.yml",
        "tasks/verify_connectware.yml",
        "tasks/look.yml",
    ):
        assert "edgefleet.connectware." not in (SHARED / name).read_text("utf-8")


def test_no_address_is_read_where_newer_engines_have_none() -> None:
    """From Docker Engine 29 on, only the networks of a container have addresses."""
    folders = (SCENARIOS, ROOT / "docs" / "examples", ROOT / "roles")
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".yml", ".py", ".rst", ".md")]
    assert [str(path) for path in files if "{{' }} .NetworkSettings.IPAddress" in path.read_text("utf-8")] == []


# What a project may say of its real factories, in the file of the same group.
OF_THE_FACTORIES = {
    "connectware_url": "https://connectware.example.com",
    "connectware_token": "of the factories",
    "connectware_username": "somebody",
    "connectware_password": "of somebody",
    "connectware_ca_path": "/etc/ssl/factory-ca.pem",
    "connectware_contract": {"settings": {"time_format": "epoch_s"}},
    "agents_docker_host": "tcp://engine.example.com:2376",
    "agents_docker_ca_path": "/etc/docker/ca.pem",
    "agents_docker_cert_path": "/etc/docker/cert.pem",
    "agents_docker_key_path": "/etc/docker/key.pem",
    "agents_certificates": {"ca": "/etc/ssl/factory-ca.pem"},
    "agents_mounts": [{"source": "/etc/machine.json", "target": "/machine.json"}],
    "agents_extra_hosts": {"connectware.example.com": "192.0.2.7"},
    "agents_dns": ["192.0.2.53"],
    "agents_evidence_path": "/var/log/authorizations.jsonl",
    "agents_image": "registry.example.com/agent",
    "agents_log_patterns": {"pairing": "another"},
    "agents_mqtt_host": "connectware.example.com",
    "agents_networks": ["factory"],
    "agents_version": "2.0.1",
}


def test_nothing_of_the_real_factories_reaches_a_test_of_the_example(tmp_path: Path) -> None:
    """Ansible lays one file of a group over the other, so what only the first one says stays in force."""
    project, scenario = tmp_path / "inventory", EXAMPLE / "molecule" / "default" / "inventory"
    (project / "group_vars").mkdir(parents=True)
    (project / "hosts.yml").write_text((EXAMPLE / "inventory" / "hosts.yml").read_text("utf-8"))
    (project / "group_vars" / "factories.yml").write_text(yaml.safe_dump({**OF_THE_FACTORIES, "mine": "stays"}))

    command = ["ansible-inventory", "-i", str(project), "-i", str(scenario), "--host", "munich.example.com"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)

    assert {name for name, value in OF_THE_FACTORIES.items() if found[name] == value} == set()
    assert found["connectware_token"] == ""  # where there is none at all, that of the environment counts
    assert found["mine"] == "stays"


def test_no_token_of_the_environment_reaches_a_scenario() -> None:
    assert read(SHARED / "inventory" / "scenario.yml")["factories"]["vars"]["connectware_token"] == ""
