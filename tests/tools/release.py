# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make release`: prepare a release, and prove that what users will get works.

Everything happens in a clone of this checkout: version, changelog, artifact, checksums, and the demo with nothing but
the artifact. Only when all of it worked, the changes of version and changelog are brought into the checkout. So what
fails leaves no half release behind, and a dry run is the same without the last step. Commit, tag and upload are left
to a person.

Usage: release.py VERSION FOLDER [--dry-run]
The artifact and its checksums end up in FOLDER.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")
IMAGE = "docs/examples/execution-environment/requirements.yml"  # names the artifact that goes into the image
CHANGED = ("galaxy.yml", "CHANGELOG.md", "changelogs", IMAGE)


class ReleaseError(Exception):
    """The release cannot be made."""


def run(*command: str, cwd: Path, env: dict[str, str] | None = None, stdin: str | None = None) -> str:
    """Run a command; returns what it printed, or fails with that."""
    done = subprocess.run(command, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ReleaseError(f"{' '.join(command)} in {cwd} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


# -------------------------------------------------------------------------------------------------------- conditions


def order(version: str) -> tuple[int, ...]:
    """A key by which versions sort; one that is not a version fails."""
    found = VERSION.fullmatch(version)
    if found is None:
        raise ReleaseError(f"{version!r} is no version: it must look like 1.2.3.")
    return tuple(int(number) for number in found.groups())


def check_newer(version: str, checkout: Path) -> None:
    """A version is released once, and versions only grow."""
    wanted = order(version)
    path = checkout / "changelogs" / "changelog.yaml"
    released = (yaml.safe_load(path.read_text("utf-8")) or {}).get("releases", {}) if path.exists() else {}
    last = max(released, key=order, default=None)
    if last is not None and wanted <= order(last):
        raise ReleaseError(f"{version} is not newer than {last}, which the changelog has already.")
    if version in run("git", "tag", "--list", version, cwd=checkout).split():
        raise ReleaseError(f"The tag {version} exists already.")


def check_clean(checkout: Path) -> None:
    """What is released is what is committed."""
    changes = run("git", "status", "--porcelain", cwd=checkout)
    if changes:
        raise ReleaseError(f"{checkout} has changes that are not committed; commit or stash them first:\n{changes}")


# ------------------------------------------------------------------------------------------------------------- steps


def clone(checkout: Path, folder: Path) -> Path:
    """The last commit in a folder of its own, named so that antsibull-changelog sees a collection."""
    place = folder / "src" / "ansible_collections" / "edgefleet" / "connectware"
    run("git", "clone", "--quiet", str(checkout), str(place), cwd=checkout)
    return place


def set_version(collection: Path, version: str) -> None:
    """Where the version stands; comments and order stay."""
    _replace_once(collection / "galaxy.yml", r"^version: .*$", f"version: {version}")
    _replace_once(collection / IMAGE, r"edgefleet-connectware-[\d.]+\.tar\.gz$", artifact_name(version))


def artifact_name(version: str) -> str:
    """As ansible-galaxy names it."""
    return f"edgefleet-connectware-{version}.tar.gz"


def _replace_once(path: Path, pattern: str, new: str) -> None:
    text, count = re.subn(pattern, new, path.read_text("utf-8"), flags=re.MULTILINE)
    if count != 1:
        raise ReleaseError(f"{path} has {count} lines with {pattern} instead of one.")
    path.write_text(text, encoding="utf-8")


def write_changelog(collection: Path, version: str) -> None:
    """The fragments become the section of this version, and are removed."""
    if not any((collection / "changelogs" / "fragments").glob("*.yml")):
        raise ReleaseError("There is no changelog fragment, so there is nothing to release.")
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collection.parents[2])}
    run("antsibull-changelog", "release", "--version", version, cwd=collection, env=env)


def with_links_of_the_tag(text: str, folder: str, repository: str, version: str) -> str:
    """Galaxy shows a README without the files around it: what it links to is that of the tag, in the repository.

    Args:
        folder: where the README is, relative to the collection.
    """

    def absolute(found: re.Match[str]) -> str:
        picture, shown, target = found.group("picture", "text", "target")
        if target.startswith(("https://", "#")):
            return found.group()
        place = posixpath.normpath(posixpath.join(folder, target))
        return f"{picture}[{shown}]({repository}/{'raw' if picture else 'blob'}/{version}/{place})"

    return LINK.sub(absolute, text)


