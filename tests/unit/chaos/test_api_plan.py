# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faults of the API: every pair once, a few of each kind in a short run, some of each longer than a run bears."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from chaos import run
from chaos.api_plan import ANY, COUNTS, FAULTS, LASTING, ApiFault, Pair, pairs, planned
from chaos.run import LANES
from chaos.seeds import dealt

OPERATIONS = [f"operation {number}" for number in range(12)] + [ANY]
SEEDS = range(20)


class Api:
    """A site whose simulator has a journal and a plan of faults."""

    def __init__(self, *log: tuple[str, str | None]) -> None:
        self.log = [{"operation": operation, "fault": fault} for operation, fault in log]
        self.faults: list[Any] = []
        self.simulator = self

    def control(self, method: str, path: str, body: Any = None) -> None:
        assert path == "faults"
        self.faults = [] if method == "DELETE" else [*self.faults, body]

    def counts(self) -> dict[str, Any]:
        return {"log": self.log}


@pytest.mark.parametrize("seed", SEEDS)
def test_all_rounds_have_every_pair_once(seed: int) -> None:
    drawn = [(pair.operation, pair.fault) for pair in pairs(OPERATIONS, Random(seed), len(OPERATIONS))]
    assert sorted(drawn) == sorted((operation, fault) for operation in OPERATIONS for fault in FAULTS)
    assert len(pairs(OPERATIONS, Random(seed), 99)) == len(drawn)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_round_has_each_fault_on_another_operation(seed: int) -> None:
    drawn = pairs(OPERATIONS, Random(seed), 1)
    assert sorted(pair.fault for pair in drawn) == sorted(FAULTS)
    assert len({pair.operation for pair in drawn}) == len(FAULTS)
    assert {pair.count for pair in drawn} == set(COUNTS), "some are borne, some are not"


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fault_lasts_on_some_operations_and_every_operation_meets_lasting_ones(seed: int) -> None:
    lasting = [pair for pair in pairs(OPERATIONS, Random(seed), len(OPERATIONS)) if pair.count == LASTING]
    by_fault, by_operation = (Counter(getattr(pair, of) for pair in lasting) for of in ("fault", "operation"))
    assert set(by_fault) == set(FAULTS) and min(by_fault.values()) >= 3
    assert set(by_operation) == set(OPERATIONS)


@pytest.mark.parametrize("seed", SEEDS)
def test_late_answers_are_not_waited_for_in_about_half_of_the_trials_and_where_they_last(seed: int) -> None:
    drawn = pairs(OPERATIONS, Random(seed), len(OPERATIONS))
    late = [pair for pair in drawn if pair.fault == "latency"]
    assert not any(pair.impatient for pair in drawn if pair not in late)
    assert abs(sum(pair.impatient for pair in late) - len(late) / 2) <= 1
    assert {pair.impatient for pair in late if pair.count == LASTING} == {True, False}


def test_a_fault_that_was_not_played_is_planned_on_one_of_the_requests_that_there_were() -> None:
    pair = Pair("login", "503", 2, impatient=False)
    skips = set()
    for seed in SEEDS:
        faults = planned(pair, Random(seed))
        first = next(faults)
        skips.add(first.planned["skip"])
        assert not first.happened(Api(("login", None), ("registry_list", None)))
        assert [fault.planned["skip"] for fault in islice(faults, 3)] == [0, 0, 0]
    assert skips == {0, 1, 2}


def test_a_fault_is_planned_and_taken_away_again() -> None:
    site, fault = Api(("login", "status"), ("registry_list", None)), ApiFault({"operation": "login"})
    fault.strike(site, None)
    assert site.faults == [{"operation": "login"}]
    assert fault.happened(site)
    assert site.faults == []


def test_a_fault_that_hits_another_operation_is_no_trial() -> None:
    with pytest.raises(AssertionError, match="the fault was played on"):
        ApiFault({"operation": "login"}).happened(Api(("registry_list", "status")))
    assert ApiFault({"operation": ANY}).happened(Api(("registry_list", "status")))


@pytest.mark.parametrize("operation", ["registry_lock", "registry_list", ANY])
def test_whoever_cannot_ask_for_the_window_cannot_close_it(operation: str) -> None:
    assert not ApiFault({"operation": operation}).lets_close


def test_a_window_that_opens_after_the_run_is_not_its_own() -> None:
    assert ApiFault({"operation": "registry_unlock"}).lets_close
    assert not ApiFault({"operation": "registry_unlock"}, impatient=True).lets_close


def test_each_file_of_trials_is_in_a_lane() -> None:
    files = {path.name for path in Path(run.__file__).parent.glob("test_*.py")}
    assert {word for lane in LANES.values() for word in lane if word.endswith(".py")} == files


def test_lanes_share_all_trials_of_the_api_between_them():
    deals = [word.removeprefix("--deal=") for lane in LANES.values() for word in lane if word.startswith("--deal=")]
    assert len(deals) > 1
    for number in range(12):
        assert [dealt(number, deal) for deal in deals].count(True) == 1
