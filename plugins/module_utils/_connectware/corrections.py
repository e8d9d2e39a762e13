# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The user's corrections of the contract: merged over it, or refused with the dotted path of every wrong key.

`fields`, `statuses`, `settings` and `errors` are merged key by key; `query` and `body` are replaced as a whole, so that
a parameter can be left out as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .._agents.text import kind_of, printable
from .._errors import ContractCorrectionError
from .contract import Contract
from .dependencies import jmespath, need_libraries
from .operation import USER, Entry, Operation, filled, placeholders_in

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"/(?!/)[A-Za-z0-9_.~!$&'()*+,;=:@%{}/-]*\Z")
_HEADER = re.compile(r"[A-Za-z0-9-]+\Z")
_PARTS = ("method", "path", "query", "body", "statuses", "fields")


def corrected(contract: Contract, corrections: Mapping[str, Any] | None) -> Contract:
    """The same contract with the user's corrections over it.

    Raises:
        ContractCorrectionError: naming every wrong key, with what is allowed there.
    """
    if not corrections:
        return contract
    need_libraries()
    check = _Checker()
    operations = dict(contract.operations)
    others = {
        "settings": dict(contract.settings),
        "statuses": dict(contract.error_statuses),
        "fields": dict(contract.error_fields),
    }
    for name, given in check.mapping("", corrections, [*operations, "settings", "errors"]):
        if name in operations:
            operations[name] = _operation(check, operations[name], given)
        elif name == "settings":
            others["settings"].update(_settings(check, contract, given))
        else:
            for part, value in check.mapping("errors", given, ["statuses", "fields"]):
                convert = check.codes if part == "statuses" else check.expression
                others[part].update(check.entries(f"errors.{part}", value, others[part], convert))
    check.raise_problems()
    return Contract(operations, others["settings"], others["statuses"], others["fields"])


def _operation(check: _Checker, operation: Operation, given: Any) -> Operation:
    name = operation.name
    changes: dict[str, Any] = {}
    for part, value in check.mapping(name, given, _PARTS):
        where = f"{name}.{part}"
        if part == "method":
            changes[part] = Entry(check.method(where, value), USER)
        elif part == "path":
            changes[part] = Entry(check.path(where, value), USER)
        elif part in ("query", "body"):
            changes[part] = check.templates(where, value)
        else:
            known: Mapping[str, Entry] = getattr(operation, part)
            convert = check.codes if part == "statuses" else check.expression
            changes[part] = {**known, **check.entries(where, value, known, convert)}
    result = replace(operation, **changes)
    if check.clean(name):
        _check_placeholders(check, result)
    return result


def _check_placeholders(check: _Checker, operation: Operation) -> None:
    used = operation.used_placeholders()
    allowed = ", ".join(f"{{{name}}}" for name in sorted(operation.placeholders)) or "none"
    for name in sorted(used - operation.placeholders):
        check.refuse(operation.name, f"the placeholder {{{printable(name)}}} does not exist here; allowed: {allowed}")
    for group in operation.needed:
        if not used & group:
            names = " or ".join(f"{{{name}}}" for name in sorted(group))
            check.refuse(operation.name, f"{names} must be used in the path, the query or the body")


def _settings(check: _Checker, contract: Contract, given: Any) -> dict[str, Entry]:
    result = {}
    for key, value in check.mapping("settings", given, contract.settings):
        result[key] = Entry(check.setting(key, value, contract.settings[key].value), USER)
    return result


