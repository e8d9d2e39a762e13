# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a contract check has found: one finding for each entry, and the corrections for those that do not fit."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from .._agents.text import printable
from .contract import Contract
from .operation import Entry, Operation, Place

OK = "ok"
MISSING = "missing"  # nothing is there
WRONG_TYPE = "wrong_type"  # something else is there
WRONG = "wrong"  # Connectware refuses it, or it has no effect
FORBIDDEN = "forbidden"
NOT_PROVABLE = "not_provable"
NOT_ASKED = "not_asked"  # it would write, or nothing needed it
RESULTS = (WRONG, WRONG_TYPE, MISSING, FORBIDDEN, NOT_PROVABLE, OK, NOT_ASKED)
UNFIT = (WRONG, WRONG_TYPE, MISSING)

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
_YAML_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True)
class Finding:
    """What the check says of one entry."""

    result: str
    message: str


@dataclass(frozen=True)
class Correction:
    """What to write in place of an entry.

    Attributes:
        values: the likeliest first; empty where only the user can know it.
        sure: whether the first one can be used as it is.
    """

    values: tuple[Any, ...]
    sure: bool
    note: str


@dataclass
class Findings:
    """Collected while the check asks; the first finding of an entry stays, unless a later one knows more."""

    contract: Contract
    found: dict[Place, Finding] = field(default_factory=dict)
    corrections: dict[Place, Correction] = field(default_factory=dict)

    def add(self, place: Place, result: str, message: str, correction: Correction | None = None) -> None:
        """Say something of an entry that exists."""
        before = self.found.get(place)
        if before is not None and before.result not in (NOT_PROVABLE, NOT_ASKED, FORBIDDEN):
            return
        self.found[place] = Finding(result, message)
        self.corrections.pop(place, None)
        if correction is not None:
            self.corrections[place] = correction

    def rest(self, operation: Operation, result: str, message: str) -> None:
        """Say it of all entries of an operation that nothing was said of yet."""
        for place, _entry in operation.entries():
            if place not in self.found:
                self.found[place] = Finding(result, message)

    def result(self, answers: list[dict[str, Any]]) -> dict[str, Any]:
        """The module's result."""
        entries = [self._entry(place, entry) for place, entry in self.contract.entries()]
        by_result = {result: [entry for entry in entries if entry["result"] == result] for result in RESULTS}
        return {
            "fits": self._lists_were_read() and not any(by_result[result] for result in UNFIT),
            "counts": {result: len(found) for result, found in by_result.items()},
            "entries": entries,
            "report": [line for result in RESULTS for line in _lines(by_result[result])],
            "answers": answers,
            "corrections": self._sure(),
            "corrections_yaml": self._yaml(),
        }

    def _lists_were_read(self) -> bool:
        """What every run reads was there."""
        found = [self.found.get((name, "path")) for name in ("list_registry", "list_users")]
        return all(finding is not None and finding.result == OK for finding in found)

    def _entry(self, place: Place, entry: Entry) -> dict[str, Any]:
        found = self.found.get(place) or Finding(NOT_PROVABLE, "not met in this check")
        return {
            "entry": ".".join(place),
            "value": entry.value,
            "provenance": entry.provenance,
            "result": found.result,
            "message": found.message,
        }

    def _ordered(self) -> list[tuple[Place, Correction]]:
        return [
            (place, self.corrections[place]) for place, _entry in self.contract.entries() if place in self.corrections
        ]

    def _sure(self) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for place, correction in self._ordered():
            if correction.sure:
                inner = result
                for key in place[:-1]:
                    inner = inner.setdefault(key, {})
                inner[place[-1]] = correction.values[0]
        return result

    def _yaml(self) -> str:
        """A text for group_vars; what only the user can decide is a comment in it."""
        lines: list[str] = []
        before: Place = ()
        ordered = self._ordered()
        for place, correction in ordered:
            for depth in range(1, len(place)):
                if place[:depth] != before[:depth]:
                    live = any(other.sure and name[:depth] == place[:depth] for name, other in ordered)
                    lines.append(_indented(depth, f"{_scalar(place[depth - 1])}:", live=live))
            before = place
            lines += _written(place, correction)
        return "\n".join(["connectware_contract:", *lines, ""]) if lines else ""


def _lines(entries: list[dict[str, Any]]) -> list[str]:
    """One line for each thing that was found; where it is the same of several entries of an operation, one for all."""
    said: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in entries:
        said.setdefault((entry["entry"].split(".", 1)[0], entry["message"]), []).append(entry)
    return [_line(same, name, message) for (name, message), same in said.items()]


def _line(entries: list[dict[str, Any]], name: str, message: str) -> str:
    result = entries[0]["result"]
    if len(entries) == 1:
        value = entries[0]["value"]
        shown = printable(value if isinstance(value, str) else json.dumps(value), 100)
        return f"{result}: {entries[0]['entry']} ({entries[0]['provenance']}: {shown}): {message}"
    parts = [f"{entry['entry'].split('.', 1)[1]} ({entry['provenance']})" for entry in entries]
    return f"{result}: {name}: {', '.join(parts)}: {message}"


def _written(place: Place, correction: Correction) -> list[str]:
    depth, key = len(place), _scalar(place[-1])
    note = f" # {printable(correction.note, 160)}" if correction.note else ""
    if not correction.values:
        return [_indented(depth, f"{key}: ...{note}", live=False)]
    first = [_indented(depth, f"{key}: {_scalar(correction.values[0])}{note}", live=correction.sure)]
    return first + [_indented(depth, f"{key}: {_scalar(value)}", live=False) for value in correction.values[1:]]


def _indented(depth: int, text: str, *, live: bool) -> str:
    return "  " * depth + ("" if live else "# ") + text


def _scalar(value: Any) -> str:
    """A value as YAML that is read back as the same value."""
    if isinstance(value, str) and _PLAIN.match(value) and value.casefold() not in _YAML_WORDS:
        return value
    if isinstance(value, str) and value.isascii() and value.isprintable() and "'" not in value:
        return f"'{value}'"
    return json.dumps(value)
