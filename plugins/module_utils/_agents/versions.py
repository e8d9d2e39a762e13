# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which agents have another version than Connectware, and so cannot communicate with it (documented)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .text import printable

_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)+)", re.ASCII)  # at the beginning of a version; what else it has is of its maker


def differ(one: str | None, other: str | None) -> bool:
    """Whether both are versions, and not the same as far as both are told; a tag may be anything."""
    told = [_NUMBERS.match(version or "") for version in (one, other)]
    numbers = [match[1].split(".") for match in told if match]
    return len(numbers) == len(told) and any(left != right for left, right in zip(*numbers))


def other_versions(agents: Sequence[Mapping[str, Any]], version: str) -> list[str]:
    """What makes agents of the inventory have another version, each as words such as `version of agent p is 1.7.0`.

    Args:
        agents: entries of agents_list. A `version` is the tag that is wanted, so it has to be the same; an `image` of
            one's own tells one if its tag begins with numbers.
        version: that of Connectware.
    """
    found = []
    for agent in agents:
        name, own, image = (str(agent.get(key) or "") for key in ("name", "version", "image"))
        if own and own != version:
            found.append(f"version of agent {printable(name)} is {printable(own)}")
        if differ(image.partition("@")[0].rpartition("/")[2].partition(":")[2], version):
            found.append(f"image of agent {printable(name)} is {printable(image, 300)}")
    return found
