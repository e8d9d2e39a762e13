# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook audit: what it writes of real agents, and that it changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from integration.audited import Audit
from integration.bed import COLLECTIONS, NEXT_VERSION, VERSION, Factory, docker

ROLE = COLLECTIONS / "ansible_collections" / "edgefleet" / "connectware" / "roles" / "audit"
HOSTILE = "</script><script>document.title='owned'</script>{{ lookup('ansible.builtin.pipe', 'touch templated') }}"
UNREACHABLE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}


@pytest.fixture
def ghost(factory: Callable[..., Factory], simulator: Any) -> Iterator[str]:
    del factory  # it resets the simulator first
    name = "audit-ghost-01"
    made = {"username": name, "created_by": "client-registry", "role": "connectware-agent"}
    simulator.control("POST", "users", made)
    yield name
    simulator.control("DELETE", f"users/{name}")


def test_it_tells_what_is_there_and_changes_nothing(factory, ghost):
    site = factory(5, factory="Hamburg")
    well, drifted, rejected, stopped, never = site.names()
    site.agents.pop()
    site.rollout().ok()
    site.agents.append({"name": never})
    site.simulator.control("DELETE", f"users/{rejected}")
    docker("stop", f"connectware-agent-{stopped}")
    site.agents[1]["env"] = {"CYBUS_LOG_LEVEL": "debug"}
    before, users = site.starts(), site.simulator.state()["users"]
    made = {user["username"]: user["created_at"] for user in users}
    site.count_from_now()

    audit = Audit(site, agents_version="auto")

    audit.run.ok()
    assert re.search(r"factory +: ok=\d+ +changed=0 +unreachable=0 +failed=0", audit.run.output), audit.run.output
    does = re.findall(r"TASK \[.*: ((?:Bring|Register) .*)\]", audit.run.output)
    assert does and all(name.endswith("(only a look)") for name in does), does
    assert site.counts()["writes"] == 0
    assert site.starts() == before
    assert site.simulator.state()["users"] == users
    assert site.volume(never) is None
    agents = audit.agents
    assert agents[well]["state"] == "well"
    assert agents[well]["version"] == "1.8.0"
    assert agents[well]["registered_since"] == made[well] and made[well].startswith("20")
    assert agents[well]["factory"] == "Hamburg"
    assert (agents[drifted]["state"], agents[drifted]["drift"]) == ("attention", ["env"])
    assert agents[rejected]["reason"] == "credentials_rejected"
    assert agents[rejected]["registered_since"] is None
    assert "missing" in agents[rejected]["findings"]
    assert "stopped" in agents[stopped]["findings"] and agents[stopped]["container_state"] == "exited"
    assert agents[never]["verdict"] == "awaiting_request" and "absent" in agents[never]["findings"]
    assert agents[ghost]["verdict"] == "ghost" and agents[ghost]["host"] is None
    assert audit.cases[well] == []
    assert audit.cases[ghost] == audit.cases[stopped] == ["Failure"]
    assert agents[ghost]["registered_since"] == made[ghost]
    jsonschema.validate(audit.json, json.loads((ROLE / "files" / "audit.schema.json").read_text()))


