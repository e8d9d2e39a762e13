# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guide of the first rollout does before a rollout: the installation, and a token with its vault."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from guides.pages import GUIDES, Block, blocks
from integration.bed import ROOT, Factory
from integration.documented import Site
from simulator.harness import Client

GUIDE = next(page for page in GUIDES if page.stem == "guide_rollout")


def block(language: str, text: str) -> Block:
    """The one block of the guide with that text."""
    (found,) = [each for each in blocks(GUIDE) if each.language == language and text in each.code]
    return found


@pytest.mark.long
def test_the_installation_works_on_a_machine_that_has_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    """In a home of its own, with Python and a package index alone."""
    checkout, home = tmp_path / "checkout", tmp_path / "home"
    subprocess.run([sys.executable, str(ROOT / "tests" / "tools" / "stage.py"), str(checkout)], check=True)
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VIRTUAL_ENV"))}
    path = ":".join(each for each in env["PATH"].split(":") if not each.startswith(sys.prefix))
    env |= {"HOME": str(home), "PATH": f"{Path(sys.executable).resolve().parent}:{path}"}
    install = block("shell", "ansible-galaxy collection install").code
    look = "command -v ansible-playbook && ansible-doc -t role edgefleet.connectware.agents"

    for code in (install, f"{install}{look}"):
        done = subprocess.run(
            ["bash", "-e", "-c", code], cwd=checkout, env=env, capture_output=True, text=True, check=False, timeout=280
        )
        assert done.returncode == 0, done.stdout + done.stderr

    assert f"{home}/connectware-venv/bin/ansible-playbook\n" in done.stdout
    assert f"{home}/.ansible/collections/ansible_collections/edgefleet/connectware" in done.stdout


def test_a_token_is_made_with_a_password_out_of_a_vault(factory: Callable[..., Factory]) -> None:
    site = Site(factory(1))
    secrets = yaml.safe_load(block("yaml", "vault_licence_key: your").code)
    secrets["vault_connectware_password"] = site.simulator.passwords()["rollout"]
    (site.folder / "secrets.yml").write_text(yaml.safe_dump(secrets))
    editor = site.folder / "editor"
    editor.write_text(f'#!/bin/sh\ncp {site.folder}/secrets.yml "$1"\n')
    editor.chmod(0o755)
    (site.folder / "token.yml").write_text(site.in_words_of_here(block("yaml", "# token.yml").code))
    steps = [block("shell", "ansible-vault create").code, block("shell", "ansible-playbook token.yml").code]

    del site.factory.environment["CONNECTWARE_TOKEN"]
    on_a_terminal = ["script", "--quiet", "--return", "--command", site.in_words_of_here("".join(steps)), "/dev/null"]

    said = site.shell(shlex.join(on_a_terminal), EDITOR=str(editor), SHELL="/bin/bash")

    token = (site.folder / ".connectware-token").read_text()
    assert token not in said and secrets["vault_connectware_password"] not in said
    assert (site.folder / ".connectware-token").stat().st_mode & 0o777 == 0o600
    assert (site.folder / ".connectware-vault").stat().st_mode & 0o777 == 0o600
    vault = site.folder / "group_vars" / "all" / "vault.yml"
    assert vault.read_text().startswith("$ANSIBLE_VAULT;")
    assert Client(site.simulator, token)("GET", "/api/client-registry").status_code == 200
