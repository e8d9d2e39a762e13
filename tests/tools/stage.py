# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mirror the project's own files into ``.build``.

Tools that insist on a folder ``ansible_collections/edgefleet/connectware`` (ansible-test, ansible-lint) or that read
every file they find (reuse, yamllint, ansible-galaxy) get a real one, without caches and build results. Files that did
not change keep their time stamps there, so that make and the caches of the tools see what really changed.

Usage: stage.py DESTINATION
DESTINATION.stamp is touched when anything changed.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {
    ".ansible",
    ".build",
    ".git",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
}


def files_known_to_git() -> list[str] | None:
    """Tracked files and new ones that are not ignored; None without git or outside of a checkout."""
    if not (ROOT / ".git").exists():
        return None
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [name for name in listing.stdout.split("\0") if name]


def files_on_disk() -> Iterator[str]:
    """Every file but those of caches and builds: for a source archive without git."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        for name in names:
            if not name.endswith((".pyc", ".tar.gz")):
                yield str((Path(folder) / name).relative_to(ROOT))


def project_files() -> set[str]:
    """Names of the project's files, relative to its root; deleted ones that git still lists left out."""
    names = files_known_to_git()
    found = names if names is not None else files_on_disk()
    return {name for name in found if (ROOT / name).is_file() or (ROOT / name).is_symlink()}


def mirror(names: set[str], destination: Path) -> int:
    """Make ``destination`` hold exactly these files; returns the number of files written or removed."""
    changes = 0
    present = {name for name in files_under(destination) if not name.startswith(".git/")}
    for name in sorted(present - names):
        (destination / name).unlink()
        changes += 1
    for name in sorted(names):
        source, target = ROOT / name, destination / name
        if name in present and filecmp.cmp(source, target, shallow=False) and same_mode(source, target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
        changes += 1
    remove_empty_folders(destination)
    return changes


def same_mode(source: Path, target: Path) -> bool:
    return source.stat().st_mode == target.stat().st_mode


def files_under(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or path.is_file())


def remove_empty_folders(destination: Path) -> None:
    for folder, _folders, _names in os.walk(destination, topdown=False):
        path = Path(folder)
        inside = path.relative_to(destination).parts
        if inside and inside[0] != ".git" and not any(path.iterdir()):
            path.rmdir()


def shield_from_outer_checkout(destination: Path) -> None:
    """Give the mirror a git directory of its own: tools would ask ours, and hear that all of .build is ignored."""
    if shutil.which("git") and (ROOT / ".git").exists() and not (destination / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(destination)], check=True)


def main() -> None:
    destination = Path(sys.argv[1]).resolve()
    destination.mkdir(parents=True, exist_ok=True)
    shield_from_outer_checkout(destination)
    changes = mirror(project_files(), destination)
    stamp = destination.with_name(destination.name + ".stamp")
    if changes or not stamp.exists():
        stamp.touch()


if __name__ == "__main__":
    main()
