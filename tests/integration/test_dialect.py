# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Connectware that differs in everything is served by corrections in variables alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from integration import dialect
from integration.bed import IMAGE, NEXT_VERSION, VERSION, Factory, docker, inspect
from integration.test_modules import Controller
from simulator.harness import until


@pytest.fixture
def elsewhere(factory: Callable[..., Factory]) -> Iterator[Callable[..., Factory]]:
    """Makes a factory whose Connectware and agents speak the other dialect."""
    made: list[Factory] = []

    def make(count: int, **variables: object) -> Factory:
        site = factory(count, **variables)
        site.variables["agents_env"] = {**site.variables["agents_env"], **dialect.AGENT_ENV}
        dialect.speak(site.simulator)
        made.append(site)
        return site

    yield make
    for site in made:
        site.simulator.control("POST", "reset")


LET_IN = {
    "hosts": "localhost",
    "gather_facts": False,
    "tasks": [
        {
            "name": "Read the log of the client",
            "ansible.builtin.command": {"argv": ["docker", "logs", "{{ container }}"]},
            "register": "log",
            "changed_when": False,
        },
        {
            "name": "Register it",
            "edgefleet.connectware.registered_client": {
                "username": "{{ username }}",
                "pairing_id": "{{ log.stdout | edgefleet.connectware.pairing_id(username, agents_log_patterns) }}",
                "connectware_contract": "{{ connectware_contract }}",
            },
        },
    ],
}


def upgraded(site: Factory) -> None:
    """Its health and version are asked for, the agents follow, and nobody registers."""
    before = site.starts()
    assert "unknown" not in site.counts()["operations"]
    site.simulator.control("POST", "version", {"version": NEXT_VERSION})
    site.count_from_now()
    run = site.play("upgrade", agents_version="auto").ok()
    assert {agent["verdict"] for agent in run.agents.values()} == {"registered"}
    counts = site.counts()
    assert {"system_info", "system_health"} <= set(counts["operations"]) and counts["writes"] == 0
    wanted = inspect("image", f"{IMAGE}:{NEXT_VERSION}")["Id"]
    for name in site.names():
        assert site.container(name)["Image"] == wanted and site.starts()[name][0] != before[name][0]
        until(lambda name=name: site.connected(name), f"{name} is back")
    assert site.play("upgrade", agents_version="auto").ok().changed == 0


def client_let_in(site: Factory) -> None:
    """A client that somebody else runs: its pairing ID is read from its log by the corrected patterns."""
    name = f"{site.names()[0]}-robots"
    container = f"connectware-agent-{name}"
    variables = {
        "CYBUS_AGENT_MODE": "distributed",
        "CYBUS_AGENT_NAME": name,
        "CYBUS_MQTT_HOST": "127.0.0.1",
        "CYBUS_MQTT_PORT": str(site.variables["agents_mqtt_port"]),
        **site.variables["agents_env"],
    }
    env = [option for item in variables.items() for option in ("--env", "=".join(item))]
    docker("run", "--detach", "--rm", "--network", "host", "--name", container, *env, f"{IMAGE}:{NEXT_VERSION}")
    until(lambda: "compare the code" in docker("logs", container), "it asks")
    Controller(site.simulator, site.directory).play(LET_IN, container=container, username=name, **dialect.GROUP_VARS)
    until(lambda: site.connected(name), "it is connected")


def retired_with_a_request(site: Factory) -> None:
    one, two = site.names()
    site.simulator.switch(deny_supported=True, pending_survives_relock=True)
    site.simulator.control("DELETE", f"users/{one}")
    site.simulator.control("POST", "window", {"open_ms": 120_000})
    until(lambda: one in [name for name, _id in site.pending()], f"{one} asks")
    run = site.retire(agents_purge=True).ok()
    assert run.agents[one]["actions"] == ["removed", "purged", "denied"], run.agents
    assert site.pending() == []
    assert not {one, two} & site.simulator.usernames()
    assert [site.container(name) or site.volume(name) for name in site.names()] == [None, None]


