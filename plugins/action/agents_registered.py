# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task 2 of a rollout: the conversation between a factory host and Connectware, held on the controller."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.answers import LOOKED
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.conversation import Conversation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.evidence import Policy
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.fleet import expected_agents
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interim import Interim
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.interrupts import ended_in_order
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.observation import Observation
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.outcome import (
    doubts,
    failure_of,
    result_of,
    unsettled,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.passed_on import passed_on
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.patterns import parse_patterns
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.ports import HostPort
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.progress import TELL_EVERY, telling
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.record import AgentRecord
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.recorder import Recorder, recorder
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.retirement import Retirement
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.spoken_for import check_spoken_for
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.times import check_times
from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.window_book import WindowBook
from ansible_collections.edgefleet.connectware.plugins.module_utils._argspec import (
    CONNECTWARE_OPTIONS,
    CONNECTWARE_TOGETHER,
    CONVERSATION_OPTIONS,
    ENGINE_OPTIONS,
    ENGINE_TOGETHER,
    EVIDENCE_OPTIONS,
    LOG_OPTIONS,
)
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.connect import connect
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.server import ConnectwareServer
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.token_store import SHARED
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.window_share import SHARED_WINDOWS
from ansible_collections.edgefleet.connectware.plugins.module_utils._connectware.window_will import shared_will
from ansible_collections.edgefleet.connectware.plugins.module_utils._errors import (
    ConnectwareError,
    HostLoginError,
    HostUnreachableError,
)
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.factory_host import FactoryHost
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.facts_of_host import refuse_false_facts
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.grouped_options import ungrouped
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.host_action import HostAction
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.whose import names_in, whose

POLICY = ("on_conflict", "proof", "settle", "poll_interval", "grace", "only_watch")
WILL = shared_will(lambda text: Display().warning(text))


class ActionModule(HostAction):
    """Registers the agents that module `agents` has observed."""

    MODULE = "agents_registered"
    SAYS = LOOKED
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        host = str((task_vars or {}).get("inventory_hostname", "?"))
        self._task.args = ungrouped(self._task.args)
        records: list[AgentRecord] = []
        acted = 0
        told: dict[str, Any] = {"authorizations": [], "interim": {}}
        try:
            refuse_false_facts(host, task_vars or {})
            args = self._arguments()
            before = _interim(args["interim"])
            found = list(before.records) if before else _records(args["agents"])
            answered = [(record.observation.name, record.observation.username) for record in found]
            check_spoken_for(answered, expected_agents(host, args["expected"]), host)
            records += found
            acted = sum(len(record.actions) for record in records)
            self._converse(args, records, before, task_vars or {}, host, told)
        except AnsibleActionFail as exc:
            raise AnsibleActionFail(f"{self._whose(host, records)}: {exc}") from None
        except ConnectwareError as exc:
            how = "unreachable" if isinstance(exc, (HostUnreachableError, HostLoginError)) else "failed"
            result.update({how: True, "msg": f"{self._whose(host, records)}: {exc.message}", "error": exc.result()})
        result.update(result_of(records, self._task.check_mode, result))
        if not self._task.check_mode:  # each turn tells what it has done itself
            result["changed"] = sum(len(record.actions) for record in records) > acted
        wanted = "retired" if self._task.args.get("state") == "absent" else "registered"
        return {**result, **failure_of(records, host, result, told, wanted), **told}

    def _whose(self, host: str, records: Sequence[AgentRecord]) -> str:
        """Of whom the message is where the task breaks off: before anything is known, of all agents."""
        return whose(host, unsettled(records) if records else names_in(self._task.args.get("expected")))

    def _options_of_looks(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Of the engine, as the task has them: which one is meant where nothing is said, only the host knows."""
        given = {key: value for key, value in self._task.args.items() if key in ENGINE_OPTIONS}
        return {**given, **{key: args[key] for key in LOG_OPTIONS if args.get(key) is not None}}

    def _arguments(self) -> dict[str, Any]:
        _validated, args = self.validate_argument_spec(
            {**CONNECTWARE_OPTIONS, **CONVERSATION_OPTIONS, **EVIDENCE_OPTIONS, **ENGINE_OPTIONS, **LOG_OPTIONS},
            required_together=[*CONNECTWARE_TOGETHER, *ENGINE_TOGETHER],
        )
        parse_patterns(args["log_patterns"])
        check_times(args, of_role=True)
        return args

    def _converse(
        self,
        args: Mapping[str, Any],
        records: Sequence[AgentRecord],
        before: Interim | None,
        task_vars: Mapping[str, Any],
        host: str,
        told: dict[str, Any],
    ) -> None:
        """Have the agents judged, and where this is not check mode registered.

        Args:
            before: what the turn before has left.
            told: gets the keys of the result that are known also where this raises.
        """
        if not records:
            return
        session = connect(args, token_store=SHARED)
        server = ConnectwareServer(session)
        replaced = {agent.get("name"): agent.get("replaced_container") for agent in args["agents"]}
        for record in records:
            own = {record.observation.container_id, replaced.get(record.name)}
            record.elsewhere, record.runs_elsewhere = _elsewhere(args["elsewhere"], record.observation.username, own)
        if args["state"] == "absent":
            retirement = Retirement(records, server)
            self._hold(retirement, retirement.predict, retirement.run, told, host)
            return
        recorded = recorder(
            args["evidence_path"],
            url=session.url,
            account=lambda: session.username,
            configured=args["evidence_account"],
            host=host,
            variables=task_vars,
        )
        factory_host = FactoryHost(self, host, self._options_of_looks(args), task_vars)
        book = None if SHARED_WINDOWS is None else SHARED_WINDOWS.book(session.url)
        course = self._conversation(args, records, before, factory_host, server, recorded, book)
        try:
            predict = partial(course.predict, watch_started=args["watch_started"])
            self._hold(course, predict, partial(course.run, args["turn"]), told, host)
            if course.interim is not None:
                if WILL is not None:
                    WILL.write(args)
                told["interim"] = _telling_in_turns(course.interim, before, course.progress(), host).to_dict()
            else:
                told.setdefault("warnings", []).extend(doubts(records, host))
        finally:
            told["authorizations"] = recorded.entries()
            if recorded.failure is not None:
                told.setdefault("warnings", []).append(recorded.failure.message)
        if recorded.failure is not None:
            raise recorded.failure

    def _hold(
        self,
        course: Conversation | Retirement,
        predict: Callable[[], None],
        run: Callable[[], None],
        told: dict[str, Any],
        host: str,
    ) -> None:
        display = Display()
        try:
            with telling(lambda line: display.display(f"{host}: {line}"), lambda _seconds: course.progress()):
                if self._task.check_mode:
                    predict()
                    return
                with ended_in_order(lambda: course.ending):
                    run()
        finally:
            if course.warnings:
                told["warnings"] = course.warnings

    def _conversation(
        self,
        args: Mapping[str, Any],
        records: Sequence[AgentRecord],
        before: Interim | None,
        factory_host: HostPort,
        server: ConnectwareServer,
        recorded: Recorder,
        book: WindowBook | None,
    ) -> Conversation:
        return Conversation(
            records,
            factory_host,
            server,
            Policy(**{key: args[key] for key in POLICY}, foresees=self._task.check_mode),
            timeout=args["timeout"],
            lease=args["window_lease"],
            book=book,
            recorder=recorded,
            interim=before,
        )


def _records(agents: Sequence[Mapping[str, Any]]) -> list[AgentRecord]:
    """From the result of module `agents`.

    Raises:
        SpecError: it is something else.
    """
    with passed_on(
        "agents",
        "an entry is no result of module edgefleet.connectware.agents",
        todo="Register the result of that module and pass its 'agents'.",
    ):
        return [_record(agent) for agent in agents]


def _record(agent: Mapping[str, Any]) -> AgentRecord:
    record = AgentRecord(Observation.from_dict(agent["observation"]))
    if agent.get("error"):
        record.give_up(str(agent["error"]))
    return record


def _interim(values: Mapping[str, Any]) -> Interim | None:
    """From the result of the turn before.

    Raises:
        SpecError: it is something else.
    """
    with passed_on(
        "interim",
        "it is no result of module edgefleet.connectware.agents_registered",
        todo="Register the result of that module and pass its 'interim' in the same run.",
    ):
        return Interim.from_dict(values) if values else None


def _telling_in_turns(interim: Interim, before: Interim | None, line: str, host: str) -> Interim:
    """Say how far it is, where the last word about that is old: turns are too short for `telling`."""
    now = time.monotonic()
    told_at = interim.began if before is None or before.told_at is None else before.told_at
    if now - told_at >= TELL_EVERY:
        Display().display(f"{host}: {line}")
        told_at = now
    return replace(interim, told_at=told_at)


def _elsewhere(found: Sequence[Mapping[str, Any]], username: str, own: Container[str | None]) -> tuple[str, bool]:
    """What else answers to the agent's username, in words, and whether that was seen.

    Args:
        own: the IDs of the agent's container, and of the one that this run has replaced since others were looked for.
    """
    others = [other for other in found if other["username"] == username]
    for other in others:
        is_own = other["container_id"] is not None and other["container_id"] in own
        if other["container"] and not is_own:
            return f"the container {other['container']} on the host {other['host']}", True
    for other in others:
        if not other["container"]:
            return f"perhaps something on the host {other['host']}, which could not be asked,", False
    return "", False
