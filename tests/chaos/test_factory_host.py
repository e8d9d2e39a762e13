# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The factory host fails: its engine is killed or stopped, the machine is restarted, its disk is full."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from chaos.bench import Bench
from chaos.middle import prepared, struck
from chaos.outages import Outage, engine_ends, machine_restarts
from chaos.seeds import chance, count, moment
from chaos.site import KINDS, USER_DELETED, VOLUME_EMPTIED, Site
from chaos.tally import FAILED, Tally
from integration.factory_host import FactoryHost
from simulator.harness import until

pytestmark = pytest.mark.factory_host

AGENTS = 3
ENGINE_ENDS = count(9)
RESTARTS = count(6)
VOLUMES = "/var/lib/docker/volumes"
TASKS = "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby"


def hosted_trial(hosted: Bench, tally: Tally, outage: Outage, number: int, total: int) -> None:
    """Something happens to the host at a random point of a rollout."""
    kind = KINDS[number % len(KINDS)]
    draw = chance(outage.fault, number)
    seconds = moment(draw, len(KINDS), number, total) * hosted.duration(kind, AGENTS)
    with (
        tally.trial(outage.fault) as result,
        struck(result, lambda: prepared(hosted, kind, AGENTS, draw), outage.after(seconds, draw)) as run,
    ):
        run.ended.in_time().clean("factory")
        run.site.converges(run.kept())


@pytest.mark.parametrize("number", range(ENGINE_ENDS))
def test_the_engine_ends_and_is_started_again(hosted: Bench, host: FactoryHost, tally: Tally, number: int) -> None:
    hosted_trial(hosted, tally, engine_ends(host, chance("away", number)), number, ENGINE_ENDS)


@pytest.mark.parametrize("number", range(RESTARTS))
def test_the_machine_is_restarted(hosted: Bench, host: FactoryHost, tally: Tally, number: int) -> None:
    hosted_trial(hosted, tally, machine_restarts(host, chance("patience", number)), number, RESTARTS)


def test_the_machine_is_restarted_before_agents_have_stored_their_credentials(
    hosted: Bench, host: FactoryHost, tally: Tally
) -> None:
    """They are let in on the server and do not know it yet; when they are back, their own users keep them out.

    The run is still there when they are back, and deletes the users that it has made itself.
    """
    with tally.trial("host restarted") as result:
        site = hosted.apart(2, {"SIMULATOR_STORE": "after", "SIMULATOR_POLL_INTERVAL": "8"}, agents_poll_interval=8)

        def strike(_process: subprocess.Popen[bytes]) -> None:
            until(lambda: set(site.names()) <= set(site.simulator.usernames()), "both are authorized", 60)
            host.restart(0)
            host.wait_for_engine()
            assert site.identities() == {}, "they had no time to store their credentials"

        ended = site.run(strike).in_time().clean("asks again", "the user that its authorization has made was deleted")
        assert ended.code != 0, ended.output
        result.saw(ended.how)
        site.converges({})


def test_what_a_killed_engine_has_left_keeps_no_agent_from_its_start(hosted: Bench, host: FactoryHost) -> None:
    """As after a power cut on a machine whose /run is not in memory: the engine cannot start these containers."""
    site = hosted.apart(2, {})
    site.rollout().ok()
    before = site.identities()
    for name in site.names():
        container = f"connectware-agent-{name}"
        site.engine("stop", "--time", "0", container)
        container_id = site.engine("inspect", "--format", "{{.Id}}", container).decode().strip()
        host.shell(f"mkdir {TASKS}/{container_id}")

    site.converges(before)


def test_a_restart_leaves_nothing_of_what_ran_before(host: FactoryHost) -> None:
    host.shell("mkdir -p /run/docker/remains")

    host.restart(0)
    host.wait_for_engine()

    assert "remains" not in host.shell("ls /run/docker").split()


@contextmanager
def small_disk(host: FactoryHost, megabytes: int) -> Iterator[None]:
    """The volumes of the engine lie on a small disk of their own."""
    host.stop_engine()
    try:
        host.shell(f"mount -t tmpfs -o size={megabytes}m tmpfs {VOLUMES}")
        host.start_engine()
        yield
    finally:
        host.stop_engine()
        host.shell(f"umount {VOLUMES}", check=False)
        host.start_engine()


def fill(host: FactoryHost) -> None:
    host.shell(f"cat /dev/zero >>{VOLUMES}/filler", check=False)


def free(host: FactoryHost) -> None:
    host.shell(f"rm {VOLUMES}/filler")


def says_that_the_disk_is_full(output: str) -> None:
    assert "no space left on device" in " ".join(output.lower().split()), output


def wait_for_a_long_pause(site: Site, names: list[str]) -> None:
    """The engine starts an agent that crashes after pauses, each twice as long: by now 13 seconds."""
    for name in names:
        look = ("inspect", "-f", "{{.RestartCount}}", f"connectware-agent-{name}")
        until(lambda look=look: int(site.engine(*look)) >= 8, f"{name} has crashed eight times", 60)


def test_a_disk_that_is_full_before_the_rollout(hosted: Bench, host: FactoryHost, tally: Tally) -> None:
    """Agents that store their credentials before they ask do not get as far as asking."""
    with tally.trial("disk full") as result, small_disk(host, 2):
        site = hosted.apart(2, {"SIMULATOR_STORE": "before"}, agents_timeout=30)
        fill(host)
        failed = site.rollout()
        wait_for_a_long_pause(site, site.names())
        free(host)
        assert failed.code != 0, failed.output
        says_that_the_disk_is_full(failed.output)
        result.saw(FAILED)
        site.converges({})
        hosted.clear()


def test_a_disk_that_is_full_when_the_credentials_are_to_be_stored(
    hosted: Bench, host: FactoryHost, tally: Tally
) -> None:
    """Agents that store their credentials after they were let in lose them: their users must not stay behind."""
    with tally.trial("disk full") as result, small_disk(host, 2):
        site = hosted.apart(2, {"SIMULATOR_STORE": "after"}, agents_timeout=30)
        fill(host)
        failed = site.rollout()
        free(host)
        assert failed.code != 0, failed.output
        says_that_the_disk_is_full(failed.output)
        result.saw(FAILED)
        site.converges({})
        hosted.clear()


@pytest.mark.parametrize("kind", [USER_DELETED, VOLUME_EMPTIED])
def test_a_disk_that_becomes_full_while_others_are_registered(
    hosted: Bench, host: FactoryHost, tally: Tally, kind: str
) -> None:
    draw = chance("disk", kind)
    with tally.trial("disk full") as result, small_disk(host, 2):
        site = hosted.apart(3, {"SIMULATOR_STORE": "before"}, agents_timeout=30)
        site.rollout().ok()
        fill(host)
        hit = site.prepare(kind, draw)
        fill(host)
        healthy = {name: known for name, known in site.identities().items() if name not in hit}
        failed = site.rollout()
        wait_for_a_long_pause(site, hit)
        free(host)
        assert failed.code, failed.output
        says_that_the_disk_is_full(failed.output)
        result.saw(FAILED)
        site.converges(healthy)
        hosted.clear()
