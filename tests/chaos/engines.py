# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What there is of a site on its engine, by the docker command."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

from integration import bed

Engine = Callable[..., bytes]
NAMED = "connectware-agent-"  # how the names of containers and volumes begin


def engine_here(*arguments: str) -> bytes:
    """The docker command on this machine."""
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
    return done.stdout


class Found:
    """Containers and volumes of one site.

    Args:
        prefix: how the names of its agents begin.
        alone: nothing else is on this engine, so that whatever is there counts, whoever has made it. Else only what
            has the name of an agent of this site, or its label.
    """

    def __init__(self, engine: Engine, prefix: str, *, alone: bool) -> None:
        self._engine = engine
        self._prefix = prefix
        self._alone = alone

    def containers(self) -> dict[str, str]:
        """Their states by their names."""
        return dict(row for row in self._ours("ps", "-a", "--format", _row("{{.Names}} {{.State}}")))

    def volumes(self) -> list[str]:
        return [name for name, _rest in self._ours("volume", "ls", "--format", _row("{{.Name}}"))]

    def mounted(self, containers: Sequence[str]) -> dict[str, list[str]]:
        """The volumes of each of these containers; one without a name given has one of 64 digits."""
        template = "{{.Name}}{{range .Mounts}} {{.Name}}{{end}}"
        rows = self._engine("inspect", "--format", template, *containers).decode().splitlines()
        return {name.removeprefix("/"): volumes for name, *volumes in (row.split() for row in rows)}

    def remove(self) -> None:
        """Nothing is left of it."""
        if containers := self.containers():
            self._engine("rm", "-f", *containers)
        if volumes := self.volumes():
            self._engine("volume", "rm", "-f", *volumes)

    def _ours(self, *command: str) -> list[tuple[str, str]]:
        """Each as its name, and what else was asked for."""
        found = []
        for line in sorted(self._engine(*command).decode().splitlines()):
            shown, agent = line.split("\t")
            if self._alone or f"{NAMED}{self._prefix}-" in shown or agent.startswith(f"{self._prefix}-"):
                name, _space, rest = shown.partition(" ")
                found.append((name, rest))
        return found


def _row(shown: str) -> str:
    return f'{shown}\t{{{{.Label "{bed.LABEL}"}}}}'
