# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWX writes into the variables of an inventory at each update of a source, and a later set-up leaves that alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from awx.server import Awx
from awx.setup import PROJECT, Setup
from guides.examples import example

# With what AWX makes of a value that is vaulted in the project, and of one with a template.
OF_THE_PROJECT = {
    **yaml.safe_load((PROJECT / "inventories" / "north" / "group_vars" / "all.yml").read_text()),
    "agents_registry_password": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n6131\n"},
    "agents_registry_username": "{{ nobody_knows }}",
}
OWN = {"site": "Hamburg 🏭", "agents_timeout": 300}


def of_the_inventory(awx: Awx) -> dict[str, Any]:
    """The object itself, to be changed."""
    (found,) = awx.objects.where("inventories", {"name": "Connectware north"})
    return awx.objects.find("inventories", found["id"])


def update(awx: Awx) -> dict[str, Any]:
    """As `_update_inventory` of AWX (awx/main/management/commands/inventory_import.py): it adds, and never removes."""
    item = of_the_inventory(awx)
    variables = {**json.loads(item["variables"] or "{}"), **OF_THE_PROJECT}
    item["variables"] = json.dumps(variables)
    return variables


@pytest.mark.long
def test_what_an_update_has_added_stays(awx: Awx, setup: Setup) -> None:
    setup.run().ok()
    there = update(awx)
    awx.changed()
    assert setup.run().ok().recap["changed"] == 0
    assert awx.changed() == [] and json.loads(of_the_inventory(awx)["variables"]) == there

    # Variables of one's own are added to it, once.
    own = yaml.safe_dump(OWN, default_flow_style=True, allow_unicode=True)
    setup.edit("    slices: 2\n", f"    slices: 2\n    variables: {own}")
    assert setup.run().ok().recap["changed"] == 1
    assert json.loads(of_the_inventory(awx)["variables"]) == {**there, **OWN}
    assert update(awx) == {**there, **OWN}
    awx.changed()
    assert setup.run().ok().recap["changed"] == 0 and awx.changed() == []


def test_the_example_of_merged_variables(awx: Awx, setup: Setup) -> None:
    awx.objects.seed(
        "inventories", name="Connectware north", organization=awx.organization, variables=json.dumps(OF_THE_PROJECT)
    )
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(example("filter/merged_variables"))}]
    (setup.folder / "example.yml").write_text(yaml.safe_dump(play))
    command = ["ansible-playbook", "example.yml"]

    assert setup.command(command).ok().recap["changed"] == 1
    there = {**OF_THE_PROJECT, "agents_timeout": 300}
    assert json.loads(of_the_inventory(awx)["variables"]) == there
    assert setup.command(command).ok().recap["changed"] == 0
    of_the_inventory(awx)["variables"] = "just words"
    setup.command(command).failed("the variables of the inventory Connectware north in AWX are neither JSON nor YAML")
    assert awx.refused == []
