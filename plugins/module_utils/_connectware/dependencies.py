# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The libraries this layer needs, imported guardedly: a module without them fails with a message, not a traceback."""

from __future__ import annotations

import sys
from typing import Any

from .._errors import LibraryMissingError

_MISSING: list[str] = []

requests: Any = None
jmespath: Any = None

try:
    import requests
except ImportError:
    _MISSING.append("requests")

try:
    import jmespath
except ImportError:
    _MISSING.append("jmespath")

__all__ = ["jmespath", "need_libraries", "requests"]


def need_libraries(missing: list[str] | None = None) -> None:
    """Check that everything could be imported.

    Raises:
        LibraryMissingError: naming the interpreter and the packages.
    """
    names = _MISSING if missing is None else missing
    if names:
        raise LibraryMissingError(
            "import what is needed to talk to Connectware",
            where=f"interpreter {sys.executable}",
            answered=f"missing Python packages: {', '.join(names)}",
            todo=f"Install them for this interpreter: {sys.executable} -m pip install {' '.join(names)}"
            f" (Debian, Ubuntu: apt install {' '.join('python3-' + name for name in names)}),"
            " or delegate the task to a host that has them.",
        )