@contextmanager
def links_of_the_tag(collection: Path, version: str) -> Iterator[None]:
    """In each README meanwhile; those of the checkout lead to its own files."""
    repository = yaml.safe_load((collection / "galaxy.yml").read_text("utf-8"))["repository"]
    before = {
        path: path.read_text("utf-8") for path in (collection / "README.md", *collection.glob("roles/*/README.md"))
    }
    try:
        for path, text in before.items():
            folder = path.parent.relative_to(collection).as_posix()
            path.write_text(with_links_of_the_tag(text, folder, repository, version), encoding="utf-8")
        yield
    finally:
        for path, text in before.items():
            path.write_text(text, encoding="utf-8")


def build(collection: Path, folder: Path, version: str) -> Path:
    with links_of_the_tag(collection, version):
        run("ansible-galaxy", "collection", "build", "--output-path", str(folder), cwd=collection)
    artifact = folder / artifact_name(version)
    if not artifact.exists():
        raise ReleaseError(f"ansible-galaxy has built no {artifact.name}.")
    return artifact


def write_checksums(artifact: Path) -> Path:
    """In the format of sha256sum, so that a user checks it with `sha256sum --check SHA256SUMS`."""
    path = artifact.with_name("SHA256SUMS")
    path.write_text(f"{hashlib.sha256(artifact.read_bytes()).hexdigest()}  {artifact.name}\n", encoding="utf-8")
    return path


def only_from(collections: Path) -> dict[str, str]:
    """An environment in which Ansible finds this collection there, and no other anywhere."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "CONNECTWARE_"))}
    config = collections.parent / "ansible.cfg"
    config.write_text("[defaults]\n", encoding="utf-8")
    return {**env, "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_CONFIG": str(config)}


def smoke(artifact: Path, collection: Path, folder: Path, version: str) -> None:
    """Install the artifact where nothing else is, and tell the whole story of the demo with it."""
    collections = folder / "collections"
    collections.mkdir()
    env = only_from(collections)
    install = ("ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(collections))
    run(*install, str(artifact), cwd=folder, env=env)
    listed = run("ansible-galaxy", "collection", "list", "--format", "yaml", cwd=folder, env=env)
    found = {
        place: inside["edgefleet.connectware"]["version"]
        for place, inside in yaml.safe_load(listed).items()
        if "edgefleet.connectware" in inside
    }
    if found != {f"{collections}/ansible_collections": version}:
        raise ReleaseError(f"Ansible finds another edgefleet.connectware than the {version} just installed:\n{listed}")
    story = [sys.executable, str(collection / "tests" / "demo" / "story.py"), str(folder / "demo")]
    done = subprocess.run(story, cwd=folder, env=env, check=False)
    if done.returncode != 0:
        raise ReleaseError(f"The demo did not work with {artifact}; what it printed is above.")


def bring_back(collection: Path, checkout: Path) -> None:
    """What the release has changed in the clone, into the checkout."""
    run("git", "add", "--all", *CHANGED, cwd=collection)
    left = run("git", "status", "--porcelain", cwd=collection)
    unexpected = [line for line in left.splitlines() if line[1] != " "]
    if unexpected:
        raise ReleaseError("The release has changed more than version and changelog:\n" + "\n".join(unexpected))
    run("git", "apply", cwd=checkout, stdin=run("git", "diff", "--cached", "--binary", cwd=collection))


# --------------------------------------------------------------------------------------------------------- the whole


def release(version: str, checkout: Path, folder: Path, *, dry_run: bool) -> None:
    check_newer(version, checkout)
    check_clean(checkout)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    collection = clone(checkout, folder)
    say("version and changelog")
    set_version(collection, version)
    write_changelog(collection, version)
    say("artifact and checksums")
    artifact = build(collection, folder, version)
    sums = write_checksums(artifact)
    say("the demo, with the artifact alone")
    smoke(artifact, collection, folder, version)
    if dry_run:
        say(f"dry run: {artifact} works; the checkout is as it was")
        return
    bring_back(collection, checkout)
    say(f"{artifact} and {sums.name} are ready. Left to you, after a look at `git diff`:")
    print(f"  git add --all {' '.join(CHANGED)} && git commit -m 'Release {version}' && git tag {version}")
    print(f"  ansible-galaxy collection publish {artifact}")


def say(text: str) -> None:
    print(f"==> release: {text}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Prepare a release.")
    parser.add_argument("version")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="leave the checkout as it is")
    arguments = parser.parse_args()
    try:
        release(arguments.version, ROOT, arguments.folder.resolve(), dry_run=arguments.dry_run)
    except ReleaseError as exc:
        print(f"release: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
