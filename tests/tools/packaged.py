# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collections of others that tests need, from the package `ansible` that belongs to this ansible-core.

They are kept apart from the virtual environment of the tests, so that nothing of ours finds them by chance. What is
there already is used again.
"""

from __future__ import annotations

import fcntl
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def packaged(folder: Path, *names: str) -> Path:
    """The folder, with these collections (`namespace.name`) in `ansible_collections`.

    Raises:
        subprocess.CalledProcessError: pip could not download the package.
    """
    minor = int(version("ansible-core").split(".")[1])
    folder.mkdir(parents=True, exist_ok=True)
    stamps = [folder / f"{name}-for-2.{minor}" for name in names]
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all(stamp.exists() for stamp in stamps):
            return folder
        # ansible 12 is that of ansible-core 2.19, ansible 13 that of 2.20.
        wanted = [f"ansible_collections/{name.replace('.', '/')}/" for name in names]
        _extract(f"ansible ~= {minor - 7}.0", folder, wanted)
        for stamp in stamps:
            stamp.touch()
    return folder


def _extract(package: str, folder: Path, wanted: list[str]) -> None:
    with tempfile.TemporaryDirectory() as downloads:
        command = [*PIP, "download", "--no-deps", "--only-binary", ":all:", "--dest", downloads, package]
        subprocess.run(command, check=True, timeout=600)
        with zipfile.ZipFile(next(Path(downloads).glob("*.whl"))) as wheel:
            wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith(tuple(wanted))])
