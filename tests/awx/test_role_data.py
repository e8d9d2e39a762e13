# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role says twice agrees: surveys with the roles that take the answers, the credential with the modules."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from awx.credentials import credential_type
from awx.job import injected, role_variables
from awx.setup import PROJECT, playbooks
from integration.bed import ROOT

from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import CONNECTWARE_OPTIONS

KINDS = role_variables()["__awx_kinds"]
QUESTIONS = [(kind, question) for kind, found in KINDS.items() for question in found["survey"]]


def options(role: str) -> dict[str, Any]:
    spec = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
    return spec["argument_specs"]["main"]["options"]


def defaults(role: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text())


@pytest.mark.parametrize(("kind", "question"), QUESTIONS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_survey_asks_for_what_a_role_takes(kind: str, question: dict[str, Any]) -> None:
    known = options("agents") | options("audit")
    name = question["variable"]
    if name == "agents_purge":  # whatever an inventory says, somebody has to want it
        assert question["default"] == str(known[name]["default"]).lower()
    else:
        assert "default" not in question, f"{kind}: it would win over what the inventory says of a factory"
        assert question["required"] == (name == "agents_hosts")
    if known.get(name, {}).get("choices") and isinstance(question.get("choices"), list):
        assert set(question["choices"]) == set(known[name]["choices"])


def test_the_last_step_fails_on_what_the_audit_knows() -> None:
    fails = defaults("awx")["awx_verify_fail_on"]
    assert set(options("audit")["audit_fail_on"]["choices"]) - set(fails) == {"ghost", "drift"}


def test_each_variable_of_a_job_is_one_that_the_modules_read() -> None:
    read = {name for option in CONNECTWARE_OPTIONS.values() for name in option.get("fallback", (None, []))[1]}
    variables = role_variables()["__awx_credential_injectors"]["env"]
    assert set(variables) == read - {"CONNECTWARE_TIMEOUT"}


def test_what_is_not_filled_in_is_empty_and_safe(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    found = injected({"url": "https://connectware.example.com", "token": "t" * 8}, tmp_path, Path("/runner"))
    assert found == {
        "CONNECTWARE_URL": "https://connectware.example.com",
        "CONNECTWARE_TOKEN": "t" * 8,
        "CONNECTWARE_USERNAME": "",
        "CONNECTWARE_PASSWORD": "",
        "CONNECTWARE_CA_PATH": "",
        "CONNECTWARE_VALIDATE_CERTS": "true",
    }


def test_the_ca_is_a_file_of_the_job(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    found = injected({"url": "https://a", "ca": "PEM\n", "insecure": True}, tmp_path, Path("/runner"))
    path = found["CONNECTWARE_CA_PATH"]
    assert path.startswith("/runner/env/") and (tmp_path / "env" / Path(path).name).read_text().strip() == "PEM"
    assert found["CONNECTWARE_VALIDATE_CERTS"] == "false"


def test_each_playbook_of_the_project_can_be_read() -> None:
    files = [str(PROJECT / name) for name in playbooks() if name.startswith("playbooks/")]
    done = subprocess.run(
        ["ansible-playbook", "--syntax-check", "-i", "localhost,", "-e", "agents_hosts=all", *files],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build" / "src")},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(files) == 5


def test_awx_would_take_the_type_of_credentials() -> None:
    found = role_variables()
    item = {"inputs": found["__awx_credential_inputs"], "injectors": found["__awx_credential_injectors"]}
    credential_type(item, None, False)
    secret = {field["id"] for field in item["inputs"]["fields"] if field.get("secret")}
    assert secret == {"token", "password"}
