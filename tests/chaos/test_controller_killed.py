# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller is killed: ansible-playbook with all its workers and modules, at any point of a rollout."""

from __future__ import annotations

import time

import pytest
from chaos.bench import Bench
from chaos.middle import After, earlier, kill, prepared, struck
from chaos.seeds import chance, count, moment
from chaos.site import KINDS
from chaos.tally import FAILED, Tally

AGENTS = 5
TRIALS = count(50)


@pytest.mark.parametrize("number", range(TRIALS))
def test_the_next_run_finishes_what_was_killed(bench: Bench, tally: Tally, number: int) -> None:
    kind = KINDS[number % len(KINDS)]
    draw = chance("killed", number)
    seconds = moment(draw, len(KINDS), number, TRIALS) * bench.duration(kind, AGENTS)
    kills = (After(sooner, kill) for sooner in earlier(seconds, draw))
    with (
        tally.trial(f"controller killed, {kind}") as result,
        struck(result, lambda: prepared(bench, kind, AGENTS, draw), kills) as run,
    ):
        assert run.ended.how == "killed", run.ended.output
        time.sleep(draw.choice((0, 0, 2)))  # agents go on meanwhile
        run.site.converges(run.kept())


@pytest.mark.parametrize("style", ["after", "before"])
def test_agents_that_are_restarted_before_anybody_has_registered_them(bench: Bench, tally: Tally, style: str) -> None:
    """The first rollout has not come to an end, and overnight the hosts are restarted."""
    with tally.trial("restarted between a failed first rollout and the next") as result:
        site = bench.apart(AGENTS, {"SIMULATOR_STORE": style}, agents_timeout=8)
        bench.simulator.control("POST", "faults", {"operation": "registry_unlock", "status": 500, "count": 0})
        failed = site.rollout()
        bench.simulator.control("DELETE", "faults")
        assert failed.code != 0, failed.output
        assert not set(site.names()) & site.simulator.usernames(), "somebody has registered them"
        before = site.starts()
        site.engine("restart", *(f"connectware-agent-{name}" for name in site.names()))
        assert all(site.starts()[name] != before[name] for name in site.names())
        result.saw(FAILED)
        site.converges({})
