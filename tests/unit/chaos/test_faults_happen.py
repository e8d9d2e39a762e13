# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A chaos trial proves something only if its fault has happened: in the middle of the run, and seen."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from chaos.middle import ATTEMPTS, After, Fault, Prepared, earlier, kill, struck
from chaos.site import LASTING_LEASE, Ended, Site
from chaos.tally import FAILED, Kind, Tally


class Quick(Site):
    """A site whose runs take as long as told."""

    def __init__(self, seconds: float, code: int = 0, opens: bool = False) -> None:
        self.command = [sys.executable, "-c", f"import time, sys; time.sleep({seconds}); sys.exit({code})"]
        self.opens = opens  # and never closes
        self.runs = 0
        self.lies = False  # it ends well and has done nothing

    def count_from_now(self) -> None:
        """Nothing is counted."""

    def workers(self) -> list[int]:
        return []

    def window_is_open(self) -> bool:
        return self.opens and self.runs > 0

    def run(self, disturb: Any, command: Any = (), **variables: Any) -> Ended:
        del command
        self.variables = variables
        self.runs += 1
        process = subprocess.Popen(self.command, start_new_session=True)
        disturb(process)
        code = process.wait(30)
        return Ended(None if code < 0 else code, "", 0.0)

    @contextmanager
    def prepared(self) -> Iterator[Prepared]:
        yield Prepared(self, "registered", {}, self.is_done)

    def is_done(self) -> None:
        assert not self.lies, "nothing was done"


@pytest.fixture
def result() -> Kind:
    return Kind()


def test_a_run_is_killed_in_the_middle(result: Kind) -> None:
    site = Quick(20)
    with struck(result, site.prepared, [After(0.1, kill)]) as run:
        assert run.ended.how == "killed"
    assert (site.runs, result.happened, result.repeated, result.ended) == (1, 1, 0, {"killed": 1})


def test_a_run_that_is_over_before_its_fault_is_repeated_with_an_earlier_one(result: Kind) -> None:
    site = Quick(1)
    with struck(result, site.prepared, (After(seconds, kill) for seconds in (20, 20, 0.1))) as run:
        assert run.ended.how == "killed"
    assert (site.runs, result.happened, result.repeated) == (3, 1, 2)


def test_a_run_that_is_always_over_before_its_fault_fails(result: Kind) -> None:
    site = Quick(0)
    faults = (After(20, kill) for _number in itertools.count())
    with (
        pytest.raises(AssertionError, match=f"over before its fault {ATTEMPTS} times"),
        struck(result, site.prepared, faults),
    ):
        pytest.fail("nothing has happened")
    assert result.happened == 0


def test_a_run_that_fails_before_its_fault_fails(result: Kind) -> None:
    with (
        pytest.raises(AssertionError, match="nothing has happened to it"),
        struck(result, Quick(0, code=2).prepared, [After(20, kill)]),
    ):
        pytest.fail("nothing has happened")


def test_a_kill_that_comes_too_late_is_none() -> None:
    site = Quick(0)
    process = subprocess.Popen(site.command, start_new_session=True)
    process.wait(30)
    assert not kill(site, process)


class Borne(Fault):
    """A fault that a run does not notice."""

    def strike(self, site: Site, process: Any) -> None:
        """Nothing."""

    def happened(self, site: Site) -> bool:
        del site
        return True


class KeepsOpen(Borne):
    lets_close = False


class TooLate(Borne):
    def happened(self, site: Site) -> bool:
        del site
        return False


@pytest.mark.parametrize("code", [0, 2])
def test_a_run_that_leaves_its_window_open_fails(result: Kind, code: int) -> None:
    with (
        pytest.raises(AssertionError, match="the window was left open"),
        struck(result, Quick(0, code=code, opens=True).prepared, [Borne()]),
    ):
        pytest.fail("its window is open")


def test_a_window_that_is_open_before_the_run_fails(result: Kind) -> None:
    site = Quick(0, opens=True)
    site.runs = 1
    with (
        pytest.raises(AssertionError, match="the window is open before the run"),
        struck(result, site.prepared, [Borne()]),
    ):
        pytest.fail("its window is open")


def test_who_is_killed_or_kept_from_it_closes_no_window(result: Kind) -> None:
    with struck(result, Quick(20, opens=True).prepared, [After(0.1, kill)]) as run:
        assert run.ended.how == "killed"
    with struck(result, Quick(0, opens=True).prepared, [KeepsOpen()]) as run:
        assert run.ended.how == "ok"


@pytest.mark.parametrize("code", [0, 2])
def test_a_run_that_says_ok_must_have_done_its_work(code: int, result: Kind) -> None:
    """Else the next one would do it, and nobody would see that the first one has lied."""
    site = Quick(0.5, code)
    site.lies = True
    strike = After(0.05, lambda _site, process: process.poll() is None)
    if code:
        with struck(result, site.prepared, [strike]) as run:
            assert run.ended.code == code
        return
    with pytest.raises(AssertionError, match="nothing was done"), struck(result, site.prepared, [strike]):
        pass


def test_variables_are_those_of_the_run_that_is_struck(result: Kind) -> None:
    site = Quick(0)
    with struck(result, site.prepared, [Borne()], agents_timeout=7):
        assert site.variables == {"agents_timeout": 7, "agents_window_lease": LASTING_LEASE}


def test_the_window_of_a_run_that_is_killed_ends_soon(result: Kind) -> None:
    site = Quick(20)
    with struck(result, site.prepared, [After(0.1, kill)]):
        assert site.variables == {}


def test_a_lease_is_that_of_its_own_run(result: Kind) -> None:
    site = Quick(0)
    with struck(result, site.prepared, [TooLate(), KeepsOpen()]):
        assert site.variables == {}


def test_moments_are_ever_earlier_and_can_be_repeated() -> None:
    moments = list(itertools.islice(earlier(8.0, Random(1)), 5))
    assert moments[0] == 8.0
    assert all(later > sooner > 0 for later, sooner in itertools.pairwise(moments))
    assert moments == list(itertools.islice(earlier(8.0, Random(1)), 5))


def test_a_trial_whose_fault_nobody_saw_has_not_survived() -> None:
    tally = Tally(1)
    with pytest.raises(AssertionError, match="nobody has seen the fault happen"), tally.trial("fault"):
        pass
    with tally.trial("fault") as seen:
        seen.saw("ok")
    kind = tally.kinds["fault"]
    assert (kind.tried, kind.happened, kind.survived) == (2, 1, 1)


def test_kinds_of_faults_that_every_run_has_borne_are_told() -> None:
    tally = Tally(1)
    for kind, how in (("API, 500", "ok"), ("API, 500", FAILED), ("API, 502", "ok"), ("token expired", "ok")):
        with tally.trial(kind) as seen:
            seen.saw(how)
    assert tally.never_failed("API, ") == ["API, 502"]


def test_the_numbers_of_two_lanes_are_added_up(tmp_path: Path) -> None:
    lane, both = Tally(1), Tally(1)
    with lane.trial("fault") as seen:
        seen.repeated += 2
        seen.saw("ok")
    lane.write(tmp_path / "lane.json")
    for _number in range(2):
        both.take(tmp_path / "lane.json")
    assert both.lines()[1].split() == ["fault", "2", "2", "4", "2", "ok", "2"]
