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
from guides.pages import blocks
from integration.bed import COLLECTIONS, ROOT

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_awx.rst"
EXAMPLE = ROOT / "docs" / "examples" / "execution-environment"


def files(folder: Path) -> Path:
    """As the guide makes them: the example, and the artifact beside it."""
    shutil.copytree(EXAMPLE, folder)
    (artifact,) = (ROOT / ".build" / "artifact").glob("*.tar.gz")
    shutil.copy(artifact, folder)
    return folder


def built(folder: Path) -> Path:
    """What ansible-builder makes of these files."""
    command = ["ansible-builder", "create", "--output-filename", "Containerfile"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "context"


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(files(tmp_path_factory.mktemp("ee") / "connectware-ee"))


def test_the_build_arguments_of_the_guide_exist(context: Path) -> None:
    named = set(re.findall(r"--build-arg (\w+)=", GUIDE.read_text()))
    there = set(re.findall(r"^ARG (\w+)=", (context / "Containerfile").read_text(), re.MULTILINE))
    assert {"EE_BASE_IMAGE", "PKGMGR"} <= named <= there


def test_a_ca_of_ones_own_comes_into_the_image(tmp_path: Path) -> None:
    """With the lines of the guide."""
    folder = files(tmp_path / "connectware-ee")
    (folder / "factory-ca.pem").write_text("of the test\n")
    (lines,) = [block.code for block in blocks(GUIDE) if "update-ca-trust" in block.code]
    definition = folder / "execution-environment.yml"
    definition.write_text(definition.read_text().partition("additional_build_files:")[0] + lines)
    context = built(folder)
    assert (context / "_build" / "certs" / "factory-ca.pem").read_text() == "of the test\n"
    assert list((context / "_build" / "collections").glob("*.tar.gz"))
    last = (context / "Containerfile").read_text().rpartition("FROM ")[2]
    assert "COPY _build/certs/factory-ca.pem " in last and "RUN update-ca-trust" in last


def test_the_base_image_is_an_argument_of_the_build(context: Path) -> None:
    text = (context / "Containerfile").read_text()
    example = yaml.safe_load((EXAMPLE / "execution-environment.yml").read_text())
    assert f'ARG EE_BASE_IMAGE="{example["images"]["base_image"]["name"]}"' in text
    assert "FROM $EE_BASE_IMAGE AS base" in text
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["$EE_BASE_IMAGE", "base", "base", "base"]


def test_the_definition_for_apt_has_the_same_in_it() -> None:
    """It differs in the base image and the way to a Python; that it can be built, test_image.py shows."""
    dnf, apt = (yaml.safe_load((EXAMPLE / f"execution-environment{which}.yml").read_text()) for which in ("", "-apt"))
    apart = {"images", "options", "build_arg_defaults", "additional_build_steps"}
    for definition in (dnf, apt):
        del definition["dependencies"]["python_interpreter"]
    assert {key: value for key, value in dnf.items() if key not in apart} == {
        key: value for key, value in apt.items() if key not in apart
    }


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
    names = set(re.findall(r"^([\w-]+)", system, re.MULTILINE))
    assert {"openssh-client", "openssh-clients", "git", "git-core", "rsync"} <= names, system
