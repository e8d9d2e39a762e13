# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was collected -> rows: verdicts, findings, states, ghosts and clones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.plugins.module_utils._audit.sample import container, deployed, fleet, host, judged, user

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import UNFILLED
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.evaluate import evaluate
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.looks import read_host
from ansible_collections.edgefleet.connectware.plugins.module_utils._audit.rows import (
    AUDIT_VERDICTS,
    HOST_STATUSES,
    MATTERS,
    STATES,
    AgentRow,
    Report,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError


def reported(*hosts: dict[str, Any], server: dict[str, Any] | None = None, **inventory: Any) -> Report:
    return evaluate([read_host(each) for each in hosts], inventory, server if server is not None else fleet())


def row(report: Report, name: str) -> AgentRow:
    (found,) = [agent for agent in report.agents if agent.name == name]
    return found


def test_an_agent_that_is_well() -> None:
    report = reported(host("hamburg", "press-1"), server=fleet(user("press-1")))

    agent = row(report, "press-1")
    assert (agent.state, agent.verdict, agent.findings, agent.message) == ("well", "registered", (), "")
    assert (agent.image, agent.version) == ("registry.example.com:5000/cybus/protocol-mapper", "1.8.0")
    assert agent.registered_since == "2026-03-01T08:00:00.000Z"
    assert agent.factory == "Hamburg"


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("host:5000/agent", ("host:5000/agent", None)),
        ("agent:1.8.0", ("agent", "1.8.0")),
        ("host:5000/agent:1@sha256:abc", ("host:5000/agent", "sha256:abc")),
        ("agent@sha256:abc", ("agent", "sha256:abc")),
        ("sha256:abc", (None, "sha256:abc")),
        ("sha256/agent:abc", ("sha256/agent", "abc")),
        (None, (None, None)),
    ],
)
def test_image_and_version(image: str | None, shown: tuple[str | None, str | None]) -> None:
    made = host("hamburg", "press-1")
    made["deployed"][0]["observation"]["image"] = image

    agent = row(reported(made), "press-1")
    assert (agent.image, agent.version) == shown


class Walked(tuple):
    """Counts how often somebody walks through it."""

    walks = 0

    def __iter__(self) -> Iterator[Any]:
        Walked.walks += 1
        return super().__iter__()


def test_many_ghosts_do_not_each_walk_through_the_containers_of_all_hosts() -> None:
    walks = []
    for ghosts in (1, 100):
        names = [f"ghost-{number}" for number in range(ghosts)]
        look = read_host(host("hamburg", "press-1", seen=[container(name) for name in ("press-1", *names)]))
        Walked.walks = 0
        report = evaluate(
            [replace(look, seen=Walked(look.seen))], {}, fleet(*(user(name, ghost=True) for name in names))
        )
        assert {agent.host for agent in report.agents if agent.verdict == "ghost"} == {"hamburg"}
        walks.append(Walked.walks)
    assert walks[0] == walks[1]


def test_drift_needs_attention_and_a_container_that_does_not_run_fails() -> None:
    made = host("hamburg", "press-1", "press-2", "press-3")
    made["deployed"][0]["drift"] = ["image"]
    made["deployed"][1]["observation"].update(state="exited", exit_code=3)
    made["deployed"][2]["observation"].update(state="absent", container_id=None, image=None)
    report = reported(made)

    assert (row(report, "press-1").state, row(report, "press-1").findings) == ("attention", ("drift",))
    assert (row(report, "press-2").state, row(report, "press-2").findings) == ("failing", ("stopped",))
    assert "exit code 3" in row(report, "press-2").notes[0]
    assert (row(report, "press-3").state, row(report, "press-3").findings) == ("failing", ("absent",))


@pytest.mark.parametrize(
    ("image", "connectware", "connected", "found"),
    [
        ("cybus/protocol-mapper:1.8.0", "1.8.0", None, False),
        ("cybus/protocol-mapper:1.8.0", "1.8.1", None, True),
        ("cybus/protocol-mapper:1.8.0", "2.0.1", False, True),
        ("cybus/protocol-mapper:1.8.0", "1.8.10", None, True),
        # Whoever is connected is able to communicate, whatever is documented.
        ("cybus/protocol-mapper:1.8.0", "1.8.1", True, False),
        # Images of one's own: as far as they tell a version, it is compared.
        ("our/agent:v1.8.0-hardened.3", "1.8.0", None, False),
        ("our/agent:1.8", "1.8.4", None, False),
        ("our/agent:1.9", "1.8.4", None, True),
        ("our/agent:stable", "1.8.0", None, False),
        ("our/agent:20260301", "1.8.0", None, False),
        ("our/agent@sha256:" + "0" * 64, "1.8.0", None, False),
        ("cybus/protocol-mapper:1.8.0", "main-4711", None, False),
        ("cybus/protocol-mapper:1.8.0", None, None, False),
    ],
)
def test_an_image_of_another_version_than_that_of_connectware(
    image: str, connectware: str | None, connected: bool | None, found: bool
) -> None:
    made = host("hamburg", "press-1", deployed=[deployed(container("press-1", image=image))])
    server = fleet(user("press-1", connected=connected), version=connectware)
    agent = row(reported(made, server=server), "press-1")

    assert (agent.state, agent.findings) == (("attention", ("other_version",)) if found else ("well", ()))
    assert not found or f"Connectware has {connectware}" in agent.notes[0]


