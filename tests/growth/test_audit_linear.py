# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit of many hosts: what is seen of all of them goes into one report, and a host costs as much as among few."""

from __future__ import annotations

import dataclasses
import json

import pytest
from growth.judge import NOTHING, complaints

SIZES = (10, 60)
PAGE = 100  # users that Connectware lists at a time


@pytest.mark.long
def test_an_audit_is_linear(fleet):
    """As a rollout with nothing to do is, see test_linear.py."""
    with fleet(max(SIZES), registered=True, agents=1).up() as site:
        users = len(site.simulator.usernames())
        runs = []
        for size in SIZES:
            run = site.play("audit", size=size).ok()
            report = json.loads((site.folder / "connectware-audit" / "audit.json").read_text())
            assert [agent["state"] for agent in report["agents"]] == ["well"] * size * site.agents
            assert run.changed() == set()
            # Each host asks for its agents, and a module that logs in for itself for those of all.
            pages = -(-users // PAGE)
            assert run.requests == {"login": 2, "registry_list": size + 1, "list_users": size + pages}
            runs.append({"hosts": size, **dataclasses.asdict(run.usage), "requests": run.requests})
    assert complaints(runs, NOTHING, site.forks) == [], runs
