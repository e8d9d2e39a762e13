# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the server that stands in for AWX refuses something, and what all of its rules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema

Object = dict[str, Any]
Find = Callable[[str, int], Object]
"""An object by its resource and number."""


class RefusedError(Exception):
    """AWX would answer 400, or 403."""

    def __init__(self, status: int = 400, **reasons: str) -> None:
        super().__init__(str(reasons))
        self.status = status
        # Of a field there is a list; what Django REST framework says of a request as a whole is one text.
        self.answer = {name: reason if name == "detail" else [reason] for name, reason in reasons.items()}


def shaped(field: str, value: Any, schema: Mapping[str, Any]) -> None:
    for each in jsonschema.Draft202012Validator(schema).iter_errors(value):
        raise RefusedError(**{field: f"{each.json_path}: {each.message}"})


def is_exactly(value: Any, kind: type) -> bool:
    """Whether a value of JSON has this type; true and false are no numbers."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
