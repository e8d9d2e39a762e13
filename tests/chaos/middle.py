# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Something happens in the middle of a run, and surely while it runs.

How long a run takes is known from another one only. One that is over before its fault has proven nothing: it is
repeated with an earlier fault.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Protocol

from chaos.bench import Bench
from chaos.site import LASTING_LEASE, ROLLOUT, VOLUME_EMPTIED, Ended, Identity, Site
from chaos.tally import Kind

ATTEMPTS = 8


class Fault(Protocol):
    """What happens to a run, and whether it did.

    Attributes:
        lets_close: a run that this happens to can close the window all the same, and must.
    """

    lets_close: bool = True

    def strike(self, site: Site, process: subprocess.Popen[bytes]) -> None:
        """Wait for the moment and let it happen; nothing, if the run is over before."""

    def happened(self, site: Site) -> bool:
        """Told after the end of the run."""


class After(Fault):
    """A fault after some seconds.

    Args:
        act: lets it happen; returns whether the run was still there.
    """

    def __init__(self, seconds: float, act: Callable[[Site, subprocess.Popen[bytes]], bool]) -> None:
        self._seconds = seconds
        self._act = act
        self.lets_close = act is not kill
        self._happened = False

    def __str__(self) -> str:
        return f"after {self._seconds:.2f} s"

    def strike(self, site: Site, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(self._seconds)
        except subprocess.TimeoutExpired:
            self._happened = self._act(site, process)

    def happened(self, site: Site) -> bool:
        del site
        return self._happened


def kill(site: Site, process: subprocess.Popen[bytes]) -> bool:
    """The controller is killed: ansible-playbook with all its workers and modules."""
    return site.kill_all(process)


def earlier(seconds: float, draw: Random) -> Iterator[float]:
    """A moment, and ever earlier ones."""
    while True:
        yield seconds
        seconds *= draw.uniform(0.4, 0.9)


@dataclass(frozen=True)
class Prepared:
    """A site before the run, in a starting state, and its agents that must not lose anything."""

    site: Site
    kind: str
    healthy: Mapping[str, Identity]
    done: Callable[[], None] | None = None  # raises where a run of it that says ok has not done its work; see `check`

    def check(self) -> None:
        """What is true after a run that has ended well; by default the agents are as after a rollout."""
        if self.done is None:
            self.site.check(self.healthy)
        else:
            self.done()

    def kept(self) -> dict[str, Identity]:
        """After the run, those who must not lose anything from then on: the same, and whoever has got that far.

        An agent without credentials may have new ones, and a user, that do not belong together yet.
        """
        now = {} if self.kind == VOLUME_EMPTIED else self.site.identities()
        return {**now, **self.healthy}


@dataclass(frozen=True, kw_only=True)
class Struck(Prepared):
    """The same after the run that something has happened to."""

    ended: Ended


@contextmanager
def prepared(bench: Bench, kind: str, count: int, draw: Random) -> Iterator[Prepared]:
    """A site in one of the starting states of a rollout."""
    with bench.site(kind, count, draw) as site:
        hit = site.prepare(kind, draw)
        yield Prepared(site, kind, {name: known for name, known in site.identities().items() if name not in hit})


@contextmanager
def struck(
    result: Kind,
    prepare: Callable[[], AbstractContextManager[Prepared]],
    faults: Iterable[Fault],
    command: Sequence[str] = ROLLOUT,
    **variables: Any,
) -> Iterator[Struck]:
    """A run to which one of the faults has happened, the first of them that was not too late.

    Args:
        variables: of this run alone, not of the next one.
    """
    for attempt, fault in enumerate(faults, start=1):
        with prepare() as before:
            print(f"attempt {attempt}: {fault}")
            before.site.count_from_now()
            assert not before.site.window_is_open(), "the window is open before the run"
            lease = {"agents_window_lease": LASTING_LEASE} if fault.lets_close else {}
            strike = partial(fault.strike, before.site)
            ended = before.site.run(strike, command, **variables, **lease)
            if fault.happened(before.site):
                result.saw(ended.how)
                left_open = fault.lets_close and before.site.window_is_open()
                assert not left_open, f"the window was left open:\n{ended.output}"
                if ended.code == 0:
                    before.check()
                yield Struck(before.site, before.kind, before.healthy, before.done, ended=ended)
                return
            assert ended.code == 0, f"nothing has happened to it:\n{ended.output}"
            result.repeated += 1
        assert attempt < ATTEMPTS, f"the run was over before its fault {attempt} times"
