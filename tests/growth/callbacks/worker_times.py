# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each worker of an ansible-playbook notes the processor time that it has taken itself, without the modules it ran.

A module is a process of its own. From outside, a worker that has ended cannot be told any more from its modules.
"""

from __future__ import annotations

import multiprocessing.util
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: worker_times
type: aggregate
short_description: Processor time of workers
description: See the file.
"""
PATH = "GROWTH_WORKER_TIMES"


class CallbackModule(CallbackBase):
    """Sets that up; there is nothing to call back for."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "worker_times"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        multiprocessing.util.register_after_fork(self, _note_at_the_end)


def _note_at_the_end(_callback: CallbackModule) -> None:
    multiprocessing.util.Finalize(None, _note, exitpriority=0)


def _note() -> None:
    times = os.times()  # also of the modules, but in fields of their own
    with open(os.environ[PATH], "a", encoding="ascii") as notes:
        notes.write(f"{times.user + times.system:.2f}\n")
