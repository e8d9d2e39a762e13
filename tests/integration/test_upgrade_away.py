# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that goes away while its agents are upgraded counts as failed."""

from __future__ import annotations

import pytest
from integration.bed import NEXT_VERSION, VERSION
from integration.factory_host import CONNECTION_PLUGINS
from integration.test_upgrade import becomes, fleet, id_of, image_of, rolled_out
from simulator.harness import until

pytestmark = pytest.mark.long


class Departing:
    """An upgrade of three hosts, the first two at once. The first one can go away."""

    def __init__(self, site):
        self.site = site
        self.away = site.directory / "away"
        hosts = fleet(site)
        self.before, _users = rolled_out(site, hosts)
        becomes(site, NEXT_VERSION)
        site.environment["ANSIBLE_CONNECTION_PLUGINS"] = str(CONNECTION_PLUGINS)
        hosts["host1"] |= {"ansible_connection": "departing", "departing_away_path": str(self.away)}
        serial = '{"agents_serial": [2, 1]}'
        variables = {"agents_version": "auto", "agents_timeout": 8}
        self.process = site.start("upgrade", "--extra-vars", serial, hosts=hosts, **variables)

    def said(self):
        return " ".join((self.site.directory / "started.log").read_text().split())

    def leaves(self, after, how=""):
        """The host goes away after a task of the second play has begun."""
        until(lambda: f": {after}]" in self.said().partition("PLAY [Upgrade ")[2], f"the task {after!r}", 120)
        self.away.write_text(how)

    def comes_back(self):
        until(lambda: "UNREACHABLE!" in self.said(), "the host is missed", 120)
        self.away.unlink()

    def stopped(self, *texts):
        """The run has ended before the last host."""
        assert self.process.wait(180) != 0, self.said()
        for text in texts:
            assert text in self.said()
        _lost, other, last = self.site.names()
        assert image_of(self.site, other) == id_of(NEXT_VERSION)
        assert self.site.starts([last]) == {last: self.before[last]}, "the run went on"


@pytest.mark.parametrize(
    ("after", "how"), [("Keep what was done", ""), ("Check that every agent can be upgraded", "answer")]
)
def test_a_host_that_is_away_for_a_while_is_put_back_and_the_run_stops(factory, after, how):
    site = factory(3)
    lost = site.names()[0]
    run = Departing(site)
    run.leaves(after, how)
    run.comes_back()
    run.stopped("The upgrade failed on host1", f"The previous image was put back for {lost}.")
    assert "Not seen to come back with it" not in run.said()
    assert image_of(site, lost) == id_of(VERSION)
    until(lambda: site.connected(lost), f"{lost} works with its old image")


def test_a_host_that_stays_away_is_said_not_to_be_put_back_and_the_run_stops(factory):
    site = factory(3)
    lost = site.names()[0]
    run = Departing(site)
    run.leaves("Keep what was done")
    run.stopped(
        "The upgrade failed on host1", f"The previous image could not be put back for {lost}: ", "the host is away"
    )
    assert "was put back" not in run.said() and "No image was replaced" not in run.said()
    assert image_of(site, lost) == id_of(NEXT_VERSION)
