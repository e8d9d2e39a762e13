# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Galaxy and Automation Hub would say of the artifact: galaxy-importer, whose every warning counts.

Usage: galaxy_importer.py ENVIRONMENT ARTIFACT
ENVIRONMENT is a virtual environment that has galaxy-importer.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ACCEPTED = Path(__file__).resolve().parent / "galaxy" / "accepted.yml"
# As Automation Hub runs it, the stricter of the two. ansible-test has a target of its own (`make sanity`), without the
# container that the importer would start; flake8, which none of them runs, is ruff's work here.
SETTINGS = {
    "CHECK_REQUIRED_TAGS": True,
    "CHECK_CHANGELOG": True,
    "RUN_ANSIBLE_DOC": True,
    "RUN_ANSIBLE_LINT": True,
    "OFFLINE_ANSIBLE_LINT": True,
    "RUN_ANSIBLE_TEST": False,
    "RUN_FLAKE8": False,
}
TOO_LATE = "Timeout on call to ansible-lint"  # it has three minutes for that, whatever the machine
SERIOUS = re.compile(r"(WARNING|ERROR|CRITICAL)\b")


def complaints(output: str) -> list[str]:
    """Its warnings and errors, a line each."""
    return [line for line in output.splitlines() if SERIOUS.match(line)]


def judge(found: list[str], accepted: list[dict[str, str]]) -> list[str]:
    """What is wrong: a complaint that is not accepted, an acceptance without reason or without complaint."""
    wrong = [line for line in found if not any(re.fullmatch(entry["says"], line) for entry in accepted)]
    for entry in accepted:
        if not entry.get("reason", "").strip():
            wrong.append(f"accepted without a reason: {entry['says']}")
        if not any(re.fullmatch(entry["says"], line) for line in found):
            wrong.append(f"accepted, but the importer does not say it any more: {entry['says']}")
    return wrong


def run_importer(environment: Path, folder: Path, artifact: Path) -> subprocess.CompletedProcess[str]:
    settings: dict[str, Any] = {**SETTINGS, "TMP_ROOT_DIR": folder, "ANSIBLE_LOCAL_TMP": folder / "ansible"}
    config = folder / "galaxy-importer.cfg"
    lines = [f"{name} = {value}" for name, value in settings.items()]
    config.write_text("\n".join(["[galaxy-importer]", *lines, ""]), encoding="utf-8")
    env = {key: value for key, value in os.environ.items() if not key.startswith("GALAXY_IMPORTER_")}
    env.update(
        GALAXY_IMPORTER_CONFIG=str(config),
        # It calls ansible-doc and ansible-lint, which have to be its own.
        PATH=f"{environment / 'bin'}:{os.environ['PATH']}",
        LC_ALL="C.UTF-8",
    )
    command = [str(environment / "bin" / "python"), "-m", "galaxy_importer.main", str(artifact)]
    return subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def main() -> int:
    environment, artifact = (Path(argument).absolute() for argument in sys.argv[1:3])
    # Not within the checkout: ansible-lint asks git for files, and hears that all of .build is ignored.
    for again in (True, False):
        with tempfile.TemporaryDirectory(prefix="galaxy-importer-") as folder:
            done = run_importer(environment, Path(folder), artifact)
        if TOO_LATE not in done.stdout:
            break
        print(f"{TOO_LATE}: this machine is busy{'; once more' if again else ''}", file=sys.stderr)
    wrong = judge(complaints(done.stdout), yaml.safe_load(ACCEPTED.read_text("utf-8")))
    # It ends with 0 after some failures; its last line tells.
    if done.returncode != 0 or "Importer processing completed successfully" not in done.stdout:
        wrong.append(f"galaxy-importer has not finished (exit code {done.returncode}):\n{done.stdout}")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
