# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same strangers against registered_client, which is told the pairing ID and does not see the client itself.

So it can tell who asks, but not who got in: where the window was open meanwhile, a swap stays, and it has to say so.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from attack.attacker import OTHER_NAME, SAME_NAME, SWAPS, TWO_REQUESTS, Attacker
from attack.field import Client, Container, Field, Wire
from attack.guards import Attacked
from attack.trial import CHOICES, NAME, SEEDS, session_of, ways_of
from simulator.harness import Simulator

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import ServerPort
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware import client as client_module
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConnectwareError

CLIENT_KINDS = (SAME_NAME, TWO_REQUESTS, *SWAPS, OTHER_NAME)
CLIENT_SEEDS = SEEDS[: max(1, len(SEEDS) // 5)]


@dataclass(frozen=True)
class Ended:
    """How a trial ended; `told`: the module has warned, or failed."""

    seed: int
    kind: str
    granted: int
    holding: int
    window_open: bool
    told: str
    ours: bool


def run_client_trial(simulator: Simulator, seed: int, monkeypatch: pytest.MonkeyPatch) -> Ended:
    chance = random.Random(f"client {seed}")
    kind = CLIENT_KINDS[seed % len(CLIENT_KINDS)]
    simulator.control("POST", "reset")
    simulator.switch(**{name: chance.choice(values) for name, values in CHOICES.items()})
    wire = Wire(simulator)
    container = Container(NAME, wire, chance, ways_of(chance))
    if chance.random() < 0.5:
        container.stored = Client(NAME, "000000", "the password of a user that was deleted")
    field = Field(container)
    attacker = Attacker(kind, wire, chance, field)
    attacker.prepare()
    if chance.random() < 0.3:
        simulator.control("POST", "window", {"open_ms": 3_600_000})
    field.between = attacker.between
    field.sleep(1.0)  # until it asks: then its pairing ID can be read
    noting = client_module.NotingServer

    def attacked(*args: object) -> ServerPort:
        return Attacked(noting(*args), attacker, field)  # type: ignore[arg-type]  # it takes what the client gives

    monkeypatch.setattr(client_module, "NotingServer", attacked)
    client = client_module.Client(session_of(simulator, field), NAME, sleep=field.sleep, clock=field.clock)
    assert container.asks_as is not None
    failure = ""
    try:
        client.register(container.asks_as.pairing_id, timeout=30.0, open_window=True)
    except ConnectwareError as exc:
        failure = exc.message
    monkeypatch.undo()
    simulator.control("POST", "window", {"open_ms": 60_000})
    for _unused in range(2):
        attacker.poll_all()
        field.sleep(2.0)
    asked = client._authorization
    return Ended(
        seed, kind, len(attacker.entered()), len(attacker.holding()), asked is not None and asked.window_open,
        failure or " ".join(client.warnings), container.stored is not None and wire.opens(container.stored),
    )  # fmt: skip


@pytest.fixture(scope="module")
def ended(simulator: Simulator, request: pytest.FixtureRequest) -> list[Ended]:
    with pytest.MonkeyPatch.context() as patch:
        found = [run_client_trial(simulator, seed, patch) for seed in CLIENT_SEEDS]
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\nregistered_client, {len(found)} trials\n  {'attack':22}{'trials':>8}{'201':>6}", end="")
        print(f"{'in at the end':>15}{'and told':>10}{'our client in':>15}")
        for kind in CLIENT_KINDS:
            counts = Counter[str]()
            of_kind = [one for one in found if one.kind == kind]
            for one in of_kind:
                counts.update(granted=one.granted > 0, holding=one.holding > 0, ours=one.ours)
                counts.update(told=one.holding > 0 and bool(one.told))
            print(f"  {kind:22}{len(of_kind):>8}{counts['granted']:>6}", end="")
            print(f"{counts['holding']:>15}{counts['told']:>10}{counts['ours']:>15}")
    return found


@pytest.mark.parametrize("kind", CLIENT_KINDS)
def test_no_stranger_gets_in_but_by_a_swap_with_an_open_window(ended: list[Ended], kind: str) -> None:
    failed = [one for one in ended if one.kind == kind and one.granted and not (kind in SWAPS and one.window_open)]
    assert not failed, failed[:5]


def test_where_a_stranger_may_have_got_in_it_is_told(ended: list[Ended]) -> None:
    assert not [one for one in ended if one.granted and not one.told]


@pytest.mark.skipif(len(CLIENT_SEEDS) < 20, reason="needs some trials of each kind")
def test_the_trials_against_the_module_are_real(ended: list[Ended]) -> None:
    assert any(one.holding for one in ended if one.kind in SWAPS)
    undisturbed = [one for one in ended if one.kind == OTHER_NAME]
    assert undisturbed and all(one.ours for one in undisturbed), undisturbed
