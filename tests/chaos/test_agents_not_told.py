# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents are let in and never learn it: half of that answer reaches them, and it is given only once.

From then on they meet a conflict with the users that this run has made, unless they had stored their credentials
before.
"""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager, nullcontext
from itertools import repeat

import pytest
from chaos.bench import Bench, switched
from chaos.middle import Fault, Prepared, struck
from chaos.site import FIRST_START, Site
from chaos.tally import Tally
from simulator.harness import until

AGENTS = 2
GRANTED, CONFLICT = 201, 409


class NotTold(Fault):
    """Answers to the agents are cut in half, from the first authorization on until one has met the conflict.

    Args:
        refused: the run was there when an agent met it, else it is no trial.
    """

    def __init__(self, *, refused: bool) -> None:
        self._refused = refused

    def __str__(self) -> str:
        return "from the first authorization on"

    def strike(self, site: Site, process: subprocess.Popen[bytes]) -> None:
        def authorized() -> bool:
            return process.poll() is not None or site.counts()["operations"].get("registry_confirm", 0) > 0

        until(authorized, "an agent is authorized", 60)
        site.simulator.control("POST", "faults", {"operation": "register", "half": True, "count": 0})
        until(lambda: process.poll() is not None or _answers(site, CONFLICT), "an agent is refused", 60)
        site.simulator.control("DELETE", "faults")

    def happened(self, site: Site) -> bool:
        return _answers(site, GRANTED) > 0 and (_answers(site, CONFLICT) > 0 or not self._refused)


def _answers(site: Site, status: int) -> int:
    """How many answers with this status were cut in half."""
    return sum(
        entry["operation"] == "register" and entry["status"] == status and entry["fault"] == "half"
        for entry in site.counts()["log"]
    )


@pytest.mark.parametrize("store", ["after", "before"])
def test_agents_that_never_learn_that_they_are_let_in(bench: Bench, tally: Tally, store: str) -> None:
    def first_start() -> AbstractContextManager[Prepared]:
        site = bench.apart(AGENTS, {"SIMULATOR_STORE": store, "SIMULATOR_POLL_INTERVAL": "0.7"})
        return nullcontext(Prepared(site, FIRST_START, {}))

    with (
        tally.trial("agents let in that never learn it") as result,
        switched(bench.simulator, grant_repeatable=False),
        struck(result, first_start, repeat(NotTold(refused=store == "after"))) as run,
    ):
        run.ended.in_time().clean()
        run.site.converges({})
