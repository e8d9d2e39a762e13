# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table at the end of a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgefleet.connectware.plugins.module_utils._report.table import lines
from ansible_collections.edgefleet.connectware.plugins.module_utils._report.tally import Tally

from .test_tally import deployed, judged, rollout

WHOLE = """\
host, agent          verdict     reason               done                            seconds
-------------------  ----------  -------------------  ------------------------------  -------
berlin.example.com   unreachable before its agents were looked at                         0.0
hamburg.example.com  ok=1 changed=1 failed=1, failed                                     10.0
  hh-press-01        registered  first_start          created, authorized, restarted      6.3
  hh-press-02        conflict    credentials_missing  -                                   3.3
munich.example.com   ok=1 changed=0 failed=0                                              1.6
  mu-robot-01        registered  none                 -                                   0.0

3 agents on 3 hosts: ok=2 changed=1 failed=1, 1 host unreachable
No agents were looked at on paris.example.com"""


def some() -> Tally:
    tally = Tally()
    hamburg, munich = "hamburg.example.com", "munich.example.com"
    tally.expect([hamburg, munich, "berlin.example.com", "paris.example.com"])
    rollout(tally, hamburg, "hh-press-01")
    tally.take(hamburg, [deployed("hh-press-02")], deployed=True, predicted=False)
    lost = judged("hh-press-02", "conflict", reason="credentials_missing", failed=True, seconds=3.3)
    tally.take(hamburg, [lost], deployed=False, predicted=False)
    tally.spend(hamburg, 1.0)
    tally.take(munich, [judged("mu-robot-01")], deployed=False, predicted=True)
    tally.spend(munich, 1.6)
    tally.fail(hamburg, "failed", "Register the agents", "one is in conflict")
    tally.fail("berlin.example.com", "unreachable", "Gather facts", "no route to host")
    tally.end([hamburg], ["berlin.example.com"], {})
    return tally


def test_the_whole_table():
    found = lines(some())
    assert "\n".join(line.text for line in found) == WHOLE
    assert [line.state for line in found[2:8]] == ["unreachable", "failed", "changed", "failed", "ok", "ok"]


@pytest.mark.parametrize("width", [79, 60, 52])
def test_a_narrow_terminal_loses_nothing(width):
    texts = [line.text for line in lines(some(), width)]
    assert max(len(text) for text in texts) <= width
    assert letters("".join(texts)) == letters(WHOLE)


def letters(text: str) -> list[str]:
    """What is left of a table whatever the width of its columns."""
    return sorted(char for char in text if char not in " -\n")


def test_nothing_to_show():
    tally = Tally()
    tally.expect(["hamburg"])
    tally.end([], [], {})
    assert lines(tally) == []


def test_many_hosts_without_agents_are_not_all_named():
    tally = some()
    tally.expect([f"office-{number:03d}" for number in range(300)])
    assert lines(tally)[-1].text.endswith("office-000, office-001, office-002, office-003, office-004 and 296 more")


class Name(str):
    """Of a host; counts how often it is compared with another."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Name.compared += 1
        return str.__eq__(self, other)

    def __lt__(self, other: str) -> bool:
        Name.compared += 1
        return str.__lt__(self, other)


def comparisons(hosts: int) -> int:
    """Of hosts with five agents each, for a table and a report."""
    tally = Tally()
    names = [Name(f"host-{number:04}") for number in range(hosts)]
    for host in names:
        tally.take(host, [judged(f"press-{number}") for number in range(5)], deployed=False, predicted=False)
    tally.end([], [], {})
    Name.compared = 0
    lines(tally)
    tally.report()
    return Name.compared


def test_a_host_costs_as_much_among_many_as_among_few():
    """But for sorting, which takes some more."""
    assert comparisons(400) < 3 * 10 * comparisons(40)


anything = st.text(max_size=300)


@given(host=anything, name=anything, word=anything, width=st.one_of(st.none(), st.integers(60, 200)))
def test_whatever_a_host_or_an_agent_is_called_the_terminal_is_safe(host, name, word, width):
    tally = Tally()
    tally.take(host, [deployed(name, word or "created")], deployed=True, predicted=False)
    tally.take(host, [judged(name, word, reason=word, actions=[word])], deployed=False, predicted=False)
    tally.fail(host, "failed", word, word)
    tally.end([host], [], {})
    found = lines(tally, width)
    assert all(line.text.isprintable() for line in found)
    if width is not None:
        assert max(len(line.text) for line in found) <= width
