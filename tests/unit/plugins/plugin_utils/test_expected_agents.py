# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agents of an inventory, as Ansible reads it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import ExpectedAgent
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError
from ansible_collections.edgefleet.connectware.plugins.plugin_utils import expected_agents
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.expected_agents import agents_of_inventory


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


def names(source: str) -> list[str]:
    return [agent.name for agent in agents_of_inventory([source])]


def test_variables_of_groups_and_of_files_and_templates(tmp_path: Path) -> None:
    hosts = {"factories": {"hosts": {"hamburg": {"site": "hh"}, "munich": {"site": "mu"}}, "vars": {"kind": "press"}}}
    source = write(tmp_path, "inventory/hosts.yml", hosts)
    write(tmp_path, "inventory/group_vars/factories.yml", {"agents_list": [{"name": "{{ site }}-{{ kind }}-01"}]})
    write(
        tmp_path,
        "inventory/host_vars/munich.yml",
        {"agents_list": [{"name": "mu-1", "username": "user-{{ hostvars.hamburg.site }}"}]},
    )
    wanted = (ExpectedAgent("hh-press-01", "hh-press-01", "hamburg"), ExpectedAgent("mu-1", "user-hh", "munich"))
    assert agents_of_inventory([source]) == wanted
    assert agents_of_inventory([str(tmp_path / "inventory")]) == wanted


def test_files_that_come_and_go_are_seen_at_the_next_reading(tmp_path: Path) -> None:
    source = write(tmp_path, "hosts.yml", {"all": {"hosts": {"hamburg": {}, "munich": {}}}})
    assert agents_of_inventory([source]) == ()  # there is no folder for variables yet
    write(tmp_path, "host_vars/hamburg.yml", {"agents_list": [{"name": "hh-1"}]})
    assert names(source) == ["hh-1"]
    write(tmp_path, "host_vars/munich.yml", {"agents_list": [{"name": "mu-1"}]})
    assert names(source) == ["hh-1", "mu-1"]
    (tmp_path / "host_vars" / "munich.yml").unlink()
    write(tmp_path, "host_vars/munich/agents.yml", {"agents_list": [{"name": "mu-2"}]})
    assert names(source) == ["hh-1", "mu-2"]
    shutil.rmtree(tmp_path / "host_vars")
    assert names(source) == []


def test_a_link_to_an_inventory_that_leads_elsewhere_now_is_followed(tmp_path: Path) -> None:
    for release in ("1", "2"):
        write(tmp_path, f"{release}/hosts.yml", {"all": {"hosts": {"hamburg": {}}}})
        write(tmp_path, f"{release}/host_vars/hamburg.yml", {"agents_list": [{"name": f"hh-{release}"}]})
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "1")
    assert names(str(link)) == ["hh-1"]
    link.unlink()
    link.symlink_to(tmp_path / "2")
    assert names(str(link)) == ["hh-2"]


def test_only_what_plugins_for_variables_keep_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them keeps something else, or nothing at all."""
    another = SimpleNamespace(FOUND={"munich": ["munich.yml"]}, NAK="no set")
    module = SimpleNamespace(FOUND={"munich": 1})
    monkeypatch.setitem(sys.modules, "ansible_collections.some.body.plugins.vars.another", another)
    monkeypatch.setitem(sys.modules, "ansible_collections.some.body.plugins.modules.module", module)
    assert names(write(tmp_path, "hosts.yml", {"all": {"hosts": {"hamburg": {}}}})) == []
    assert (another.FOUND, another.NAK, module.FOUND) == ({}, "no set", {"munich": 1})


def test_hosts_without_agents_have_none(tmp_path: Path) -> None:
    hosts = {"all": {"hosts": {"office": {}, "empty": {"agents_list": None}}}}
    assert agents_of_inventory([write(tmp_path, "inventory.yml", hosts)]) == ()


def test_a_vaulted_file_is_opened_with_the_password_of_the_environment(tmp_path: Path) -> None:
    write(tmp_path, "inventory/hosts.yml", {"all": {"hosts": {"hamburg": {}}}})
    secret = write(tmp_path, "inventory/host_vars/hamburg.yml", {"agents_list": [{"name": "hh-1"}]})
    password = write(tmp_path, "password", "vault-password\n")
    bin_folder = Path(sys.executable).parent
    subprocess.run(
        [bin_folder / "ansible-vault", "encrypt", "--vault-password-file", password, secret], check=True, timeout=60
    )
    with pytest.raises(SpecError, match="vault"):
        agents_of_inventory([str(tmp_path / "inventory")])
    # Ansible reads its configuration once, so this is another process.
    code = (
        "import os, sys\nsys.path.insert(0, os.environ['SOURCE'])\n"
        "from ansible_collections.edgefleet.connectware.plugins.plugin_utils import expected_agents\n"
        "print(expected_agents.agents_of_inventory(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "inventory")],
        env={
            "ANSIBLE_VAULT_PASSWORD_FILE": password,
            "SOURCE": str(Path(expected_agents.__file__).parents[5]),
            "HOME": str(tmp_path),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{bin_folder}:/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "name='hh-1'" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        ({"all": {"hosts": {"h": {"agents_list": [{"nam": "x"}]}}}}, "entry 1 has no name"),
        ({"all": {"hosts": {"h": {"agents_list": [{"name": "{{ nowhere }}"}]}}}}, "nowhere"),
        ({"h": {"hosts": {"h": {"agents_list": [{"name": "x"}]}}}}, "has the name of a group"),
    ],
)
def test_what_cannot_be_told_is_an_error(tmp_path: Path, hosts: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        agents_of_inventory([write(tmp_path, "inventory.yml", hosts)])


def test_a_file_of_the_inventory_that_is_just_being_edited_takes_no_agents_away(tmp_path: Path) -> None:
    """Ansible only warns of it."""
    write(tmp_path, "inventory/a.yml", {"all": {"hosts": {"hamburg": {"agents_list": [{"name": "hh-1"}]}}}})
    write(tmp_path, "inventory/b.yml", "all:\n  hosts:\n    munich: {agents_list: [")
    write(tmp_path, "inventory/group_vars/all.yml", {"site": "x"})
    with pytest.raises(SpecError) as caught:
        names(str(tmp_path / "inventory"))
    assert "inventory/b.yml" in caught.value.message and "a.yml" not in caught.value.message

    write(tmp_path, "inventory/b.yml", {"all": {"hosts": {"munich": {"agents_list": [{"name": "mu-1"}]}}}})
    write(tmp_path, "inventory/zz_connectware.yml", {"plugin": "edgefleet.connectware.connectware"})
    assert names(str(tmp_path / "inventory")) == ["hh-1", "mu-1"], "Connectware may be away just now"


def test_an_inventory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="there is no"):
        agents_of_inventory([str(tmp_path / "nowhere")])