def test_hosts_that_cannot_be_asked_are_part_of_the_report(factory):
    site = factory(2)
    (good, far) = site.names()
    site.agents.pop()
    site.rollout().ok()
    hosts = {
        # The first knows nothing of Connectware and comes first in the play.
        "a-desk": {},
        "b-factory": {"agents_list": [{"name": good}]},
        "c-far": {"agents_list": [{"name": far}], **UNREACHABLE},
        "d-broken": {"agents_list": [{"name": f"{good}-x"}], "agents_docker_host": "unix:///nowhere.sock"},
        "e-wrong": {"agents_list": [{"name": "x"}]},
        "f-empty": {"agents_list": [], **UNREACHABLE},
    }

    audit = Audit(site, hosts=hosts)

    audit.run.ok()
    assert {name: host["status"] for name, host in audit.hosts.items()} == {
        "a-desk": "not_asked",
        "b-factory": "asked",
        "c-far": "unreachable",
        "d-broken": "failed",
        "e-wrong": "failed",
        "f-empty": "unreachable",
    }
    assert audit.agents[good]["state"] == "well"
    assert audit.agents[far]["verdict"] == "unreachable"
    assert "/nowhere.sock" in audit.hosts["d-broken"]["message"]
    assert audit.agents[f"{good}-x"]["verdict"] == "unknown"
    assert "3" in audit.hosts["e-wrong"]["message"], "a name has at least three characters"
    assert audit.cases[far] == ["Error"]
    assert "has no attribute" not in audit.run.output
    assert "UNREACHABLE!" not in audit.run.output, "a host that is away was tried again"


@pytest.mark.long
def test_hosts_that_fail_before_they_are_looked_at_keep_their_factory_and_their_agents(factory):
    """The check of the arguments fails there, or the play has lost them before."""
    site = factory(1)
    (good,) = site.names()
    site.rollout().ok()
    hosts = {
        "a-good": {"agents_list": [{"name": good}], "factory": "Aalen"},
        "b-wrong": {"agents_list": [{"name": f"{good}-b"}], "factory": "Bonn", "audit_fail_on": "no verdict"},
        "c-grouped": {"agents_list": [{"name": f"{good}-c"}], "audit_fail_on": "no verdict"},
        "d-unclear": {"agents_list": "{{ of_nowhere }}", "audit_factory": "{{ of_nowhere }}",
                      "audit_fail_on": "no verdict"},
        "e-far": {"agents_list": [{"name": f"{good}-e"}], "factory": "Essen", **UNREACHABLE},
    }  # fmt: skip
    (site.directory / "groups.ini").write_text("[coburg]\nc-grouped\n[dortmund]\nd-unclear\n")
    play = {"hosts": "all", "gather_facts": False, "strategy": "linear",
            "tasks": [{"ansible.builtin.ping": None, "when": "inventory_hostname == 'e-far'"}],
            "post_tasks": [{"ansible.builtin.import_role": {"name": "edgefleet.connectware.audit"}}]}  # fmt: skip
    (site.directory / "own.yml").write_text(yaml.safe_dump([play]))

    audit = Audit(site, "-i", "groups.ini", playbook=str(site.directory / "own.yml"), hosts=hosts)

    assert audit.run.code != 0, "a host has failed"
    assert {name: (host["factory"], host["status"], host["agents"]) for name, host in audit.hosts.items()} == {
        "a-good": ("Aalen", "asked", 1),
        "b-wrong": ("Bonn", "failed", 1),
        "c-grouped": ("coburg", "failed", 1),
        "d-unclear": ("dortmund", "failed", 0),
        "e-far": ("Essen", "failed", 1),
    }
    assert audit.agents[good]["state"] == "well"
    assert {audit.agents[f"{good}-{end}"]["verdict"] for end in "bce"} == {"unknown"}


@pytest.mark.parametrize("said_by", ["a setting", pytest.param("the play", marks=pytest.mark.long)])
def test_a_run_that_is_to_end_on_any_error_ends_with_a_report_all_the_same(factory, said_by):
    """What fails on a host, and in the question to Connectware, is part of the report."""
    site = factory(1)
    hosts = {"a-good": {"agents_list": site.agents}, "b-wrong": {"agents_list": [{"name": "x"}]}}
    play = {"hosts": "all", "gather_facts": False, "roles": ["edgefleet.connectware.audit"]}
    if said_by == "the play":
        play["any_errors_fatal"] = True
    else:
        site.environment["ANSIBLE_ANY_ERRORS_FATAL"] = "true"
    (site.directory / "own.yml").write_text(yaml.safe_dump([play]))

    audit = Audit(site, playbook=str(site.directory / "own.yml"), hosts=hosts, connectware_url="https://127.0.0.1:1")

    audit.run.ok()
    assert {name: host["status"] for name, host in audit.hosts.items()} == {"a-good": "failed", "b-wrong": "failed"}
    assert "127.0.0.1:1" in audit.hosts["a-good"]["message"]
    assert "3" in audit.hosts["b-wrong"]["message"], "a name has at least three characters"
    assert "127.0.0.1:1" in audit.json["connectware"]["error"]


