# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many examples hypothesis makes of a test.

`make unit` makes all of them. ansible-test, which runs the same tests once for each cell of the matrix, makes a fifth:
there they are to show that another ansible-core, Python or docker SDK changes nothing.
"""

from __future__ import annotations

import os

USUAL = 100  # hypothesis' own number, of tests that name none
_PART = 5 if "ansible_forked" in os.environ.get("PYTEST_PLUGINS", "") else 1  # each ansible-test sets that for units


def examples(number: int = USUAL) -> int:
    """For `max_examples`, in place of the number."""
    return max(1, number // _PART)
