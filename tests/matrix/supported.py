# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Pythons an ansible-core says it supports, against those that cells.yml has of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ASK = """
import json
from ansible_test._util.target.common.constants import CONTROLLER_PYTHON_VERSIONS as c, REMOTE_ONLY_PYTHON_VERSIONS as r
print(json.dumps({"controller": c, "target": r + c}))
"""

Pythons = Mapping[str, Sequence[str]]


def by_its_core(python: Path) -> Pythons:
    """What ansible-test itself supports, as the controller and as the target.

    Args:
        python: of an environment that has an ansible-core.
    """
    done = subprocess.run([str(python), "-c", ASK], capture_output=True, text=True, check=True)
    found: Pythons = json.loads(done.stdout)
    return found


def differences(core: str, told: Pythons, data: Mapping[str, Any]) -> list[str]:
    """Where cells.yml says otherwise than this ansible-core; a Python that is left out by it has its reason there."""
    found = []
    for role in ("controller", "target"):
        written = data["cores"][core][role]
        missing = [python for python in told[role] if python not in written]
        unknown = [python for python in written if python not in told[role]]
        if missing:
            found.append(f"as the {role} ansible-core {core} supports Python {', '.join(missing)} too")
        if unknown:
            found.append(f"as the {role} ansible-core {core} does not support Python {', '.join(unknown)}")
    return found
