# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual environments of the matrix, made once and used again until what they shall have changes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from matrix.cells import Environment


class MissingPythonError(Exception):
    """This machine has no such Python."""


class BrokenEnvironmentError(Exception):
    """The packages could not be installed."""


class UnreleasedError(BrokenEnvironmentError):
    """There is no release of this ansible-core."""


def find_python(version: str) -> str:
    """An interpreter of this version, from PATH or from pyenv.

    Raises:
        MissingPythonError: there is none.
    """
    for candidate in _candidates(version):
        command = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return candidate
    raise MissingPythonError(f"no Python {version} on this machine, neither in PATH nor of pyenv")


def _candidates(version: str) -> Iterator[str]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted((str(path) for path in root.glob(f"versions/{version}.*/bin/python")), reverse=True)
    found = shutil.which(f"python{version}")
    if found:
        yield found


def made(environment: Environment, folder: Path) -> Path:
    """The folder `bin` of the environment, which is made where it is not as it should be.

    Raises:
        MissingPythonError: there is no such Python.
        UnreleasedError: there is no such ansible-core.
        BrokenEnvironmentError: pip could not install the packages.
    """
    place = folder / environment.name
    stamp = place / ".made-of"
    wanted = hashlib.sha256(json.dumps([environment.python, environment.packages]).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        python = find_python(environment.python)
        shutil.rmtree(place, ignore_errors=True)
        _run([python, "-m", "venv", str(place)])
        _run([str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
              *environment.packages])  # fmt: skip
        stamp.write_text(wanted, "utf-8")
    return place / "bin"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        unreleased = "No matching distribution found for ansible-core" in done.stderr
        error = UnreleasedError if unreleased else BrokenEnvironmentError
        raise error(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def home(bin_folder: Path) -> str:
    """The folder of the Python that an environment was made of."""
    lines = (bin_folder.parent / "pyvenv.cfg").read_text("utf-8").splitlines()
    return next(line.partition("=")[2].strip() for line in lines if line.startswith("home"))


def versions(bin_folder: Path) -> dict[str, str]:
    """Of its Python, and of the packages that matter here."""
    python = str(bin_folder / "python")
    command = [python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    installed = {row["name"].lower(): row["version"] for row in json.loads(done.stdout)}
    told = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    installed["python"] = told.split()[1]
    names = ("python", "ansible-core", "docker", "requests", "urllib3")
    return {name: installed[name] for name in names if name in installed}
