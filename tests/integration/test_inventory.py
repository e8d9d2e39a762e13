# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin: Connectware's agents beside those of a static inventory, read with ansible-inventory."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from integration.bed import COLLECTIONS
from simulator.harness import Simulator

HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch templated') }}\x1b[31m"
STATIC = {
    "factories": {
        "hosts": {
            "hamburg": {"agents_list": [{"name": "hh-press-01"}, {"name": "hh-press-02", "username": "hh-user-02"}]},
            "munich": {"agents_list": [{"name": "mu-robot-01"}]},
            "office": {},
        }
    }
}
AGENTS = ("hh-press-01", "hh-user-02", "mu-robot-09")


@dataclass
class Read:
    """An ansible-inventory that has ended."""

    code: int
    out: str
    errors: str

    @property
    def data(self) -> dict[str, Any]:
        assert self.code == 0, self.errors
        # So are texts written that nobody may template.
        return json.loads(self.out, object_hook=lambda found: found.get("__ansible_unsafe", found))

    def hosts(self, group: str) -> list[str]:
        return sorted(self.data.get(group, {}).get("hosts", []))

    def variable(self, host: str, name: str) -> Any:
        return self.data["_meta"]["hostvars"][host][name]


@dataclass
class Desk:
    """Where somebody keeps inventories; the connection to Connectware is in the environment."""

    simulator: Simulator
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
            "CONNECTWARE_URL": self.simulator.endpoints["url"],
            "CONNECTWARE_CA_PATH": self.simulator.endpoints["ca_path"],
            "CONNECTWARE_USERNAME": "registrar",
            "CONNECTWARE_PASSWORD": self.simulator.passwords()["registrar"],
        }
        self.write("static.yml", STATIC)
        self.configure()

    def write(self, name: str, content: Any) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))

    def configure(self, **options: Any) -> None:
        self.write("connectware.yml", {"plugin": "edgefleet.connectware.connectware", **options})

    def read(self, *arguments: str, sources: tuple[str, ...] = ("static.yml", "connectware.yml")) -> Read:
        given = [item for source in sources for item in ("-i", source)]
        return self.run("ansible-inventory", *given, *(arguments or ("--list",)))

    def run(self, *command: str) -> Read:
        self.simulator.control("POST", "reset-counters")
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        return Read(done.returncode, done.stdout, done.stderr)

    def play(self, *arguments: str) -> str:
        """Say something on all hosts."""
        task = {"ansible.builtin.debug": {"msg": "here"}}
        self.write("play.yml", [{"hosts": "all", "gather_facts": False, "tasks": [task]}])
        done = self.run("ansible-playbook", "-i", "static.yml", "-i", "connectware.yml", "play.yml", *arguments)
        assert done.code == 0, done.errors
        return done.out

    def operations(self) -> dict[str, int]:
        """Requests of the last call."""
        return dict(self.simulator.control("GET", "requests")["operations"])

    def register(self, *usernames: str, **more: Any) -> None:
        """Make users as a registration would."""
        for username in usernames:
            made = {"username": username, "created_by": "client-registry", "role": "connectware-agent", **more}
            self.simulator.control("POST", "users", made)

    def ask(self, username: str) -> None:
        """Let somebody ask to be registered."""
        self.simulator.control("POST", "window", {"open_ms": 60_000})
        body = {"username": username, "password": "secret-of-" + username[:20], "pairingId": "a82123"}
        answer = self.simulator.client(None)("POST", "/api/client-registry/register", json=body)
        assert answer.status_code == 202, answer.text


@pytest.fixture
def desk(simulator: Simulator, tmp_path: Path) -> Desk:
    simulator.control("POST", "reset")
    made = Desk(simulator, tmp_path)
    made.register(*AGENTS)
    return made


def states(agents: list[dict[str, Any]]) -> dict[str, str]:
    return {agent["username"]: agent["state"] for agent in agents}


def test_hosts_are_grouped_by_their_agents(desk: Desk) -> None:
    desk.ask("stranger")
    shown = desk.read()
    assert shown.hosts("connectware_registered") == ["hamburg"]
    assert shown.hosts("connectware_missing") == ["munich"]
    assert shown.hosts("connectware_pending") == []
    assert states(shown.variable("hamburg", "connectware_agents")) == dict.fromkeys(AGENTS[:2], "registered")
    assert shown.variable("hamburg", "connectware_agents")[1]["name"] == "hh-press-02"
    assert states(shown.variable("munich", "connectware_agents")) == {"mu-robot-01": "missing"}
    assert states(shown.variable("office", "connectware_ghosts")) == {"mu-robot-09": "registered"}
    assert shown.variable("office", "connectware_strangers") == [{"username": "stranger", "pairing_ids": ["a82123"]}]
    assert "connectware_agents" not in shown.data["_meta"]["hostvars"]["office"]
    assert set(shown.data["_meta"]["hostvars"]) == {"hamburg", "munich", "office"}
    # Whoever is neither in the inventory nor made by a registration is nobody's business.
    assert "rollout" not in shown.out and "admin" not in shown.out
    assert desk.operations() == {"login": 1, "registry_list": 1, "list_users": 1}
    desk.ask("mu-robot-01")
    assert desk.read().hosts("connectware_pending") == ["munich"]


