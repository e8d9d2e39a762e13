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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.packaged import PIP, packaged

REQUIREMENTS = Path(__file__).parent / "requirements.txt"


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
    """The collection, and what it imports, in the version that belongs to this ansible-core.

    Raises:
        subprocess.CalledProcessError: pip could not download it.
    """
    return packaged(folder, "community.docker", "community.library_inventory_filtering_v1")


if __name__ == "__main__":
    packages(Path(sys.argv[1]))
