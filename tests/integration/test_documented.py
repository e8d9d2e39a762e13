# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples that `ansible-doc` shows of modules and plugins, and the READMEs of roles, run as they stand.

`tests/proofs.yml` says which test runs which example.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from guides.examples import ROOT
from guides.pages import blocks
from integration.bed import COLLECTIONS, ENGINE, IMAGE, VERSION, docker, inspect
from integration.documented import GROUP, HOST, Site
from integration.lives import empty
from simulator.harness import until
from unit.extensions.eda.sources import PLUGIN, running


@pytest.fixture
def site(factory) -> Site:
    return Site(factory(1))


def test_the_example_of_agents(site: Site) -> None:
    foreign = site.words["welder-agent-1"]
    env = {"CYBUS_AGENT_NAME": f"{site.prefix}welder-01", "CYBUS_MQTT_HOST": "127.0.0.1", **site.container["env"]}
    given = [option for item in env.items() for option in ("--env", "=".join(item))]
    docker("run", "--detach", "--network", "host", "--name", foreign, *given, f"{IMAGE}:{VERSION}")
    before = inspect("container", foreign)
    assert before is not None

    site.tasks("module/agents").ok()

    made = site.factory.container(site.agent(1))
    assert made is not None and made["State"]["Running"] and made["Config"]["Image"] == f"{IMAGE}:{VERSION}"
    assert "of-nobody" not in json.dumps(made), "the licence key is used for the pull alone"
    assert site.factory.container(site.agent(2)) is None
    assert inspect("volume", site.words["press02-credentials"]) is not None, "its credentials are kept"
    after = inspect("container", foreign)
    assert after is not None and all(after[key] == before[key] for key in ("Id", "Config", "HostConfig"))


def test_the_examples_of_a_registration_and_of_looks_at_it(site: Site) -> None:
    names = [site.agent(1), site.agent(2)]
    site.tasks("module/agents_registered").ok()
    for name in names:
        until(lambda name=name: site.factory.connected(name), f"{name} is connected")
    assert not site.simulator.state()["window"]["open"]
    assert set(site.tasks("module/agents_registered").ok().changes.values()) == {0}

    docker("stop", "--time", "1", f"connectware-agent-{names[1]}")
    shown = site.tasks("module/agents_info").ok().output
    assert f'"{names[1]}"' in shown and f'"{names[0]}"' not in shown

    role = COLLECTIONS / "ansible_collections" / "edgefleet" / "connectware" / "roles" / "audit"
    report = site.folder / "report"
    site.words["/var/www/html/connectware"] = str(report)
    site.tasks("module/audit_report", audit_role_path=str(role)).ok()
    assert names[1] in (report / "audit.html").read_text()
    rows = {row["name"]: row["factory"] for row in json.loads((report / "audit.json").read_text())["agents"]}
    assert rows.items() >= dict.fromkeys(names, "Hamburg").items()


def test_the_example_of_reregistrations(site: Site) -> None:
    name = "filter/reregistrations"
    site.tasks("module/agents_registered").ok()
    site.tasks(name).ok()
    for agent in (site.agent(1), site.agent(2)):
        site.simulator.control("DELETE", f"users/{agent}")

    site.tasks(name).failed("2 of 2 agents would be registered anew", "allows 1", "No agent was registered")


def test_the_example_of_elsewhere(site: Site) -> None:
    name, example = site.agent(1), "filter/elsewhere"
    site.tasks(example).ok()
    until(lambda: site.factory.connected(name), "the agent is connected")
    other = site.words["welder-agent-1"]
    # Asleep: it ends as soon as it asks, because its user exists.
    given = {"AGENT_NAME": name, "AGENT_MODE": "distributed", "MQTT_HOST": "127.0.0.1"}
    variables = [option for key, value in given.items() for option in ("--env", f"CYBUS_{key}={value}")]
    docker("run", "--detach", "--name", other, *variables, "--env", "SIMULATOR_START_DELAY=3600", f"{IMAGE}:{VERSION}")
    empty(name)
    docker("restart", "--time", "1", f"connectware-agent-{name}")

    site.tasks(example).failed(f"the container {other} on the host {HOST} runs and answers to that name")
    assert name in site.simulator.usernames()

    docker("rm", "--force", other)
    site.tasks(example).ok()
    until(lambda: site.factory.connected(name), "the agent is connected again")