@pytest.mark.parametrize(
    ("verdict", "reason", "changed", "would"),
    [
        ("awaiting_request", "first_start", True, True),
        ("conflict", "conflict", True, True),
        ("conflict", "conflict", False, False),
        ("unreadable", "first_start", False, False),
        ("impostor", "first_start", True, False),  # the window would be opened, for its own request
        ("unproven", "none", True, False),  # it would be restarted
        ("registered", "none", True, False),  # its mark would be removed
    ],
)
def test_whether_a_rollout_would_register_it(verdict: str, reason: str, changed: bool, would: bool) -> None:
    made = host("hamburg", "press-1", judged=[judged("press-1", verdict, reason=reason, changed=changed)])
    assert row(reported(made), "press-1").would_register is would
    assert row(reported({**made, "unreachable": True}), "press-1").would_register is False


def test_an_agent_that_the_server_does_not_know_is_missing() -> None:
    made = host("hamburg", "press-1", judged=[judged("press-1", "rejected", reason="credentials_rejected")])
    report = reported(made, server=fleet(user("press-1", state="missing", created_at=None)))

    assert row(report, "press-1").findings == ("missing",)
    assert row(report, "press-1").registered_since is None


def test_hosts_that_could_not_be_asked() -> None:
    nothing = {"seen": [], "deployed": [], "judged": []}
    report = reported(
        host("far", "far-1", unreachable=True, error="timed out", **nothing),
        host("broken", "broken-1", error="no engine", **nothing),
        {**host("desk", **nothing), "named": False},
        host("empty", **nothing),
    )

    assert [(each.name, each.status) for each in report.hosts] == [
        ("far", "unreachable"), ("broken", "failed"), ("desk", "not_asked"), ("empty", "asked"),
    ]  # fmt: skip
    assert (row(report, "far-1").verdict, row(report, "far-1").state) == ("unreachable", "unknown")
    assert (row(report, "broken-1").verdict, row(report, "broken-1").message) == ("unknown", "no engine")
    assert {status.status for status in report.hosts} == set(HOST_STATUSES)


def test_a_host_that_was_seen_but_not_judged_still_shows_its_containers() -> None:
    agent = row(reported(host("hamburg", "press-1", deployed=[], judged=[], error="no version")), "press-1")

    assert (agent.verdict, agent.version, agent.container_state) == ("unknown", "1.8.0", "running")


def test_a_host_that_was_lost_has_its_factory_and_its_agents() -> None:
    """The role kept nothing there, so the inventory is asked."""
    failed = {"name": "hamburg", "factory": "", "groups": ["all", "halls"], "error": "the role failed", "lost": True}
    report = reported(failed, hamburg=[{"name": "press-1"}], munich=[{"name": "press-2"}])

    agent = row(report, "press-1")
    assert (agent.verdict, agent.factory, agent.message) == ("unknown", "halls", "the role failed")
    (told,) = report.hosts
    assert (told.status, told.factory, told.agents) == ("failed", "halls", 1)
    assert len(report.agents) == 1 and report.left_out == ("munich",)


@pytest.mark.parametrize(
    ("factory", "groups", "shown"),
    [
        ("Ulm", ["alpha"], "Ulm"),
        (7, ["alpha"], "7"),
        ("", ["zulu", "connectware_missing", "ungrouped", "all", "alpha"], "alpha"),
        (None, ["connectware_missing"], "ungrouped"),
        ("{{ of_nowhere }}", ["alpha"], "alpha"),
        ("", [], "ungrouped"),
    ],
)
def test_the_factory_of_a_host(factory: object, groups: list[str], shown: str) -> None:
    assert read_host({"name": "hamburg", "factory": factory, "groups": groups}).factory == shown


