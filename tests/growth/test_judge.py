# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""That what grows faster than the number of hosts is found, and that the docs show the numbers that are kept."""

from __future__ import annotations

import json

import pytest
from growth.judge import FIRST, NOTHING, complaints
from growth.report import PAGE, RESULTS, page


def run_of(hosts, *, cpu=1.0, requests=2.0, mib=0.3):
    return {
        "hosts": hosts,
        "cpu_seconds": 1.0 + cpu * hosts,
        "requests": {"login": 1, "registry_list": requests * hosts},
        "main_mib": 60 + mib * hosts,
    }


@pytest.mark.parametrize("what", [FIRST, NOTHING])
def test_linear_is_fine(what):
    assert complaints([run_of(10), run_of(100), run_of(1000)], what) == []
    assert complaints([run_of(10)], what) == []


@pytest.mark.parametrize("what", [FIRST, NOTHING])
@pytest.mark.parametrize(
    ("grown", "word"),
    [({"cpu": 3.0}, "cpu_seconds"), ({"requests": 4.0}, "requests"), ({"mib": 2.0}, "MiB")],
)
def test_more_is_found(grown, word, what):
    found = complaints([run_of(10), run_of(1000, **grown)], what)
    assert len(found) == 1 and word in found[0]


def test_the_page_shows_the_results_that_are_kept():
    assert PAGE.read_text() == page(json.loads(RESULTS.read_text())), "run python tests/growth/report.py"
