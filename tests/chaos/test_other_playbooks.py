# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An upgrade or a retirement in the middle of which an engine, its machine or Connectware is restarted."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from random import Random

import pytest
from chaos.bench import Bench
from chaos.middle import Prepared, struck
from chaos.outages import Outage, connectware_restarts, engine_ends, machine_restarts
from chaos.retiring import STARTS, registered
from chaos.seeds import chance, count, moment
from chaos.site import IMAGE, RETIREMENT, UPGRADE, Site
from chaos.tally import Tally
from chaos.upgrading import behind, images
from integration import bed
from integration.factory_host import FactoryHost

pytestmark = pytest.mark.factory_host

AGENTS = 3
UPGRADES = count(9)
RETIREMENTS = count(9)
OUTAGES: tuple[Callable[[FactoryHost, Bench, Random], Outage], ...] = (
    lambda host, _hosted, draw: engine_ends(host, draw),
    lambda host, _hosted, draw: machine_restarts(host, draw),
    lambda _host, hosted, draw: connectware_restarts(hosted.simulator, draw),
)


@pytest.fixture(scope="module", autouse=True)
def next_version(host: FactoryHost) -> None:
    """What an upgrade brings; no machine can pull it."""
    host.load(f"{IMAGE}:{bed.NEXT_VERSION}")


def undisturbed(prepared: AbstractContextManager[Prepared], run: Callable[[Site], bed.Run]) -> float:
    """Seconds that it takes."""
    with prepared as before:
        began = time.monotonic()
        run(before.site).ok()
        return time.monotonic() - began


@pytest.fixture(scope="module")
def upgrade_takes(hosted: Bench) -> float:
    draw = chance("upgrade", "duration")
    return undisturbed(behind(hosted, AGENTS, draw), lambda site: site.play("upgrade"))


@pytest.fixture(scope="module")
def retirement_takes(hosted: Bench) -> float:
    return undisturbed(registered(hosted, STARTS[0], chance("retirement", "hosted")), Site.retire)


@pytest.mark.parametrize("number", range(UPGRADES))
def test_after_an_upgrade_that_was_disturbed_a_plain_run_finishes_it(
    hosted: Bench, host: FactoryHost, tally: Tally, upgrade_takes: float, number: int
) -> None:
    draw = chance("upgrade", number)
    outage = OUTAGES[number % len(OUTAGES)](host, hosted, draw)
    seconds = moment(draw, len(OUTAGES), number, UPGRADES) * upgrade_takes
    with (
        tally.trial(f"{outage.fault} in an upgrade") as result,
        struck(
            result, lambda: behind(hosted, AGENTS, draw), outage.after(seconds, draw), UPGRADE, agents_version="auto"
        ) as run,
    ):
        run.ended.in_time().clean()
        users = {name: identity.user_id for name, identity in run.healthy.items()}
        assert run.site.users() == users, f"an upgrade registers nobody:\n{run.ended.output}"
        run.site.converges(run.healthy)
        assert images(run.site) == {f"{IMAGE}:{bed.NEXT_VERSION}"}


@pytest.mark.parametrize("number", range(RETIREMENTS))
def test_after_a_retirement_that_was_disturbed_the_next_one_finishes_it(
    hosted: Bench, host: FactoryHost, tally: Tally, retirement_takes: float, number: int
) -> None:
    start = STARTS[number % len(STARTS)]
    draw = chance("retirement disturbed", number)
    outage = OUTAGES[number % len(OUTAGES)](host, hosted, draw)
    seconds = moment(draw, len(OUTAGES), number, RETIREMENTS) * retirement_takes
    with (
        tally.trial(f"{outage.fault} in a retirement") as result,
        struck(result, lambda: registered(hosted, start, draw), outage.after(seconds, draw), RETIREMENT) as run,
    ):
        run.ended.in_time().clean()
        run.site.retire().ok()
        run.site.is_retired(start.purge)
        assert run.site.retire().ok().changed == 0
        run.site.is_retired(start.purge)