def test_the_example_of_options_of_host(site: Site) -> None:
    site.factory.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    name = "filter/options_of_host"

    site.tasks(name).failed("unix:///nowhere/docker.sock")
    site.tasks(name, agents_docker_host=ENGINE).ok()


def test_the_example_of_with_previous_images(site: Site) -> None:
    site.tasks("module/agents_registered").ok()
    before = [site.factory.container(site.agent(number)) for number in (1, 2)]
    crashes = f"FROM {IMAGE}:{VERSION}\nENV SIMULATOR_CRASH=7\n".encode()
    tag = f"{IMAGE}:1.9.0"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", tag, "-"], input=crashes, env={**os.environ, "DOCKER_BUILDKIT": "0"},
        check=True, capture_output=True,
    )  # fmt: skip
    try:
        run = site.tasks("filter/with_previous_images").ok()
    finally:
        docker("rmi", "--force", tag)

    assert "are not registered" in run.output
    for number, old in enumerate(before, start=1):
        now = site.factory.container(site.agent(number))
        assert now is not None and old is not None and now["Image"] == old["Image"] and now["Id"] != old["Id"]
        until(lambda number=number: site.factory.connected(site.agent(number)), "the agent is connected again")


def test_the_example_of_plan(site: Site) -> None:
    site.factory.play("audit").ok()

    shown = site.tasks("filter/plan").ok().output

    assert f"Would be registered: {site.agent(1)} on factory (first_start), {site.agent(2)} on factory" in shown


def test_the_example_of_as_list(site: Site) -> None:
    for given in ("{}", '{"agents": "one,two"}', '{"agents": ["one", "two"]}'):
        shown = site.tasks("filter/as_list", "--extra-vars", given).ok().output
        for entry in ("one", "two") if "one" in given else (site.agent(1), site.agent(2)):
            assert f' "{entry}"' in shown, "each is an entry of its own"


def test_the_example_of_repeated_names(site: Site) -> None:
    site.tasks("filter/repeated_names").ok()
    site.factory.agents.append({"name": "welder", "username": site.agent(1)})
    agents = {HOST: site.factory.agents[:2], "munich.example.com": site.factory.agents[2:]}
    twice = {host: {"agents_list": some} for host, some in agents.items()}

    run = site.factory.play("example.yml", "-i", f"{GROUP}.yml", hosts=twice)

    run.failed(f"{site.agent(1)} is on {HOST} and munich.example.com")

    play = [{"hosts": GROUP, "gather_facts": False, "tasks": yaml.safe_load(site.here("filter/namesakes"))}]
    (site.folder / "example.yml").write_text(yaml.safe_dump(play))
    shown = site.factory.play("example.yml", "-i", f"{GROUP}.yml", hosts=twice).ok().output
    assert f'"msg": "{HOST}, munich.example.com"' in shown


def test_the_example_of_other_versions(site: Site) -> None:
    site.factory.agents[0]["version"] = "1.8.0"
    site.tasks("filter/other_versions").ok()
    site.factory.agents[1]["image"] = "registry.example.com/mapper:1.7.0"
    site.tasks("filter/other_versions").failed(f"image of agent {site.agent(2)} is registry.example.com/mapper:1.7.0")


