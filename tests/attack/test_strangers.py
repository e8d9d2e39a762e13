# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a thousand trials no stranger is authorized; a check of the name alone lets strangers in in the same trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf

import pytest
from attack.attacker import FORGED_EARLY, KINDS, OTHER_NAME, PHASES, SAME_NAME, SWAPS
from attack.guards import Attacked, IdOnly, NameOnly
from attack.trial import FORMATS, LONGEST_STAY, SEEDS, Outcome, bad, run_trial
from simulator.harness import Simulator

# Some of the same trials are enough to show that half a check fails.
COUNTER_SEEDS = SEEDS[: max(1, 90, len(SEEDS) // 5)]
ID_SEEDS = [seed for seed in SEEDS[: max(1, len(SEEDS) // 2)] if KINDS[seed % len(KINDS)] == OTHER_NAME]
EARLIEST_SEEDS = [seed for seed in SEEDS if KINDS[seed % len(KINDS)] == FORGED_EARLY][:50]
ENOUGH = len(SEEDS) >= 100


def trials(
    simulator: Simulator, seeds: Sequence[int], guard: type[Attacked], show: pytest.FixtureRequest, **more: float
) -> list[Outcome]:
    outcomes = [run_trial(simulator, seed, guard, **more) for seed in seeds]
    capture = show.config.pluginmanager.getplugin("capturemanager")
    said = "".join(f", {name} {value:g} s" for name, value in more.items())
    with capture.global_and_fixture_disabled():
        print("\n" + "\n".join(table(f"{guard.title}, seeds {seeds[0]} to {seeds[-1]}{said}", outcomes)))
    return outcomes


def table(title: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Counts of trials by kind of attack."""
    yield title
    head = f"  {'attack':22}{'trials':>8}{'stranger listed':>17}{'201':>6}{'let in':>8}{'thrown out':>12}{'longest':>9}"
    yield head + f"{'in at the end':>15}{'our agent in':>14}{'closable':>10}{'201 then':>10}"
    for kind in KINDS:
        of_kind = [outcome for outcome in outcomes if outcome.kind == kind]
        if not of_kind:
            continue
        counts = Counter[str]()
        for outcome in of_kind:
            counts.update(listed=outcome.listed, granted=bool(outcome.granted), admitted=bool(outcome.admitted))
            counts.update(holding=outcome.holding > 0, ours=outcome.registered)
            counts.update(thrown_out=any(stranger.until is not None for stranger in outcome.admitted))
            counts.update(closable=outcome.could_close, closed=outcome.could_close and bool(outcome.granted))
        yield (
            f"  {kind:22}{len(of_kind):>8}{counts['listed']:>17}{counts['granted']:>6}{counts['admitted']:>8}"
            f"{counts['thrown_out']:>12}{longest(of_kind):>7.1f} s"
            f"{counts['holding']:>15}{counts['ours']:>14}{counts['closable']:>10}{counts['closed']:>10}"
        )
    stays = [stay for outcome in outcomes for stay in outcome.stays]
    out = sum(stay < inf for stay in stays)
    yield f"  authorized, thrown out: {out} of {len(stays)}, the longest was in for {longest(outcomes):.1f} s"


def longest(outcomes: Sequence[Outcome]) -> float:
    """Seconds for which a stranger was in."""
    return max((stay for outcome in outcomes for stay in outcome.stays), default=0.0)


@pytest.fixture(scope="module")
def outcomes(simulator: Simulator, request: pytest.FixtureRequest) -> list[Outcome]:
    return trials(simulator, SEEDS, Attacked, request)


@pytest.fixture(scope="module")
def counter_outcomes(simulator: Simulator, request: pytest.FixtureRequest) -> list[Outcome]:
    return trials(simulator, COUNTER_SEEDS, NameOnly, request)


@pytest.mark.parametrize("kind", KINDS)
def test_no_stranger_has_access_in_the_end(outcomes: list[Outcome], kind: str) -> None:
    failed = [outcome for outcome in outcomes if outcome.kind == kind and outcome.holding]
    assert not failed, bad(failed)


@pytest.mark.parametrize("kind", KINDS)
def test_no_stranger_has_access_at_any_time(outcomes: list[Outcome], kind: str) -> None:
    """But for what nobody can tell from our agent before it is let in."""
    failed = [outcome for outcome in outcomes if outcome.kind == kind and outcome.granted and not cannot_tell(outcome)]
    assert not failed, bad(failed)


def test_who_could_not_be_told_from_our_agent_is_thrown_out_in_time(outcomes: list[Outcome]) -> None:
    """What is left of a swap: the time from the authorization, or its 201, until the run deletes his user."""
    failed = [outcome for outcome in outcomes if any(stay > LONGEST_STAY for stay in outcome.stays)]
    assert not failed, bad(failed)


def test_a_201_without_access_is_that_of_our_own_user(outcomes: list[Outcome]) -> None:
    """Some let in all who wait under a name; but there is one user, and one password."""
    kept = [outcome for outcome in outcomes if any(each.until is None for each in outcome.granted)]
    failed = [outcome for outcome in kept if not outcome.registered or outcome.admitted]
    assert not failed, bad(failed)


def cannot_tell(outcome: Outcome) -> bool:
    """It was exchanged while Connectware, or somebody else, keeps the window from being closed; or it had our ID."""
    return outcome.kind in SWAPS and (not outcome.could_close or outcome.has_our_id)


@pytest.mark.skipif(not ENOUGH, reason="needs trials of every kind")
def test_the_trials_are_real(outcomes: list[Outcome]) -> None:
    """Strangers were among the pending requests, and our own agent is registered where nobody stands in its way."""
    for kind in KINDS:
        of_kind = [outcome for outcome in outcomes if outcome.kind == kind]
        listed = sum(outcome.listed for outcome in of_kind)
        assert listed > len(of_kind) * 0.2, f"{kind}: strangers were listed in {listed} of {len(of_kind)} trials only"
        for writes in FORMATS:
            assert any(outcome.listed and outcome.settings["ways"].writes == writes for outcome in of_kind), writes
    assert any(outcome.could_close and outcome.kind in SWAPS for outcome in outcomes)
    assert any(outcome.stays for outcome in outcomes if outcome.kind in SWAPS), "so their length was measured"
    impostors = [outcome for outcome in outcomes if outcome.kind == SAME_NAME]
    for phase in PHASES:
        listed = sum(outcome.joined(phase) for outcome in impostors)
        assert listed >= len(impostors) * 0.08, f"{SAME_NAME}, {phase}: listed in {listed} of {len(impostors)} trials"
    undisturbed = [outcome for outcome in outcomes if outcome.kind == OTHER_NAME and outcome.could_register]
    assert undisturbed and all(outcome.registered for outcome in undisturbed), bad(
        [outcome for outcome in undisturbed if not outcome.registered]
    )


@pytest.mark.skipif(not ENOUGH, reason="needs trials of every kind")
def test_a_check_of_the_name_alone_lets_strangers_in(counter_outcomes: list[Outcome]) -> None:
    """The counterpart: with it, these trials fail, so they can fail."""
    let_in = Counter(outcome.kind for outcome in counter_outcomes if outcome.admitted)
    assert set(let_in) == set(KINDS) - {OTHER_NAME}, let_in


@pytest.mark.skipif(not ENOUGH, reason="needs trials of this kind")
def test_a_check_of_the_pairing_id_alone_lets_strangers_in(
    simulator: Simulator, request: pytest.FixtureRequest
) -> None:
    """The counterpart for those who ask under another name."""
    outcomes = trials(simulator, ID_SEEDS, IdOnly, request)
    assert any(outcome.admitted for outcome in outcomes)


@pytest.mark.skipif(not ENOUGH, reason="needs trials of this kind")
def test_a_forger_who_is_earlier_than_a_poll_is_thrown_out(
    simulator: Simulator, request: pytest.FixtureRequest
) -> None:
    """What remains: a log that shows for more than a poll interval nothing but the forged line, and a request with it.

    Nobody can tell that from our agent before it is let in; as soon as our agent says its own line, it is taken back.
    """
    outcomes = trials(simulator, EARLIEST_SEEDS, Attacked, request, behind=3.0)
    failed = [outcome for outcome in outcomes if outcome.holding or any(s > LONGEST_STAY + 3.0 for s in outcome.stays)]
    assert not failed, bad(failed)
    assert any(outcome.granted for outcome in outcomes), "so the trials with a shorter time can fail"
