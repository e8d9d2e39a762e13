# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What on a host belongs to somebody else, and what is an agent's own under another name."""

from __future__ import annotations

import re

import pytest
from unit.plugins.module_utils._docker.reports import spec

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.engine import Engine
from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.inventory import (
    HostInventory,
    asks_for_networks,
    take,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError

LABEL = "edgefleet.connectware.agent"


def entry(agent=None, volume=None, container_id="id"):
    labels = {LABEL: agent} if agent else None
    return {"Id": container_id, "Labels": labels, "Mounts": [{"Type": "volume", "Name": volume}] if volume else []}


OURS = {"c-press": entry("press", "v-press")}


@pytest.mark.parametrize(
    ("inventory", "agent"),
    [
        (HostInventory(), {}),
        (HostInventory(OURS, {"v-press": {"Labels": {LABEL: "press"}}}), {}),
        (HostInventory({}, {"v-press": {"Labels": None}}), {}),
        (HostInventory({"by-hand": entry("press", "v-press")}), {}),
        (HostInventory({**OURS, "c-press.next": entry("press", "v-press")}), {}),
        (HostInventory({"other": entry("other", "v-other")}), {}),
        (HostInventory({}, {}, {"net": "n1"}), {"networks": ("net",)}),
        (HostInventory({}, {}, {"net": "n1"}), {"network_mode": "net"}),
        (HostInventory({"o": entry(container_id="123")}), {"network_mode": "container:o"}),
        (HostInventory({"o": entry(container_id="123")}), {"network_mode": "container:123"}),
    ],
)
def test_accepted(inventory, agent):
    inventory.check([spec(**agent)], "host x")


@pytest.mark.parametrize(
    ("inventory", "agent", "says"),
    [
        (HostInventory({"c-press": entry()}), {}, "was not made by this collection"),
        (HostInventory({"c-press": entry("other")}), {}, "belongs to the agent other"),
        (HostInventory({"x": entry(None, "v-press")}), {}, "is mounted by the container x"),
        (HostInventory({"x": entry("other", "v-press")}), {}, "is mounted by the container x"),
        (HostInventory({"c-press.next": entry(None, "v-press")}), {}, "is mounted by"),
        (HostInventory({**OURS, "c-press.next": entry("other")}), {}, "is replaced by way of that name"),
        (HostInventory({"c-press.next": entry()}), {}, "there is a container c-press.next"),
        (HostInventory({"c-press.previous": entry()}), {}, "there is a container c-press.previous"),
        (HostInventory({}, {"v-press": {"Labels": {LABEL: "other"}}}), {}, "belongs to the agent other"),
        (HostInventory({**OURS, "copy": entry("press")}), {}, "more than one container: c-press, copy"),
        (HostInventory({}, {}, {"net": "n1"}), {"networks": ("net", "gone")}, "the network gone does not exist"),
        (HostInventory({}, {}, {"net": "n1"}), {"network_mode": "gone"}, "the network gone does not exist"),
        (HostInventory(), {"network_mode": "container:gone"}, "the container gone does not exist"),
    ],
)
def test_refused(inventory, agent, says):
    with pytest.raises(SpecError) as raised:
        inventory.check([spec(name="fine", container="c-fine", volume="v-fine"), spec(**agent)], "host x")
    assert says in raised.value.message
    assert "agent press: " in raised.value.message and "fine" not in raised.value.message
    assert "host x" in raised.value.message and "Nothing was started" in raised.value.message


def by_hand(source, target="/data", volume=None, **more):
    mount = {"Type": "volume" if volume else "bind", "Source": source, "Destination": target}
    return {"Id": "id", "Labels": None, "Mounts": [{**mount, "Name": volume} if volume else mount], **more}


SERVICES = [spec(name=name, username=name, container=name, volume="", managed=False) for name in ("one", "two")]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (by_hand("/srv/one"), by_hand("/srv/two")),
        (by_hand("/srv/one"), by_hand("/srv/one", "/backup")),
        (by_hand("/v/one", volume="one"), by_hand("/v/two", volume="two")),
        ({"Id": "id", "Mounts": None}, {"Id": "id", "Mounts": None}),
    ],
)
def test_agents_of_others_with_a_place_of_their_own(one, two):
    HostInventory({"one": one, "two": two}).check(SERVICES, "host x")