def test_a_host_that_failed_before_it_told_its_agents_has_those_of_the_inventory() -> None:
    """As one that is away when a play of one's own gathers facts."""
    lost, skipped = {"name": "b", "error": "it failed", "lost": True}, {"name": "c", "error": "left out"}
    report = reported(host("a", "press-1"), lost, skipped, b=[{"name": "press-2"}], c=[{"name": "press-3"}])

    assert [(each.name, each.agents) for each in report.hosts] == [("a", 1), ("b", 1), ("c", 0)]
    assert [each.status for each in report.hosts] == ["asked", "failed", "failed"]
    assert (row(report, "press-2").state, row(report, "press-2").message) == ("unknown", "it failed")


def test_a_paused_container_does_not_run() -> None:
    made = host("a", "press-1")
    made["deployed"][0]["observation"]["state"] = "paused"

    assert row(reported(made), "press-1").findings == ("stopped",)


def test_ghosts_whose_names_look_alike_are_all_there() -> None:
    """They differ in control characters, or beyond what is shown of them."""
    server = fleet(user("old?", ghost=True), user("old?", ghost=True))

    assert [agent.name for agent in reported(server=server).agents] == ["old?", "old?"]


def test_a_ghost_is_shown_where_its_container_is() -> None:
    made = host("hamburg", "press-1")
    made["seen"].append(container("old-2"))
    server = fleet(user("press-1"), user("old-1", ghost=True), user("old-2", ghost=True, connected=True))
    report = reported(made, server=server)

    assert (row(report, "old-1").verdict, row(report, "old-1").host) == ("ghost", None)
    assert row(report, "old-1").factory is None
    assert (row(report, "old-2").host, row(report, "old-2").state) == ("hamburg", "attention")
    assert row(report, "old-2").connected is True
    assert "connectware-agent-old-2 is on hamburg" in row(report, "old-2").message


def test_without_the_server_there_are_no_ghosts_and_the_report_says_why() -> None:
    report = reported(host("hamburg", "press-1"), server={"msg": "refused"})

    assert report.server_error == "refused"
    assert len(report.agents) == 1


# ------------------------------------------------------------------------------------------------------------ clones


def clones(report: Report) -> dict[str, str]:
    return {agent.name: ". ".join(agent.notes) for agent in report.agents if "clone" in agent.findings}


def test_one_name_on_two_hosts_of_the_inventory() -> None:
    report = reported(host("a", "press-1", "press-2"), b=[{"name": "press-9", "username": "press-1"}])

    assert set(clones(report)) == {"press-1"}
    assert "a, b" in clones(report)["press-1"]
    assert report.left_out == ("b",)
    assert row(report, "press-1").state == "failing"


@pytest.mark.parametrize(
    "named",
    [
        [{"nmae": "press-1"}],
        [{"name": UNFILLED}],
        [{"name": UNFILLED, "username": UNFILLED}],
        [{"name": "{{ site }}-press-1"}],
        ["{{ agents }}"],
    ],
)
def test_agents_whose_names_nobody_knows_are_no_clones(named: list[Any]) -> None:
    one, two = (host(name, deployed=[], judged=[], seen=[], named=named) for name in "ab")

    assert clones(reported(one, two)) == {}


def test_of_an_agent_whose_username_alone_is_not_known_the_name_counts() -> None:
    named = [{"name": "press-1", "username": UNFILLED}]
    one, two = (host(name, deployed=[], judged=[], seen=[], named=named) for name in "ab")
    other = host("c", deployed=[], judged=[], seen=[], named=[{"name": "press-2", "username": UNFILLED}])

    found = clones(reported(one, two, other))
    assert found == {"press-1": "The name press-1 is in 2 places: a, b"}


def test_one_name_twice_on_a_host() -> None:
    made = host("a", "press-1", "press-1", deployed=[], judged=[], error="used twice")

    assert {agent.findings for agent in reported(made).agents} == {("clone",)}


def test_a_container_on_another_host_that_nobody_names() -> None:
    old = host("b", "other-1")
    old["seen"].append(container("press-1", container_id="left behind"))

    assert set(clones(reported(host("a", "press-1"), old))) == {"press-1"}


def test_a_container_that_does_not_run_takes_nobodys_place() -> None:
    old = host("b", "other-1")
    old["seen"].append(container("press-1", container_id="left behind", state="exited"))

    assert clones(reported(host("a", "press-1"), old)) == {}


def test_a_second_container_on_the_same_host() -> None:
    made = host("a", "press-1")
    made["seen"].append(container("press-1", container="copy", container_id="copy", volume="copy"))

    assert "container copy" in clones(reported(made))["press-1"]


def test_two_hosts_of_the_inventory_that_are_one_engine() -> None:
    """Each of them shows the containers of both."""
    one, two = host("a", "press-1"), host("b", "press-2")
    one["seen"] = two["seen"] = [container("press-1"), container("press-2")]

    assert clones(reported(one, two)) == {}


