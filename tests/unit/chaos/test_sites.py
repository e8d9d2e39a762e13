# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is looked for after a trial is found: windows that stay open, containers and volumes that nobody wants."""

from __future__ import annotations

from typing import Any

import pytest
from chaos.engines import Found
from chaos.site import LASTING_LEASE, LEASE, Site
from integration.bed import Run

OURS = "connectware-agent-chaos7-1-1"


class Healed(Site):
    """A site whose rollouts do nothing but to open the window, which ends after the lease."""

    def __init__(self, *, closes: bool, open_before: bool = False) -> None:
        self.closes = closes
        self.left = float(LEASE) if open_before else 0.0  # seconds
        self.variables = {"agents_window_lease": LEASE}
        self.rollouts = 0
        self.checked = False

    def rollout(self, *arguments: str, **variables: Any) -> Run:
        del arguments
        self.rollouts += 1
        if self.rollouts == 1 and not self.closes:
            self.left = float(variables.get("agents_window_lease", LEASE))
        self.left = max(0.0, self.left - 2 * LEASE)  # it takes longer than the lease
        return Run(0, "", {"hosts": {"factory": {"changed_tasks": 0}}})

    def window_is_open(self) -> bool:
        return self.left > 0

    def check(self, before: Any) -> None:
        del before
        self.checked = True

    def starts(self, names: Any = None) -> dict[str, tuple[str, str]]:
        del names
        return {}


def test_a_run_that_closes_its_window_converges() -> None:
    site = Healed(closes=True)
    site.converges({})
    assert site.checked and site.rollouts == 2


def test_a_run_that_never_closes_its_window_fails_however_long_it_takes() -> None:
    assert 2 * LEASE < LASTING_LEASE
    with pytest.raises(AssertionError, match="the plain run has left its window open"):
        Healed(closes=False).converges({})


def test_a_window_that_was_open_before_may_end_by_itself() -> None:
    Healed(closes=False, open_before=True).converges({})


class Engine:
    """What `docker` prints for each command."""

    def __init__(self, **prints: list[str]) -> None:
        self.prints = prints
        self.called: list[tuple[str, ...]] = []

    def __call__(self, *arguments: str) -> bytes:
        self.called.append(arguments)
        return "\n".join(self.prints.get(arguments[0], [])).encode()


ENGINE = Engine(
    ps=[f"{OURS} running\tchaos7-1-1", "other running\tchaos7-1-1", "stranger exited\t"],
    volume=[f"{OURS}\tchaos7-1-1", "0123abcd\t", "connectware-agent-chaos7-11-1\tchaos7-11-1"],
    inspect=[f"/{OURS} {OURS}  0123abcd"],
)


def test_on_an_engine_of_others_what_has_the_name_or_the_label_counts() -> None:
    found = Found(ENGINE, "chaos7-1", alone=False)
    assert found.containers() == {OURS: "running", "other": "running"}
    assert found.volumes() == [OURS]


def test_on_an_engine_of_its_own_everything_counts() -> None:
    found = Found(ENGINE, "chaos7-1", alone=True)
    assert found.containers() == {OURS: "running", "other": "running", "stranger": "exited"}
    assert found.volumes() == ["0123abcd", OURS, "connectware-agent-chaos7-11-1"]


def test_volumes_without_a_name_are_found_by_whoever_mounts_them() -> None:
    assert Found(ENGINE, "chaos7-1", alone=False).mounted([OURS]) == {OURS: [OURS, "0123abcd"]}


def test_what_is_found_is_removed() -> None:
    engine = Engine(ps=ENGINE.prints["ps"], volume=ENGINE.prints["volume"])
    Found(engine, "chaos7-1", alone=False).remove()
    assert engine.called[1] == ("rm", "-f", OURS, "other")
    assert engine.called[3] == ("volume", "rm", "-f", OURS)
