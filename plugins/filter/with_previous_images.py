# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: the agents that have not come back with another image, with the one that they had before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def with_previous_images(
    agents_list: Iterable[Mapping[str, Any]],
    deployed: Iterable[Mapping[str, Any]],
    registered: Iterable[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """The entries of agents_list that an upgrade has left behind; each is as it was, but for its image."""
    well = {str(agent["name"]) for agent in registered if agent["registered"]}
    images = {
        str(done["name"]): done["previous_image"]
        for done in deployed
        if done["previous_image"] and (done["error"] or str(done["name"]) not in well)
    }
    return [
        {**{key: value for key, value in agent.items() if key not in ("image", "version")}, "image": images[name]}
        for name, agent in ((str(agent["name"]), agent) for agent in agents_list)
        if name in images
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"with_previous_images": with_previous_images}
