# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that are vaulted where they stand pass the argument specs of the roles, with every ansible-core.

Up to 2.18 ansible-core cannot check such a value of an option with `no_log` (ansible/ansible#79624). So no role has
that; it would only concern what the check itself prints, which is no value.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.edgefleet.connectware.plugins.action import agents

ROLES = Path(agents.__file__).parents[2] / "roles"
SECRETS = ("password", "token")
BIN = Path(sys.executable).parent


class Vaulted(str):
    """A text that was encrypted with ansible-vault."""


yaml.SafeDumper.add_representer(Vaulted, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))


def options(role: str) -> dict[str, Any]:
    spec = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text("utf-8"))
    found: dict[str, Any] = spec["argument_specs"]["main"]["options"]
    return found


def with_secrets(known: Mapping[str, Any], secret: str) -> dict[str, Any]:
    """A value for each option that is a secret, or has secrets within."""
    values: dict[str, Any] = {}
    for name, option in known.items():
        inner = with_secrets(option.get("options") or {}, secret)
        if inner:
            values[name] = [inner] if option.get("elements") == "dict" else inner
        elif option.get("type") == "str" and name.endswith(SECRETS):
            values[name] = Vaulted(secret)
    return values


def roles() -> list[str]:
    """Those that have secrets."""
    names = sorted(path.parents[1].name for path in ROLES.glob("*/meta/argument_specs.yml"))
    return [name for name in names if with_secrets(options(name), "")]


def test_there_are_roles_with_secrets() -> None:
    assert {"agents", "audit", "awx", "ghosts"} <= set(roles())


@pytest.mark.parametrize("role", roles())
def test_secrets_that_are_vaulted_where_they_stand(role: str, tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "PATH": f"{BIN}:/usr/bin:/bin", "ANSIBLE_NOCOLOR": "1"}
    environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(tmp_path / "password")
    (tmp_path / "password").write_text("vault")
    encrypt = [BIN / "ansible-vault", "encrypt_string", "--name", "x", "sesame"]
    encrypted = subprocess.run(encrypt, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    values = with_secrets(options(role), "\n".join(line.strip() for line in encrypted.splitlines()[1:]) + "\n")
    task = {
        "ansible.builtin.validate_argument_spec": {"argument_spec": options(role), "provided_arguments": values},
        "ignore_errors": True,  # what else is required is not given
    }
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    command = [BIN / "ansible-playbook", "-i", "localhost,", "-vvv", tmp_path / "play.yml"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    output = done.stdout + done.stderr
    assert done.returncode == 0 and "TASK [" in output, output
    assert "parameter type" not in output and "onvert" not in output, output
    assert "sesame" not in output