def test_hosts_without_agents_are_grouped_by_a_source_after_this_one(desk: Desk) -> None:
    """It composes for hosts that it has something to say about, and for no other."""
    groups = {"empty": "connectware_agents is not defined", "some": "connectware_agents is defined"}
    desk.configure(groups=groups, strict=True)
    assert [desk.read().hosts(name) for name in groups] == [[], ["hamburg", "munich"]]
    desk.write("zz_constructed.yml", {"plugin": "ansible.builtin.constructed", "groups": groups, "strict": True})
    shown = desk.read(sources=("static.yml", "connectware.yml", "zz_constructed.yml"))
    assert [shown.hosts(name) for name in groups] == [["office"], ["hamburg", "munich"]]


def test_groups_of_ones_own_by_the_agents_of_a_host(desk: Desk) -> None:
    desk.configure(
        compose={"lost": "connectware_agents | selectattr('state', 'eq', 'missing') | map(attribute='name') | list"},
        groups={"complete": "connectware_agents and not lost"},
        keyed_groups=[{"key": "connectware_agents | map(attribute='state') | unique | list", "prefix": "has"}],
    )
    shown = desk.read()
    assert shown.variable("munich", "lost") == ["mu-robot-01"] and shown.variable("hamburg", "lost") == []
    assert shown.hosts("complete") == ["hamburg"]
    assert (shown.hosts("has_registered"), shown.hosts("has_missing")) == (["hamburg"], ["munich"])


def test_agents_as_hosts(desk: Desk) -> None:
    desk.configure(
        agents_as="hosts",
        compose={"site": "connectware_agent.username.split('-') | first"},
        keyed_groups=[{"key": "site", "prefix": "site"}],
        groups={"lost": "connectware_agent.state == 'missing'"},
        strict=True,
    )
    shown = desk.read()
    assert shown.hosts("connectware_agents") == ["hh-press-01", "hh-user-02", "mu-robot-01", "mu-robot-09"]
    assert shown.hosts("connectware_registered") == sorted(AGENTS)
    assert shown.hosts("connectware_missing") == shown.hosts("lost") == ["mu-robot-01"]
    assert shown.hosts("connectware_ghost") == ["mu-robot-09"]
    assert shown.hosts("site_mu") == ["mu-robot-01", "mu-robot-09"]
    assert shown.variable("hh-user-02", "connectware_agent")["host"] == "hamburg"
    assert shown.variable("mu-robot-09", "connectware_agent")["ghost"] is True
    graph = desk.read("--graph").out
    assert "|--@connectware_ghost:\n  |  |--mu-robot-09" in graph
    # An agent is no machine: nothing is run on it, and nothing under its name.
    ping = desk.run(
        "ansible", "-i", "connectware.yml", "-m", "ping", "mu-robot-09", "--ssh-common-args=-oBatchMode=yes"
    )
    assert "UNREACHABLE" in ping.out and ".invalid" in ping.out


def test_agents_alone_have_no_ghosts(desk: Desk) -> None:
    desk.configure(agents_as="hosts")
    shown = desk.read(sources=("connectware.yml",))
    assert shown.hosts("connectware_agents") == sorted(AGENTS)
    assert shown.hosts("connectware_ghost") == []
    desk.configure()
    assert "Give this source after the one that has them" in " ".join(
        desk.read(sources=("connectware.yml", "static.yml")).errors.split()
    )


def test_a_part_of_the_fleet(desk: Desk) -> None:
    desk.configure(name_pattern="hh-.*")
    assert desk.read().variable("office", "connectware_ghosts") == []


def test_variables_of_files_and_templates_count(desk: Desk) -> None:
    desk.write("static.yml", {"all": {"hosts": {"hamburg": {}}}, "factories": {"hosts": {"munich": {}}}})
    desk.write("host_vars/hamburg.yml", {"site": "hh", "agents_list": [{"name": "{{ site }}-press-01"}]})
    desk.write("group_vars/all.yml", {"agents_list": [{"name": "{{ inventory_hostname }}-robot"}]})
    shown = desk.read()
    assert states(shown.variable("hamburg", "connectware_agents")) == {"hh-press-01": "registered"}
    assert states(shown.variable("munich", "connectware_agents")) == {"munich-robot": "missing"}