def test_one_volume_for_two_agents_of_a_host() -> None:
    made = host("a", "press-1", "press-2")
    made["named"][1]["volume"] = "connectware-agent-press-1"

    assert set(clones(reported(made))) == {"press-1", "press-2"}


def test_one_volume_for_an_agent_and_a_stranger() -> None:
    made = host("a", "press-1")
    made["seen"].append(container("lab", volume="connectware-agent-press-1", state="exited"))

    assert "container connectware-agent-lab" in clones(reported(made))["press-1"]


def test_one_volume_for_an_agent_and_what_is_none() -> None:
    made = host("a", "press-1", "press-2")
    made["intruders"] = [{"volume": "connectware-agent-press-1", "container": "backup"}]

    found = clones(reported(made))

    assert set(found) == {"press-1"} and "agent press-1, container backup" in found["press-1"]


def test_the_same_volume_name_on_two_hosts_is_two_volumes() -> None:
    one, two = host("a", "press-1"), host("b", "press-2")
    for made in (one, two):
        made["named"][0]["volume"] = "credentials"
        made["seen"][0]["volume"] = made["deployed"][0]["volume"] = "credentials"

    assert clones(reported(one, two)) == {}


def test_an_agent_of_others_has_the_volume_that_its_container_mounts() -> None:
    made = host("a", "press-1", "press-2")
    made["named"][1].update(manage=False, container="compose_1")
    made["seen"][1] = container("press-2", container="compose_1", volume="compose_data")
    made["deployed"][1] = deployed(made["seen"][1])

    assert clones(reported(made)) == {}
    assert row(reported(made), "press-2").volume == "compose_data"


def test_a_container_that_has_another_name_still_is_the_agent_itself() -> None:
    """The inventory has given it another name since; the next rollout renames it."""
    made = host("a", "press-1")
    made["named"][0]["container"] = made["deployed"][0]["container"] = "press-1"
    assert clones(reported(made)) == {}

    made["seen"][0]["observation"]["managed"] = False
    assert set(clones(reported(made))) == {"press-1"}, "it is none that this collection has made"


@pytest.mark.parametrize("word", [False, "no", "off", "False", "n", 0, "0"])
def test_where_somebody_else_makes_the_container_its_own_volume_counts(word: Any) -> None:
    made = host("a", "press-1", "press-2")
    made["named"][1].update(manage=word, container="compose_1", volume="connectware-agent-press-1")
    made["seen"][1] = container("press-2", container="compose_1", volume="compose_data")
    made["deployed"][1] = deployed(made["seen"][1])
    assert clones(reported(made)) == {}

    made["named"][1]["manage"] = None
    assert set(clones(reported(made))) == {"press-1", "press-2"}, "what is null was not given"


# --------------------------------------------------------------------------------------------------------- all of it


@given(
    verdict=st.sampled_from(AUDIT_VERDICTS),
    findings=st.sets(st.sampled_from(("absent", "stopped", "drift", "clone", "missing"))),
)
def test_only_registered_agents_without_a_finding_are_well(verdict: str, findings: set[str]) -> None:
    agent = AgentRow("press-1", "press-1", verdict, findings=tuple(findings))

    assert agent.state in STATES
    assert (agent.state == "well") == (verdict == "registered" and not findings)
    assert agent.matters(frozenset(MATTERS)) == (agent.state != "well")


def test_texts_of_others_are_bounded_and_have_no_control_characters() -> None:
    broken = judged("press-1", "broken", message="x" * 10**6, last_lines=["\x1b[31m\ud800"])
    agent = row(reported(host("a", "press-1", judged=[broken])), "press-1")

    assert len(agent.message) <= 2000
    assert agent.last_lines == ("?[31m?",)


@pytest.mark.parametrize("entry", [{}, {"name": "a", "judged": [{}]}, {"name": "a", "seen": [{"name": "x"}]}])
def test_what_the_role_has_not_collected_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=r"edgefleet\.connectware\.audit"):
        read_host(entry)


def test_an_entry_of_the_inventory_without_a_name_is_shown() -> None:
    made = {**host("a", deployed=[], judged=[], error="entry 1 has no name"), "named": [{"nmae": "press-1"}]}

    assert row(reported(made), "(entry 1 has no name)").verdict == "unknown"


@pytest.mark.parametrize("verdict", ["unknown", "unreachable", "ghost", "registered"])
def test_a_name_in_two_places_is_a_failure_whatever_else_is_known(verdict: str) -> None:
    assert AgentRow("press-1", "press-1", verdict, findings=("clone",)).state == "failing"
