# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of hosts and agents in one run, put together from the results of its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = 1
"""The number of the form of the report; it grows when a key goes or means something else, not when one comes."""

OK, FAILED, UNREACHABLE = "ok", "failed", "unreachable"
MESSAGE = 4000  # characters of a message
NOT_JUDGED = "it was not judged"
NOT_SEEN = "whether what was to be done about it was done is not known: nobody has seen it since"
SHOWN = ("username", "container", "volume", "verdict", "reason", "pairing_id")


@dataclass
class AgentRow:
    """One agent on one host.

    Attributes:
        verdict, reason, pairing_id: the last ones that were told; None where it was not judged.
        registered, failed: at the end.
        changed: something was done about it, or in a play in check mode would be.
        actions: what was done, in order.
        predicted: what a run would do, where nothing was done.
        message: why the verdict is what it is, or why it could not be deployed.
        seconds: that it took to be registered; of its host's tasks where it was not judged.
    """

    host: str
    name: str
    username: str | None = None
    container: str | None = None
    volume: str | None = None
    verdict: str | None = None
    reason: str | None = None
    pairing_id: str | None = None
    registered: bool = False
    failed: bool = False
    changed: bool = False
    actions: list[str] = field(default_factory=list)
    predicted: list[str] = field(default_factory=list)
    message: str = ""
    seconds: float | None = None

    def take_deployed(self, agent: Mapping[str, Any], predicted: bool) -> None:
        """What module agents says of it."""
        for key in ("username", "container", "volume"):
            setattr(self, key, agent.get(key))
        done = _done(agent)
        self.predicted = [f"would be {word}" for word in done] if predicted else []
        if not predicted:
            self.actions += done
        self.message = _bounded(agent.get("error") or "")
        self.failed = bool(self.message)

    def take_judged(self, agent: Mapping[str, Any], predicted: bool, wanted: str) -> None:
        """What module agents_registered says of it.

        Args:
            wanted: what becomes of it where all goes well, in a word.
        """
        for key in SHOWN:
            setattr(self, key, agent.get(key))
        self.registered, self.failed = bool(agent.get("registered")), bool(agent.get("failed"))
        self.message = _bounded(agent.get("message") or "")
        self.actions += agent.get("actions") or []
        foreseen = [f"would be {word}" for word in ("unmarked", wanted)]
        self.predicted = [word for word in self.predicted if predicted and word not in foreseen]  # of another look
        if predicted and agent.get("changed"):
            self.predicted.append(foreseen[0] if self.registered else foreseen[1])
        seconds = agent.get("seconds") or 0.0
        if isinstance(seconds, (int, float)):  # a text where digits of it are masked
            self.seconds = (self.seconds or 0.0) + seconds


@dataclass
class HostRow:
    """One host.

    Attributes:
        seconds: that its tasks of this collection took.
        changed_tasks: how many tasks of the run have changed something on it.
        task, message: where and why it failed last; empty if it did not.
    """

    state: str = OK
    seconds: float = 0.0
    changed_tasks: int = 0
    task: str = ""
    message: str = ""


