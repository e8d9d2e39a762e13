# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmark makes of its numbers, and that the page and the plot show the numbers that are kept."""

from __future__ import annotations

import json
from html import unescape
from typing import Any

import pytest
from benchmark import docs
from benchmark.ground import OLD
from benchmark.results import (
    CONTESTANTS,
    FIRST_ROLLOUT,
    NOTHING_TO_DO,
    ROUNDS,
    RUNS,
    SIZES,
    api_requests,
    case,
    incomplete,
    ratio,
    spread,
    targets,
)
from benchmark.tables import all_tables

from ansible_collections.edgefleet.connectware.plugins.module_utils._docker.observe import YOUNG

FEW = {"login": 1, "registry_list": 10, "list_users": 10}


def measured(run: str, ours: float, naive: float, floor: float, **requests: int) -> dict[str, Any]:
    seconds = {"ours": [ours], "naive": [naive], "floor": [floor]}
    return case(10, 10, run, seconds, [requests or FEW], {})


def met(*cases: dict[str, Any]) -> dict[str, bool]:
    return {each["target"]: each["met"] for each in targets(cases)}


def test_a_spread_is_of_the_runs_that_have_a_time() -> None:
    assert spread([3.0, None, 1.0, 2.0]) == {"median": 2.0, "min": 1.0, "max": 3.0}
    assert spread([None, None]) is None


def test_a_ratio_is_of_pairs() -> None:
    # Of the medians it would be 3.
    assert ratio([10.0, 100.0, 30.0], [1.0, 10.0, 30.0]) == {"median": 10.0, "min": 1.0, "max": 10.0}
    assert ratio([10.0, None], [None, 2.0]) is None


def test_targets_are_met_at_their_limits() -> None:
    assert met(measured(NOTHING_TO_DO, 2.0, 20.0, 1.0)) == {
        "at least 10 times faster than naive": True,
        "at most 2 times a ping of all hosts": True,
        "at most 2 requests a host": True,
    }


def test_targets_are_missed_beyond_their_limits() -> None:
    more = {**FEW, "list_users": 11}

    assert not any(met(measured(NOTHING_TO_DO, 2.1, 20.0, 1.0, **more)).values())
    many = {**FEW, "registry_list": 1000, "registry_confirm": 121}
    assert not any(met(measured(FIRST_ROLLOUT, 20.1, 120.0, 10.0, **many)).values())


def test_a_target_without_a_measurement_is_not_met() -> None:
    entry = case(10, 10, FIRST_ROLLOUT, {"ours": [20.0], "floor": [10.0]}, [], {"naive": "took too long\nand more"})

    assert entry["naive_s"] is None
    assert entry["naive_note"] == "took too long"
    assert met(entry) == {"at least 6 times faster than naive": False, "at most 2 times the floor": True}


def test_polls_are_what_is_asked_beyond_once_a_host() -> None:
    asked = measured(FIRST_ROLLOUT, 1, 1, 1, **{**FEW, "registry_list": 25}, registry_confirm=100)["api_requests"]

    assert asked["per_host"]["median"] == 13.5
    assert {asked["polls_per_host"][name] for name in ("median", "min", "max")} == {1.5}
    assert asked["without_polls"]["median"] == 12.0


def test_polls_are_bounded_by_the_time_that_is_waited() -> None:
    """28 polls a host: many in 19 seconds, and few in 20."""
    many = {**FEW, "registry_list": 290}
    target = "at most 8 polls a host beyond one a second"

    assert not met(measured(FIRST_ROLLOUT, 19.9, 1.0, 1.0, **many))[target]
    assert met(measured(FIRST_ROLLOUT, 20.0, 1.0, 1.0, **many))[target]


