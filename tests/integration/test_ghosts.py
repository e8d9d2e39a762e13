# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ghosts: agents that Connectware knows and the inventory does not name, shown and retired by a play of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from integration.bed import Factory, Run
from simulator.harness import Agent, Simulator, until

HAMBURG = {"agents_list": [{"name": "hh-press-01"}, {"name": "hh-press-02", "username": "hh-user-02"}]}
HOSTS = {"hamburg": HAMBURG, "munich": {"agents_list": [{"name": "mu-robot-01"}]}, "office": {}}
NAMED = ("hh-press-01", "hh-user-02", "mu-robot-01")
GHOSTS = ("hh-press-08", "hh-press-09", "mu-robot-09")
ALL = {"agents_name_pattern": ".*", "ghosts_max": 3}

Retire = Callable[..., Run]


@pytest.fixture
def site(factory: Callable[..., Factory]) -> Factory:
    """Three agents of the inventory and three ghosts are registered; their containers do not matter here."""
    made = factory(0)
    for name in (*NAMED, *GHOSTS):
        register(made, name)
    made.count_from_now()
    return made


@pytest.fixture
def retire(site: Factory) -> Retire:
    def run(*arguments: str, hosts: dict[str, Any] | None = None, **variables: Any) -> Run:
        return site.play("retire_ghosts", *arguments, hosts=hosts or HOSTS, **variables)

    return run


def register(site: Factory, username: str, **more: Any) -> None:
    """Make a user as a registration would, or as `more` says."""
    made = {"username": username, "created_by": "client-registry", "role": "connectware-agent", **more}
    site.simulator.control("POST", "users", made)


def usernames(site: Factory) -> set[str]:
    return site.simulator.usernames() & {*NAMED, *GHOSTS}


def test_by_default_they_are_only_shown(site: Factory, retire: Retire) -> None:
    said = " ".join(retire().ok().output.split())
    assert f"Could be retired: {', '.join(GHOSTS)}. Nothing was deleted" in said
    assert usernames(site) == {*NAMED, *GHOSTS}
    counts = site.counts()
    assert counts["writes"] == 0 and counts["operations"]["login"] == 1
    assert counts["operations"]["list_users"] == 2, "all of them once, and the ghosts once again"


def test_those_that_are_named(site: Factory, retire: Retire) -> None:
    named = {"ghosts_usernames": ["hh-press-09", "never-there"]}
    checked = retire("--check", "--diff", **named).ok()
    assert "Would be retired: hh-press-09." in checked.output and "not registered" in checked.output
    assert usernames(site) == {*NAMED, *GHOSTS}
    assert "changed=1" in retire(**named).ok().output
    assert usernames(site) == {*NAMED, "hh-press-08", "mu-robot-09"}
    assert "changed=0" in retire(**named).ok().output


