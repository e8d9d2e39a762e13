# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of the example's project, read as AWX reads a source, kept as AWX keeps it, and given to a job."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from awx.job import injected
from awx.setup import PROJECT
from awx.test_runner import Site, is_plain, succeeded
from integration import lives
from integration.bed import COLLECTIONS, Factory

HOSTS = {"hh-edge-1.example.com": ["hh-press-01", "hh-press-02"], "hh-edge-2.example.com": ["hh-weld-01"]}
OF_THE_TEST = {"agents_mqtt_scheme": "mqtt"}
# awx/main/constants.py: STANDARD_INVENTORY_UPDATE_ENV.
OF_AWX = {
    "ANSIBLE_INVENTORY_EXPORT": "True",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
    "ANSIBLE_VERBOSE_TO_STDERR": "True",
}


@pytest.fixture
def site(factory: Callable[..., Factory], tmp_path: Path) -> Site:
    """The agents of the example, under names that this test removes again."""
    return Site(lives.quick(factory(3)), tmp_path)


@pytest.fixture
def project(site: Site, tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(PROJECT, folder)
    names = site.site.names()
    words = dict(zip([name for agents in HOSTS.values() for name in agents], names, strict=True))
    words["hh-.*"] = f"{names[0].rpartition('-')[0]}-.*"
    for path in (folder / "inventories" / "north").rglob("*.yml"):
        text = path.read_text()
        for old, new in words.items():
            text = text.replace(old, new)
        path.write_text(text)
    # What is true of the Connectware of the test, and how this machine is reached.
    variables = folder / "inventories" / "north" / "group_vars" / "all.yml"
    variables.write_text(yaml.safe_dump({**yaml.safe_load(variables.read_text()), **OF_THE_TEST, **site.variables}))
    return folder


def read(site: Site, project: Path, folder: Path) -> dict[str, Any]:
    """What RunInventoryUpdate.build_args of AWX (awx/main/tasks/jobs.py) lets ansible-inventory write."""
    (folder / "env").mkdir(parents=True)
    ours = ("ANSIBLE_", "CONNECTWARE_")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
        **injected(site.inputs, folder, folder),
        **OF_AWX,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
    }
    source, output = project / "inventories" / "north", folder / "output.json"
    command = ["ansible-inventory", "--list", "--export", "-i", str(source), "--output", str(output)]
    done = subprocess.run(
        [*command, "--playbook-dir", str(source)],
        cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(output.read_text())


def kept(found: dict[str, Any]) -> dict[str, Any]:
    """As Inventory.get_script_data of AWX (awx/main/models/inventory.py) gives it to a job: all groups are in `all`."""
    groups = {name: group for name, group in found.items() if name not in ("all", "ungrouped", "_meta") and group}
    everything = {
        "vars": found["all"]["vars"],
        "hosts": found.get("ungrouped", {}).get("hosts", []),
        "children": list(groups),
    }
    return {"all": everything, **groups, "_meta": found["_meta"]}


@pytest.mark.slow
@pytest.mark.long
def test_jobs_with_the_inventory_of_the_example(site: Site, project: Path, tmp_path: Path) -> None:
    names = site.site.names()
    before = read(site, project, tmp_path / "before")
    assert before["hamburg"]["hosts"] == sorted(HOSTS) and before["factories"]["children"] == ["hamburg"]
    assert before["connectware_missing"]["hosts"] == sorted(HOSTS), "no agent is there yet"
    assert before["all"]["vars"]["agents_name_pattern"].startswith(names[0].rpartition("-")[0]), "of its group_vars"

    rollout = site.job("rollout", inventory=kept(before)).start(agents_hosts="connectware_missing").end()
    succeeded(rollout)
    assert rollout.hosts == set(HOSTS)
    is_plain(rollout)
    lives.all_connected(site.site)

    after = read(site, project, tmp_path / "after")
    assert after["connectware_registered"]["hosts"] == sorted(HOSTS)
    assert not after.get("connectware_missing", {}).get("hosts")
    again = site.job("rollout", inventory=kept(after)).start().end()
    succeeded(again)
    assert again.changed == {} and again.hosts == set(HOSTS)
    # As the guide says of a group without hosts.
    nobody = site.job("rollout", inventory=kept(after)).start(agents_hosts="connectware_missing").end()
    succeeded(nobody)

    one, other = HOSTS
    limited = site.job("retire", inventory=kept(after)).start(agents_hosts=one).end()
    succeeded(limited)
    assert limited.hosts == {one}, f"{other} is left alone"
    left = site.site.simulator.usernames() & set(names)
    assert left == {names[-1]}