def test_requests_are_of_all_rounds_and_judged_by_the_worst() -> None:
    rounds = [{"login": 1, "registry_list": 10, "list_users": number} for number in (10, 12, 10)]
    asked = api_requests(10, rounds, [1.0, 1.0, 1.0])

    assert asked is not None
    assert asked["total"] == {"median": 21, "min": 21, "max": 23}
    assert asked["operations"]["list_users"] == {"median": 10, "min": 10, "max": 12}
    entry = case(10, 10, NOTHING_TO_DO, {"ours": [1.0, 1.0, 1.0]}, rounds, {})
    assert met(entry)["at most 2 requests a host"] is False


def test_a_run_with_nothing_to_do_comes_when_the_product_takes_no_agent_for_a_new_one() -> None:
    assert YOUNG < OLD


def full() -> dict[str, Any]:
    """What a full run writes, as far as it is looked at here."""
    seconds = {name: [1.0] * ROUNDS for name in CONTESTANTS}
    cases = [case(*size, run, seconds, [FEW] * ROUNDS, {}) for size in SIZES for run in RUNS]
    return {"commit": "abc", "repeats": ROUNDS, "cases": cases}


def test_a_full_run_has_three_rounds_six_cases_and_four_contestants() -> None:
    results = full()

    assert (results["repeats"], len(results["cases"]), len(CONTESTANTS)) == (3, 6, 4)
    assert incomplete(results) == []


def test_what_less_than_a_full_run_lacks() -> None:
    results = full()
    results["cases"].pop()
    results["cases"][0]["naive_s"] = None
    results["cases"][1] |= {"mitogen_s": None, "mitogen_note": "took too long"}

    assert incomplete({**results, "commit": "", "repeats": 2}) == [
        "the commit that was measured",
        "1 of 3 rounds",
        "naive in the case 1 x 10, first rollout",
        "the case 10 x 10, nothing to do",
    ]


def test_the_page_shows_the_numbers_of_its_results() -> None:
    results = {
        "date": "2026-01-01",
        "machine": {"processors": 2, "memory_gib": 4},
        "versions": {"ansible-core": "2.19.0"},
        "commit": "abc",
        "repeats": 1,
        "cases": [measured(FIRST_ROLLOUT, 20.0, 100.0, 10.0)],
    }
    results["targets"] = targets(results["cases"])
    page = docs.with_results(f"before\n{docs.BEGIN}\nold\n{docs.END}\nafter", results)

    assert page.startswith("before\n") and page.endswith("\nafter") and "old" not in page
    assert docs.IMAGE in page
    assert "| 10 x 10, first rollout | 20.0 (20.0 to 20.0) | 100.0 (100.0 to 100.0) | - |" in page
    assert "| at least 6 times faster than naive | 5 | **no** |" in page


# ------------------------------------------------------------------------------------------------ what the docs show


# The one measurement that was kept before results had their commit; any other without one fails.
WITHOUT_COMMIT = {"date": "2026-11-29", "repeats": 2}


@pytest.fixture
def kept() -> dict[str, Any]:
    results: dict[str, Any] = json.loads(docs.RESULTS.read_text("utf-8"))
    if "commit" not in results and {name: results[name] for name in WITHOUT_COMMIT} == WITHOUT_COMMIT:
        pytest.skip(
            f"the numbers of {results['date']} are of an old form, without commit and spread: neither they nor"
            " docs/benchmark.md are checked until `make bench` has measured anew"
        )
    return results


def test_only_a_full_run_is_kept(kept: dict[str, Any]) -> None:
    assert incomplete(kept) == []


def test_the_page_shows_the_numbers_that_are_kept(kept: dict[str, Any]) -> None:
    assert all_tables(kept) in docs.PAGE.read_text("utf-8"), "run `make bench-docs`"


def test_the_plot_shows_the_numbers_that_are_kept(kept: dict[str, Any]) -> None:
    assert docs.plotted(kept) in unescape(docs.PLOT.read_text("utf-8")), "run `make bench-docs`"


def test_the_targets_follow_from_the_numbers_that_are_kept(kept: dict[str, Any]) -> None:
    assert kept["targets"] == targets(kept["cases"])
