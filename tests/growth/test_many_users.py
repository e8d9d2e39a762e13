# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More agents than a page has users: all are found, whatever the size of the chunks and pages."""

from __future__ import annotations

import pytest

AGENTS = 120  # the API lists at most 100 users a page
NAMES = 100  # names that are asked for in one request


@pytest.mark.long
def test_more_users_than_a_page_holds(fleet):
    """The control API makes the users, past those rules; the engines and the simulator say what became of them."""
    with fleet(1, agents=AGENTS).up() as site:
        first = site.play("rollout").ok()
        names = site.all_names()
        assert {agent["verdict"] for agent in first.agents().values()} == {"registered"}
        assert set(first.agents()) == set(names) <= site.simulator.usernames()
        assert first.requests["registry_confirm"] == AGENTS

        nothing = site.play("rollout").ok()
        assert {agent["verdict"] for agent in nothing.agents().values()} == {"registered"}
        assert nothing.changed() == set()
        assert nothing.requests["list_users"] == -(-AGENTS // NAMES)

        # A server with pages that are smaller than what is asked for at once: 100 and 20 names by pages of 20.
        site.simulator.switch(rows_per_page_max=20)
        settings = {"settings": {"rows_per_page": 20}}
        paged = site.play("rollout", connectware_contract=settings).ok()
        assert {agent["verdict"] for agent in paged.agents().values()} == {"registered"}
        assert paged.changed() == set()
        assert paged.requests["list_users"] == 5 + 1


@pytest.mark.parametrize("rows", [7, 100])
def test_all_pages_of_all_users(fleet, rows):
    """What the simulator itself says of its pages, against its own state."""
    with fleet(1, agents=1).up() as site:
        for number in range(250):
            site.simulator.control("POST", "users", {"username": f"many-{number:03d}"})
        client = site.simulator.client()
        found, page = [], 1
        while True:
            query = {"pageNumber": page, "rowsPerPage": rows}
            users = client("GET", "/api/listUsers", params=query).json()["users"]
            found += [user["username"] for user in users]
            if len(users) < rows:
                break
            page += 1
        assert sorted(found) == sorted(site.simulator.usernames())
        assert client("GET", "/api/listUsers", params={"pageNumber": 1, "rowsPerPage": 101}).status_code == 400