def test_the_examples_of_the_fleet(site: Site) -> None:
    named, ghost = site.agent(1), site.agent(9)
    for username in (named, ghost):
        site.registered_by_hand(username)

    site.tasks("module/fleet_info").failed(f"Not in the inventory: {ghost}")
    assert {named, ghost} <= site.simulator.usernames()

    site.tasks("module/ghosts_retired").ok()
    assert site.simulator.usernames() & {named, ghost} == {named}
    site.tasks("module/fleet_info").ok()

    assert f'"msg": "{site.agent(2)}"' in site.tasks("filter/agents_by_host").ok().output


def test_the_example_of_api_token(site: Site) -> None:
    site.tasks("module/api_token").ok()

    kept = site.folder / ".connectware-token"
    assert kept.stat().st_mode & 0o777 == 0o600
    end = site.simulator.endpoints
    bearer = {"Authorization": f"Bearer {kept.read_text()}"}
    answer = requests.get(f"{end['url']}/api/client-registry", headers=bearer, verify=end["ca_path"], timeout=10)
    assert answer.status_code == 200


def test_the_example_of_connectware_info(site: Site) -> None:
    run = site.tasks("module/connectware_info").ok()

    assert '"provenance": "assumed"' in run.output and '"provenance": "documented"' not in run.output
    assert yaml.safe_load((site.folder / "connectware_contract.yml").read_text()) in ({}, None)
    assert site.factory.counts()["writes"] == 0


def test_the_examples_of_the_client_registry(site: Site) -> None:
    site.tasks("module/registry_info").ok()

    site.factory.count_from_now()
    site.tasks("module/registry_window").ok()
    unlocked, locked = site.simulator.control("GET", "window-history")["history"]
    assert (unlocked["kind"], locked["kind"]) == ("unlock", "lock")
    assert 595_000 < unlocked["after"] - unlocked["at"] <= 600_000

    site.simulator.control("POST", "window", {"open_ms": 60_000})
    site.simulator.control("POST", "register", {"username": site.agent(1), "pairing_id": "abcdef"})
    site.tasks("module/registry_info").failed(f"Pending: {site.agent(1)}")


def test_the_examples_of_the_inventory(site: Site) -> None:
    site.registered_by_hand(site.agent(1))
    site.registered_by_hand(site.agent(9))
    (site.folder / ".connectware-token").write_text(site.token)
    site.inventory()
    beside, alone = site.here("inventory/connectware").split("---\n")

    (site.folder / "connectware.yml").write_text(beside)
    data = json.loads(site.shell("ansible-inventory -i inventory.yml -i connectware.yml --list"))
    assert data["connectware_registered"]["hosts"] == [HOST] == data["connectware_missing"]["hosts"]

    (site.folder / "connectware.yml").write_text(alone)
    data = json.loads(site.shell("ansible-inventory -i connectware.yml --list"))
    assert {site.agent(1), site.agent(9)} <= set(data[f"site_{site.prefix[:-1]}"]["hosts"])
    assert list((site.folder / ".cache" / "connectware").iterdir()), "it is kept for the next time"


INVENTORIES = {"factories/north": ("hamburg", "kiel"), "awx/project/inventories/north": ("all",)}


@pytest.mark.parametrize("folder", INVENTORIES)
def test_the_example_inventories_with_what_connectware_says(site: Site, folder: str) -> None:
    """Their hosts are checked in tests/unit/test_guides.py; here Connectware is asked about them."""
    shutil.copytree(ROOT / "docs" / "examples" / folder, site.folder / "north")
    source = site.folder / "north" / "zz_connectware.yml"
    text = source.read_text()
    for there in ("https://connectware-north.example.com", "/etc/ssl/factory-ca.pem"):
        text = text.replace(there, site.words[there])  # where it is not left to the environment
    source.write_text(text)

    data = json.loads(site.shell("ansible-inventory -i north --list"))

    hosts = json.loads(site.shell("ansible-inventory -i north/hosts.yml --list"))["_meta"]["hostvars"]
    assert hosts and set(data["connectware_missing"]["hosts"]) == set(hosts)


