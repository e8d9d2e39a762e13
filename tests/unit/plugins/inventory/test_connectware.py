# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin over ansible-core's own inventory: groups, variables, and what stops it."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import template
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from unit.plugins.module_utils._connectware.conversation import Conversation

from ansible_collections.edgefleet.connectware.plugins.inventory.connectware import EXAMPLES, InventoryModule
from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import CONNECTWARE_OPTIONS

REGISTRY, USERS = "/api/client-registry", "/api/listUsers"
MADE = {"createdBy": "client-registry"}
PEOPLE = ({"id": "2", "username": "press-1", **MADE}, {"id": "3", "username": "old-1", **MADE})
PENDING = ({"username": "press-2", "pairingId": "a82123"},)
DEFAULTS = {
    "agents_as": "variables", "name_pattern": None, "connected": False, "strict": False, "cache": False,
    "compose": {}, "groups": {}, "keyed_groups": [],
}  # fmt: skip
Read = Callable[..., InventoryData]


class Configured(InventoryModule):
    """The plugin with these options; reading them from a file is ansible-core's work."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__()
        self._given = {**dict.fromkeys(CONNECTWARE_OPTIONS), **DEFAULTS, **options}

    def _read_config_data(self, path: str) -> dict[str, Any]:
        del path
        return {}

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        del hostvars
        return self._given[option]


@pytest.fixture
def read(params: dict[str, Any], tmp_path: Path) -> Read:
    """Reads a source after an inventory with two hosts."""

    def make(agents: dict[str, Any] | None = None, data: InventoryData | None = None, **options: Any) -> InventoryData:
        data = InventoryData() if data is None else data
        for host, found in (agents if agents is not None else AGENTS).items():
            data.add_host(host)
            data.set_variable(host, "agents_list", found)
        defaults = {name: option.get("default") for name, option in CONNECTWARE_OPTIONS.items()}
        plugin = Configured({**defaults, **params, **options})
        plugin.parse(data, DataLoader(), str(tmp_path / "connectware.yml"), cache=False)
        return data

    return make


AGENTS = {"hamburg": [{"name": "press-1"}, {"name": "press-2"}], "munich": [{"name": "press-3"}]}


def answers(server: Conversation) -> None:
    server.expect("GET", REGISTRY, answer={"pendingRequests": list(PENDING)})
    server.expect("GET", USERS, answer={"users": list(PEOPLE)})


def hosts(data: InventoryData, group: str) -> list[str]:
    return sorted(host.name for host in data.groups[group].get_hosts())


def variable(data: InventoryData, host: str, name: str) -> Any:
    return data.hosts[host].get_vars()[name]


def test_hosts_are_in_the_groups_of_their_agents(server: Conversation, read: Read) -> None:
    answers(server)
    data = read()

    assert hosts(data, "connectware_registered") == hosts(data, "connectware_pending") == ["hamburg"]
    assert hosts(data, "connectware_missing") == ["munich"]
    states = {agent["username"]: agent["state"] for agent in variable(data, "hamburg", "connectware_agents")}
    assert states == {"press-1": "registered", "press-2": "pending"}
    assert [ghost["username"] for ghost in data.groups["all"].get_vars()["connectware_ghosts"]] == ["old-1"]


def test_agents_can_be_the_hosts(server: Conversation, read: Read) -> None:
    answers(server)
    data = read(agents_as="hosts", name_pattern="press-.*")

    assert hosts(data, "connectware_agents") == ["old-1", "press-1", "press-2", "press-3"]
    assert hosts(data, "connectware_ghost") == []
    assert variable(data, "press-3", "ansible_host") == "an-agent-is-no-host.invalid"


def test_the_example_with_agents_as_hosts_finds_those_that_are_not_connected(server: Conversation, read: Read) -> None:
    (_beside, alone) = yaml.safe_load_all(EXAMPLES)
    answers(server)
    server.expect("GET", "/api/system/agents", answer={"agents": [{"name": "press-1", "status": "connected"}]})
    composed = {key: {name: trusted(text) for name, text in alone[key].items()} for key in ("compose", "groups")}
    keyed = [{**each, "key": trusted(each["key"])} for each in alone["keyed_groups"]]
    options = {key: alone[key] for key in ("agents_as", "connected") if key in alone}
    data = read(**options, **composed, keyed_groups=keyed, strict=True)

    assert hosts(data, "offline") == ["old-1", "press-2"], "who is registered or asks to be"
    assert hosts(data, "site_press") == ["press-1", "press-2", "press-3"]


def trusted(text: str) -> str:
    """As ansible-core reads it from a file."""
    return template.trust_as_template(text) if hasattr(template, "trust_as_template") else text


@pytest.mark.parametrize("agents_as", ["hosts", "variables"])
def test_an_expression_that_fails_leaves_nobody_out(agents_as: str, server: Conversation, read: Read) -> None:
    """Without the setting that makes it an error, Ansible goes on with what this source has added until then."""
    answers(server)
    data = InventoryData()
    with pytest.raises(AnsibleError, match="Could not set x"):
        read(data=data, agents_as=agents_as, compose={"x": "nowhere.y"}, strict=True)

    found = {state: hosts(data, f"connectware_{state}") for state in ("registered", "pending", "missing", "ghost")}
    assert found == {
        "hosts": {
            "registered": ["old-1", "press-1"], "pending": ["press-2"], "missing": ["press-3"], "ghost": ["old-1"],
        },
        "variables": {"registered": ["hamburg"], "pending": ["hamburg"], "missing": ["munich"], "ghost": []},
    }[agents_as]  # fmt: skip


def test_an_agent_that_two_hosts_name_is_one_of_both(server: Conversation, read: Read) -> None:
    """A rollout refuses that, but neither host may be left out of what is shown."""
    answers(server)
    both = {"hamburg": [{"name": "press-1"}], "munich": [{"name": "other", "username": "press-1"}, {"name": "press-3"}]}
    data = read(both)

    assert hosts(data, "connectware_registered") == ["hamburg", "munich"]
    assert hosts(data, "connectware_missing") == ["munich"]
    shown = [(each["name"], each["host"]) for each in variable(data, "munich", "connectware_agents")]
    assert shown == [("other", "munich"), ("press-3", "munich")]


def test_a_name_made_up_to_look_like_the_one_of_another_agent_hides_nobody(server: Conversation, read: Read) -> None:
    hidden = "{{ 7 }}"
    alike = "connectware-agent-" + sha256(hidden.encode()).hexdigest()[:16]
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": [{"id": name, "username": name, **MADE} for name in (alike, hidden)]})
    data = read({"hamburg": []}, agents_as="hosts")

    found = {variable(data, name, "connectware_agent")["username"] for name in hosts(data, "connectware_agents")}
    assert found == {alike, hidden}


class Kept(Configured):
    """With a cache that keeps what JSON can keep."""

    def __init__(self, options: dict[str, Any], kept: dict[str, Any]) -> None:
        super().__init__(options)
        self._cache = kept

    def get_cache_key(self, path: str) -> str:
        return path


def test_what_is_kept_is_readable_for_every_cache(server: Conversation, params: dict[str, Any], tmp_path: Path) -> None:
    """A name with half of a character could be written by one, and not read; and who is connected has two names."""
    half = "hh-\ud800"
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": [{"id": "1", "username": half, **MADE}]})
    defaults = {name: option.get("default") for name, option in CONNECTWARE_OPTIONS.items()}
    kept: dict[str, Any] = {}

    def ghosts(name: str) -> list[str]:
        data = InventoryData()
        data.add_host("hamburg")
        data.set_variable("hamburg", "agents_list", [{"name": name, "username": "user-1"}])
        plugin = Kept({**defaults, **params, "cache": True}, kept)
        plugin.parse(data, DataLoader(), str(tmp_path / "connectware.yml"), cache=True)
        return [ghost["username"] for ghost in data.groups["all"].get_vars()["connectware_ghosts"]]

    assert ghosts("press-1") == ghosts("press-1") == ["hh-?"]
    assert json.dumps(kept, ensure_ascii=False).encode("utf-8")
    server.expect("GET", REGISTRY, answer={"pendingRequests": []})
    server.expect("GET", USERS, answer={"users": []})
    assert ghosts("press-2") == [], "another name of an agent is another question"


@pytest.mark.parametrize(
    ("name", "ours"),
    [("connectware.yml", True), ("zz_connectware.yaml", True), ("hosts.yml", False), ("connectware.json", False)],
)
def test_a_source_is_told_by_its_name(name: str, ours: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("plugin: edgefleet.connectware.connectware\n")

    assert InventoryModule().verify_file(str(path)) is ours


def test_what_connectware_refuses_adds_nothing(server: Conversation, read: Read) -> None:
    server.expect("GET", REGISTRY, status=403, answer={"code": "FORBIDDEN"})

    with pytest.raises(AnsibleParserError, match="HTTP 403"):
        read()


@pytest.mark.parametrize(
    ("agents", "options", "text"),
    [
        ({"hamburg": "press-1"}, {}, "hamburg"),
        (None, {"name_pattern": "("}, "pattern"),
        (None, {"connectware_url": "ftp://connectware"}, "connectware_url"),
    ],
)
def test_what_cannot_be_read_is_said_before_anybody_is_asked(
    agents: dict[str, Any] | None, options: dict[str, Any], text: str, server: Conversation, read: Read
) -> None:
    with pytest.raises(AnsibleParserError, match=text):
        read(agents, **options)
    assert server.seen == []
