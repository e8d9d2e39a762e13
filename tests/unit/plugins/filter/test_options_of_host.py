# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter options_of_host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.edgefleet.connectware.plugins.filter.options_of_host import FilterModule

ASKING: dict[str, Any] = {"agents_docker_host": "tcp://hamburg", "agents_log_patterns": {}}


@pytest.mark.parametrize(
    ("here", "there", "counts"),
    [
        ("tcp://hamburg", {"agents_docker_host": "tcp://munich"}, "tcp://munich"),
        ("tcp://hamburg", {}, None),
        ("tcp://of-the-play", {"agents_docker_host": "tcp://munich"}, "tcp://of-the-play"),
        ("tcp://of-the-play", {}, "tcp://of-the-play"),
        (None, {"agents_docker_host": "tcp://munich"}, None),
    ],
)
def test_the_play_counts_for_all_hosts_and_a_host_for_itself(
    here: str | None, there: dict[str, Any], counts: str | None
) -> None:
    hostvars = {"hamburg": ASKING, "munich": there}
    options_of_host = FilterModule().filters()["options_of_host"]

    assert options_of_host({"docker_host": here}, hostvars, "munich", "hamburg", prefix="agents_") == {
        "docker_host": counts
    }


@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_a_default_of_a_role_is_nothing_that_a_play_says(empty: Any) -> None:
    hostvars: dict[str, dict[str, Any]] = {"hamburg": {}, "munich": {"log_patterns": {"pairing": "x"}}}
    options_of_host = FilterModule().filters()["options_of_host"]

    assert options_of_host({"log_patterns": empty}, hostvars, "munich", "hamburg") == {"log_patterns": {"pairing": "x"}}
