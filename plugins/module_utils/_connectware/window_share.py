# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forked workers of one run share what they know of the registration window, in anonymous shared memory.

Like the tokens (see token_store): made when this module is imported, which Ansible does before it forks its workers.
"""

from __future__ import annotations

import mmap
import multiprocessing

from .._agents.window_book import SIZE, WindowBook


def shared_window() -> WindowBook | None:
    """Shared with every process forked from now on; None where the system has no shared memory or semaphores."""
    try:
        return WindowBook(mmap.mmap(-1, SIZE), multiprocessing.get_context("fork").Lock())
    except (ImportError, OSError, ValueError):
        return None


SHARED_WINDOW = shared_window()
