# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pairing line is gone from the log, or cannot be read at all.

A run may restart an agent once for a fresh line, and once as the proof; or it says which log driver to set.
"""

from __future__ import annotations

import pytest
from integration import lives
from integration.lives import called
from simulator.harness import until

NOISE = "something is deprecated"
LINE = "pairing ID (should match in UI)"
SMALL = {"log_driver": "json-file", "log_options": {"max-size": "16k", "max-file": "1"}}
TALKATIVE = {"SIMULATOR_POLL_NOISE": "3"}  # lines after each poll: a pairing line lives long enough to be read


def without_line(site):
    """Agents that were deployed, and whose log has lost the pairing line by its rotation."""
    lives.deployed_only(site)
    for name in site.names():
        until(lambda name=name: _rotated(lives.log_of(name)), f"the log of {name} was rotated", 120)


def _rotated(log):
    """What an agent writes after each poll is there, so that it has announced its request; that is gone."""
    return NOISE in log and LINE not in log


def test_a_rotated_log_costs_one_restart_for_a_fresh_line(factory):
    site = lives.quick(factory(), "one", "two", **TALKATIVE)
    for agent in site.agents:
        agent.update(SMALL)
    without_line(site)
    with lives.counted_starts() as starts:
        run = site.rollout(agents_grace=5).ok()
    assert {verdict for verdict, _reason in lives.verdicts(run).values()} == {"registered"}
    assert {name: starts[name] for name in site.names()} == dict.fromkeys(site.names(), 2)
    lives.all_connected(site)
    lives.nothing_to_do(site)


def test_a_rotated_log_of_a_registered_agent_is_left_alone(factory):
    site = lives.quick(factory(), "one", **TALKATIVE)
    site.agents[0].update(SMALL)
    lives.first_rollout(site)
    lives.nothing_to_do(site)


@pytest.mark.long
@pytest.mark.parametrize("same_username", ["replace", "append"])
def test_a_request_whose_line_is_gone_is_not_called_an_impostor_for_good(factory, same_username):
    """Somebody has opened the window before: the agent's request is listed, and nobody can know that it is its own.

    It is never authorized on a guess. A fresh start shows a new pairing ID; where the old request stays listed beside
    the new one, the run fails, and the next run with a window of its own succeeds.
    """
    site = lives.quick(factory(), "one", **TALKATIVE)
    site.simulator.switch(same_username=same_username)
    site.agents[0].update(SMALL)
    without_line(site)
    (name,) = site.names()
    site.simulator.control("POST", "window", {"open_ms": 300_000})
    ((_name, old_id),) = until(site.pending, "it asks")
    with lives.counted_starts() as starts:
        run = site.rollout(agents_grace=3)
    assert 1 <= starts[name] <= 2
    assert run.agents[name]["pairing_id"] != old_id
    if same_username == "replace":
        run.ok()
    else:
        run.failed(name, old_id)
        assert name not in site.simulator.usernames()
        site.simulator.control("POST", "window", {"open_ms": 0})
        site.rollout(agents_grace=3).ok()
    lives.all_connected(site)


def test_log_drivers(factory):
    """What the engine gives back is read, by its cache too; for what it does not give back the driver is named."""
    drivers = {
        "json": {"log_driver": "json-file"},
        "local": {"log_driver": "local", "log_options": {"max-size": "1m"}},
        "syslog": {"log_driver": "syslog", "log_options": {"syslog-address": "udp://127.0.0.1:5514"}},
        "gelf": {"log_driver": "gelf", "log_options": {"gelf-address": "udp://127.0.0.1:12201"}},
        "none": {"log_driver": "none"},
        "uncached": {
            "log_driver": "syslog",
            "log_options": {"syslog-address": "udp://127.0.0.1:5514", "cache-disabled": "true"},
        },
    }
    site = lives.quick(factory(), *drivers)
    for agent, options in zip(site.agents, drivers.values(), strict=True):
        agent.update(options)
    none, uncached = called(site, "none"), called(site, "uncached")
    with lives.counted_starts() as starts:
        run = site.rollout().failed(none, uncached, "log driver 'none'", "log driver 'syslog'", "json-file")
    for name in site.names():
        wanted = "unreadable" if name in (none, uncached) else "registered"
        assert run.agents[name]["verdict"] == wanted, run.output
    assert 1 <= starts[none] <= 2 >= starts[uncached] >= 1
    assert not {none, uncached} & site.simulator.usernames()

    for agent in site.agents:
        if agent["name"] in (none, uncached):
            agent.update(log_driver="json-file", log_options={})
    lives.healed(site, [none, uncached])
    lives.nothing_to_do(site)


@pytest.mark.parametrize("window", ["closed", "open"])
def test_a_log_that_cannot_be_read_is_named_whatever_the_window(factory, window):
    site = lives.quick(factory(), "none")
    site.agents[0]["log_driver"] = "none"
    (name,) = site.names()
    if window == "open":
        site.simulator.control("POST", "window", {"open_ms": 300_000})
        lives.deployed_only(site)
        until(site.pending, "it asks")
    site.rollout(agents_grace=3).failed(name, "log driver 'none'", "json-file")
    assert name not in site.simulator.usernames()


@pytest.mark.long
def test_a_registered_agent_without_a_readable_log_stays_registered(factory):
    site = lives.quick(factory(), "one", "two")
    lives.first_rollout(site)
    site.agents[0]["log_driver"] = "none"
    before = site.starts()
    run = site.rollout().ok()
    assert run.agents[site.names()[0]]["actions"] == ["recreated"]
    assert lives.touched(before, site.starts()) == {site.names()[0]}
    lives.all_connected(site)
    lives.nothing_to_do(site)


@pytest.mark.long
def test_restarted_between_two_runs(factory):
    """Every start shows a new pairing ID; the log has the old one too."""
    site = lives.quick(factory(), "one", "two")
    lives.deployed_only(site)
    one, two = site.names()
    for number in (1, 2, 3):
        until(lambda count=number: lives.log_of(one).count(LINE) == count, f"it has shown {number} pairing IDs")
        if number < 3:
            lives.restart(one)
    last_id = lives.log_of(one).rpartition(LINE + ": ")[2][:6]
    with lives.counted_starts() as starts:
        run = site.rollout().ok()
    assert run.agents[one]["pairing_id"] == last_id
    assert {name: starts[name] for name in (one, two)} == {one: 1, two: 1}, "only the proofs"
    lives.all_connected(site)
    lives.nothing_to_do(site)


@pytest.mark.long
def test_restarted_while_the_rollout_waits_for_it(factory):
    site = lives.quick(factory(), "one", "two")
    (one, two) = site.names()
    site.agents[0]["env"] = {"SIMULATOR_START_DELAY": "6"}
    with lives.counted_starts() as starts:
        process = site.start("rollout")
        try:
            until(lambda: site.simulator.state()["window"]["open"], "the window is open", 120)
            lives.restart(one)
            assert process.wait(120) == 0, (site.directory / "started.log").read_text()
        finally:
            process.kill()
    assert 2 <= starts[one] <= 3, "its first start, ours, and the proof"
    assert starts[two] == 2
    lives.all_connected(site)
    lives.closed_and_clean(site)
    lives.nothing_to_do(site)