class Tally:
    """Collects; `report` tells.

    Args:
        check: the command line says check mode; a play may say it too, and say otherwise.
    """

    def __init__(self, check: bool = False) -> None:
        self.check = check  # of all plays that are about agents
        self.concerned = False
        self._play_is_in_check_mode = check
        self.hosts: dict[str, HostRow] = {}
        self.agents: dict[str, dict[str, AgentRow]] = {}  # by host and name
        self.authorizations: list[Mapping[str, Any]] = []
        self._left: set[str] = set()
        self._refused: set[str] = set()
        self._lost: dict[str, set[str]] = {}  # by host the keys of agents that nobody has seen since
        self._to_do: dict[str, set[str]] = {}  # by host the keys of agents that something was to be done about, or was

    def begin(self, check: bool) -> None:
        """A play of any kind."""
        self._play_is_in_check_mode = check

    def expect(self, hosts: Iterable[str]) -> None:
        """Hosts of a play that is about agents."""
        self.check = self._play_is_in_check_mode and (self.check or not self.concerned)
        self.concerned = True
        for host in hosts:
            self.hosts.setdefault(host, HostRow())

    def take(
        self,
        host: str,
        agents: Sequence[Mapping[str, Any]],
        *,
        deployed: bool,
        predicted: bool,
        wanted: str = "",
        known_as: Sequence[str] = (),
    ) -> None:
        """The result of one of the two tasks of a rollout.

        Args:
            deployed: of module agents, else of agents_registered.
            predicted: the task was in check mode.
            known_as: what tells these agents apart where that are not their names; it is not shown.
        """
        self.expect([host])
        names = [str(agent.get("name", "")) for agent in agents]
        for agent, name, key in zip(agents, names, known_as or names):
            row = self.agents.setdefault(host, {}).setdefault(key, AgentRow(host, name))
            if deployed:
                row.take_deployed(agent, predicted)
            else:
                row.take_judged(agent, predicted, wanted)
            if not predicted:
                self._lost.get(host, set()).discard(key)
            row.changed = bool(row.actions) or (self._play_is_in_check_mode and bool(row.predicted))
            if row.predicted or (deployed and _done(agent)):
                self._to_do.setdefault(host, set()).add(key)
            elif not deployed and not predicted:
                self._to_do.get(host, set()).discard(key)

    def spend(self, host: str, seconds: float) -> None:
        """Time that one of these tasks took."""
        self.expect([host])
        self.hosts[host].seconds += seconds

    def fail(self, host: str, state: str, task: str, message: str) -> None:
        """A task of any kind has failed; whether that lasts is told at the end. Hosts of other plays are left out."""
        row = self.hosts.get(host)
        if row is not None:
            row.state, row.task, row.message = state, task, _bounded(message)

    def leave(self, host: str, task: str) -> None:
        """The run has ended while agents of this host were still waited for: another host has failed, for example."""
        waited_for = [row for row in self.rows_of(host) if not row.registered and not row.failed]
        for row in waited_for:
            row.failed = True
        if waited_for:
            names = ", ".join(row.name for row in waited_for)
            self._left.add(host)
            text = f"the run ended while agents were still waited for: {names}."
            self.fail(host, FAILED, task, f"{text} Run again: the next run goes on from there.")

    def refuse(self, host: str) -> None:
        """The task that judges the agents of this host has failed."""
        self._refused.add(host)

    def lose(self, host: str) -> None:
        """A task that was to do something about the agents of this host has failed, and has told nothing of them."""
        self._lost.setdefault(host, set()).update(self._to_do.get(host, ()))

    def end(self, failed: Iterable[str], unreachable: Iterable[str], changed: Mapping[str, int]) -> None:
        """How the run has counted: what was rescued or ignored is no failure of the host.

        Of its agents it is one, unless something has told of them since.
        """
        gone, broken = set(unreachable), set(failed)
        for host, row in self.hosts.items():
            row.changed_tasks = changed.get(host, 0)
            row.state = UNREACHABLE if host in gone else FAILED if host in broken | self._left else OK
            if row.state == OK:
                row.task = row.message = ""
            for key, agent in self.agents.get(host, {}).items():
                if host in self._refused and agent.verdict is None:
                    agent.failed, agent.message = True, agent.message or NOT_JUDGED
                elif key in self._lost.get(host, ()) and not agent.failed:
                    agent.failed, agent.registered, agent.message = True, False, NOT_SEEN

    def rows_of(self, host: str) -> list[AgentRow]:
        """The agents of a host by name."""
        return [row for _name, row in sorted(self.agents.get(host, {}).items())]

    def counts(self, host: str | None = None) -> dict[str, int]:
        """Agents of a host, or of all, by how they ended."""
        concerned = self.agents.values() if host is None else [self.agents.get(host, {})]
        rows = [row for agents in concerned for row in agents.values()]
        failed = sum(row.failed for row in rows)
        return {
            "agents": len(rows),
            "ok": len(rows) - failed,
            "changed": sum(row.changed for row in rows),
            "failed": failed,
        }

    def report(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "schema": SCHEMA,
            "check_mode": self.check,
            "total": self.counts(),
            "hosts": {
                name: {**_rounded(asdict(row)), "agents": self.counts(name)} for name, row in sorted(self.hosts.items())
            },
            "agents": [self._agent(row) for host in sorted(self.agents) for row in self.rows_of(host)],
            "authorizations": [dict(entry) for entry in self.authorizations],
        }

    def seconds_of(self, row: AgentRow) -> float:
        """Its own, or those of its host."""
        return round(self.hosts[row.host].seconds if row.seconds is None else row.seconds, 1)

    def _agent(self, row: AgentRow) -> dict[str, Any]:
        return {**asdict(row), "seconds": self.seconds_of(row)}


def _done(agent: Mapping[str, Any]) -> list[str]:
    """In words what was done on the host; `purged` is that credentials are gone for good."""
    action = agent.get("action")
    done = [str(action)] if action not in (None, "none") else ["pulled"] if agent.get("pulled") else []
    return [*done, "purged"] if agent.get("purged") else done


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "seconds": round(values["seconds"], 1)}


def _bounded(text: object) -> str:
    return str(text)[:MESSAGE]
