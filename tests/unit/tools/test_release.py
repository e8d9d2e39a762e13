# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of `make release`. The whole is tested in tests/integration/test_release.py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from tools import release
from tools.release import ReleaseError

GALAXY = "# a comment\nnamespace: edgefleet\nversion: 0.1.0\nreadme: README.md\n"
IMAGE = "# a comment\ncollections:\n  - name: ./collections/edgefleet-connectware-0.1.0.tar.gz\n    type: file\n"


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit and two versions in its changelog."""
    folder = tmp_path / "checkout"
    (folder / "changelogs" / "fragments").mkdir(parents=True)
    (folder / "galaxy.yml").write_text(GALAXY)
    (folder / release.IMAGE).parent.mkdir(parents=True)
    (folder / release.IMAGE).write_text(IMAGE)
    (folder / "CHANGELOG.md").write_text("old\n")
    (folder / "changelogs" / "fragments" / "new.yml").write_text("bugfixes: [Something works.]\n")
    (folder / "changelogs" / "changelog.yaml").write_text("releases:\n  0.9.0: {}\n  0.10.0: {}\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "First")
    return folder


@pytest.mark.parametrize("first", [False, True], ids=["later", "first"])
@pytest.mark.parametrize(
    "version", ["1", "1.2", "v1.2.3", "1.2.3.4", "1.2.3-rc.1", "", "1.2.x", "01.2.3", "1.2.03", "1.2.\u0663", "1.2.3\n"]
)
def test_what_is_no_version_is_refused(version: str, first: bool, checkout: Path) -> None:
    if first:
        (checkout / "changelogs" / "changelog.yaml").unlink()

    with pytest.raises(ReleaseError, match="is no version"):
        release.check_newer(version, checkout)


@pytest.mark.parametrize("version", ["0.10.0", "0.9.9", "0.0.1"])
def test_versions_only_grow(version: str, checkout: Path) -> None:
    with pytest.raises(ReleaseError, match=r"not newer than 0\.10\.0"):
        release.check_newer(version, checkout)


@pytest.mark.parametrize("version", ["0.10.1", "0.11.0", "1.0.0"])
def test_a_newer_version_is_fine(version: str, checkout: Path) -> None:
    release.check_newer(version, checkout)


def test_the_first_release_needs_no_earlier_one(checkout: Path) -> None:
    (checkout / "changelogs" / "changelog.yaml").unlink()

    release.check_newer("0.1.0", checkout)


def test_a_tag_is_not_made_twice(checkout: Path) -> None:
    git(checkout, "tag", "0.11.0")

    with pytest.raises(ReleaseError, match=r"tag 0\.11\.0 exists"):
        release.check_newer("0.11.0", checkout)


def test_only_what_is_committed_is_released(checkout: Path) -> None:
    release.check_clean(checkout)
    (checkout / "forgotten.txt").write_text("not added\n")

    with pytest.raises(ReleaseError, match=r"forgotten\.txt"):
        release.check_clean(checkout)


def test_the_version_is_all_that_changes(checkout: Path) -> None:
    release.set_version(checkout, "1.0.0")

    assert (checkout / "galaxy.yml").read_text() == GALAXY.replace("0.1.0", "1.0.0")
    assert (checkout / release.IMAGE).read_text() == IMAGE.replace("0.1.0", "1.0.0")


@pytest.mark.parametrize("name", ["galaxy.yml", release.IMAGE])
def test_a_file_without_version_is_refused(checkout: Path, name: str) -> None:
    (checkout / name).write_text("namespace: edgefleet\n")

    with pytest.raises(ReleaseError, match="0 lines"):
        release.set_version(checkout, "1.0.0")


def test_the_image_of_this_checkout_takes_the_artifact_of_this_version() -> None:
    version = yaml.safe_load((release.ROOT / "galaxy.yml").read_text())["version"]

    assert release.artifact_name(version) in (release.ROOT / release.IMAGE).read_text()


def test_a_release_has_something_to_tell(checkout: Path) -> None:
    (checkout / "changelogs" / "fragments" / "new.yml").unlink()

    with pytest.raises(ReleaseError, match="no changelog fragment"):
        release.write_changelog(checkout, "1.0.0")


def test_links_of_a_readme_lead_to_the_tag(checkout: Path) -> None:
    there = "https://example.com/r"
    (checkout / "galaxy.yml").write_text(f"{GALAXY}repository: {there}\n")
    (checkout / "roles" / "agents").mkdir(parents=True)
    of_all, of_a_role = checkout / "README.md", checkout / "roles" / "agents" / "README.md"
    of_all.write_text("![A picture](docs/a.png) [the\nguide](docs/b.rst), [it](https://b.example) [here](#it)")
    of_a_role.write_text("[example](../../docs/c.yml)")
    before = of_all.read_text(), of_a_role.read_text()

    with release.links_of_the_tag(checkout, "1.2.3"):
        assert of_all.read_text() == (
            f"![A picture]({there}/raw/1.2.3/docs/a.png) [the\nguide]({there}/blob/1.2.3/docs/b.rst),"
            " [it](https://b.example) [here](#it)"
        )
        assert of_a_role.read_text() == f"[example]({there}/blob/1.2.3/docs/c.yml)"

    assert (of_all.read_text(), of_a_role.read_text()) == before


def test_the_checksums_are_those_of_the_command_sha256sum(tmp_path: Path) -> None:
    artifact = tmp_path / "edgefleet-connectware-1.0.0.tar.gz"
    artifact.write_bytes(b"content")

    sums = release.write_checksums(artifact)

    check = ["sha256sum", "--check", "--strict", sums.name]
    assert subprocess.run(check, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.endswith(": OK\n")
    artifact.write_bytes(b"other content")
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode != 0


def test_nothing_of_the_caller_decides_what_ansible_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", "/elsewhere")
    monkeypatch.setenv("ANSIBLE_ROLES_PATH", "/elsewhere")
    monkeypatch.setenv("CONNECTWARE_TOKEN", "of the caller")

    env = release.only_from(tmp_path / "collections")

    assert "/elsewhere" not in env.values() and "CONNECTWARE_TOKEN" not in env
    assert env["ANSIBLE_COLLECTIONS_PATH"] == str(tmp_path / "collections")


def test_changes_of_the_release_come_into_the_checkout(checkout: Path, tmp_path: Path) -> None:
    collection = release.clone(checkout, tmp_path / "release")
    release.set_version(collection, "1.0.0")
    (collection / "changelogs" / "fragments" / "new.yml").unlink()
    (collection / "CHANGELOG.md").write_text("new\n")

    release.bring_back(collection, checkout)

    assert "version: 1.0.0\n" in (checkout / "galaxy.yml").read_text()
    assert "-1.0.0.tar.gz\n" in (checkout / release.IMAGE).read_text()
    assert (checkout / "CHANGELOG.md").read_text() == "new\n"
    assert not (checkout / "changelogs" / "fragments" / "new.yml").exists()


def test_other_changes_do_not(checkout: Path, tmp_path: Path) -> None:
    collection = release.clone(checkout, tmp_path / "release")
    release.set_version(collection, "1.0.0")
    (collection / "stray.txt").write_text("made by a tool\n")

    with pytest.raises(ReleaseError, match=r"stray\.txt"):
        release.bring_back(collection, checkout)
    assert (checkout / "galaxy.yml").read_text() == GALAXY
