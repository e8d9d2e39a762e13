# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents whose names need what is not known of their host, as each ansible-core shows them."""

from __future__ import annotations

from collections import UserDict
from typing import Any

import pytest
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from jinja2.exceptions import UndefinedError
from jinja2.runtime import StrictUndefined

from ansible_collections.edgefleet.connectware.plugins.filter.namesakes import FilterModule as Namesakes
from ansible_collections.edgefleet.connectware.plugins.filter.repeated_names import FilterModule as RepeatedNames
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import UNFILLED
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.fleet import read_expected
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import SpecError
from ansible_collections.edgefleet.connectware.plugins.plugin_utils import agents_of_hosts
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.agents_of_hosts import identities

repeated_names = RepeatedNames().filters()["repeated_names"]
namesakes = Namesakes().filters()["namesakes"]

UNKNOWN = "'facts' is undefined"


class Raises(UserDict[str, Any]):
    """A look at what is an error raises it."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, Exception):
            raise value
        return value


NAMES: tuple[Any, ...] = (
    "{{ ansible_facts.hostname }}-press",
    "{% if site %}press{% endif %}",
    StrictUndefined(name="facts"),
    UndefinedError(UNKNOWN),
    AnsibleUndefinedVariable(UNKNOWN),
)


@pytest.fixture(name="warned")
def _warned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    warned: list[str] = []

    class Display:
        def warning(self, text: str) -> None:
            warned.append(text)

    monkeypatch.setattr(agents_of_hosts, "Display", Display)
    return warned


def hostvars(agents_list: Any) -> dict[str, Raises]:
    return {host: Raises(agents_list=agents_list) for host in ("hall-2", "hall-3")}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_cannot_be_filled_in_is_on_no_other_host(name: Any, warned: list[str]) -> None:
    known = hostvars([Raises(name=name)])
    assert repeated_names(known, ["hall-2", "hall-3"]) == []
    assert namesakes(known, ["hall-2", "hall-3"]) == {}
    assert [text.split(",")[0] for text in warned] == [
        "repeated_names: names of agents on hall-2", "namesakes: names of agents on hall-2",
    ]  # fmt: skip
    assert "on hall-2, hall-3 could not be filled in" in warned[0]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_known_is_compared(name: Any, warned: list[str]) -> None:
    known = hostvars([Raises(name=name, username="p"), Raises(name="welder", username=name), Raises(name="saw")])
    assert repeated_names(known, known) == [f"{each} is on hall-2 and hall-3" for each in ("p", "welder", "saw")]
    assert namesakes(known, known) == {each: ["hall-2", "hall-3"] for each in ("p", "welder", "saw")}
    assert len(warned) == 2


@pytest.mark.parametrize("agents_list", NAMES)
def test_a_whole_list_that_cannot_be_filled_in(agents_list: Any, warned: list[str]) -> None:
    known = hostvars(agents_list)
    assert (repeated_names(known, known), namesakes(known, known)) == ([], {})
    assert len(warned) == 2
    assert identities(known, ["hall-2"]) == {"hall-2": UNFILLED}


@pytest.mark.parametrize("found", NAMES)
def test_ghosts_are_not_searched_without_such_a_name(found: Any) -> None:
    """Left out, its user would look like one."""
    for agents_list, said in (
        ([Raises(name=found)], f"host hall-2: entry 1 has {UNFILLED}"),
        ([Raises(name="press", username=found)], f"host hall-2: entry 1 has {UNFILLED}"),
        (found, f"host hall-2: it is {UNFILLED}"),
    ):
        with pytest.raises(SpecError, match=said):
            read_expected(identities(hostvars(agents_list), ["hall-2"]))


def test_nothing_is_warned_of_where_all_is_known(warned: list[str]) -> None:
    known = {"a": {"agents_list": [{"name": 17}]}, "b": {"agents_list": None}, "c": {}, "d": {"agents_list": "x"}}
    assert repeated_names(known, known) == []
    assert repeated_names({"e": {"agents_list": [None, "press"]}}, ["e"]) == []
    assert warned == []


def test_many_hosts_are_not_all_named(warned: list[str]) -> None:
    known = {f"hall-{number}": {"agents_list": "{{ nowhere }}"} for number in range(12)}
    repeated_names(known, known)
    assert "hall-9 and more could not" in warned[0]
    assert "hall-10" not in warned[0]


def test_another_failure_is_one() -> None:
    known = hostvars([Raises(name=AnsibleError("no such file"))])
    with pytest.raises(AnsibleError, match="no such file"):
        repeated_names(known, known)