class _Checker:
    """Validates values and collects what is wrong, so that a user mends everything at once."""

    def __init__(self) -> None:
        self._problems: list[tuple[str, str]] = []

    def refuse(self, where: str, text: str) -> None:
        self._problems.append((where, text))

    def clean(self, prefix: str) -> bool:
        return not any(where.startswith(prefix) for where, _text in self._problems)

    def raise_problems(self) -> None:
        if self._problems:
            raise ContractCorrectionError(
                "use the corrections of the contract",
                answered="; ".join(f"connectware_contract.{where}: {text}" for where, text in self._problems),
                todo="Correct connectware_contract; nothing was asked or changed."
                " `connectware_info` with `gather: [contract]` lists all entries.",
            )

    def mapping(self, where: str, value: Any, allowed: Iterable[str]) -> list[tuple[str, Any]]:
        """The items of a mapping whose keys are allowed; the others are refused."""
        if not isinstance(value, Mapping):
            self.refuse(where, f"must be a mapping, not {kind_of(value)}")
            return []
        keys = list(allowed)
        items = []
        for key, item in value.items():
            if key in keys:
                items.append((str(key), item))
            else:
                dotted = f"{where}.{printable(str(key))}" if where else printable(str(key))
                self.refuse(dotted, f"does not exist; allowed here: {', '.join(keys) or 'nothing'}")
        return items

    def entries(
        self, where: str, value: Any, known: Mapping[str, Entry], convert: Callable[[str, Any], Any]
    ) -> dict[str, Entry]:
        return {key: Entry(convert(f"{where}.{key}", item), USER) for key, item in self.mapping(where, value, known)}

    def method(self, where: str, value: Any) -> str:
        if not isinstance(value, str) or value.upper() not in _METHODS:
            self.refuse(where, f"must be one of {', '.join(_METHODS)}, not {_shown(value)}")
            return ""
        return value.upper()

    def path(self, where: str, value: Any) -> str:
        if not isinstance(value, str) or not _PATH.match(value) or ".." in value.split("/"):
            self.refuse(
                where,
                f"must be a path on the server such as /api/x/{{id}}, without host and query, not {_shown(value)}",
            )
            return ""
        return value

    def templates(self, where: str, value: Any) -> dict[str, Entry]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.refuse(where, f"must be a mapping of parameter names to values, not {kind_of(value)}")
            return {}
        try:
            placeholders_in(value)
            # Filled as a request fills it, because what comes from a play may be lists and texts of other classes.
            json.dumps(filled(value, {}), allow_nan=False)
        except RecursionError:
            self.refuse(where, "is nested too deeply")
            return {}
        except (TypeError, ValueError) as exc:
            self.refuse(where, f"is nothing that JSON can carry (write a date in quotes): {printable(str(exc), 200)}")
            return {}
        return {str(key): Entry(item, USER) for key, item in value.items()}

    def codes(self, where: str, value: Any) -> list[int]:
        codes = value if isinstance(value, list) else [value]
        for code in codes:
            if isinstance(code, bool) or not isinstance(code, int) or not 100 <= code <= 599:
                self.refuse(where, f"must be HTTP status codes such as [200, 204], not {_shown(value)}")
                return []
        return codes

    def expression(self, where: str, value: Any) -> str:
        if not isinstance(value, str):
            self.refuse(where, f"must be a JMESPath expression in a string, not {kind_of(value)}")
            return ""
        try:
            jmespath.compile(value)
        except ValueError as exc:  # the base of all errors of jmespath
            self.refuse(where, f"is no JMESPath expression: {printable(str(exc).splitlines()[0], 200)}")
            return ""
        except RecursionError:
            self.refuse(where, "is nested too deeply")
            return ""
        return value

    def setting(self, key: str, value: Any, default: Any) -> Any:
        problem = _problem_of_type(value, default) or _problem_of_value(key, value)
        if problem:
            self.refuse(f"settings.{key}", problem)
        return value


def _problem_of_type(value: Any, default: Any) -> str:
    """Why a setting cannot be of this type; empty if it can."""
    if isinstance(default, list):
        fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return "" if fits else f"must be a list of strings, not {_shown(value)}"
    if default is None:
        fits = value is None or isinstance(value, bool)
        return "" if fits else f"must be true, false or null, not {kind_of(value)}"
    fits = isinstance(value, type(default)) and not isinstance(value, bool)
    return "" if fits else f"must be {kind_of(default)}, not {kind_of(value)}"


def _problem_of_value(key: str, value: Any) -> str:
    """Why a setting of the right type cannot have this value; empty if it can."""
    if isinstance(value, int) and value < 0:
        return "must not be negative"
    if key == "rows_per_page" and value < 1:
        return "must be at least 1"
    if key == "auth_header" and not _HEADER.match(value):
        return "must be the name of an HTTP header"
    if key == "auth_value" and (placeholders_in(value) != {"token"} or not value.isprintable()):
        return "must contain {token} and nothing else in braces"
    return ""


def _shown(value: Any) -> str:
    return printable(repr(value)) if isinstance(value, (str, int, float)) else kind_of(value)
