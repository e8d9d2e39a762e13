# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a conversation stands between two of its turns, in a form that a result of a task can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .authorization import Authorization
from .authorizations import Authorizations
from .evidence import Verdict
from .leftovers import Leftovers
from .observation import Observation
from .record import AgentRecord
from .refusals import Refusals
from .restarts import Restarts
from .sightings import Sightings
from .waits import Waits


@dataclass(frozen=True)
class Interim:
    """Times are seconds of the controller's monotonic clock, which all workers of one run share.

    Attributes:
        records: the agents of the host, those that are settled included.
        began: from when on the time for everything counts: when the first turn began, and as much later as this
            conversation has waited for its turns too long.
        parked_at: when the turn before ended.
        users_at: when the users were listed last; None before the first time.
        holds_window: it needs the registration window, and has told the book so.
        turns: how many there have been.
        told_at: when somebody was told how far it is; None before the first time.
    """

    records: tuple[AgentRecord, ...]
    began: float
    parked_at: float
    users_at: float | None = None
    holds_window: bool = False
    turns: int = 0
    told_at: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Interim:
        """The same again.

        Raises:
            KeyError, TypeError, AttributeError: this is not what `to_dict` has made.
        """
        return cls(
            records=tuple(_record(each) for each in values["records"]),
            began=float(values["began"]),
            parked_at=float(values["parked_at"]),
            users_at=values["users_at"],
            holds_window=bool(values["holds_window"]),
            turns=int(values["turns"]),
            told_at=values["told_at"],
        )


def _record(values: Mapping[str, Any]) -> AgentRecord:
    let_in = values["authorizations"]
    asked = [Authorization(**each) for each in let_in["asked"]]
    authorizations = Authorizations(**{**let_in, "asked": asked, "refusals": Refusals(**let_in["refusals"])})
    return AgentRecord(
        **{
            **values,
            "observation": Observation.from_dict(values["observation"]),
            "pending": tuple(values["pending"]),
            "authorizations": authorizations,
            "sightings": Sightings(**values["sightings"]),
            "waits": Waits(**values["waits"]),
            "restarts": Restarts(**values["restarts"]),
            "leftovers": Leftovers(**values["leftovers"]),
            "verdict": _verdict(values["verdict"]),
            "first": _verdict(values["first"]),
        }
    )


def _verdict(values: Mapping[str, Any] | None) -> Verdict | None:
    return None if values is None else Verdict(**values)
