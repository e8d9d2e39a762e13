# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter merged_variables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.filter.merged_variables import FilterModule

merged = FilterModule().filters()["merged_variables"]

VAULTED = "$ANSIBLE_VAULT;1.1;AES256\n6131\n"
OWN = {"agents_timeout": 300}


@pytest.mark.parametrize("there", ["", None, "---", "{}", "null", "# nothing yet\n", {}])
def test_where_nothing_is_there(there: Any) -> None:
    assert merged(there, OWN, "north") == OWN


@pytest.mark.parametrize(
    "there",
    [
        '{"site": "Hamburg", "agents_timeout": 60}',
        "site: Hamburg\nagents_timeout: 60\n",
        "---\n{site: Hamburg}",
        {"site": "Hamburg", "agents_timeout": 60},
    ],
)
def test_what_is_there_stays_and_the_wanted_value_wins(there: Any) -> None:
    """Up to ansible-core 2.18, a text that looks like a mapping may have become one on its way."""
    assert merged(there, OWN, "north") == {"site": "Hamburg", "agents_timeout": 300}


@pytest.mark.parametrize(
    "there",
    [
        json.dumps({"key": {"__ansible_vault": VAULTED}, "safe": {"__ansible_unsafe": "{{ x }}"}, "t": "{{ x }}"}),
        "key: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6131\nsafe: !unsafe '{{ x }}'\nt: '{{ x }}'\n",
    ],
)
def test_vaulted_values_and_templates_stay_as_awx_keeps_them(there: str) -> None:
    found = merged(there, OWN, "north")
    assert found == {
        "key": {"__ansible_vault": VAULTED}, "safe": {"__ansible_unsafe": "{{ x }}"}, "t": "{{ x }}", **OWN,
    }  # fmt: skip


def test_dates_stay_texts() -> None:
    """Up to ansible-core 2.18 a mapping with a date is passed on as a text."""
    found = merged("since: 2026-11-30\nodd: 2024-13-45\ntold: !!timestamp 2026-11-30", {}, "north")
    assert found == {"since": "2026-11-30", "odd": "2024-13-45", "told": "2026-11-30"}


@pytest.mark.parametrize(
    ("there", "why"),
    [
        ("[1, 2]", "it is a list"),
        ("just words", "it is a string"),
        ("password: hunter2\nkey: [", "line 2 cannot be read"),
        ("key: !hunter2 strange", "line 1 cannot be read"),
        ("key: *hunter2", "line 1 cannot be read"),
        ("key: \x07hunter2", "a value of it cannot be read"),
        ("key: !!int hunter2", "a value of it cannot be read"),
        ("key: !!bool hunter2", "a value of it cannot be read"),
        ("hunter2: !!int ''", "a value of it cannot be read"),
        (f"hunter2: {'[' * 5000}", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_with_the_inventory_and_without_secrets(there: str, why: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        merged(there, OWN, "Connectware north")
    assert "the variables of the inventory Connectware north in AWX are neither" in str(caught.value)
    assert why in str(caught.value) and "hunter2" not in str(caught.value)
