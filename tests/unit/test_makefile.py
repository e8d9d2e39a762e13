# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Makefile must never do, wherever a checkout is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def make(folder: Path, target: str) -> subprocess.CompletedProcess[str]:
    """Run a target of the Makefile alone, in a folder; nothing of a `make` around this test counts."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "Makefile", folder)
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", target], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["clean", "setup", "help"])
def test_a_checkout_in_a_path_with_a_space_touches_nothing_of_others(target: str, tmp_path: Path) -> None:
    """For make, and for commands that it runs, the path is two: that of somebody else's folder, and another one."""
    of_others = tmp_path / "work" / "precious.txt"
    of_others.parent.mkdir()
    of_others.write_text("of somebody else")

    done = make(tmp_path / "work old" / "connectware", target)

    assert of_others.exists()
    assert done.returncode != 0
    assert f'"{tmp_path}/work old/connectware", a path with a space' in done.stderr


def test_what_was_built_is_removed(tmp_path: Path) -> None:
    built = tmp_path / "connectware" / ".build" / "venv" / "file"
    built.parent.mkdir(parents=True)
    built.touch()

    assert make(tmp_path / "connectware", "clean").returncode == 0

    assert not (tmp_path / "connectware" / ".build").exists()
