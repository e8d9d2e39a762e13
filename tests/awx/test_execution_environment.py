# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files for ansible-builder: it takes them, and its own scripts find in the collection what the image needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from integration.bed import COLLECTIONS, ROOT

EXAMPLE = ROOT / "docs" / "examples" / "execution-environment"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the guide makes it: the files, the artifact beside them, and what ansible-builder makes of both."""
    folder = tmp_path_factory.mktemp("ee") / "connectware-ee"
    shutil.copytree(EXAMPLE, folder)
    (artifact,) = (ROOT / ".build" / "artifact").glob("*.tar.gz")
    shutil.copy(artifact, folder)
    command = ["ansible-builder", "create", "--output-filename", "Containerfile"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "context"


def test_the_base_image_is_an_argument_of_the_build(context: Path) -> None:
    text = (context / "Containerfile").read_text()
    example = yaml.safe_load((EXAMPLE / "execution-environment.yml").read_text())
    assert f'ARG EE_BASE_IMAGE="{example["images"]["base_image"]["name"]}"' in text
    assert "FROM $EE_BASE_IMAGE AS base" in text
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["$EE_BASE_IMAGE", "base", "base", "base"]


def test_what_pip_gets_is_one_word_each(context: Path) -> None:
    """ansible-builder splits it at blanks."""
    text = (context / "Containerfile").read_text()
    (references,) = re.findall(r'^ARG ANSIBLE_INSTALL_REFS="(.*)"', text, re.MULTILINE)
    assert [re.match(r"[\w-]+", word)[0] for word in references.split()] == ["ansible-core", "ansible-runner"]


def test_the_collection_is_found_where_the_build_looks_for_it(context: Path, tmp_path: Path) -> None:
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    (ours,) = [each for each in wanted if each.get("type") == "file"]
    assert f"-{version}.tar.gz" in ours["name"]
    (tmp_path / "requirements.yml").write_text(yaml.safe_dump({"collections": [ours]}))
    command = ["ansible-galaxy", "collection", "install", "--offline", "-r", str(tmp_path / "requirements.yml")]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path)}  # where it is not installed yet
    done = subprocess.run(command, cwd=context / "_build", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "ansible_collections" / "edgefleet" / "connectware" / "MANIFEST.json").exists()


def test_the_build_finds_what_the_collection_needs(context: Path, tmp_path: Path) -> None:
    """With the script that ansible-builder puts into the image."""
    build = context / "_build"
    subprocess.run(
        [
            sys.executable, str(build / "scripts" / "introspect.py"), "introspect", str(COLLECTIONS),
            "--user-pip", str(build / "requirements.txt"), "--user-bindep", str(build / "bindep.txt"),
            "--write-pip", str(tmp_path / "requirements.txt"), "--write-bindep", str(tmp_path / "bindep.txt"),
        ],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    python, system = ((tmp_path / name).read_text() for name in ("requirements.txt", "bindep.txt"))
    assert {"requests", "jmespath", "PyYAML"} <= set(re.findall(r"^([\w-]+)", python, re.MULTILINE)), python
    assert {"openssh-clients", "git-core", "rsync"} <= set(re.findall(r"^([\w-]+)", system, re.MULTILINE)), system
