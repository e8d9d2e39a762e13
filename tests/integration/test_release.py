# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make release` from a copy of this checkout: a dry run, a release, and what must stop one."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from integration.bed import ROOT, one_at_a_time

VERSION = "7.7.7"
IMAGE = "docs/examples/execution-environment/requirements.yml"
WHO = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project's files as they are now, committed in a repository of their own; and something new to tell."""
    folder = tmp_path / "checkout"
    subprocess.run([sys.executable, str(ROOT / "tests" / "tools" / "stage.py"), str(folder)], check=True)
    fragments = folder / "changelogs" / "fragments"
    fragments.mkdir(exist_ok=True)
    (fragments / "of_the_test.yml").write_text("bugfixes:\n  - Checkout - something new to tell.\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "As it is now")
    return folder


def release(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In the copy, with its own script; the story of the demo needs names and ports of this machine."""
    command = [sys.executable, str(checkout / "tests" / "tools" / "release.py"), VERSION, str(checkout.parent / "out")]
    with one_at_a_time():
        return subprocess.run([*command, *arguments], cwd=checkout, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_a_release_is_prepared_and_nothing_is_published(checkout: Path) -> None:
    dry = release(checkout, "--dry-run")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    assert "Every step was as promised." in dry.stdout
    assert git(checkout, "status", "--porcelain") == ""

    done = release(checkout)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every step was as promised." in done.stdout
    changed = {line[3:] for line in git(checkout, "status", "--porcelain").splitlines()}
    assert {"galaxy.yml", "CHANGELOG.md", "changelogs/fragments/of_the_test.yml"} <= changed
    others = {"galaxy.yml", "CHANGELOG.md", IMAGE}
    assert all(name in others or name.startswith("changelogs/") for name in changed)
    assert "something new to tell" in (checkout / "CHANGELOG.md").read_text()
    assert VERSION in yaml.safe_load((checkout / "changelogs" / "changelog.yaml").read_text())["releases"]
    assert git(checkout, "tag", "--list") == "" and git(checkout, "remote") == ""
    assert git(checkout, "rev-list", "--count", "HEAD").strip() == "1"
    check_artifact(checkout.parent / "out")


def check_artifact(folder: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)
    with tarfile.open(folder / f"edgefleet-connectware-{VERSION}.tar.gz") as artifact:
        names = artifact.getnames()
        changelog = artifact.extractfile("CHANGELOG.md")
        assert changelog is not None and "something new to tell" in changelog.read().decode()
        readme = artifact.extractfile("README.md")
        assert readme is not None
        links = re.findall(r"\]\(([^)\s]+)\)", readme.read().decode())
        assert links and [link for link in links if not link.startswith(("https://", "#"))] == []
        image = artifact.extractfile(IMAGE)
        assert image is not None
        assert [each["name"] for each in yaml.safe_load(image)["collections"] if each.get("type") == "file"] == [
            f"./collections/edgefleet-connectware-{VERSION}.tar.gz"
        ], "the execution environment takes another artifact than this one"
    assert "plugins/modules/agents_registered.py" in names and "changelogs/changelog.yaml" in names
    assert [name for name in names if name.startswith(("tests", "changelogs/fragments", ".build", ".git"))] == []


@pytest.mark.long
def test_an_artifact_that_does_not_work_is_no_release(checkout: Path) -> None:
    """Of all that may break, what only shows from the outside: a file that the artifact does not have."""
    galaxy = checkout / "galaxy.yml"
    galaxy.write_text(galaxy.read_text() + "  - playbooks/demo.yml\n")
    git(checkout, "commit", "--quiet", "--all", "--message", "The artifact lacks a playbook")

    done = release(checkout)

    assert done.returncode == 1 and "The demo did not work" in done.stderr, done.stdout + done.stderr
    assert git(checkout, "status", "--porcelain") == ""