def test_a_run_with_unreachable_hosts_alone_ends_with_a_report(factory):
    site = factory(1)
    audit = Audit(site, hosts={"far": {"agents_list": site.agents, **UNREACHABLE}})

    audit.run.ok()
    assert audit.hosts["far"]["status"] == "unreachable"


@pytest.mark.long
def test_a_strategy_under_which_each_host_goes_its_own_way_makes_no_other_report(factory):
    """The host without agents would be there first, and report on what nobody has looked at yet."""
    site = factory(1)
    site.rollout().ok()
    site.environment["ANSIBLE_STRATEGY"] = "free"
    site.count_from_now()

    audit = Audit(site, hosts={"a": {"agents_list": site.agents}, "b": {}})

    audit.run.ok()
    assert {name: host["status"] for name, host in audit.hosts.items()} == {"a": "asked", "b": "not_asked"}
    assert audit.agents[site.names()[0]]["state"] == "well"
    # Of all agents once, and of the agent of `a` once.
    assert site.counts()["operations"]["list_users"] == 2


@pytest.mark.parametrize("strategy", ["free", "host_pinned", "linear"])
def test_a_play_of_ones_own_under_such_a_strategy_is_refused(factory, strategy):
    site = factory(0)
    play = {"hosts": "all", "gather_facts": False, "roles": ["edgefleet.connectware.audit"], "strategy": strategy}
    (site.directory / "own.yml").write_text(yaml.safe_dump([play, play]))

    run = site.play(str(site.directory / "own.yml"), hosts={"a": {}, "b": {}, "c": {}})

    if strategy == "linear":
        run.ok()
    else:
        run.failed("Give the play strategy: ansible.builtin.linear", "No report was written")
    assert (site.directory / "connectware-audit").exists() == (strategy == "linear")


@pytest.mark.long
def test_hosts_that_a_play_of_ones_own_has_lost_before_are_part_of_the_report(factory):
    site = factory(2)
    site.agents.pop()
    site.rollout().ok()
    away = {"agents_list": [{"name": site.names()[0] + "-x"}], "factory": "Ulm", **UNREACHABLE}
    play = {"hosts": "all", "roles": ["edgefleet.connectware.audit"]}
    (site.directory / "own.yml").write_text(yaml.safe_dump([play]))

    run = site.play(str(site.directory / "own.yml"), hosts={"a": {"agents_list": site.agents}, "b": away})

    assert "UNREACHABLE!" in run.output
    made = json.loads((site.directory / "connectware-audit" / "audit.json").read_text())
    assert made["totals"]["states"] == {"well": 1, "attention": 0, "failing": 0, "unknown": 1}
    assert [(each["name"], each["factory"], each["agents"]) for each in made["hosts"]][1] == ("b", "Ulm", 1)
    assert "the run failed on this host" in made["hosts"][1]["message"]


@pytest.mark.long
def test_a_play_in_batches_does_not_fail_by_hosts_that_have_not_come(factory):
    site = factory(2)
    site.rollout().ok()
    play = {"hosts": "all", "gather_facts": False, "serial": 1, "roles": ["edgefleet.connectware.audit"]}
    (site.directory / "own.yml").write_text(yaml.safe_dump([play]))
    hosts = {name: {"agents_list": [agent]} for name, agent in zip("ab", site.agents, strict=True)}

    run = site.play(str(site.directory / "own.yml"), hosts=hosts, audit_fail_on=["unknown"])

    run.ok()
    made = json.loads((site.directory / "connectware-audit" / "audit.json").read_text())
    assert made["totals"]["states"]["well"] == 2