def test_the_example_of_rollout_report(site: Site) -> None:
    (config,) = yaml.safe_load(site.here("callback/rollout_report")).items()
    (site.folder / config[0]).write_text(config[1])
    site.inventory()

    shown = site.shell(
        "unset ANSIBLE_CONFIG; ansible-playbook -i inventory.yml --check edgefleet.connectware.rollout",
    )

    assert "AGENTS (check mode) ***" in shown and f"  {site.agent(1)} " in shown
    report = json.loads((site.folder / "report.json").read_text())
    assert {agent["name"] for agent in report["agents"]} == {site.agent(1), site.agent(2)}


def test_the_examples_of_the_event_source(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as ansible-rulebook runs it. An agent of the inventory is no stranger, and has time to be rolled out."""
    for name, value in site.factory.environment.items():
        monkeypatch.setenv(name, value)
    site.inventory()
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    for username in (site.agent(1), f"{site.prefix}stranger"):
        site.simulator.control("POST", "register", {"username": username, "pairing_id": "abcdef"})

    async def first_event(args: dict[str, Any]) -> dict[str, Any]:
        async with running(args) as source:
            return await source.next()

    text = site.here("event_source/registry", **{"[inventory]": f"[{site.folder / 'inventory.yml'}]"})
    for source in yaml.safe_load(text.replace("{{ vault_reader_token }}", site.token)):
        event = asyncio.run(first_event(source[PLUGIN]))
        assert (event["username"], event["pairing_ids"]) == (f"{site.prefix}stranger", ["abcdef"])


# ------------------------------------------------------------------------------------------------- module_defaults

ELSEWHERE = "https://127.0.0.1:1"


def play_of_the_readme(site: Site) -> dict[str, Any]:
    """Its play with module_defaults, which win over the environment."""
    (code,) = (block.code for block in blocks(ROOT / "README.md") if "module_defaults" in block.code)
    site.factory.environment.update(
        CONNECTWARE_URL=ELSEWHERE, CONNECTWARE_TOKEN="", CONNECTWARE_CA_PATH="", DOCKER_HOST="unix:///nowhere.sock"
    )
    (play,) = yaml.safe_load(site.in_words_of_here(code))
    return {**play, "gather_facts": False}


def test_the_module_defaults_of_the_readme(site: Site) -> None:
    play = play_of_the_readme(site)
    site.play([play]).ok()

    no_engine = {"group/edgefleet.connectware.engine": {"docker_host": "unix:///nowhere.sock"}}
    defaults = play["module_defaults"]
    site.play([{**play, "module_defaults": {**defaults, **no_engine}}]).failed("unix:///nowhere.sock")
    nowhere = {"group/edgefleet.connectware.connectware": {"connectware_url": ELSEWHERE, "connectware_token": "x"}}
    site.play([{**play, "module_defaults": {**defaults, **nowhere}}]).failed("127.0.0.1:1")


@pytest.mark.long
def test_module_defaults_of_both_groups_reach_the_registration_and_of_one_the_rest(site: Site) -> None:
    play = play_of_the_readme(site)
    play["module_defaults"]["edgefleet.connectware.agents"] = site.container
    text = site.here("module/agents_registered")
    tasks = yaml.safe_load(text)
    for option in ("connectware_url", "connectware_token", "connectware_ca_path"):
        del tasks[1]["edgefleet.connectware.agents_registered"][option]
    site.play([{**play, "tasks": tasks}]).ok()
    until(lambda: site.factory.connected(site.agent(1)), "it is connected")


@pytest.mark.long
def test_module_defaults_win_over_the_options_that_a_role_passes_on_and_over_nothing_else(site: Site) -> None:
    site.factory.agents.pop()
    nowhere = {"group/edgefleet.connectware.connectware": {"connectware_url": ELSEWHERE}}
    role = {"hosts": GROUP, "gather_facts": False, "roles": ["edgefleet.connectware.agents"]}
    given = {"agents_version": "auto", "connectware_timeout": 2}

    site.factory.count_from_now()

    run = site.play([{**role, "module_defaults": nowhere}], **given)

    run.failed("127.0.0.1:1")
    assert site.factory.counts()["operations"].get("system_info") == 1, "the version was asked for elsewhere"
    assert site.factory.container(site.agent(1)) is None, "where nobody can say who is registered, nothing is touched"


# ------------------------------------------------------------------------------------------------------------- roles


def test_the_example_of_role_agents(site: Site, system_python: str) -> None:
    play, variables = site.here("role/agents").split("---\n")
    (plays,) = yaml.safe_load(play)
    site.factory.agents[:] = yaml.safe_load(variables)["agents_list"]

    run = site.play([plays], **rest_of_the_machine(site, system_python)).ok()

    assert [agent["verdict"] for agent in run.report["agents"]] == ["registered"] * 2
    for number in (1, 2):
        until(lambda number=number: site.factory.connected(site.agent(number)), "it is connected")
    made = site.factory.container(site.agent(2))
    assert made is not None and "CYBUS_LOG_LEVEL=debug" in made["Config"]["Env"]


def test_the_example_of_role_docker_host(site: Site, system_python: str) -> None:
    site.factory.agents.pop()
    run = site.play(yaml.safe_load(site.here("role/docker_host")), **rest_of_the_machine(site, system_python)).ok()

    assert [agent["verdict"] for agent in run.report["agents"]] == ["registered"]
    until(lambda: site.factory.connected(site.agent(1)), "it is connected")


def rest_of_the_machine(site: Site, interpreter: str) -> dict[str, Any]:
    """The connection to Connectware, where the example does not say it; and the Python of a factory host."""
    end = site.simulator.endpoints
    return {
        "ansible_python_interpreter": interpreter,
        "connectware_url": end["url"],
        "connectware_ca_path": end["ca_path"],
        "connectware_token": site.token,
    }


def test_the_example_of_role_audit(site: Site) -> None:
    site.inventory()
    site.shell(site.here("role/audit"))

    document = json.loads((site.folder / "connectware-audit" / "audit.json").read_text())
    assert {row["name"] for row in document["agents"]} >= {site.agent(1), site.agent(2)}
    assert site.factory.counts()["writes"] == 0


def test_the_example_of_role_ghosts(site: Site) -> None:
    site.registered_by_hand(site.agent(9))
    site.inventory(agents_name_pattern=f"{site.prefix}.*")

    shown = " ".join(site.shell(site.here("role/ghosts")).split())

    assert f"Could be retired: {site.agent(9)}. Nothing was deleted" in shown
    assert site.agent(9) in site.simulator.usernames()


def test_the_example_of_role_simulator(site: Site) -> None:
    ports = {name: free_port() for name in ("api", "mqtt", "mqtts")}
    here = {
        "ansible_python_interpreter": sys.executable,
        "simulator_venv": sys.prefix,
        "simulator_install": False,
        "simulator_image_name": IMAGE,
        "simulator_dir": str(site.folder / "simulator"),
        **{f"simulator_{name}_port": port for name, port in ports.items()},
    }
    (play,) = yaml.safe_load(site.here("role/simulator").replace("8443", str(ports["api"])))
    (site.folder / "example.yml").write_text(yaml.safe_dump([play]))
    given = site.folder / "here.json"
    given.write_text(json.dumps(here))
    command = f"ansible-playbook example.yml -e @{given}"
    try:
        assert f'"url": "https://127.0.0.1:{ports["api"]}"' in site.shell(command)
        ca = site.folder / "simulator" / "state" / "ca.pem"
        answer = requests.get(f"https://127.0.0.1:{ports['api']}/api/client-registry", verify=str(ca), timeout=10)
        assert answer.status_code == 401, "it wants a login, as Connectware does"
    finally:
        site.shell(f"{command} -e simulator_state=absent")
    assert not Path(here["simulator_dir"]).exists()


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
