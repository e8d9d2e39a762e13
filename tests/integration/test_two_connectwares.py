# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run over the hosts of two Connectwares: what is true of one is not taken for true of the other."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration import lives
from integration.bed import NEXT_VERSION, VERSION, Factory
from simulator.harness import Simulator, until

NOWHERE = "https://127.0.0.1:1"
BY_HAND = 900  # seconds for which an administrator has opened a window


@pytest.fixture(scope="module")
def south(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """The second Connectware; its agents have another version."""
    running = Simulator(tmp_path_factory.mktemp("south") / "state", config={"version": NEXT_VERSION}).start()
    yield running
    running.stop()


def of_south(site: Factory, south: Simulator) -> dict[str, Any]:
    """What is different for the hosts of the second Connectware."""
    twin = Factory(south, site.directory)
    names = ("agents_mqtt_port", "connectware_url", "connectware_password", "connectware_ca_path")
    own = {name: twin.variables[name] for name in names}
    return {**own, "agents_env": {**site.variables["agents_env"], "CYBUS_HOSTNAME_INGRESS": south.endpoints["ingress"]}}


def halves(site: Factory, south: Simulator) -> tuple[dict[str, Any], list[str], list[str]]:
    """A host for each agent, the second half of them in the south; and the names of both halves."""
    south.control("POST", "reset")
    south.switch(enforce_agent_version=False)  # most tests do not say that its agents have another version
    half = len(site.agents) // 2
    hosts: dict[str, Any] = {}
    for number, agent in enumerate(site.agents):
        where = "north" if number < half else "south"
        hosts[f"{where}{number}"] = {"agents_list": [agent], **({} if number < half else of_south(site, south))}
    return hosts, site.names()[:half], site.names()[half:]


def opened(simulator: Simulator) -> bool:
    return bool(simulator.state()["window"]["open"])


def connected(connectware, names):
    """The agents of these names are, and no others."""
    wanted = sorted(names)
    until(lambda: sorted(connectware.connected()) == wanted, f"{', '.join(wanted)} are connected", 30)


def test_each_window_and_each_version_is_its_own(factory, south):
    """In the north an administrator has opened the window, which is left alone; that of the south is closed again."""
    site = lives.quick(factory(4))
    hosts, north_names, south_names = halves(site, south)
    site.simulator.control("POST", "window", {"open_ms": BY_HAND * 1000})
    site.rollout("--forks", "2", hosts=hosts, agents_version="auto", agents_window_lease=600).ok()
    connected(site.simulator, north_names)
    connected(south, south_names)
    assert opened(site.simulator), "it was open before"
    assert not opened(south)
    images = {name: site.container(name)["Config"]["Image"].rpartition(":")[2] for name in site.names()}
    assert images == {**dict.fromkeys(north_names, VERSION), **dict.fromkeys(south_names, NEXT_VERSION)}
    again = site.rollout("--forks", "4", hosts=hosts, agents_version="auto").ok()
    assert set(again.changes.values()) == {0}


@pytest.mark.long
@pytest.mark.parametrize("first", [{}, {"agents_version": VERSION}], ids=["unsaid", "pinned"])
def test_a_play_may_say_that_each_has_the_version_of_its_own(factory, south, first):
    """A variable of the play is stronger than that of the first host, and in no hostvars."""
    site = lives.quick(factory(2))
    hosts, north_names, south_names = halves(site, south)
    del site.variables["agents_version"]
    hosts["north0"].update(first)
    play = site.directory / "auto.yml"
    play.write_text(
        "- hosts: all\n  gather_facts: false\n"
        "  roles:\n    - role: edgefleet.connectware.agents\n      vars: {agents_version: auto}\n"
    )
    site.play(str(play), hosts=hosts).ok()
    connected(site.simulator, north_names)
    connected(south, south_names)


@pytest.mark.long
def test_a_play_may_give_the_login_and_the_ca_of_all(factory, south):
    """They are in no hostvars, and the second Connectware is asked for its version with them too."""
    site = lives.quick(factory(2))
    hosts, north_names, south_names = halves(site, south)
    login = {"connectware_username": "rollout", "connectware_password": site.variables["connectware_password"]}
    south.control("POST", "password", {"username": "rollout", "password": login["connectware_password"]})
    bundle = site.directory / "both.pem"
    bundle.write_text("".join(Path(each.endpoints["ca_path"]).read_text() for each in (site.simulator, south)))
    for variables in (site.variables, hosts["south1"]):
        for name in ("connectware_username", "connectware_password", "connectware_ca_path"):
            variables.pop(name, None)
    role = {"role": "edgefleet.connectware.agents", "vars": {**login, "connectware_ca_path": str(bundle)}}
    play = site.directory / "login.yml"
    play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
    site.play(str(play), hosts=hosts, agents_version="auto").ok()
    connected(site.simulator, north_names)
    connected(south, south_names)


@pytest.mark.long
def test_a_token_of_the_first_host_is_not_shown_to_the_other_connectware(factory, south):
    site = lives.quick(factory(2))
    hosts, north_names, south_names = halves(site, south)
    logged_in = site.simulator.client("rollout").session.headers["Authorization"]
    hosts["north0"]["connectware_token"] = str(logged_in).removeprefix("Bearer ")
    site.rollout(hosts=hosts, agents_version="auto").ok()
    connected(site.simulator, north_names)
    connected(south, south_names)
    refused = [asked for asked in south.control("GET", "requests")["log"] if asked["status"] == 401]
    assert refused == [], "every token that it saw was its own"


@pytest.mark.parametrize("down", ["north", pytest.param("south", marks=pytest.mark.long)])
def test_one_that_is_down_stops_its_own_hosts_alone(factory, south, down):
    site = lives.quick(factory(2))
    hosts, north_names, south_names = halves(site, south)
    of_down = [host for host in hosts if host.startswith(down)]
    for host in of_down:
        hosts[host]["connectware_url"] = NOWHERE
    run = site.rollout(hosts=hosts, agents_version="auto")
    run.failed(f"fatal: [{of_down[0]}]: FAILED!", f"POST {NOWHERE}/api/login")
    assert {host for host, row in run.report["hosts"].items() if row["state"] == "failed"} == set(of_down)
    away, well, connectware = (
        (north_names, south_names, south) if down == "north" else (south_names, north_names, site.simulator)
    )
    connected(connectware, well)
    assert [site.container(name) for name in away] == [None] * len(away)


@pytest.mark.long
def test_an_interrupt_between_turns_closes_both(factory, south):
    """Nobody gets on: every host is between two turns, or in one."""
    site = lives.quick(factory(4))
    hosts, _north, _south = halves(site, south)
    for agent in site.agents:
        agent["env"] = {"SIMULATOR_START_DELAY": "3600"}
    process = site.start("rollout", "--forks", "1", hosts=hosts, agents_window_lease=600, agents_version="auto")
    try:
        until(lambda: opened(site.simulator) and opened(south), "both windows are open", 90)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) != 0
        until(lambda: not opened(site.simulator) and not opened(south), "both are closed again", 20)
    finally:
        process.kill()


