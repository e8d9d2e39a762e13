# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs: ours, a naive playbook, the same with Mitogen, and the floor.

All run with the same ansible-core, forks, pipelining and SSH settings, each in a process of its own, which is what is
timed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.ground import Ground
from benchmark.results import CONTESTANTS, FIRST_ROLLOUT, NOTHING_TO_DO, RUNS

HERE = Path(__file__).parent
OURS, NAIVE, MITOGEN, FLOOR = CONTESTANTS
FAILURES = ("fatal: ", "failed: ", "ERROR", "[ERROR]")  # how the line begins that says why
AT_MOST = {FIRST_ROLLOUT: 420.0, NOTHING_TO_DO: 240.0}  # seconds


class BrokenRunError(Exception):
    """A run that has no time: it failed, or took too long."""


@dataclass(frozen=True)
class Contestant:
    """A command for each of the two runs, and what it needs in its environment.

    The placeholders {inventory} and {control_paths} stand for paths.
    """

    name: str
    commands: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, which: str, ground: Ground) -> float:
        """Seconds that it took.

        Raises:
            BrokenRunError: with its output.
        """
        places = {"inventory": str(ground.inventory), "control_paths": str(ground.control_paths)}
        command = [part.format(**places) for part in self.commands[which]]
        env = {**os.environ, **self._settings(ground), **self.environment}
        began = time.monotonic()
        try:
            done = subprocess.run(
                command, env=env, capture_output=True, text=True, check=False, timeout=AT_MOST[which], cwd=ground.folder
            )
        except subprocess.TimeoutExpired as exc:
            raise BrokenRunError(f"{which} took more than {AT_MOST[which]:.0f} s") from exc
        seconds = time.monotonic() - began
        output = done.stdout + done.stderr
        ground.folder.joinpath(f"{self.name}.log").write_text(output)
        if done.returncode:
            reason = next((line for line in output.splitlines() if line.startswith(FAILURES)), output.strip()[-200:])
            raise BrokenRunError(f"{which} failed: {reason[:300]}\n{' '.join(command)}\n{output[-8000:]}")
        return seconds

    @staticmethod
    def _settings(ground: Ground) -> dict[str, str]:
        return {
            "ANSIBLE_CONFIG": str(ground.configuration),
            "ANSIBLE_FORKS": str(max(5, ground.case.hosts)),
            "ANSIBLE_PIPELINING": "1",  # of tasks on the controller too, which have no variables of the bed
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(ground.control_paths),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
        }


def playing(playbook: str) -> tuple[str, ...]:
    return (f"{sys.prefix}/bin/ansible-playbook", "-i", "{inventory}", playbook)


def ours() -> Contestant:
    """The playbook of the installed collection."""
    command = playing("edgefleet.connectware.rollout")
    return Contestant(OURS, dict.fromkeys(RUNS, command))


def naive(collections: Path) -> Contestant:
    """The naive playbook; the folder has community.docker."""
    command = playing(str(HERE / "naive.yml"))
    return Contestant(NAIVE, dict.fromkeys(RUNS, command), {"ANSIBLE_COLLECTIONS_PATH": str(collections)})


def mitogen(collections: Path, packages: Path) -> Contestant:
    """The same with Mitogen, which is in the folder of packages."""
    return Contestant(
        MITOGEN,
        naive(collections).commands,
        {
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_STRATEGY": "mitogen_linear",
            "ANSIBLE_STRATEGY_PLUGINS": str(packages / "ansible_mitogen" / "plugins" / "strategy"),
        },
    )


def floor() -> Contestant:
    """Without Ansible; where nothing is to do, the least that Ansible can do on all hosts."""
    ping = (f"{sys.prefix}/bin/ansible", "-i", "{inventory}", "all", "-m", "ansible.builtin.ping")
    first = (sys.executable, str(HERE / "floor.py"), "{inventory}", "{control_paths}")
    return Contestant(FLOOR, {FIRST_ROLLOUT: first, NOTHING_TO_DO: ping})
