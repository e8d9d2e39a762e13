# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""That what grows faster than the number of hosts is found, and that the docs show the numbers that are kept."""

from __future__ import annotations

import json
from contextlib import nullcontext
from html import unescape

import pytest
from growth.judge import FIRST, NOTHING, complaints, judged, unmeasured
from growth.report import PAGE, PLOT, RESULTS, kinds, page, panels, plotted
from growth.run import see_closed
from simulator.harness import Simulator

SIZES = (10, 100, 1000)


def run_of(hosts, *, cpu=1.0, requests=2.0, mib=0.3, square=0.0, worker_mib=0.3, together=0.7):
    """Of the main process and of the workers, `square` is what a host takes for each other host."""
    return {
        "hosts": hosts,
        "cpu_seconds": 1.0 + cpu * hosts,
        "main_cpu_seconds": 0.5 + 0.06 * hosts + square * hosts * hosts,
        "worker_cpu_seconds": 0.5 + 0.3 * hosts + square * hosts * hosts,
        "requests": {"login": 1, "registry_list": requests * hosts},
        "main_mib": 60 + mib * hosts,
        "worker_mib": 60 + worker_mib * hosts,
        "controller_mib": 200 + together * hosts,
    }


@pytest.mark.parametrize("what", [FIRST, NOTHING])
def test_linear_is_fine(what):
    assert complaints([run_of(hosts) for hosts in SIZES], what, forks=20) == []
    assert complaints([run_of(10)], what) == []
    assert judged([run_of(10)], what) == []


@pytest.mark.parametrize("what", [FIRST, NOTHING])
@pytest.mark.parametrize(
    ("grown", "word"),
    [
        ({"cpu": 3.0}, "CPU time of everything"),
        ({"requests": 4.0}, "requests"),
        ({"mib": 2.0}, "MiB of the main process"),
        ({"worker_mib": 2.0}, "MiB of the largest worker"),
        ({"together": 2.0}, "MiB of main process and workers"),
    ],
)
def test_more_is_found(grown, word, what):
    found = complaints([run_of(10), run_of(1000, **grown)], what)
    assert len(found) == 1 and word in found[0]


@pytest.mark.parametrize(("sizes", "milliseconds"), [(SIZES, 0.1), ((10, 60), 5)])
def test_what_a_host_takes_for_each_other_host_is_found(sizes, milliseconds):
    """Long before it shows in the whole: 0.1 ms are a tenth of a second a host among 1,000."""
    found = complaints([run_of(hosts, square=milliseconds / 1000) for hosts in sizes], NOTHING)
    assert any("main process for a further host" in text for text in found), found


def test_that_of_workers_is_found_too():
    found = complaints([run_of(hosts, square=0.01) for hosts in (10, 60)], NOTHING)
    assert any("workers for a further host" in text for text in found), found


def test_processes_that_come_with_more_forks_are_no_growth():
    """With few hosts for each fork, a further host adds a worker."""
    few, many = {**run_of(90), "controller_mib": 100}, run_of(100)
    assert complaints([few, many], NOTHING, forks=20) == []
    assert len(complaints([few, many], NOTHING, forks=18)) == 1


def test_what_was_not_measured_is_not_passed_over():
    runs = [run_of(hosts) for hosts in SIZES]
    del runs[1]["worker_cpu_seconds"]
    runs[2]["worker_cpu_seconds"] = 0.0

    assert complaints(runs, FIRST) == [f"{FIRST}: CPU time of the workers was not measured with 100, 1,000 hosts"]


@pytest.mark.parametrize(("open_for", "closed"), [(200, True), (60_000, False)])
def test_a_window_that_stays_open_is_found(tmp_path, open_for, closed):
    simulator = Simulator(tmp_path / "state").start()
    try:
        simulator.control("POST", "window", {"open_ms": open_for})
        with nullcontext() if closed else pytest.raises(AssertionError, match="the registration window is closed"):
            see_closed(simulator, 1.0)
        assert simulator.state()["window"]["open"] is not closed
    finally:
        simulator.stop()


def test_the_plot_shows_time_requests_and_memory():
    titles = list(panels(json.loads(RESULTS.read_text())))
    assert [title for title in titles if title.startswith(("seconds", "API requests", "main process"))] == [
        "seconds a host", "API requests a host", "main process, MiB", "main process and workers, MiB"
    ]  # fmt: skip


def test_the_page_says_what_was_not_measured():
    results = json.loads(RESULTS.read_text())
    missing = [text for runs in kinds(results).values() for text in unmeasured(runs)]
    assert all(text in PAGE.read_text() for text in missing)


def test_the_page_shows_the_results_that_are_kept():
    assert PAGE.read_text() == page(json.loads(RESULTS.read_text())), "run python tests/growth/report.py"


def test_the_page_says_which_limits_are_not_met():
    results = json.loads(RESULTS.read_text())
    missed = [each for what, runs in kinds(results).items() for each in judged(runs, what, results["forks"])
              if not each.met]  # fmt: skip
    assert PAGE.read_text().count("**no**") == len(missed)


def test_the_plot_shows_the_results_that_are_kept():
    results = json.loads(RESULTS.read_text())
    assert plotted(results) in unescape(PLOT.read_text()), "run python tests/growth/report.py"
