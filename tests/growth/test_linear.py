# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The short version of `make growth`: a host costs as much among many as among few."""

from __future__ import annotations

import dataclasses

import pytest
from growth.judge import NOTHING, complaints

SIZES = (10, 60)


@pytest.mark.alone
def test_nothing_to_do_is_linear(fleet):
    """By processor time, which other work on this machine hardly changes, and by requests, which it does not at all.

    That of the main process and of the workers is judged by what each further host takes: modules take the most, and
    would hide it. With agents_on_conflict=replace, although nothing is in conflict: then no host asks another one.
    """
    with fleet(max(SIZES), registered=True, variables={"agents_on_conflict": "replace"}).up() as site:
        runs = []
        for size in SIZES:
            run = site.play("rollout", size=size).ok()
            assert {agent["verdict"] for agent in run.agents().values()} == {"registered"}
            assert len(run.agents()) == size * site.agents
            assert run.changed() == set()
            assert run.requests == {"login": 1, "registry_list": size, "list_users": size}
            runs.append({"hosts": size, **dataclasses.asdict(run.usage), "requests": run.requests})
    assert 0 < runs[-1]["worker_cpu_seconds"] < runs[-1]["cpu_seconds"] - runs[-1]["main_cpu_seconds"]
    assert complaints(runs, NOTHING, site.forks) == [], runs
