# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where an answer has what the contract looks for elsewhere: places with a telling name and a fitting value.

Answers are hostile input: only so many places are looked at, and names that are no printable short texts are passed
over. A value decides whether a place fits; it is never part of the result.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .answer import SECONDS_FROM, moment_in

LIST = "a list"
TEXT = "a text"
IDENTIFIER = "a text without blanks"
MOMENT = "a moment"
FLAG = "true or false"

MAX_PLACES = 300
MAX_DEPTH = 5
MAX_NAME = 60
MAX_FOUND = 8
MAX_NAMES = 30
_IDENTIFIER = re.compile(r"\S{1,64}\Z")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# What a client says of itself: a place in it would let a stranger choose what it is taken for.
_FREE_TEXT = {"context", "note", "comment", "description"}
_EXACT, _END, _PART, _ABOVE = 4, 3, 2, 1
_OPPOSITES = ("un", "not", "non")  # before a hint they turn it round
_VERBS = ("unlock", "open")
_BEGINNINGS = ("at", "since", "from", "duration")  # after such a word they tell when it began, or how long it lasts


@dataclass(frozen=True)
class Place:
    """A value in an answer and the JMESPath expression that leads to it."""

    expression: str
    names: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class Found:
    """Expressions of places that may be meant, the likeliest first.

    Attributes:
        sure: whether the first one is clearly better than all others.
    """

    expressions: tuple[str, ...] = ()
    sure: bool = False


def places(document: Any) -> Iterator[Place]:
    """What is in a document, from its top down; lists are not entered."""
    waiting = deque([Place("@", (), document)])
    seen = 0
    while waiting and seen < MAX_PLACES:
        place = waiting.popleft()
        seen += 1
        yield place
        if isinstance(place.value, Mapping) and len(place.names) < MAX_DEPTH:
            waiting.extend(_below(place))


def _below(place: Place) -> Iterator[Place]:
    if place.names and _normal(place.names[-1]) in _FREE_TEXT:
        return
    for name, value in list(place.value.items())[:MAX_PLACES]:
        if name and len(name) <= MAX_NAME and name.isprintable():
            step = name if _PLAIN_NAME.match(name) else json.dumps(name)
            expression = f"{place.expression}.{step}" if place.names else step
            yield Place(expression, (*place.names, name), value)


def field_names(document: Any) -> list[str]:
    """The fields of an object, those of objects in it as dotted names; never a value."""
    found = [place.expression for place in places(document) if place.names and not isinstance(place.value, Mapping)]
    return found[:MAX_NAMES]


def fits(kind: str, value: Any) -> bool:
    """Whether a value can be what is looked for."""
    if kind == LIST:
        return isinstance(value, list)
    if kind == FLAG:
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value == "":
        return False
    if kind == MOMENT:
        return moment_in(value)
    if kind == IDENTIFIER:
        return isinstance(value, (str, int)) and _IDENTIFIER.match(str(value)) is not None
    return isinstance(value, (str, int))


def find(document: Any, kind: str, hints: tuple[str, ...], taken: tuple[str, ...] = ()) -> Found:
    """Places whose value fits, ranked by how their names fit the hints.

    Args:
        hints: parts of names in lower case, the most telling first.
        taken: expressions that mean something else already.
    """
    fitting = [place for place in places(document) if _may_be(kind, place) and place.expression not in taken]
    ranked = [(rank, place) for place in fitting for rank in [_rank(place.names, hints)] if rank is not None]
    ranked.sort(key=lambda entry: entry[0])
    if ranked:
        sure = len(ranked) == 1 or ranked[0][0] < ranked[1][0]
        return Found(tuple(place.expression for _rank_, place in ranked[:MAX_FOUND]), sure)
    if kind != LIST:
        return Found()
    objects = [place for place in fitting if place.value and all(isinstance(item, Mapping) for item in place.value)]
    return Found(tuple(place.expression for place in objects[:MAX_FOUND]), len(objects) == 1)


def _may_be(kind: str, place: Place) -> bool:
    if not place.names:
        return kind == LIST and isinstance(place.value, list)
    if not fits(kind, place.value):
        return False
    if kind == MOMENT and isinstance(place.value, (int, float)):
        name = _normal(place.names[-1])
        return place.value >= SECONDS_FROM or ("remaining" in name and "second" not in name)  # it is milliseconds
    return True


def _rank(names: tuple[str, ...], hints: tuple[str, ...]) -> tuple[int, int, int] | None:
    """Lower is better: how the name fits, which hint it fits, how deep it lies; None where it fits none."""
    if not names:
        return (-_EXACT, 0, 0)
    ranks = [(-quality, index, len(names)) for index, hint in enumerate(hints) for quality in [_quality(names, hint)]]
    return min((rank for rank in ranks if rank[0]), default=None)


def _quality(names: tuple[str, ...], hint: str) -> int:
    last = _normal(names[-1])
    if last == hint:
        return _EXACT
    before, fits_name, _after = last.partition(hint)
    if fits_name and (before.endswith(_OPPOSITES) or (hint in _VERBS and last.endswith(_BEGINNINGS))):
        return 0
    if last.endswith(hint):
        return _END
    if len(hint) < 4:
        return 0
    if hint in last:
        return _PART
    return _ABOVE if any(hint in _normal(name) for name in names[:-1]) else 0


def _normal(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())
