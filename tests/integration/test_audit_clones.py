# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers beside those of the inventory that take the name of an agent, or its volume, in an audit."""

from __future__ import annotations

import pytest
from integration.audited import Audit
from integration.bed import LABEL, Factory, docker


def beside(site: Factory, name: str, *arguments: str, mount: str = ":/data") -> str:
    """Somebody runs another container with the volume of an agent; returns its name."""
    copy, volume = f"connectware-agent-{name}-copy", f"connectware-agent-{name}{mount}"
    image = site.container(name)["Config"]["Image"]
    options = ["--detach", "--init", "--name", copy, "--volume", volume, *arguments, "--entrypoint", "sleep"]
    docker("run", *options, image, "600")
    return copy


def test_a_second_container_under_the_same_name_is_a_clone(factory):
    site = factory(1)
    (name,) = site.names()
    site.rollout().ok()
    copy = f"connectware-agent-{name}-copy"
    image = site.container(name)["Config"]["Image"]
    env = ["--env", f"CYBUS_AGENT_NAME={name}", "--volume", f"connectware-agent-{name}:/data"]
    docker("run", "--detach", "--name", copy, *env, "--entrypoint", "sleep", image, "600")

    audit = Audit(site)

    audit.run.ok()
    assert audit.agents[name]["state"] == "failing"
    assert copy in " ".join(audit.agents[name]["notes"])


@pytest.mark.parametrize(
    ("arguments", "mount"),
    [
        pytest.param(["--env", "CYBUS_AGENT_NAME=other"], ":/data", marks=pytest.mark.long),
        pytest.param(["--env", "CYBUS_AGENT_NAME=other"], ":/backup", marks=pytest.mark.long),
        pytest.param([], ":/backup", marks=pytest.mark.long),
        (["--label", f"{LABEL}=NAME"], ":/data"),
    ],
)
def test_a_container_with_the_volume_of_an_agent_is_a_clone_and_hides_no_other(factory, arguments, mount):
    site = factory(2)
    cloned, other = site.names()
    site.rollout().ok()
    copy = beside(site, cloned, *(each.replace("NAME", cloned) for each in arguments), mount=mount)
    before = site.starts()

    audit = Audit(site)

    audit.run.ok()
    assert audit.agents[other]["state"] == "well"
    assert audit.hosts["factory"]["status"] == "asked"
    found = audit.agents[cloned]
    assert (found["state"], found["verdict"], "clone" in found["findings"]) == ("failing", "broken", True)
    note = f"The volume connectware-agent-{cloned} is used by agent {cloned}, container {copy}"
    assert note in found["notes"]
    assert copy in found["message"], "why a rollout would refuse it"
    # A rollout touches none of them.
    site.agents[1]["env"] = {"CYBUS_LOG_LEVEL": "debug"}
    site.rollout("--check").failed(copy, "Nothing was started or changed")
    site.rollout().failed(copy, "Nothing was started or changed")
    assert site.starts() == before


@pytest.mark.long
def test_what_the_inventory_gives_to_two_agents_of_a_host_hides_no_other(factory):
    site = factory(4)
    one, two, wrong, other = site.names()
    site.rollout().ok()
    site.agents[1]["volume"] = f"connectware-agent-{one}"
    site.agents[2]["memory"] = "much"

    audit = Audit(site)

    audit.run.ok()
    assert audit.hosts["factory"]["status"] == "asked"
    assert audit.agents[other]["state"] == "well"
    assert {audit.agents[name]["state"] for name in (one, two, wrong)} == {"failing"}
    shared = f"option 'volume': 'connectware-agent-{one}' is used by {one} (entry 1) and {two} (entry 2)"
    assert shared in audit.agents[one]["message"] and shared in audit.agents[two]["message"]
    assert "option 'memory'" in audit.agents[wrong]["message"] and shared not in audit.agents[wrong]["message"]
    site.rollout().failed(shared, "option 'memory'", "Nothing was started or changed")


@pytest.mark.long
def test_a_container_that_only_reads_the_volume_of_an_agent_is_no_clone(factory):
    """Although a rollout refuses it as well: who has copied the credentials may use them."""
    site = factory(1)
    site.rollout().ok()
    copy = beside(site, *site.names(), mount=":/backup:ro")

    found = Audit(site).agents[site.names()[0]]

    assert found["findings"] == [] and copy in found["message"]
