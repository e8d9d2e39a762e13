# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes ``ansible_collections.edgefleet.connectware`` importable from this checkout, wherever it lies."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINK = ROOT / ".build" / "src" / "ansible_collections" / "edgefleet" / "connectware"


def pytest_configure() -> None:
    # make does this too; here it serves a pytest that was started by hand.
    if LINK.resolve() != ROOT:
        LINK.parent.mkdir(parents=True, exist_ok=True)
        LINK.unlink(missing_ok=True)
        LINK.symlink_to(ROOT)
