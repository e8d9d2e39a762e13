# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an ansible-playbook takes: time, and memory of its main process, of its workers and of the modules, apart.

The modules run beside it here, because all hosts of the fleet are this machine; at work they run on factory hosts. So
they are told from the workers, which are forks of the main process and have its command line.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

PAUSE = 0.25  # seconds between two looks at the processes
MIB = 1024 * 1024


@dataclass
class Usage:
    """What a run took.

    Attributes:
        seconds: of the clock on the wall.
        cpu_seconds: of all processes, the modules included.
        main_cpu_seconds: of the main process alone.
        worker_cpu_seconds: of all workers, without the modules that they ran.
        main_mib: peak of the main process's resident memory.
        worker_mib: peak of the largest worker's.
        controller_mib: peak of what main process and workers have together, pages they share counted once.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    main_cpu_seconds: float = 0.0
    worker_cpu_seconds: float = 0.0
    main_mib: float = 0.0
    worker_mib: float = 0.0
    controller_mib: float = 0.0


class Meter:
    """Watches a process and its descendants from a thread of its own.

    Args:
        worker_times: the file into which each worker writes its own time when it ends.
    """

    def __init__(self, pid: int, worker_times: Path) -> None:
        self._main = psutil.Process(pid)
        self._started = time.monotonic()
        self._over = threading.Event()
        self._usage = Usage()
        self._worker_times = worker_times

    def until_end_of(self, process: subprocess.Popen[bytes]) -> Usage:
        """Wait for it."""
        watching = threading.Thread(target=self._watch)
        watching.start()
        _pid, status, resources = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self._usage.seconds = time.monotonic() - self._started
        self._usage.cpu_seconds = resources.ru_utime + resources.ru_stime
        self._over.set()
        watching.join()
        self._usage.worker_cpu_seconds = sum(map(float, self._worker_times.read_text().split()))
        return self._usage

    def _watch(self) -> None:
        while not self._over.wait(PAUSE):
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                self._look()

    def _look(self) -> None:
        usage, command = self._usage, self._main.cmdline()
        times, memory = self._main.cpu_times(), self._main.memory_full_info()
        usage.main_cpu_seconds = times.user + times.system
        usage.main_mib = max(usage.main_mib, memory.rss / MIB)
        together = memory.pss
        for child in self._main.children():
            with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
                if child.cmdline() == command:
                    memory = child.memory_full_info()
                    usage.worker_mib = max(usage.worker_mib, memory.rss / MIB)
                    together += memory.pss
        usage.controller_mib = max(usage.controller_mib, together / MIB)
