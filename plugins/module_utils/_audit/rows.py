# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an audit finds: agents, hosts and factories, each as a row of the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._agents.evidence import REGISTERED, VERDICTS

GHOST = "ghost"
UNREACHABLE = "unreachable"
UNKNOWN = "unknown"
AUDIT_VERDICTS = (*VERDICTS, GHOST, UNREACHABLE, UNKNOWN)
"""Those of a rollout; an agent of the server that no host names; one whose host, or about which nobody, could tell."""

ABSENT, STOPPED, DRIFT, OTHER_VERSION = "absent", "stopped", "drift", "other_version"
CLONE, MISSING = "clone", "missing"
FINDINGS = (ABSENT, STOPPED, DRIFT, OTHER_VERSION, CLONE, MISSING)
"""No container; a container that does not run; one that differs from the inventory; one whose image has another version
than the server; a name or a volume in two places; neither user nor request on the server."""

WELL, ATTENTION, FAILING, NOBODY_KNOWS = "well", "attention", "failing", "unknown"
STATES = (WELL, ATTENTION, FAILING, NOBODY_KNOWS)

ASKED, HOST_UNREACHABLE, FAILED, NOT_ASKED = "asked", "unreachable", "failed", "not_asked"
HOST_STATUSES = (ASKED, HOST_UNREACHABLE, FAILED, NOT_ASKED)

MATTERS = (*(verdict for verdict in AUDIT_VERDICTS if verdict != REGISTERED), *FINDINGS)
"""Everything that can be wrong with an agent, in the words of the option fail_on."""


@dataclass(frozen=True)
class AgentRow:
    """One agent.

    Attributes:
        factory, host: None for a ghost that runs on no host that was asked.
        verdict: one of AUDIT_VERDICTS.
        reason: why it needs a registration, one of REASONS.
        would_register: a rollout would register it; one in conflict only after it has deleted the user in its way.
        message: why the verdict is what it is, in a sentence.
        findings: those of FINDINGS that fit.
        notes: a sentence for each finding.
        image: the reference of its container's image, without the version; None if it has no container.
        version: tag or digest of that image.
        registered_since: when its user was made, as the server writes it.
        drift: the options in which its container differs from the inventory.
    """

    name: str
    username: str
    verdict: str
    factory: str | None = None
    host: str | None = None
    reason: str = "none"
    would_register: bool = False
    message: str = ""
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    container: str | None = None
    volume: str | None = None
    container_state: str | None = None
    image: str | None = None
    version: str | None = None
    registered_since: str | None = None
    connected: bool | None = None
    drift: tuple[str, ...] = ()
    last_lines: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """One of STATES: what the colours of the page mean."""
        if CLONE in self.findings:
            return FAILING
        if self.verdict in (UNREACHABLE, UNKNOWN):
            return NOBODY_KNOWS
        if self.verdict == GHOST:
            return ATTENTION
        if self.verdict == REGISTERED and set(self.findings) <= {DRIFT, OTHER_VERSION}:
            return ATTENTION if self.findings else WELL
        return FAILING

    def matters(self, wanted: frozenset[str]) -> bool:
        """Whether its verdict or one of its findings is among these."""
        return bool(wanted & {self.verdict, *self.findings})


@dataclass(frozen=True)
class HostRow:
    """One host of the play.

    Attributes:
        status: one of HOST_STATUSES.
        message: why it could not be asked, or not wholly.
        agents: how many agents the inventory names for it.
    """

    name: str
    factory: str
    status: str = ASKED
    message: str = ""
    agents: int = 0


@dataclass(frozen=True)
class Report:
    """The whole audit.

    Attributes:
        server_error: why Connectware could not be asked for all its agents; then there are no ghosts and dates.
        server_version: None where it does not tell.
        notices: what else a reader must know, a sentence each.
        strangers: username and pairing IDs of requests that are pending under a name which nobody has.
        left_out: hosts of the inventory that have agents and were not asked.
        untold: verdicts and findings that nobody could look for -> why.
    """

    agents: tuple[AgentRow, ...]
    hosts: tuple[HostRow, ...]
    server_error: str = ""
    server_version: str | None = None
    notices: tuple[str, ...] = ()
    strangers: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()
    untold: Mapping[str, str] = field(default_factory=dict)