def test_a_condition_of_the_role_that_leaves_out_the_first_host_is_named(factory):
    """Ansible passes over what is to run once then; without a word the others would fail for what nobody has set."""
    site = factory(1)
    role = {"role": "edgefleet.connectware.audit", "when": "inventory_hostname != 'a'"}
    play = {"hosts": "all", "gather_facts": False, "roles": [role]}
    (site.directory / "own.yml").write_text(yaml.safe_dump([play]))

    run = site.play(str(site.directory / "own.yml"), hosts={"a": {}, "b": {"agents_list": site.agents}})

    run.failed("No report was written", "`when` of the role is false for the first host of the play")


@pytest.mark.long
def test_what_is_null_counts_as_not_given(factory):
    """As a variable of the inventory under which every line is a comment."""
    site = factory(1)
    site.variables |= dict.fromkeys(
        ("connectware_contract", "connectware_timeout", "connectware_validate_certs", "agents_docker_timeout")
    )
    site.variables["agents_version"] = "auto"
    site.rollout().ok()

    audit = Audit(site)

    audit.run.ok()
    assert audit.agents[site.names()[0]]["state"] == "well"
    assert site.rollout().ok().changed == 0


@pytest.mark.long
def test_without_connectware_there_is_a_report_that_says_so(factory):
    site = factory(1)
    site.rollout().ok()

    audit = Audit(site, connectware_url="https://127.0.0.1:1")

    audit.run.ok()
    assert "127.0.0.1:1" in audit.json["connectware"]["error"]
    assert audit.agents[site.names()[0]]["verdict"] == "unknown"
    assert audit.agents[site.names()[0]]["version"] == "1.8.0"


def test_agents_that_are_named_alone_for_a_rollout_are_not_all_that_it_reads(factory):
    """An inventory or a command line may have agents_only for all playbooks."""
    site = factory(3)
    one, two, three = site.agents
    hosts = {"hall-1": {"agents_list": [one, two]}, "hall-2": {"agents_list": [three]}}

    audit = Audit(site, hosts=hosts, agents_only=[one["name"]])

    audit.run.ok()
    assert {host["status"] for host in audit.hosts.values()} == {"asked"}, audit.hosts
    found = {name: (agent["verdict"], agent["would_register"]) for name, agent in audit.agents.items()}
    assert {name: found[name] for name in site.names()} == dict.fromkeys(site.names(), ("awaiting_request", True))


def test_limit_makes_no_ghosts_and_hides_no_clones(factory):
    site = factory(3)
    site.rollout().ok()
    first, second, third = site.agents
    hosts = {"one": {"agents_list": [first, second]}, "two": {"agents_list": [second, third]}}

    audit = Audit(site, "--limit", "one", hosts=hosts)

    audit.run.ok()
    assert list(audit.hosts) == ["one"]
    assert audit.json["left_out"] == ["two"]
    assert "ghost" not in {audit.agents[name]["verdict"] for name in site.names() if name in audit.agents}
    assert "clone" in audit.agents[second["name"]]["findings"]
    assert "one, two" in " ".join(audit.agents[second["name"]]["notes"])
    assert audit.agents[first["name"]]["state"] == "well"


@pytest.mark.long
def test_it_fails_only_on_what_was_asked_for(factory):
    site = factory(1)
    site.rollout().ok()
    site.simulator.control("POST", "version", {"version": NEXT_VERSION})
    variables = {"agents_version": NEXT_VERSION}

    Audit(site, **variables).run.ok()
    Audit(site, **variables, audit_fail_on=["conflict", "clone"]).run.ok()
    failed = Audit(site, **variables, audit_fail_on=["drift"])

    failed.run.failed(site.names()[0], "drift", "audit.html")
    assert failed.agents[site.names()[0]]["drift"] == ["image"]