def test_an_agents_list_that_cannot_be_read_fails_the_source(desk: Desk) -> None:
    for agents in ([{"name": "{{ ansible_hostname }}-1"}], ["hh-press-01"], "hh-press-01"):
        desk.write("static.yml", {"all": {"hosts": {"hamburg": {"agents_list": agents}}}})
        refused(desk.read(), "agents_list", "hamburg")
        assert desk.operations() == {}


def test_more_agents_than_a_page(desk: Desk) -> None:
    fleet = [f"big-{number:03}" for number in range(260)]
    desk.register(*fleet)
    desk.write("static.yml", {"all": {"hosts": {"big": {"agents_list": [{"name": name} for name in fleet]}}}})
    shown = desk.read()
    assert states(shown.variable("big", "connectware_agents")) == dict.fromkeys(fleet, "registered")
    assert shown.hosts("connectware_missing") == []
    assert states(shown.variable("big", "connectware_ghosts")) == dict.fromkeys(AGENTS, "registered")
    assert desk.operations()["list_users"] == 3


def test_a_cache_that_is_fresh_asks_nothing(desk: Desk) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(desk.folder / "cache")}
    desk.register(HOSTILE)
    desk.configure(agents_as="hosts", connected=True, **cache)
    first = desk.read().data
    assert desk.operations() == {"login": 1, "registry_list": 1, "list_users": 1, "system_agents": 1}
    assert desk.read().data == first
    assert desk.operations() == {}
    assert not (desk.folder / "templated").exists()
    stored = "".join(path.read_text() for path in (desk.folder / "cache").iterdir())
    assert desk.env["CONNECTWARE_PASSWORD"] not in stored and "rollout" not in stored
    # Another question is not answered from it, nor is one where the cache is to be made anew.
    desk.play("--flush-cache")
    assert desk.operations()["list_users"] == 1
    desk.write("static.yml", {"all": {"hosts": {"munich": {"agents_list": [{"name": "mu-robot-09"}]}}}})
    assert desk.read().hosts("connectware_ghost") != first["connectware_ghost"]["hosts"]
    assert desk.operations()["list_users"] == 1
    # What is no cache of ours is made anew.
    for path in (desk.folder / "cache").iterdir():
        path.write_text("[]")
    assert desk.read().hosts("connectware_agents")
    assert desk.operations()["list_users"] == 1


@pytest.mark.parametrize("agents_as", ["hosts", "variables"])
def test_hostile_names_are_never_templated(desk: Desk, agents_as: str) -> None:
    """Of an agent that somebody was made to authorize, of a request, and of an agent named like a host or group."""
    desk.register(HOSTILE, "hamburg", "localhost", "all", "connectware_ghost")
    desk.ask(HOSTILE + "2")
    desk.configure(
        agents_as=agents_as,
        compose={"composed": "connectware_ghosts | default(connectware_agent | default('')) | string"},
        keyed_groups=[{"key": "connectware_agent.username | default('x')", "prefix": "by"}],
    )
    shown = desk.read()
    assert "\x1b" not in shown.out and "\x1b" not in shown.errors
    hostvars = shown.data["_meta"]["hostvars"]
    assert all(name.replace("-", "").replace("_", "").isalnum() for name in hostvars)
    assert hostvars["hamburg"].get("ansible_host") is None, "an agent is never taken for a host of its name"
    assert "localhost" not in hostvars and "connectware_ghost" not in hostvars
    assert "pipe" in shown.out, "they are shown, as text"
    names = "{{ hostvars.values() | map(attribute='connectware_agent', default={}) | list }}"
    texts = f"{names} {{{{ connectware_ghosts }}}} {{{{ connectware_strangers }}}} {{{{ composed | default('') }}}}"
    told = desk.run(
        "ansible", "-i", "static.yml", "-i", "connectware.yml", "-m", "ansible.builtin.debug", "-a",
        json.dumps({"msg": texts + " {{ inventory_hostname }} {{ groups }}"}), "all",
    )  # fmt: skip
    assert told.code == 0, told.out + told.errors
    assert "pipe" in told.out
    assert not list(desk.folder.glob("templated*"))


def refused(shown: Read, *texts: str) -> None:
    assert shown.code != 0, shown.out
    flat = " ".join(shown.errors.split())
    for text in texts:
        assert text in flat, shown.errors
    assert "Traceback" not in shown.errors


