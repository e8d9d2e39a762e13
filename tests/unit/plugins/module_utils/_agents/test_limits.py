# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A limit is a number or a percentage, and a percentage lets a small site heal."""

from __future__ import annotations

import re

import pytest

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.limits import most_of


@pytest.mark.parametrize(
    ("limit", "agents", "most"),
    [("10%", 5, 3), ("10%", 31, 4), (" 2.5 % ", 1000, 25), ("100%", 50, 50), ("0", 50, 0), ("7", 5, 7)],
)
def test_how_many_a_limit_allows(limit, agents, most):
    assert most_of(limit, agents) == most


@pytest.mark.parametrize(
    "limit",
    ["", "ten", "-1", "4.5", "%", "nan%", "1e3", "1e1%", "1_0", "10 %%", "101 %", "\N{ARABIC-INDIC DIGIT FOUR}"],
)
def test_what_is_no_limit_is_refused(limit):
    with pytest.raises(ValueError, match=f"^{re.escape(limit)}$"):
        most_of(limit, 10)