@pytest.mark.long
def test_what_the_factories_say_of_the_report_counts(factory):
    """Not what the first host of the play says, which is no factory host; nor what a failed one does."""
    site = factory(2)
    good, broken = site.names()
    site.agents.pop()
    site.rollout().ok()
    said = {"audit_fail_on": ["unknown"], "audit_title": "Of the factories", "audit_path": "factories"}
    hosts = {
        "a-desk": {"audit_title": "Of the desk"},
        "b-factory": {"agents_list": [{"name": good}], **said},
        "c-broken": {"agents_list": [{"name": broken}], "agents_docker_host": "unix:///nowhere.sock", **said},
    }

    audit = Audit(site, hosts=hosts)

    audit.run.failed(f"{broken} on c-broken: unknown", "factories/audit.html")
    assert not audit.folder.exists()
    audit.folder = site.directory / "factories"
    assert audit.json["title"] == "Of the factories"
    assert audit.agents[good]["state"] == "well"


def test_texts_of_agents_are_only_texts(factory):
    """What a log says ends up in messages, and a stranger names itself."""
    site = factory(1)
    site.agents[0]["env"] = {"SIMULATOR_POLL_INTERVAL": HOSTILE}  # the agent dies of it, and says so
    site.rollout().failed()
    site.simulator.control("POST", "window", {"open_ms": 60_000})
    site.simulator.control("POST", "register", {"username": HOSTILE, "pairing_id": "ffffff"})

    audit = Audit(site)

    audit.run.ok()
    assert [each["username"][:9] for each in audit.json["strangers"]] == ["</script>"]
    assert not list(site.directory.rglob("templated"))
    html = (audit.folder / "audit.html").read_text()
    assert html.count("</script>") == 2, "the data and the script, and none of a stranger"


@pytest.mark.long
def test_the_factory_of_a_host(factory):
    """Its variable, else its first group; or whatever is said for all."""
    site = factory(1)
    hosts = {"lonely": {}, "grouped": {"agents_list": []}, "told": {"factory": "Ulm"}}
    groups = {"zulu": ["grouped", "told"], "mike": ["grouped"], "alpha": ["grouped"], "connectware_missing": ["lonely"]}
    groups = {**groups, "abel_connectware_": ["told"]}
    text = "".join(f"[{name}]\n" + "\n".join(members) + "\n" for name, members in groups.items())
    (site.directory / "groups.ini").write_text(text)

    found = {name: host["factory"] for name, host in Audit(site, "-i", "groups.ini", hosts=hosts).hosts.items()}
    said = Audit(site, "-i", "groups.ini", hosts=hosts, audit_factory="{{ inventory_hostname | upper }}")

    assert found == {"lonely": "ungrouped", "grouped": "alpha", "told": "Ulm"}
    assert {host["factory"] for host in said.json["hosts"]} == {"LONELY", "GROUPED", "TOLD"}


@pytest.mark.long
def test_agents_of_another_version_than_connectware_are_told(factory):
    """Which a rollout with a fixed version never asks for."""
    site = factory(1)
    (name,) = site.names()
    site.rollout().ok()
    well = Audit(site)
    site.simulator.control("POST", "version", {"version": NEXT_VERSION})

    audit = Audit(site)

    assert well.run.ok() and audit.run.ok()
    agent = audit.agents[name]
    assert (agent["version"], agent["state"], agent["findings"]) == (VERSION, "attention", ["other_version"])
    assert f"has version {VERSION}, Connectware has {NEXT_VERSION}" in agent["notes"][0]
    assert audit.json["connectware"]["version"] == NEXT_VERSION
    assert audit.cases[name] == ["Failure"]
    jsonschema.validate(audit.json, json.loads((ROLE / "files" / "audit.schema.json").read_text()))


def test_check_mode_writes_no_files(factory):
    site = factory(1)
    audit = Audit(site, "--check")

    audit.run.ok()
    assert not Path(audit.folder).exists()
    assert "audit.html" not in audit.run.output and "No file was written" in audit.run.output
