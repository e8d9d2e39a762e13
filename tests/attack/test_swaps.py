# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where requests outlive the closing of the window, nobody can take the place of the one that was listed.

The run finds out by itself that they do.
"""

from __future__ import annotations

import pytest
from attack.attacker import KINDS, SWAPS
from attack.trial import LONGEST_STAY, SEEDS, bad, run_trial
from simulator.harness import Simulator

SWAP_SEEDS = [seed for seed in SEEDS if KINDS[seed % len(KINDS)] in SWAPS]


@pytest.mark.skipif(not SWAP_SEEDS, reason="needs a trial of this kind")
def test_behind_a_closed_window_nothing_is_swapped(simulator: Simulator) -> None:
    """Where requests outlive the closing, the swaps of the other trials fail.

    And our agent gets in, unless its user is made only when it asks again, or others who ask are listed beside that
    user: then whoever asks keeps it out.
    """
    outcomes = [run_trial(simulator, seed, can_close=True) for seed in SWAP_SEEDS]
    failed = [outcome for outcome in outcomes if outcome.granted and not outcome.has_our_id]
    failed += [outcome for outcome in outcomes if any(stay > LONGEST_STAY for stay in outcome.stays)]
    assert not failed, bad(failed)
    ways = {"create_user_on": "confirm", "conflict_told_by": "register"}
    at_once = [outcome for outcome in outcomes if not outcome.has_our_id and ways.items() <= outcome.settings.items()]
    out = [outcome for outcome in at_once if outcome.could_register and not outcome.registered]
    assert not out, bad(out)


@pytest.mark.skipif(len(SWAP_SEEDS) < 20, reason="needs some trials of this kind")
def test_who_waits_for_the_end_of_the_run_gets_in_only_where_his_user_is_made_then_and_that_is_told(
    simulator: Simulator,
) -> None:
    """What remains: nobody can throw out a user that is not there yet."""
    outcomes = [run_trial(simulator, seed, patient=True) for seed in SWAP_SEEDS[:60]]
    late = [outcome for outcome in outcomes if outcome.holding]
    assert late, "so this can fail"
    failed = [
        outcome
        for outcome in late
        if outcome.settings["create_user_on"] != "poll" or outcome.registered or "if it appears" not in outcome.message
    ]
    assert not failed, bad(failed)


@pytest.mark.skipif(len(SWAP_SEEDS) < 20, reason="needs some trials of this kind")
def test_with_an_open_window_the_same_swaps_let_strangers_in_for_a_moment(simulator: Simulator) -> None:
    """The counterpart: so the trials above can fail."""
    never = {"settings": {"confirms_while_locked": False}}
    outcomes = [run_trial(simulator, seed, can_close=True, contract=never) for seed in SWAP_SEEDS[:20]]
    assert any(outcome.granted for outcome in outcomes)
