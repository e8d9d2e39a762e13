# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a host while the inventory is still being read is what Ansible makes of it in the end."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import context
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import vars_loader
from ansible.vars import plugins as vars_plugins
from ansible.vars.manager import VariableManager

from ansible_collections.edgefleet.connectware.plugins.plugin_utils import expected_agents
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.variables_of_host import sources_of, variables_of

WORLDS = 80
GROUPS = ("alpha", "beta", "gamma", "delta")
NAME = "agents_list"
OURS = {"plugin": "edgefleet.connectware.connectware"}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """What plugins for variables have kept of other tests."""
    expected_agents._forget_files()
    yield
    expected_agents._forget_files()


def write(path: Path, content: Any) -> str:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(yaml.safe_dump(content))
    return str(path)


def read_both_ways(monkeypatch: pytest.MonkeyPatch, sources: list[str], ours: str, *, named: bool = True) -> Any:
    """Of each host what is read before `ours`, and what Ansible says at the end. `ours` itself adds nothing."""
    given = ImmutableDict(inventory=tuple(sources)) if named else ImmutableDict()
    monkeypatch.setattr(context, "CLIARGS", given)
    loader = DataLoader()
    before = InventoryManager(loader=loader, sources=[source for source in sources if source != ours])
    places = sources_of(before._inventory, ours)
    early = {host.name: variables_of(host, before._inventory, loader, places).get(NAME) for host in before.get_hosts()}
    whole = InventoryManager(loader=loader, sources=sources)
    variables = VariableManager(loader=loader, inventory=whole)
    return early, {host.name: variables.get_vars(host=host).get(NAME) for host in whole.get_hosts()}


def runs_at(monkeypatch: pytest.MonkeyPatch, stage: str | None) -> None:
    """As where the user has said so. An instance keeps its options, and so does whoever decides by them."""
    plugin = vars_loader.get("host_group_vars")
    monkeypatch.setitem(plugin._options, "stage", stage)
    decides = getattr(vars_plugins, "_plugin_should_run", None)  # not in each ansible-core
    if decides is not None:
        monkeypatch.setattr(vars_plugins, "_plugin_should_run", decides.__wrapped__)


def test_files_beside_the_source_that_asks_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    static = write(tmp_path / "static" / "hosts.yml", {"factories": {"hosts": {"hamburg": None}}})
    ours = write(tmp_path / "asks" / "connectware.yml", OURS)
    write(tmp_path / "asks" / "group_vars" / "factories.yml", {NAME: ["press-1"]})

    for named in (True, False):
        early, final = read_both_ways(monkeypatch, [static, ours], ours, named=named)
        assert early == final == {"hamburg": ["press-1"]}


def test_a_group_wins_over_all_whatever_source_comes_last(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = write(tmp_path / "first" / "hosts.yml", {"factories": {"hosts": {"hamburg": None}}})
    last = write(tmp_path / "last" / "hosts.yml", {"factories": {"hosts": {"munich": None}}})
    write(tmp_path / "first" / "group_vars" / "factories.yml", {NAME: ["press-1"]})
    write(tmp_path / "last" / "group_vars" / "all.yml", {NAME: []})
    ours = write(tmp_path / "last" / "connectware.yml", OURS)

    early, final = read_both_ways(monkeypatch, [first, last, ours], ours)

    assert early == final == {"hamburg": ["press-1"], "munich": ["press-1"]}


def test_a_folder_of_sources_has_its_variables_beside_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not beside a folder within it."""
    folder = tmp_path / "inventory"
    write(folder / "sites" / "hosts.yml", {"factories": {"hosts": {"hamburg": None}}})
    write(folder / "group_vars" / "factories.yml", {NAME: ["press-1"]})
    write(folder / "sites" / "group_vars" / "factories.yml", {NAME: ["none-of-it"]})
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(inventory=(str(folder),)))
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(folder)])
    places = sources_of(manager._inventory, str(folder / "zz_connectware.yml"))

    found = variables_of(manager.get_host("hamburg"), manager._inventory, loader, places)

    host = manager.get_host("hamburg")
    assert found[NAME] == VariableManager(loader=loader, inventory=manager).get_vars(host=host)[NAME]
    assert found[NAME] == ["press-1"]


def some(random_of: random.Random, chance: float) -> dict[str, Any]:
    return {NAME: [f"agent-{random_of.randrange(10**6)}"]} if random_of.random() < chance else {}


def scattered(folder: Path, seed: int) -> list[str]:
    """Sources in up to two folders, with variables in groups, of hosts, and in files beside them."""
    chosen = random.Random(seed)
    hosts = [f"host-{number}" for number in range(chosen.randint(1, 4))]
    sources = []
    for number in range(chosen.randint(1, 3)):
        place = folder / f"folder-{chosen.randrange(2)}"
        groups = {}
        for at, group in enumerate(GROUPS):
            inside = {host: some(chosen, 0.05) for host in hosts if chosen.random() < 0.4}
            below = {child: None for child in GROUPS[at + 1 :] if chosen.random() < 0.2}
            groups[group] = {"hosts": inside, "vars": some(chosen, 0.2), "children": below}
        top = {"hosts": {host: some(chosen, 0.1) for host in hosts}, "vars": some(chosen, 0.2), "children": groups}
        sources.append(write(place / f"source-{number}.yml", {"all": top}))
        for group in ("all", *GROUPS):
            if chosen.random() < 0.3:
                write(place / "group_vars" / f"{group}.yml", some(chosen, 0.9))
        for host in hosts:
            if chosen.random() < 0.1:
                write(place / "host_vars" / f"{host}.yml", some(chosen, 0.9))
    return [*sources, write(folder / f"folder-{chosen.randrange(2)}" / "connectware.yml", OURS)]


@pytest.mark.parametrize("seed", range(WORLDS))
def test_variables_scattered_over_sources(seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whenever the files are to be read, as ANSIBLE_VARS_PLUGIN_STAGE says."""
    sources = scattered(tmp_path, seed)
    runs_at(monkeypatch, (None, "all", "inventory", "task")[seed // 2 % 4])

    early, final = read_both_ways(monkeypatch, sources, sources[-1], named=seed % 2 == 0)

    assert early == final


@pytest.mark.parametrize("stage", ["inventory", "task"])
def test_files_count_whenever_they_are_read(stage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = write(tmp_path / "connectware.yml", OURS)
    static = write(tmp_path / "hosts.yml", {"factories": {"hosts": {"hamburg": None, "munich": None}}})
    write(tmp_path / "group_vars" / "factories.yml", {NAME: ["press-1"]})
    write(tmp_path / "host_vars" / "munich.yml", {NAME: ["press-2"]})
    runs_at(monkeypatch, stage)

    early, final = read_both_ways(monkeypatch, [static, ours], ours)

    assert early == final == {"hamburg": ["press-1"], "munich": ["press-2"]}
