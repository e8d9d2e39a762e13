# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""awx_setup, run as a user runs it: the installed collection, the real awx.awx, and the example file of variables."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guides.pages import blocks
from integration.bed import COLLECTIONS, ROOT
from tools.packaged import packaged

EXAMPLE = ROOT / "docs" / "examples" / "awx"
PROJECT = EXAMPLE / "project"
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_awx.rst"
# For the notification of the example. AWX fills them in, so Ansible must not.
MESSAGES = '    messages: {error: {body: !unsafe "{{ job.name }} failed: {{ url }}"}}\n'
# What AWX takes for a playbook: awx/main/utils/ansible.py, could_be_playbook.
PLAYBOOK = re.compile(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):", re.MULTILINE)


def awx_collection() -> Path:
    """A folder of collections with awx.awx in it."""
    return packaged(ROOT / ".build" / "packaged", "awx.awx")


def playbooks() -> list[str]:
    """What AWX finds in the project of the example."""
    files = sorted(PROJECT.rglob("*.yml"))
    return [str(path.relative_to(PROJECT)) for path in files if PLAYBOOK.search(path.read_text())]


@dataclass
class Result:
    """A run of ansible-playbook that has ended."""

    code: int
    output: str

    @property
    def recap(self) -> dict[str, int]:
        """The numbers of localhost."""
        (line,) = re.findall(r"^localhost +: (.*)$", self.output, re.MULTILINE)
        return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line)}

    def ok(self) -> Result:
        assert self.code == 0, self.output
        return self

    def failed(self, text: str) -> Result:
        assert self.code != 0, self.output
        assert text in " ".join(self.output.split()), self.output
        return self


class Setup:
    """The example of the documentation against one AWX.

    Args:
        folder: where it is run; the CA of the example is made there.
        environment: how to reach AWX, and the secrets of the example.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.file = folder / "awx.yml"
        self.file.write_text((EXAMPLE / "awx.yml").read_text())
        (folder / "factory-ca.pem").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
        self.edit("/etc/ssl/factory-ca.pem", str(folder / "factory-ca.pem"))
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CONTROLLER_", "TOWER_"))},
            **environment,
            "ANSIBLE_INJECT_INVOCATION": "1",  # -vvv tells what modules were given, as up to ansible-core 2.20 it does
            "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}:{awx_collection()}",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
        }

    def run(self, *arguments: str, **variables: Any) -> Result:
        command = ["ansible-playbook", "edgefleet.connectware.awx_setup", "-e", "@awx.yml", *arguments]
        if variables:
            command += ["-e", json.dumps(variables)]
        return self.command(command)

    def command(self, command: list[str], **options: Any) -> Result:
        """Run something where the file is; options are those of subprocess."""
        settings = {"env": self.environment, "timeout": 300, **options}
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **settings)
        return Result(done.returncode, done.stdout + done.stderr)

    def log_in_with_password(self, username: str, password: str) -> None:
        """Instead of a token: what the guide says for that comes into the file."""
        (code,) = [
            each.code for each in blocks(GUIDE) if each.language == "yaml" and "CONTROLLER_PASSWORD" in each.code
        ]
        self.edit("""  token: "{{ lookup('ansible.builtin.env', 'CONTROLLER_OAUTH_TOKEN') }}"\n""", "")
        self.edit("awx_controller:\n  host: https://awx.example.com\n", code)
        self.environment.pop("CONTROLLER_OAUTH_TOKEN", None)
        self.environment |= {"CONTROLLER_USERNAME": username, "CONTROLLER_PASSWORD": password}

    def edit(self, old: str, new: str) -> None:
        """Change the file, as a user does."""
        text = self.file.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the example"
        self.file.write_text(text.replace(old, new))
