# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of others in events: Ansible would fill in templates in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import ExpectedAgent
from ansible_collections.edgefleet.connectware.plugins.module_utils._eda import events
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ServerError

NASTY = [
    "{{ lookup('pipe', 'touch /tmp/x') }}",
    "{% for x in y %}",
    "{# #}",
    "#jinja2: variable_start_string:'[['\n[[ 7 * 7 ]]",
    "$ANSIBLE_VAULT;1.1;AES256\n616263",
    "!unsafe x",
    "\x1b[31mred\x07\x00",
    "\u202eevil",
    "\ud83d half a pair",
    "a" * 5000,
    "$(reboot) `reboot` ; reboot | reboot & 'x' \"y\" <b>",
    "1e5",
    "",
]
FORBIDDEN = set("{}%#$!\\'\"`;|&<>[]*~^\n\r\t\x00\x1b\x7f\u202e")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from texts(key)
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


@given(st.text())
def test_nothing_but_letters_digits_and_a_few_marks_is_left_of_a_text(text: str) -> None:
    clean = events.harmless(text)
    assert not set(clean) & FORBIDDEN
    assert len(clean) <= 80
    assert events.harmless(clean) == clean


@pytest.mark.parametrize("text", NASTY)
def test_no_text_of_an_event_can_do_anything(text: str) -> None:
    ids = frozenset([None, *NASTY, *map(str, range(30))])
    agent = ExpectedAgent(text, text, "hamburg.example.com")
    made = [
        events.request_of_stranger(text, ids),
        events.request_of_agent(agent, ids, registered=False, reminder=False),
        events.disappeared(agent, "user_missing", reminder=True),
        events.returned(agent),
        events.many_disappeared([agent] * 50, 3, new=20, reminder=False),
        events.unreachable(ServerError(text, where=text, answered=text, todo=text), reminder=False),
        events.reachable(),
    ]
    for event in made:
        for said in texts(event):
            assert not set(said) & FORBIDDEN
            assert len(said) <= 600
            assert jinja2.Environment(autoescape=False).from_string(said).render() == said
        assert len(json.dumps(event)) < 8000
        assert yaml.safe_load(yaml.dump(event)) == event, "as ansible-rulebook hands it to a playbook"
        assert event["meta"]["hosts"] == [event["connectware"]["host"] or "localhost"]


def test_ordinary_names_stay_what_they_are() -> None:
    for name in ("hh-press-01", "press_1.hamburg", "Presse Süd (alt)", "a@b"):
        assert events.harmless(name) == name
    assert events.harmless("x{{y}}") == "x??y??"
