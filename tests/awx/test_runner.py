# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rollout, audit and slices under ansible-runner, as AWX runs them, against real Docker and the simulator."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ansible.release
import pytest
from awx.job import Job
from integration import lives
from integration.bed import Factory
from integration.leaks import Seeker, contents_of
from integration.test_window_runs import BUSY, closes_within_a_lease, kinds
from simulator.harness import until

LONGEST_SILENCE = 30.0  # seconds
LEASE = 20  # seconds
ESCAPE = "\x1b"
CORE = tuple(int(number) for number in ansible.release.__version__.split(".")[:2])


class Site:
    """Two factory hosts, which are this machine, and the credential of AWX for their Connectware."""

    def __init__(self, site: Factory, folder: Path) -> None:
        self.site, self.folder = site, folder
        self.hosts = {f"edge-{number}": [agent] for number, agent in enumerate(site.agents, 1)}
        self.variables = {key: value for key, value in site.variables.items() if not key.startswith("connectware_")}
        self.variables["ansible_become_method"] = "su"  # root need not have sudo
        given = site.variables
        self.inputs = {
            "url": given["connectware_url"],
            "username": given["connectware_username"],
            "password": given["connectware_password"],
            "ca": Path(given["connectware_ca_path"]).read_text(),
        }
        self.jobs: list[Job] = []

    def job(
        self,
        playbook: str,
        part: slice = slice(None),
        *,
        limit: str = "",
        facts: dict[str, dict[str, Any]] | None = None,
        variables: dict[str, Any] | None = None,
        inventory: dict[str, Any] | None = None,
        **environment: str,
    ) -> Job:
        """A job; `part` are the hosts of its slice, as AWX deals them out; variables are the inventory's.

        Without an inventory, it has one of all hosts and no groups.
        """
        number = len(self.jobs) + 1
        hosts = dict(list(self.hosts.items())[part])
        flat: dict[str, Any] = {
            "all": {"vars": {**self.variables, **(variables or {})}, "hosts": list(hosts)},
            "_meta": {"hostvars": {name: {"agents_list": agents} for name, agents in hosts.items()}},
        }
        job = Job(
            self.folder / f"job-{number}", f"playbooks/{playbook}.yml", inventory or flat, self.inputs, number,
            limit=limit, facts=facts,
        )  # fmt: skip
        job.environment |= environment
        self.jobs.append(job)
        return job


def succeeded(job: Job) -> None:
    assert job.status == "successful", job.output


@pytest.mark.slow
def test_jobs_of_awx(factory: Callable[..., Factory], tmp_path: Path) -> None:
    site = Site(lives.quick(factory(2)), tmp_path)
    simulator = site.site.simulator

    # Two slices at once, which Connectware keeps waiting.
    simulator.control("POST", "faults", BUSY)
    slices = [site.job("rollout", slice(number, None, 2)) for number in range(2)]
    began = time.monotonic()
    for job in slices:
        job.start(agents_window_lease=LEASE, agents_timeout=120)
    until(lambda: len(site.site.pending()) == 2, "both agents ask, in one window", 120)
    until(lambda: time.monotonic() - began > LONGEST_SILENCE + 4, "a silent run would have been noticed", 120)
    assert set(kinds(simulator)) == {"unlock"}, "no slice has closed the window"
    simulator.control("DELETE", "faults")
    for job, (host, agents) in zip(slices, site.hosts.items(), strict=True):
        succeeded(job.end())
        assert set(job.changed) == {host}
        assert job.silence <= LONGEST_SILENCE
        assert re.search(rf"0 of 1 registered, waiting for {agents[0]['name']}", job.output), job.output
        assert re.search(rf"  {agents[0]['name']} +registered +first_start", job.output), job.output
        is_plain(job)
    lives.all_connected(site.site)
    closes_within_a_lease(simulator)

    again = site.job("rollout").start().end()
    succeeded(again)
    is_plain(again)
    assert again.changed == {} and again.hosts == set(site.hosts)

    # With the environment in which Ansible's own lines have no colour either.
    audit = (
        site.job("audit", ANSIBLE_FORCE_COLOR="False", ANSIBLE_NOCOLOR="True").start(audit_fail_on=["impostor"]).end()
    )
    succeeded(audit)
    assert audit.changed == {} and "2 of 2 agents on 2 hosts are well" in audit.output
    assert ESCAPE not in audit.output

    # What the other buttons of the project do.
    plan = site.job("plan").start().end()
    succeeded(plan)
    assert plan.changed == {} and "Would be registered: none." in " ".join(plan.output.split())
    upgrade = site.job("upgrade").start().end()
    succeeded(upgrade)
    assert upgrade.changed == {}, "they have Connectware's version already"
    reads_facts_that_awx_has_kept(site)
    for host, (agent,) in list(site.hosts.items())[:1]:
        retirement = site.job("retire").start(agents_hosts=host).end()
        succeeded(retirement)
        assert site.site.container(agent["name"]) is None and agent["name"] not in simulator.usernames()
    assert len(simulator.usernames() & set(site.site.names())) == 1

    secrets = {"password": site.inputs["password"], **tokens(site.site)}
    for job in site.jobs:
        # AWX reads the file `command`, which has the environment of the job, and stores it without secrets.
        artifacts = job.back / "artifacts"
        assert Seeker(secrets).leaks("artifacts", contents_of(artifacts, *artifacts.glob("*/command"))) == set()
        assert list(artifacts.glob("*/job_events/*.json")), "something was looked at"


def reads_facts_that_awx_has_kept(site: Site) -> None:
    """A job with a limit, whose inventory has a variable of a fact that no task of ours has gathered.

    From 2.19 on ansible-core names the files of its cache otherwise than AWX 24.6.1 does, and passes over AWX's.
    """
    halls = {host: {"hall": f"hall of {host}"} for host in site.hosts}
    told_apart = CORE >= (2, 19)
    read_by_core = {f"s1_{host}": {"__payload__": json.dumps(facts)} for host, facts in halls.items()}
    label = {"agents_labels": {"hall": "{{ ansible_facts.hall | default('nothing') }}"}}
    (agent,) = site.hosts["edge-1"]

    for facts, hall in (
        (halls, "nothing" if told_apart else "hall of edge-1"),
        (read_by_core if told_apart else halls, "hall of edge-1"),
    ):
        job = site.job("rollout", limit="edge-1", facts=facts, variables=label).start().end()
        succeeded(job)
        assert job.hosts == {"edge-1"}
        made = site.site.container(agent["name"])
        assert made is not None and made["Config"]["Labels"]["hall"] == hall
        # AWX shows them to whoever may read the inventory, so nothing is added; secrets are looked for at the end.
        assert job.fact_cache == facts


def is_plain(job: Job) -> None:
    """AWX asks for colours: they are in what is shown, as Ansible has them; not in progress, nor in what is data."""
    progress = [line for line in job.output.splitlines() if "registered, waiting for" in line]
    assert ESCAPE in job.output and "AGENTS ***" in job.output
    assert [line for line in progress if ESCAPE in line] == []
    assert [event for event in job.events if "\\u001b" in json.dumps(event["event_data"])] == []


def tokens(site: Factory) -> dict[str, str]:
    """Those that the simulator has given."""
    state = json.loads((site.simulator.state_dir / "state.json").read_text())
    return {f"token {each['token'][:4]}": each["token"] for each in state["tokens"]}
