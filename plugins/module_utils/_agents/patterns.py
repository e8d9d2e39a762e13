# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""By which texts an agent's log is understood: data that a user can correct, each with the source of the fact.

`documented` is quoted from the vendor's documentation, `assumed` follows from it or is a guess that needs a real agent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Pattern

from .._errors import SpecError
from .observation import ASKING_CACHED, ASKING_NEW, CONFLICT, FAILURE, PAIRING, UNREACHABLE
from .text import printable

START = "start"


@dataclass(frozen=True)
class PatternSource:
    """A regular expression and where it comes from.

    Attributes:
        regex: matched against one message; must match from its start where it begins with ^.
        provenance: documented, assumed or user.
    """

    regex: str
    provenance: str


DEFAULT_PATTERNS: dict[str, PatternSource] = {
    START: PatternSource(r"^Starting in distributed", "documented"),
    ASKING_NEW: PatternSource(
        r"^Asking for Connectware registration at .{1,300} with newly generated credentials", "documented"
    ),
    ASKING_CACHED: PatternSource(
        r"^Asking for Connectware registration at .{1,300} with cached credentials", "assumed"
    ),
    PAIRING: PatternSource(
        r"^Username: (?P<username>\S{1,128}), pairing ID \(should match in UI\):"
        r" (?P<pairing_id>[A-Za-z0-9_-]{1,64})\s*$",
        "documented",
    ),
    CONFLICT: PatternSource(r"409 Conflict", "documented"),
    FAILURE: PatternSource(
        # First any alert of TLS, as the versions of OpenSSL write it.
        r"(?i)(ssl|tls)(v[0-9.]{1,3})?[ _]alert"
        r"|certificate[ _](verify|has[ _]expired|expired|revoked|required|unknown)|self.signed certificate"
        r"|unknown[ _]ca\b|bad[ _]certificate|version mismatch|incompatible version|no space left on device"
        r"|ENOSPC|EACCES",
        "assumed",
    ),
    # Of Connectware or of a machine: an agent that else looks well is judged by those that name Connectware.
    UNREACHABLE: PatternSource(
        r"(?i)ECONNREFUSED|ECONNRESET|ENOTFOUND|EHOSTUNREACH|ETIMEDOUT|connection (refused|reset|closed)", "assumed"
    ),
}
_UNLIKE = ("~", "a: b 1", '{"level":20,"msg":"debug"}')  # lines that have nothing in common
_REQUIRED_GROUPS = {PAIRING: {"username", "pairing_id"}}


@dataclass(frozen=True)
class LogPatterns:
    """The compiled patterns, by name."""

    compiled: Mapping[str, Pattern[str]]

    def kind_of(self, message: str) -> tuple[str, re.Match[str]] | None:
        """The first pattern that the message fits, in the order of DEFAULT_PATTERNS; None for ordinary lines."""
        for kind, pattern in self.compiled.items():
            match = pattern.search(message)
            if match is not None:
                return kind, match
        return None


def parse_patterns(corrections: Mapping[str, Any] | None = None) -> LogPatterns:
    """The default patterns with the user's corrections over them.

    Args:
        corrections: pattern name -> regular expression.

    Raises:
        SpecError: naming the pattern that does not exist, does not compile or lacks a named group.
    """
    problems = []
    sources = {kind: source.regex for kind, source in DEFAULT_PATTERNS.items()}
    for kind, regex in (corrections or {}).items():
        if kind not in sources:
            problems.append(f"{printable(str(kind))!r} is no pattern; there are {', '.join(sources)}")
        elif not isinstance(regex, str):
            problems.append(f"{kind} must be a regular expression in a string")
        else:
            sources[kind] = regex
    compiled = {}
    for kind, regex in sources.items():
        try:
            compiled[kind] = re.compile(regex)
        except (re.error, OverflowError, RecursionError) as exc:
            problems.append(f"{kind} is no regular expression: {exc}")
            continue
        if all(compiled[kind].search(line) for line in _UNLIKE):
            problems.append(f"{kind} would match any line; one that matches none is '(?!)'")
        missing = _REQUIRED_GROUPS.get(kind, set()) - set(compiled[kind].groupindex)
        if missing:
            problems.append(f"{kind} needs the named groups {', '.join(sorted(missing))}")
    if problems:
        raise SpecError(
            "use the log patterns", answered="; ".join(problems), todo="Correct log_patterns (agents_log_patterns)."
        )
    return LogPatterns(compiled)