@pytest.mark.long
def test_many_to_be_registered_anew_at_one_are_not_made_few_by_the_other(factory, south):
    """One of two is half of them, and all of the south."""
    site = lives.quick(factory(2))
    hosts, north_names, south_names = halves(site, south)
    site.rollout(hosts=hosts, agents_version="auto").ok()
    for name in south_names:
        south.control("DELETE", f"users/{name}")
    before = site.starts()
    stopped = site.rollout(hosts=hosts, agents_version="auto", agents_max_reregistrations=0)
    stopped.failed(
        f"1 of 1 agents would be registered anew, and agents_max_reregistrations (0) allows 0: {south_names[0]}"
    )
    stopped.failed(f"connectware_url ({south.endpoints['url']}) is another Connectware")
    assert (
        site.simulator.endpoints["url"] not in " ".join(stopped.output.split()).partition("would be registered anew")[2]
    )
    assert site.starts() == before
    connected(site.simulator, north_names)


@pytest.mark.long
def test_a_wrong_url_registers_nobody_anew(factory, south):
    """The next rollout of a fleet is pointed at another Connectware: it is told, and nothing is started or written."""
    site = lives.quick(factory(4))
    halves(site, south)  # so that the south takes any version
    site.rollout().ok()
    login = {name: of_south(site, south)[name] for name in ("connectware_url", "connectware_password")}
    login["connectware_ca_path"] = south.endpoints["ca_path"]
    before = site.starts()
    site.count_from_now()
    south.control("POST", "reset-counters")
    with lives.counted_starts() as starts:
        stopped = site.rollout(**login)
    stopped.failed(f"connectware_url ({south.endpoints['url']}) is another Connectware")
    stopped.failed("4 of 4 agents would be registered anew, and agents_max_reregistrations (10%) allows 3")
    assert site.starts() == before
    assert {starts[name] for name in site.names()} == {0}
    asked = south.control("GET", "requests")
    assert asked["operations"]["login"] > 0 and asked["writes"] == 0, asked["operations"]
    assert not opened(south) and not opened(site.simulator) and site.counts()["writes"] == 0
    connected(site.simulator, site.names())


@pytest.mark.parametrize(
    ("playbook", "says"),
    [
        ("audit", "An audit asks one Connectware for all of its agents"),
        ("retire_ghosts", "A search for ghosts asks one Connectware for all of its agents"),
    ],
)
def test_what_asks_one_connectware_for_all_refuses_the_hosts_of_two(factory, south, playbook, says):
    site = lives.quick(factory(2))
    hosts, _north, _south = halves(site, south)
    site.count_from_now()
    refused = site.play(playbook, hosts=hosts, agents_name_pattern=".*", audit_path=str(site.directory / "report"))
    refused.failed(says, site.simulator.endpoints["url"], south.endpoints["url"], "once for each of them, with --limit")
    assert site.counts()["operations"] == {}
    assert not (site.directory / "report").exists()
    options = {"agents_name_pattern": ".*", "audit_path": str(site.directory / "report")}
    site.play(playbook, "--limit", "north*", hosts=hosts, **options).ok()
