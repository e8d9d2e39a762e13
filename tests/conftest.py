# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ``ansible_collections.edgefleet.connectware`` importable from this checkout, wherever it lies.

`ansible-test units` loads this file too, with a loader of its own for collections; there only the helpers of the tests
have to be found, which pyproject.toml does otherwise. It has to do with Python 3.8.
"""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
LINK = ROOT / ".build" / "src" / "ansible_collections" / "edgefleet" / "connectware"

if str(TESTS) not in sys.path:
    sys.path.append(str(TESTS))


def pytest_configure() -> None:
    _be_patient()
    if ROOT.parents[1].name == "ansible_collections":
        return
    # make does this too; here it serves a pytest that was started by hand.
    if LINK.resolve() != ROOT:
        LINK.parent.mkdir(parents=True, exist_ok=True)
        if LINK.is_symlink():
            LINK.unlink()
        LINK.symlink_to(ROOT)


def _be_patient() -> None:
    """No example fails because the machine is busy with others."""
    try:
        from hypothesis import settings
    except ImportError:  # where only integration tests run
        return
    settings.register_profile("patient", deadline=None)  # else as the profile that is in force
    settings.load_profile("patient")
