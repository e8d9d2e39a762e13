# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rivals are made of: community.docker, and Mitogen. What is there already is used again.

Usage: prepare.py PACKAGES, for the packages alone.

All of it is kept apart from the virtual environment of the tests, so that each contestant runs with the same
ansible-core, and ours with nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
# community.docker, and what it imports.
WANTED = ("ansible_collections/community/docker/", "ansible_collections/community/library_inventory_filtering_v1/")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def packages(folder: Path) -> Path:
    """Mitogen and Matplotlib in a folder of packages of their own.

    Raises:
        subprocess.CalledProcessError: pip could not install them.
    """
    stamp = folder / "installed"
    wanted = REQUIREMENTS.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        command = [*PIP, "install", "--upgrade", "--target", str(folder), "--requirement", str(REQUIREMENTS)]
        subprocess.run(command, check=True, timeout=600)
        stamp.write_text(wanted)
    return folder


def community_docker(folder: Path) -> Path:
    """The collection, in the version of the package `ansible` that belongs to this ansible-core.

    Raises:
        subprocess.CalledProcessError: pip could not download it.
    """
    minor = int(version("ansible-core").split(".")[1])
    stamp = folder / f"community.docker-for-2.{minor}"
    if stamp.exists():
        return folder
    # ansible 12 is that of ansible-core 2.19, ansible 13 that of 2.20.
    package = f"ansible ~= {minor - 7}.0"
    with tempfile.TemporaryDirectory() as downloads:
        command = [*PIP, "download", "--no-deps", "--only-binary", ":all:", "--dest", downloads, package]
        subprocess.run(command, check=True, timeout=600)
        with zipfile.ZipFile(next(Path(downloads).glob("*.whl"))) as wheel:
            wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith(WANTED)])
    stamp.touch()
    return folder


if __name__ == "__main__":
    packages(Path(sys.argv[1]))