@pytest.mark.parametrize(
    ("one", "two", "says"),
    [
        (by_hand("/srv/data"), by_hand("/srv/data"), "in the folder /srv/data of the host, as has the container two"),
        (by_hand("/v/v"), by_hand("/v/v", volume="v"), "in the folder /v/v of the host, as has the container two"),
        (by_hand("/v/v", volume="v"), by_hand("/v/v", volume="v"), "the volume v is mounted by the container two"),
    ],
)
def test_agents_of_others_that_share_their_credentials(one, two, says):
    with pytest.raises(SpecError) as raised:
        HostInventory({"one": one, "two": two}).check(SERVICES, "host x")
    assert says in raised.value.message and "agent one: option" in raised.value.message
    assert "give this agent another one where its container is made" in raised.value.message
    assert "here" not in re.findall(r"\w+", raised.value.message)


def test_what_an_agent_of_others_shares_counts_for_whoever_is_there():
    containers = {"one": by_hand("/srv/data"), "stranger": by_hand("/srv/data")}
    with pytest.raises(SpecError, match="as has the container stranger"):
        HostInventory(containers).check(SERVICES[:1], "host x")
    HostInventory({**containers, "one": by_hand("/srv/data", State="exited")}).check(
        SERVICES[:1], "host x", present=False
    )


def test_all_problems_at_once():
    inventory = HostInventory({"c-press": entry(), "x": entry(None, "v-b")})
    with pytest.raises(SpecError) as raised:
        inventory.check([spec(), spec(name="b", container="c-b", volume="v-b")], "host x")
    assert "agent press: " in raised.value.message and "agent b: " in raised.value.message


@pytest.mark.parametrize(
    ("names", "own", "leftover"),
    [
        ({}, None, None),
        ({"c-press": "press"}, "c-press", None),
        ({"by-hand": "press"}, "by-hand", None),
        ({"c-press.next": "press"}, "c-press.next", None),
        ({"c-press": "press", "c-press.next": "press"}, "c-press", "c-press.next"),
        ({"by-hand": "press", "c-press.next": "press"}, "by-hand", "c-press.next"),
        ({"c-press": "press", "c-press.next": "other"}, "c-press", None),
        ({"c-press.previous": "press"}, "c-press.previous", None),
        ({"c-press": "press", "c-press.previous": "press"}, "c-press", "c-press.previous"),
        ({"c-press.next": "press", "c-press.previous": "press"}, "c-press.previous", "c-press.next"),
        ({"by-hand": "press", "c-press.previous": "press"}, "by-hand", "c-press.previous"),
        ({"c-press": "press", "c-press.previous": "other"}, "c-press", None),
    ],
)
def test_own_container_and_leftover(names, own, leftover):
    inventory = HostInventory({name: entry(agent, container_id=name) for name, agent in names.items()})
    found = inventory.container_of(spec())
    assert (found and found["Id"], list(inventory.leftovers_of(spec()))) == (own, [leftover] if leftover else [])


@pytest.mark.parametrize("state", ["created", "running", "exited"])
def test_one_that_was_never_started_gives_way_to_the_one_that_made_way_for_it(state):
    here = {name: {**entry("press", "v-press", name), "State": "exited"} for name in ("c-press", "c-press.previous")}
    here["c-press"]["State"] = state
    inventory = HostInventory(here)
    inventory.check([spec()], "host x")
    kept, left = ("c-press.previous", "c-press") if state == "created" else ("c-press", "c-press.previous")
    assert inventory.container_of(spec())["Id"] == kept and list(inventory.leftovers_of(spec())) == [left]
    assert HostInventory({"c-press": here["c-press"]}).container_of(spec())["Id"] == "c-press"


@pytest.mark.parametrize(
    ("agent", "asks"),
    [
        ({}, False),
        ({"network_mode": "host"}, False),
        ({"network_mode": "container:x"}, False),
        ({"network_mode": "mine"}, True),
        ({"networks": ("mine",)}, True),
    ],
)
def test_networks_are_asked_for_where_they_matter(agent, asks):
    assert asks_for_networks(spec(**agent)) is asks


def test_names_of_linked_containers_are_no_names():
    class Client:
        def containers(self, **_which):
            return [{"Id": "1", "Names": ["/other/alias", "/real"]}]

        def volumes(self):
            return {"Volumes": None}

    pytest.importorskip("docker")
    assert set(take(Engine(Client(), "host x"), networks=False).containers) == {"real"}