def test_a_certificate_of_a_wrong_ca(desk: Desk) -> None:
    trustme.CA().cert_pem.write_to_path(str(desk.folder / "other.pem"))
    desk.configure(connectware_ca_path=str(desk.folder / "other.pem"))
    refused(desk.read(), "certificate", "connectware_ca_path")
    # Without the strict setting the other sources still count.
    desk.env["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "0"
    shown = desk.read()
    assert shown.hosts("factories") == ["hamburg", "munich", "office"]
    assert "connectware_ca_path" in " ".join(shown.errors.split())


def test_an_account_without_the_right(desk: Desk) -> None:
    desk.env.update(CONNECTWARE_USERNAME="nobody", CONNECTWARE_PASSWORD=desk.simulator.passwords()["nobody"])
    refused(desk.read(), "403", "/api/client-registry")
    assert "connectware_registered" not in desk.read().out


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({"connectware_url": "http://x.example"}, ["connectware_url", "https"]),
        ({"connectware_username": "registrar", "connectware_password": "wrong"}, ["401", "connectware_password"]),
        ({"connectware_contract": {"lst_users": {}}}, ["connectware_contract.lst_users"]),
        ({"name_pattern": "("}, ["no regular expression"]),
        ({"connectware_validate_certs": "{{ 'nonsense' }}"}, ["connectware_validate_certs", "nonsense"]),
        ({"connectware_token": "{{ nowhere }}"}, ["connectware_token", "nowhere"]),
        ({"agents_as": "rows"}, ["agents_as", "rows"]),
        ({"compose": {"x": "nowhere.y"}, "strict": True}, ["Could not set x for host hamburg"]),
    ],
)
def test_wrong_options(desk: Desk, options: dict[str, Any], texts: list[str]) -> None:
    desk.configure(**options)
    shown = desk.read()
    refused(shown, *texts)
    assert desk.env["CONNECTWARE_PASSWORD"] not in shown.errors


def test_certificates_are_verified_unless_it_is_said_clearly(desk: Desk) -> None:
    del desk.env["CONNECTWARE_CA_PATH"]
    desk.env["CONNECTWARE_VALIDATE_CERTS"] = "flase"
    refused(desk.read(), "connectware_validate_certs", "flase")
    assert desk.operations() == {}
    desk.env["CONNECTWARE_VALIDATE_CERTS"] = "false"
    assert desk.read().hosts("connectware_registered") == ["hamburg"]


def test_a_variable_of_the_environment_that_is_empty_is_not_given(desk: Desk) -> None:
    """As AWX makes them of the fields of a credential that nobody has filled in."""
    desk.env["REQUESTS_CA_BUNDLE"] = desk.env["CONNECTWARE_CA_PATH"]
    desk.env |= {"CONNECTWARE_CA_PATH": "", "CONNECTWARE_TOKEN": "", "CONNECTWARE_VALIDATE_CERTS": ""}
    assert desk.read().hosts("connectware_registered") == ["hamburg"]
    del desk.env["REQUESTS_CA_BUNDLE"]
    desk.env.pop("CURL_CA_BUNDLE", None)
    refused(desk.read(), "certificate")


def test_templates_and_vault_in_the_configuration(desk: Desk) -> None:
    desk.write("vault.txt", "vault-password\n")
    secret = desk.run(
        "ansible-vault", "encrypt_string", "--vault-password-file", "vault.txt", "--name", "connectware_password",
        desk.env.pop("CONNECTWARE_PASSWORD"),
    )  # fmt: skip
    assert secret.code == 0, secret.errors
    desk.write(
        "connectware.yml",
        "plugin: edgefleet.connectware.connectware\nconnectware_username: \"{{ 'regis' ~ 'trar' }}\"\n"
        "connectware_url: \"{{ lookup('ansible.builtin.env', 'ELSEWHERE') }}\"\n"
        "connectware_validate_certs: \"{{ 'yes' }}\"\n" + secret.out,
    )
    desk.env["ELSEWHERE"] = desk.env.pop("CONNECTWARE_URL")
    assert desk.read("--list", "--vault-password-file", "vault.txt").hosts("connectware_registered") == ["hamburg"]


def test_only_the_hosts_with_missing_agents(desk: Desk) -> None:
    """What the groups are for."""
    said = desk.play("--limit=connectware_missing")
    assert "munich" in said and "hamburg" not in said


def test_a_rollout_of_what_is_missing_ends_well_when_nothing_is(desk: Desk) -> None:
    """As the guides write it; a limit without hosts is an error for Ansible."""
    desk.register("mu-robot-01")
    rollout = ("ansible-playbook", "-i", "static.yml", "-i", "connectware.yml", "edgefleet.connectware.rollout")
    done = desk.run(*rollout, "-e", "agents_hosts=connectware_missing")
    assert done.code == 0 and "no hosts matched" in done.out, done.out + done.errors
    limited = desk.run(*rollout, "--limit", "connectware_missing")
    assert limited.code != 0 and "leaves us with no hosts to target" in limited.errors