def test_corrections_alone_serve_another_connectware(elsewhere):
    site = elsewhere(2, **dialect.GROUP_VARS)
    one, two = site.names()
    simulator = site.simulator

    first = site.rollout().ok()
    assert {agent["verdict"] for agent in first.agents.values()} == {"registered"}
    assert {agent["reason"] for agent in first.agents.values()} == {"first_start"}
    for name in site.names():
        assert first.agents[name]["pairing_id"] in docker("logs", f"connectware-agent-{name}")
        until(lambda name=name: site.connected(name), f"{name} is logged in at the broker")
    assert {one, two} <= simulator.usernames()
    assert site.counts()["operations"]["registry_confirm"] == 2
    assert "unknown" not in site.counts()["operations"], "no request went to a path of the default dialect"
    assert not simulator.state()["window"]["open"]

    before = site.starts()
    site.count_from_now()
    assert site.rollout().ok().changed == 0
    assert site.counts()["writes"] == 0
    assert site.starts() == before

    # Its user is gone: it is let in again, the other one is not touched.
    simulator.control("DELETE", f"users/{one}")
    healed = site.rollout().ok()
    assert healed.agents[one]["reason"] == "credentials_rejected"
    assert site.starts()[two] == before[two]
    until(lambda: site.connected(one), f"{one} is logged in again")

    # Its credentials are gone: the conflict, and the way out of it.
    docker("exec", "--user", "0", f"connectware-agent-{two}", "find", "/data", "-type", "f", "-delete")
    refused = site.rollout().failed(two, "agents_on_conflict")
    assert refused.agents[two]["verdict"] == "conflict"
    assert two in simulator.usernames()
    replaced = site.rollout(agents_on_conflict="replace").ok()
    assert "user_deleted" in replaced.agents[two]["actions"]
    until(lambda: site.connected(two), f"{two} is logged in again")
    assert site.rollout().ok().changed == 0

    upgraded(site)
    client_let_in(site)
    retired_with_a_request(site)
    assert "unknown" not in site.counts()["operations"]


def without(contract: dict, operation: str, part: str, key: str | None = None) -> dict:
    """The corrections but one."""
    kept = {name: dict(value) for name, value in contract.items()}
    if key is None:
        del kept[operation][part]
    else:
        kept[operation][part] = {name: value for name, value in kept[operation][part].items() if name != key}
    return kept


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        (("login", "path"), "correct login.path or login.body in connectware_contract"),
        (("settings", "auth_header"), "correct settings.auth_header and settings.auth_value"),
        (("list_registry", "path"), "connectware_contract: {list_registry: {path: <path>}}"),
        (("list_registry", "statuses"), "list_registry.statuses"),
        (("list_registry", "fields", "pending"), "list_registry.fields.pending"),
        (("list_users", "fields", "users"), "list_users.fields.users"),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else "",
)
def test_without_a_correction_the_run_names_the_entry(elsewhere, missing, named):
    site = elsewhere(1, **dialect.GROUP_VARS)
    contract = without(dialect.GROUP_VARS["connectware_contract"], *missing)
    site.rollout(connectware_contract=contract).failed(named)
    assert site.names()[0] not in site.simulator.usernames()
    assert not {"registry_unlock", "registry_confirm"} & set(site.counts()["operations"])


def test_without_any_corrections_nothing_is_changed(elsewhere):
    site = elsewhere(1)
    site.rollout().failed("log in", "HTTP 401", "correct login.path or login.body in connectware_contract")
    assert set(site.counts()["operations"]) <= {"login", "register", "unknown"}
    assert site.names()[0] not in site.simulator.usernames()


def test_log_texts_that_nobody_knows_are_named(elsewhere):
    site = elsewhere(1, agents_timeout=20, agents_grace=3)
    contract = dialect.GROUP_VARS["connectware_contract"]
    site.rollout(connectware_contract=contract).failed("agents_log_patterns", "compare the code")
    assert site.names()[0] not in site.simulator.usernames()


def test_the_patterns_are_tried_on_an_agent_that_only_asks(elsewhere, tmp_path):
    """As the guide says: start one agent, look how its log is understood, correct, look again."""
    site = elsewhere(1)
    user, values = Controller(site.simulator, tmp_path), site.variables
    container = {"mqtt_host": values["agents_mqtt_host"], "mqtt_port": values["agents_mqtt_port"]}
    container |= {"network_mode": "host", "env": values["agents_env"], "image": IMAGE, "version": VERSION}
    user.module("agents", agents=site.agents, pull="never", **container).ok(changed=True)
    name = site.names()[0]
    until(lambda: "compare the code" in docker("logs", f"connectware-agent-{name}"), "the agent asks")

    def events(**patterns: str) -> list[str]:
        (shown,) = user.module("agents_info", names=[name], log_patterns=patterns).ok(changed=False)["agents"]
        return [event["kind"] for event in shown["observation"]["events"]]

    assert events() == []
    assert events(**dialect.GROUP_VARS["agents_log_patterns"]) == ["asking_new", "pairing"]
    assert site.counts()["operations"].keys() <= {"register"}, "nobody asked Connectware for anything else"
