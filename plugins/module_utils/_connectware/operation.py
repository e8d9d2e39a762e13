# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the contract says of one operation, and how a request is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Tuple
from urllib.parse import quote, urlencode

from .._agents.text import printable
from .._errors import ContractError

DOCUMENTED = "documented"
OBSERVED = "observed"
ASSUMED = "assumed"
USER = "user"
PROVENANCES = (DOCUMENTED, OBSERVED, ASSUMED, USER)

REPEAT_ALWAYS = "always"  # doing it twice is the same as doing it once
REPEAT_UNSENT = "unsent"  # only when the server surely did not act on it
REPEAT_NEVER = "never"  # the caller has to look again first

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

Place = Tuple[str, ...]
"""The keys of an entry below connectware_contract; dots in a key do not split it."""


@dataclass(frozen=True)
class Entry:
    """One fact of the contract and where it comes from: documented, observed or assumed; user if corrected."""

    value: Any
    provenance: str


def documented(value: Any) -> Entry:
    """The vendor's documentation says so."""
    return Entry(value, DOCUMENTED)


def observed(value: Any) -> Entry:
    """Seen in public artefacts of the vendor."""
    return Entry(value, OBSERVED)


def assumed(value: Any) -> Entry:
    """Nothing public settles it."""
    return Entry(value, ASSUMED)


@dataclass(frozen=True)
class Operation:
    """One operation of the API.

    Attributes:
        name: its key in the contract.
        tried: what it does, as a verb phrase for messages.
        statuses: outcome -> HTTP status codes; everything else is an error.
        query, body: name -> template; `{placeholder}` stands for a parameter of the call.
        fields: name -> JMESPath expression for the answer.
        placeholders: the parameters that templates may use.
        needed: the request must use at least one of each group of placeholders.
        repeat: one of REPEAT_*.
        permission: what the account needs, for messages.
        with_token: whether a token is sent along.
        may_be_silent: the fields of the answer are a help only; one that cannot be read is none.
    """

    name: str
    tried: str
    method: Entry
    path: Entry
    statuses: Mapping[str, Entry]
    query: Mapping[str, Entry] = field(default_factory=dict)
    body: Mapping[str, Entry] = field(default_factory=dict)
    fields: Mapping[str, Entry] = field(default_factory=dict)
    placeholders: frozenset[str] = frozenset()
    needed: tuple[frozenset[str], ...] = ()
    repeat: str = REPEAT_ALWAYS
    permission: str = ""
    with_token: bool = True
    may_be_silent: bool = False

    @property
    def gives_token(self) -> bool:
        """Its answer has a secret that nobody knows before it was read, so none of it may stand in a message."""
        return "token" in self.fields

    def entries(self) -> Iterator[tuple[Place, Entry]]:
        """Every correctable entry and its place."""
        yield (self.name, "method"), self.method
        yield (self.name, "path"), self.path
        for part in ("statuses", "query", "body", "fields"):
            for key, entry in getattr(self, part).items():
                yield (self.name, part, key), entry

    def used_placeholders(self) -> set[str]:
        """The parameters that the request carries."""
        templates = [self.path.value, *(e.value for e in self.query.values()), *(e.value for e in self.body.values())]
        return set().union(*(placeholders_in(template) for template in templates))

    def outcome(self, status: int) -> str | None:
        """What a status code means for this operation; None for an error."""
        for outcome, codes in self.statuses.items():
            if status in codes.value:
                return outcome
        return None

    def request(self, params: Mapping[str, Any]) -> Request:
        """Fill the templates in.

        Raises:
            ContractError: a parameter cannot be part of a path.
        """
        query = [(key, value) for key, entry in self.query.items() for value in _listed(filled(entry.value, params))]
        body = {key: filled(entry.value, params) for key, entry in self.body.items()}
        return Request(
            method=self.method.value,
            path=self._filled_path(params) + (f"?{urlencode(query)}" if query else ""),
            body={key: value for key, value in body.items() if value is not None} or None,
        )

    def _filled_path(self, params: Mapping[str, Any]) -> str:
        def segment(match: re.Match[str]) -> str:
            value = str(params[match.group(1)])
            if value in ("", ".", "..") or not fits_url(value):
                raise ContractError(
                    self.tried,
                    where=f"{self.method.value} {self.path.value}",
                    answered=f"{printable(repr(value))} as {match.group(1)} cannot be part of a path",
                    todo=f"Correct the fields of the operation it was read from, or {self.name}.path,"
                    " in connectware_contract.",
                )
            return quote(value, safe="")

        return PLACEHOLDER.sub(segment, self.path.value)


@dataclass(frozen=True)
class Request:
    """A request ready to be sent; the path has its query string."""

    method: str
    path: str
    body: Mapping[str, Any] | None


def fits_url(text: str) -> bool:
    """Whether it can be asked for: half a surrogate pair, as JSON can carry it, has no bytes that a URL could show."""
    return not any("\ud800" <= char <= "\udfff" for char in text)


def placeholders_in(template: Any) -> set[str]:
    """The names of all placeholders of a template."""
    if isinstance(template, str):
        return set(PLACEHOLDER.findall(template))
    if isinstance(template, Mapping):
        return set().union(*(placeholders_in(value) for value in template.values()))
    if isinstance(template, (list, tuple)):
        return set().union(*(placeholders_in(value) for value in template))
    return set()


def filled(template: Any, params: Mapping[str, Any]) -> Any:
    """The template with its placeholders replaced; one that is a placeholder only keeps the parameter's type."""
    if isinstance(template, str):
        whole = PLACEHOLDER.fullmatch(template)
        if whole:
            return params.get(whole.group(1))
        return PLACEHOLDER.sub(lambda match: str(params.get(match.group(1), "")), template)
    if isinstance(template, Mapping):
        return {key: filled(value, params) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [filled(value, params) for value in template]
    return template


def _listed(value: Any) -> Iterable[str]:
    if value is None:
        return []
    values = value if isinstance(value, (list, tuple)) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in values]
