# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A successful answer, read through the expressions of the contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, NoReturn

from .._errors import ContractError
from .dependencies import jmespath
from .operation import Operation
from .secret import Redactor

MILLISECONDS_FROM = 1e11  # epoch milliseconds since 1973, epoch seconds until the year 5138
SECONDS_FROM = 1e9  # epoch seconds since 2001; anything smaller is a duration
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?\Z", re.IGNORECASE
)


# What expressions raise over values that they cannot be applied to: not all functions of jmespath check theirs.
_NOT_APPLICABLE = (ValueError, TypeError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class Answer:
    """What came back for one operation.

    Attributes:
        outcome: the name that the contract gives to the status code.
        data: the decoded JSON; None for an empty body.
        server_time: epoch seconds on the server's clock; the local clock where it does not tell.
        where: "METHOD URL".
    """

    operation: Operation
    outcome: str
    status: int
    data: Any
    server_time: float
    where: str
    redactor: Redactor

    def read(self, field: str, item: Any = None) -> Any:
        """A field of the answer, or of one item of it; None where it is absent.

        Raises:
            ContractError: the expression cannot be applied to this answer.
        """
        expression = self.operation.fields[field].value
        try:
            return jmespath.search(expression, self.data if item is None else item)
        except _NOT_APPLICABLE as exc:
            # What jmespath says has the value that does not fit.
            why = "" if self.operation.gives_token else f": {self.redactor.shown(str(exc))}"
            problem = f"the expression {expression} cannot be applied{why}"
        return self.fail(field, problem)

    def text(self, field: str, item: Any = None) -> str | None:
        """A field that is a text; a number is one too."""
        value = self.read(field, item)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) else None

    def texts(self, field: str, item: Any = None) -> tuple[str, ...]:
        """A field that is a list of texts; everything else in it is left out."""
        value = self.read(field, item)
        values = value if isinstance(value, list) else [value]
        return tuple(str(part) for part in values if _is_text(part))

    def tells_texts(self, field: str, item: Any = None) -> bool:
        """Whether all of a field can be read as a list of texts; what is absent tells nothing that could not."""
        return told_as_texts(self.read(field, item))

    def flag(self, field: str, item: Any = None) -> bool | None:
        """A field that is true or false; None where the answer does not tell."""
        value = self.read(field, item)
        return value if isinstance(value, bool) else None

    def has(self, field: str) -> bool:
        """Whether the answer has a field at all, even if there is nothing in it."""
        try:
            marked = _marked(self.data)
        except RecursionError:
            return False
        return searched(self.operation.fields[field].value, marked) is not None

    def needed_text(self, field: str, item: Any = None) -> str:
        """A text that must be there."""
        value = self.text(field, item)
        if not value:
            self.fail(field, self._missing(field, "a text", self.data if item is None else item))
        return value

    def needed_list(self, field: str) -> list[Any]:
        """A list that must be there."""
        value = self.read(field)
        if not isinstance(value, list):
            self.fail(field, self._missing(field, "a list", self.data))
        return value

    def seconds_until(self, field: str) -> float | None:
        """A field that is a moment (ISO, epoch in seconds or milliseconds) or a duration in milliseconds, as seconds
        from the server's now on; None where it is absent."""
        value = self.read(field)
        if value is None or isinstance(value, bool) or value == "":
            return None
        seconds = _seconds_until(value, self.server_time)
        if seconds is None:
            self.fail(field, f"{self.redactor.shown(repr(value), 80)} is no moment in time")
        return seconds

    def _missing(self, field: str, wanted: str, document: Any) -> str:
        expression = self.operation.fields[field].value
        return f"{wanted} was expected at {expression!r}, but {self._shape(document)}"

    def _shape(self, document: Any) -> str:
        if isinstance(document, Mapping):
            keys = ", ".join(self.redactor.shown(str(key), 40) for key in list(document)[:20])
            return f"there is an object with the keys {keys}" if keys else "there is an empty object"
        return f"there is {'nothing' if document is None else 'a ' + type(document).__name__}"

    def fail(self, field: str, problem: str) -> NoReturn:
        """Say that a field is not what the contract promises."""
        name = self.operation.name
        raise ContractError(
            self.operation.tried,
            where=self.where,
            answered=f"HTTP {self.status}; {problem}",
            todo="If this Connectware names it differently, correct the entry"
            f" {name}.fields.{field}: connectware_contract: {{{name}: {{fields: {{{field}: <JMESPath>}}}}}}.",
            status=self.status,
        )


def told_as_texts(value: Any) -> bool:
    """Whether a value is a list of texts alone, or nothing."""
    return value is None or (isinstance(value, list) and all(_is_text(part) for part in value))


def _is_text(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def searched(expression: str, document: Any) -> Any:
    """What an expression finds in a document; None where it finds nothing or cannot be applied."""
    try:
        return jmespath.search(expression, document)
    except _NOT_APPLICABLE:
        return None


def _marked(document: Any) -> Any:
    """The same with something in each field that has nothing; what stands in lists is left as it is."""
    if not isinstance(document, Mapping):
        return document
    return {
        key: "nothing" if value is None or value is False or value == "" else _marked(value)
        for key, value in document.items()
    }


def moment_in(value: Any) -> bool:
    """Whether a value can be read as a moment or a duration."""
    return not isinstance(value, bool) and value not in (None, "") and _seconds_until(value, 0.0) is not None


def _seconds_until(value: Any, now: float) -> float | None:
    if isinstance(value, str) and not re.match(r"\d{1,15}(\.\d{1,9})?\Z", value):
        moment = _iso_moment(value)
        return None if moment is None else moment - now
    if isinstance(value, str):
        value = float(value)
    # Compared before it is converted: JSON can carry whole numbers that no float can.
    if not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        return None
    number = float(value)
    if number >= MILLISECONDS_FROM:
        return number / 1000 - now
    return number - now if number >= SECONDS_FROM else number / 1000


def _iso_moment(text: str) -> float | None:
    match = _ISO.match(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone is None or zone in "Zz" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)
