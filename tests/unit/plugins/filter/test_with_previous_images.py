# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter with_previous_images."""

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.connectware.plugins.filter.with_previous_images import FilterModule

with_previous_images = FilterModule().filters()["with_previous_images"]

AGENTS = [{"name": "press-1", "version": "1.9.0", "memory": "1g"}, {"name": "press-2", "image": "new"}]


def done(name: str, previous_image: str | None = "old", error: str = "") -> dict[str, Any]:
    """An entry in the result of module agents."""
    return {"name": name, "previous_image": previous_image, "error": error}


def test_who_has_not_come_back_is_as_it_was_but_for_its_image() -> None:
    registered = [{"name": "press-1", "registered": False}, {"name": "press-2", "registered": True}]
    assert with_previous_images(AGENTS, [done("press-1"), done("press-2")], registered) == [
        {"name": "press-1", "memory": "1g", "image": "old"}
    ]


def test_nobody_has_come_back_who_was_not_seen() -> None:
    assert with_previous_images(AGENTS, [done("press-1"), done("press-2", "older")]) == [
        {"name": "press-1", "memory": "1g", "image": "old"},
        {"name": "press-2", "image": "older"},
    ]


def test_whose_image_was_not_replaced_is_left_alone() -> None:
    assert with_previous_images(AGENTS, [done("press-1", None), done("press-2", None, "no such image")]) == []


def test_one_that_failed_is_put_back_whatever_was_seen_of_it_before() -> None:
    registered = [{"name": "press-1", "registered": True}]
    found = with_previous_images(AGENTS, [done("press-1", error="the container did not start")], registered)
    assert [agent["image"] for agent in found] == ["old"]


def test_names_that_are_numbers() -> None:
    assert with_previous_images([{"name": 7}], [done("7")]) == [{"name": 7, "image": "old"}]