def test_where_a_part_of_the_inventory_may_be_missing_nobody_is_deleted(site: Factory, retire: Retire) -> None:
    """Ansible only warns of a file that it cannot read, and goes on without its hosts."""
    (site.directory / "broken.yml").write_text("all:\n  hosts:\n    munich: {agents_list: [")
    more = ("-i", "broken.yml")
    retire(*more, **ALL).failed("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "Nothing was asked or deleted")
    retire(*more).ok()  # shows them only
    site.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "true"
    assert retire(*more, **ALL).code != 0
    assert usernames(site) == {*NAMED, *GHOSTS}
    (site.directory / "broken.yml").write_text("all:\n  hosts:\n    kiel: {}\n")
    retire(*more, **ALL).ok()
    assert usernames(site) == set(NAMED)


def test_at_most_so_many(site: Factory, retire: Retire) -> None:
    retire(ghosts_max=3).failed("Set agents_name_pattern")
    retire(**{**ALL, "ghosts_max": 2}).failed("there are 3, at most 2 may go", *GHOSTS)
    assert usernames(site) == {*NAMED, *GHOSTS}
    # An inventory of a part of the fleet is responsible for its own names.
    retire(agents_name_pattern="hh-.*", ghosts_max=2).ok()
    assert usernames(site) == {*NAMED, "mu-robot-09"}
    assert "changed=0" in retire(agents_name_pattern="hh-.*", ghosts_max=2).ok().output
    retire("--check", **ALL).ok()
    retire(**ALL).ok()
    assert usernames(site) == set(NAMED)


@pytest.mark.parametrize(
    "arguments", [("--limit", "office"), ("--limit", "munich", "--check"), ("--limit", "all:!hamburg")]
)
def test_a_limit_makes_no_ghosts(site: Factory, retire: Retire, arguments: tuple[str, ...]) -> None:
    done = retire(*arguments, **ALL).ok()
    assert all(f" {name}" not in done.output for name in NAMED)
    assert usernames(site) == ({*NAMED, *GHOSTS} if "--check" in arguments else set(NAMED))


@pytest.mark.parametrize(
    ("hosts", "says"),
    [
        ({"hamburg": {}, "munich": {"agents_list": []}}, "names no agent at all"),
        ({"hamburg": HAMBURG, "munich": {"agents_list": ["mu-robot-01"]}}, "host munich: entry 1 has no name"),
        ({"hamburg": HAMBURG, "munich": {"agents_list": [{"nam": "mu-robot-01"}]}}, "host munich: entry 1 has no name"),
        ({"hamburg": HAMBURG, "munich": {"agents_list": "mu-robot-01"}}, "no list"),
        ({"hamburg": HAMBURG, "munich": {"agents_list": {"name": "mu-robot-01"}}}, "no list"),
        # How these are told depends on the version of ansible-core.
        ({"hamburg": HAMBURG, "munich": {"agents_list": "{{ nowhere }}"}}, "Look for ghosts"),
        ({"hamburg": HAMBURG, "munich": {"agents_list": [{"name": "{{ nowhere }}-1"}]}}, "Look for ghosts"),
    ],
)
def test_an_inventory_that_cannot_be_read_makes_no_ghosts(
    site: Factory, retire: Retire, hosts: dict[str, Any], says: str
) -> None:
    retire(hosts=hosts, **{**ALL, "ghosts_max": 9}).failed(says)
    assert usernames(site) == {*NAMED, *GHOSTS}
    assert site.counts()["operations"] == {}


@pytest.mark.parametrize("playbook", ["retire_ghosts", "own.yml"])
def test_one_host_asks_for_all_under_any_strategy(site: Factory, playbook: str) -> None:
    site.environment["ANSIBLE_STRATEGY"] = "free"
    play = {"hosts": "all", "gather_facts": False, "roles": ["edgefleet.connectware.ghosts"]}
    (site.directory / "own.yml").write_text(yaml.safe_dump([play]))
    site.play(playbook, hosts=HOSTS, **ALL).ok()
    assert usernames(site) == set(NAMED)
    assert site.counts()["operations"]["login"] == 1


@pytest.mark.parametrize("name", ["hh-press-01", "hh-press-02", "HH-USER-02", "admin", "rollout"])
def test_who_is_named_and_must_stay_stops_all(site: Factory, retire: Retire, name: str) -> None:
    before = site.simulator.usernames()
    retire(ghosts_usernames=["hh-press-09", name]).failed(f"{name}: ", "Nothing was deleted")
    assert site.simulator.usernames() == before


def test_those_that_something_speaks_for(site: Factory, retire: Retire, working: Agent) -> None:
    register(site, "mu-admin", role="admin")
    register(site, "by-hand", created_by="admin")
    stranger = {"username": "mu-robot-09", "pairing_id": "a82123"}
    site.simulator.control("DELETE", "users/mu-robot-09")
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    site.simulator.control("POST", "register", stranger)
    register(site, "mu-robot-09")
    admin = {"connectware_username": "admin", "connectware_password": site.simulator.passwords()["admin"]}
    said = " ".join(retire(**ALL, **admin).ok().output.split())
    assert "Retired: hh-press-08, hh-press-09." in said
    assert f"{working.name} (it is connected now" in said
    assert "mu-admin (it has administrator rights" in said
    assert "mu-robot-09 (a request is pending under its name" in said
    assert "by-hand" not in said
    assert site.simulator.usernames() >= {*NAMED, working.name, "mu-admin", "by-hand", "mu-robot-09"}
    assert working.name in site.simulator.connected()
    # When it has ended it may go.
    working.stop()
    until(lambda: working.name not in site.simulator.connected(), "the agent has gone")
    retire(ghosts_usernames=[working.name], **admin).ok()
    assert working.name not in site.simulator.usernames()


@pytest.fixture
def working(site: Factory, tmp_path: Path) -> Iterator[Agent]:
    """A real agent that was registered and works, and that no inventory names."""
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    agent = Agent(site.simulator, tmp_path / "data", "ghost-at-work").start()
    until(lambda: [item for item in site.simulator.state()["pending"] if item["username"] == agent.name], "it asks")
    answer = site.simulator.client()("POST", "/api/client-registry/confirm", json={"username": agent.name})
    assert answer.ok, answer.text
    until(lambda: agent.name in site.simulator.connected(), "it is connected")
    site.simulator.control("POST", "window", {"open_ms": 0})
    yield agent
    agent.stop()


@pytest.fixture(autouse=True)
def switches_as_before(site: Factory) -> Iterator[None]:
    yield
    site.simulator.control("POST", "reset")


# What says which Connectware is asked, and for which agents.
OF_CONNECTWARE = (
    "connectware_url", "connectware_username", "connectware_password", "connectware_ca_path", "agents_name_pattern",
)  # fmt: skip


@pytest.fixture
def known_to_hamburg_alone(site: Factory) -> dict[str, Any]:
    """The hosts, the first of which, without agents, has nothing to do with Connectware."""
    site.variables["agents_name_pattern"] = "hh-.*"
    own = {name: site.variables.pop(name) for name in OF_CONNECTWARE}
    return {"a-desk": {}, "hamburg": {**HAMBURG, **own}}


@pytest.fixture
def other(own_simulator: Simulator) -> Simulator:
    """Another Connectware with a ghost of the same name."""
    own_simulator.control("POST", "users", {"username": "hh-press-08", "created_by": "client-registry"})
    own_simulator.control("POST", "reset-counters")
    return own_simulator


def login(simulator: Simulator) -> dict[str, str]:
    """What a host needs to know of this Connectware."""
    return {
        "connectware_url": simulator.endpoints["url"],
        "connectware_username": "rollout",
        "connectware_password": simulator.passwords()["rollout"],
        "connectware_ca_path": simulator.endpoints["ca_path"],
    }


def test_the_connectware_of_the_hosts_with_agents_is_asked(
    site: Factory, retire: Retire, known_to_hamburg_alone: dict[str, Any]
) -> None:
    retire(hosts=known_to_hamburg_alone, ghosts_max=2).ok()
    assert usernames(site) == {*NAMED, "mu-robot-09"}


@pytest.mark.parametrize("where", ["environment", "first host"])
def test_no_other_connectware_is_asked(
    site: Factory, retire: Retire, known_to_hamburg_alone: dict[str, Any], other: Simulator, where: str
) -> None:
    """Not that of the environment, nor of a host without agents."""
    hosts = known_to_hamburg_alone
    if where == "environment":
        site.environment = {name.upper(): value for name, value in login(other).items()}
    else:
        hosts["a-desk"] = {**login(other), "agents_name_pattern": ".*"}
    retire(hosts=hosts, ghosts_max=2).ok()
    assert usernames(site) == {*NAMED, "mu-robot-09"}
    assert other.control("GET", "requests")["operations"] == {}


def test_what_a_play_says_counts_for_all_hosts(
    site: Factory, known_to_hamburg_alone: dict[str, Any], other: Simulator
) -> None:
    """Also where a host has something else of its own."""
    role = {"role": "edgefleet.connectware.ghosts", "vars": {**login(other), "agents_name_pattern": "hh-press.*"}}
    play = site.directory / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [role]}]))
    site.play(str(play), hosts=known_to_hamburg_alone, ghosts_max=1).ok()
    assert "hh-press-08" not in other.usernames()
    assert usernames(site) == {*NAMED, *GHOSTS}


def test_the_environment_of_the_hosts_with_agents_is_none_of_the_first_host(
    site: Factory, retire: Retire, known_to_hamburg_alone: dict[str, Any], other: Simulator
) -> None:
    """One host with agents has its Connectware from the environment, another one names that of the first host."""
    own = {name: known_to_hamburg_alone["hamburg"][name] for name in OF_CONNECTWARE}
    hosts = {"a-desk": own, "hamburg": HAMBURG, "munich": {**HOSTS["munich"], **own}}
    site.environment = {name.upper(): value for name, value in login(other).items()}
    retire(hosts=hosts, ghosts_max=9).failed("belong to several", own["connectware_url"], "that of the environment")
    assert usernames(site) == {*NAMED, *GHOSTS}
    assert other.control("GET", "requests")["operations"] == {}


def test_without_the_right_to_delete(site: Factory, retire: Retire) -> None:
    reader = {"connectware_username": "registrar", "connectware_password": site.simulator.passwords()["registrar"]}
    said = " ".join(retire(**ALL, **reader).ok().output.split())
    assert "whether its roles give it administrator rights is unknown" in said and "/api/roles" in said
    assert "does not tell which agents are connected" in said
    assert usernames(site) == {*NAMED, *GHOSTS}
