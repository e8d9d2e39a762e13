# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter other_versions."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.edgefleet.connectware.plugins.filter.other_versions import FilterModule


@pytest.fixture
def other_versions() -> Any:
    return FilterModule().filters()["other_versions"]


@pytest.mark.parametrize(
    ("image", "connectware", "refused"),
    [
        ("reg/mapper:1.7.0", "1.8.0", True),
        ("reg.example:5000/mapper:1.8.0", "1.8.0", False),
        ("reg.example:5000/mapper", "1.8.0", False),
        ("mapper:1.8.0@sha256:0123", "1.8.1", True),
        ("mapper:v1.8.0-hardened.3", "1.8.0", False),
        ("mapper:1.8", "1.8.10", False),
        ("mapper:1.8.1", "1.8.10", True),
        ("mapper:stable", "1.8.0", False),
        ("mapper@sha256:0123", "1.8.0", False),
        ("mapper:1.8.0", "main-4711", False),
        (f"{'registry.example.com/' * 9}mapper:1.7.0", "1.8.0", True),
        (None, "1.8.0", False),
    ],
)
def test_images_are_compared_as_far_as_both_tell_a_version(
    image: str | None, connectware: str, refused: bool, other_versions: Any
) -> None:
    found = other_versions([{"name": 4711, "image": image}], connectware)
    assert found == ([f"image of agent 4711 is {image}"] if refused else [])


@pytest.mark.parametrize(
    ("version", "refused"), [("1.8.0", False), ("1.8", True), ("latest", True), (1.8, True), ("", False), (None, False)]
)
def test_a_version_has_to_be_the_same(version: Any, refused: bool, other_versions: Any) -> None:
    """It is the tag that is wanted."""
    found = other_versions([{"name": "p"}, {"name": "q", "version": version}], "1.8.0")
    assert found == ([f"version of agent q is {version}"] if refused else [])


def test_wrong_arguments_are_told(other_versions: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="other_versions: an agent must be a dictionary, not a string"):
        other_versions(["press-1"], "1.8.0")
