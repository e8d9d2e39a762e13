# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small bed, and a small benchmark in it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed.site import LABEL, Bed
from benchmark import contestants, prepare
from benchmark.ground import Case, Ground
from benchmark.measure import measure
from benchmark.results import FIRST_ROLLOUT, NOTHING_TO_DO, RUNS
from integration.bed import COLLECTIONS, ROOT, docker


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """Two factory hosts with two agents to be each; nothing is left of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSIBLE_COLLECTIONS_PATH", str(COLLECTIONS))
        made = Bed(tmp_path_factory.mktemp("bed"))
        try:
            made.up(2, 2)
            yield made
        finally:
            made.down()
    assert docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={made.mark}") == ""
    assert not made.folder.exists()


def test_up_again_finds_all_of_it_there(bed: Bed) -> None:
    containers = docker("ps", "--no-trunc", "--filter", f"label={LABEL}={bed.mark}", "--format", "{{.ID}}")
    inventory, endpoints = bed.inventory.read_text(), bed.connectware.endpoints

    assert len(bed.addresses) == 2
    bed.up(2, 2)

    assert docker("ps", "--no-trunc", "--filter", f"label={LABEL}={bed.mark}", "--format", "{{.ID}}") == containers
    assert (bed.inventory.read_text(), bed.connectware.endpoints) == (inventory, endpoints)


def test_a_host_with_another_key_is_not_trusted(bed: Bed) -> None:
    address = bed.addresses["factory-01"]
    known = bed.known_hosts.read_text()
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(bed.folder / "other")]
    subprocess.run(command, check=True, timeout=60)
    try:
        bed.known_hosts.write_text(f"{address} {(bed.folder / 'other.pub').read_text()}")
        refused = bed.ssh(address, "true")
    finally:
        bed.known_hosts.write_text(known)

    assert refused.returncode == 255 and "Host key verification failed" in refused.stderr
    assert bed.ssh(address, "true").returncode == 0


@pytest.fixture
def ground(bed: Bed, tmp_path: Path) -> Iterator[Ground]:
    """All of the bed."""
    made = Ground(bed, Case(2, 2), tmp_path)
    yield made
    made.leave()


@pytest.mark.long
def test_all_contestants_do_their_work(ground: Ground) -> None:
    collections = prepare.community_docker(ROOT / ".build" / "bench" / "collections")

    measured = measure(ground, [contestants.ours(), contestants.naive(collections), contestants.floor()], 1)

    assert measured.broken == {}
    for run in RUNS:
        assert all(seconds > 0 for times in measured.seconds[run].values() for seconds in times), measured.seconds
    asked = measured.requests[NOTHING_TO_DO]["ours"][0]
    assert asked == {"list_users": 2, "login": 1, "registry_list": 2}
    assert measured.requests[FIRST_ROLLOUT]["ours"][0]["registry_confirm"] == 4


def test_a_contestant_that_does_not_do_its_work_has_no_time(ground: Ground) -> None:
    idle = contestants.Contestant("idle", dict.fromkeys(RUNS, ("false",)))

    measured = measure(ground, [idle], 2)

    assert "first rollout failed" in measured.broken["idle"]
    assert measured.seconds[FIRST_ROLLOUT] == {"idle": [None]}
