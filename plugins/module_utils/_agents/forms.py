# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The forms of what others answer: a value as it may be used from here on, or what is wrong with it.

What is of another type is refused. Texts are freed of control characters and bounded instead: names of containers that
are not ours, and words of their logs, may be anything on a host where all is well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Callable, Dict

from .text import kind_of, printable

Form = Callable[[Any, str], Any]
"""A value, and where it was found -> the value; raises MisfitError."""

Forms = Dict[str, Form]

MOST = 1e15  # of any number: times are epoch seconds, and memory is in bytes
DEEPEST = 12  # mappings and lists within each other
_SHOWN = 40  # characters of a key in a message


class MisfitError(ValueError):
    """It is something else; says what, and where."""


def text(limit: int = 512) -> Form:
    """A text of one line."""

    def form(value: Any, where: str) -> str:
        return cleaned(_of(str, "a text", value, where), limit)

    return form


def cleaned(value: str, limit: int) -> str:
    """One line, bounded, and without control characters, halves of characters among them."""
    if len(value) <= limit and value.isprintable():  # nearly all are
        return value
    return printable("".join(" " if char in "\r\n\t" else char for char in value[: limit + 1]), limit)


def flag(value: Any, where: str) -> bool:
    """Yes or no."""
    return bool(_of(bool, "true or false", value, where))


def number(value: Any, where: str) -> float:
    """One that can be reckoned with: JSON of Python has others too."""
    found: float = _of((int, float), "a number", value, where)
    if isinstance(value, bool) or not abs(found) <= MOST:  # one that is none is neither more nor less
        raise MisfitError(f"{where} is no number that can be reckoned with")
    return found


def whole(value: Any, where: str) -> int:
    """One without a fraction."""
    number(value, where)
    return int(_of(int, "a whole number", value, where))


def one_of(words: Sequence[str]) -> Form:
    """One of these words."""

    def form(value: Any, where: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise MisfitError(f"{where} is none of {', '.join(words)}")
        return value

    return form


def maybe(form: Form) -> Form:
    """The same, or null."""
    return lambda value, where: None if value is None else form(value, where)


def listed(form: Form, most: int) -> Form:
    """So many of them at most."""

    def of_all(value: Any, where: str) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise MisfitError(f"{where} is {kind_of(value)}, and not a list")
        if len(value) > most:
            raise MisfitError(f"{where} has {len(value)} entries, and not at most {most}")
        return [form(each, f"entry {number} of {where}") for number, each in enumerate(value, 1)]

    return of_all


def mapping(needed: Forms, others: Forms | None = None) -> Form:
    """With these keys, and no more than these and the others."""
    known = {**needed, **(others or {})}

    def form(value: Any, where: str) -> dict[str, Any]:
        found = _of(Mapping, "a mapping", value, where)
        for key in needed:
            if key not in found:
                raise MisfitError(f"{where} has no {key}")
        for key in found:
            if key not in known:
                raise MisfitError(f"{where} has the key {printable(str(key), _SHOWN)!r}, which nothing of ours has")
        return {key: known[key](each, f"{key} of {where}") for key, each in found.items()}

    return form


def plain(value: Any, where: str, depth: int = 0) -> Any:
    """Any data that is not to be read, but to be shown."""
    if depth > DEEPEST:
        raise MisfitError(f"{where} goes deeper than {DEEPEST}")
    if isinstance(value, Mapping):
        return {cleaned(str(key), 512): plain(each, where, depth + 1) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each, where, depth + 1) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):  # the arguments of a task come back as somebody wrote them
        return value if abs(value) <= MOST else cleaned(str(value), 10000)
    return cleaned(_of(str, "data", value, where), 10000)


def _of(types: Any, wanted: str, value: Any, where: str) -> Any:
    if not isinstance(value, types):
        raise MisfitError(f"{where} is {kind_of(value)}, and not {wanted}")
    return value
