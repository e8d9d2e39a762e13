# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever users there are: only ghosts that nobody needs go, never more than was said, as check mode foretells.

GHOST_WORLDS says how many fleets there are.
"""

from __future__ import annotations

import copy
import os
import random
import re
from dataclasses import dataclass
from typing import Any

from unit.plugins.module_utils._audit.worlds import World, made, names_of, shown

from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.ghosts import retire_ghosts
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import ConnectwareError

WORLDS = int(os.environ.get("GHOST_WORLDS", "600"))
HARMLESS, MIGHTY = ("agents", "reader"), ("Admin", "writer")


def may(resource: str, operation: str = "write", context: str = "http") -> dict[str, str]:
    return {"context": context, "resource": resource, "operation": operation}


ROLES = [
    {"id": "1", "name": "agents", "permissions": []},
    {"id": "2", "name": "reader", "permissions": [may("/api/users/#", "read")]},
    {"id": "3", "name": "Admin", "permissions": []},
    {"id": "4", "name": "writer", "permissions": [may("/api/users/#", "readWrite")]},
]
RIGHTS: tuple[tuple[Any, bool], ...] = (
    ([], False), ([may("/api/me")], False), ([may("#", context="mqtt")], False), ([may("/api/#")], True), ("odd", True),
)  # fmt: skip


@dataclass
class Wish:
    """What is asked for, and who may go by the fleet alone."""

    params: dict[str, Any]
    free: set[str]
    ghosts: set[str]

    @property
    def refused(self) -> bool:
        """Before anybody is asked."""
        wide = not self.params["usernames"] and self.params["max"] > 0 and self.params["name_pattern"] is None
        return wide or not any(self.params["expected"].values())

    def gone(self, there: set[str]) -> set[str] | None:
        """Who has to be deleted; None where it has to fail."""
        named, most = set(self.params["usernames"]), self.params["max"]
        if named:
            return None if (named & there) - self.free else named & there
        return None if 0 < most < len(self.free) else self.free if most else set()


def wished(world: World, seed: int) -> Wish:
    chance = random.Random(-1 - seed)
    mighty = set()
    for user in world.server.users:
        roles = chance.sample((*HARMLESS, *MIGHTY, "unknown"), 1) if chance.random() < 0.15 else []
        rights, is_mighty = chance.choice(RIGHTS) if chance.random() < 0.2 else ([], False)
        user.update(roles=roles, permissions=rights)
        if is_mighty or set(roles) - set(HARMLESS):
            mighty.add(user["username"])
    world.server.roles, world.server.vanishing = ROLES, {}
    own = chance.choice((None, "OLD-1", "old-1"))
    known = {name.casefold() for host in world.hosts for agent in host.agents for name in names_of(agent)}
    ghosts = {
        name
        for name, user in world.users.items()
        if user.get("createdBy") == "client-registry"
        and name.casefold() not in known
        and (world.pattern is None or re.fullmatch(world.pattern, name))
    }
    needed = {request["username"].casefold() for request in world.server.pending}
    needed |= {name.casefold() for name in (*(world.server.connected or ()), own or "")}
    free = {name for name in ghosts if name.casefold() not in needed and name not in mighty and "\ud800" not in name}
    params = {
        "expected": world.inventory, "max": chance.choice((0, 1, 2, 10)), "name_pattern": world.pattern,
        "connectware_username": own,
        "usernames": chance.sample([*world.users, "nobody"], min(len(world.users), chance.choice((0, 0, 1, 2)))),
    }  # fmt: skip
    return Wish(params, free, ghosts)


def retired(world: World, wish: Wish, check: bool) -> tuple[dict[str, Any] | None, set[str]]:
    """The result, None for a failure, and who is gone."""
    before = copy.deepcopy(world.server.users)
    world.server.deleted.clear()
    try:
        result = retire_ghosts(world.server.session(), wish.params, check)
    except ConnectwareError:
        result = None
    return result, {user["username"] for user in before if user["id"] in world.server.deleted}


def wrong_in(seed: int) -> list[str]:
    world = made(seed)
    # Of two users that differ in case alone, Connectware tells one from the other, whatever is asked for.
    if len({name.casefold() for name in world.users}) < len(world.users):
        return []
    wish = wished(world, seed)
    foretold, nobody = retired(world, wish, True)
    result, gone = retired(world, wish, False)
    wanted = None if wish.refused else wish.gone(set(world.users))
    wrong = [f"check mode deletes {nobody}"] if nobody else []
    if gone != (wanted or set()) or (result is None) != (wanted is None):
        wrong.append(f"{gone} instead of {wanted}, by {wish.params}")
    if foretold is not None:  # which says all in the same words but this one
        foretold["message"] = foretold["message"].replace("Would be retired", "Retired", 1)
    if foretold != result:
        wrong.append(f"check mode foretells {foretold}, and it is {result}")
    if result is not None and not wish.params["usernames"]:
        told = sorted((each["username"], each["kept"] is None) for each in result["ghosts"])
        if told != sorted((shown(name, 128), name in wish.free) for name in wish.ghosts):
            wrong.append(f"shows {told}")
    return wrong


def test_only_ghosts_that_nobody_needs_go() -> None:
    wrong = [(seed, what) for seed in range(WORLDS) for what in wrong_in(seed)]
    assert not wrong, (len(wrong), wrong[:3])
