# SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table of all agents at the end of a run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout_report
type: aggregate
short_description: A table of all agents at the end of a run, and the same as JSON
version_added: 0.1.0
author:
  - The edgefleet.connectware authors (@edgefleet)
description:
  - At the end of a run, prints a line for every host with how many of its agents are ok, changed and failed, and below
    it a line for each agent with verdict, reason, what was done, and the seconds that its registration took.
  - A host that was unreachable, or that failed before its agents were looked at, has a line too.
  - Works beside any other callback, and with that of AWX. Enable it with
    C(callbacks_enabled = edgefleet.connectware.rollout_report).
  - Prints nothing for a run that is not about agents.
options:
  path:
    description:
      - File on the controller that gets the same as JSON, in the form of C(docs/schema/rollout_report.json). It is
        replaced as a whole; what is open already, such as V(/dev/stdout), is added to.
      - That of the run before is removed when a playbook that is about agents begins, since one that is interrupted
        writes none. Any other playbook leaves it alone.
      - If it cannot be written, a warning says so, and the run ends as it would without.
      - Nothing is written if this is not set.
    type: path
    env:
      - name: CONNECTWARE_REPORT_PATH
    ini:
      - section: callback_rollout_report
        key: path
"""

EXAMPLES = r"""
# The table, and a file beside it.
ansible.cfg: |
  [defaults]
  callbacks_enabled = edgefleet.connectware.rollout_report

  [callback_rollout_report]
  path = report.json
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

from ansible import constants as C  # noqa: N812  so it is called everywhere in Ansible
from ansible import context
from ansible.plugins.callback import CallbackBase

from ansible_collections.edgefleet.connectware.plugins.module_utils._agents.text import printable
from ansible_collections.edgefleet.connectware.plugins.module_utils._report.file import replace_file
from ansible_collections.edgefleet.connectware.plugins.module_utils._report.table import lines
from ansible_collections.edgefleet.connectware.plugins.module_utils._report.tally import FAILED, UNREACHABLE, Tally
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.unmasked import names_behind
from ansible_collections.edgefleet.connectware.plugins.plugin_utils.words_of_results import WORDS

DEPLOY = "edgefleet.connectware.agents"
REGISTER = "edgefleet.connectware.agents_registered"
ROLE = "edgefleet.connectware.agents"
INCLUDES = ("include_role", "ansible.builtin.include_role", "ansible.legacy.include_role")
MESSAGE = 4000  # characters of the message of a host


class CallbackModule(CallbackBase):
    """Collects the results of the two tasks of a rollout, and what became of the hosts."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "edgefleet.connectware.rollout_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._tally = Tally(bool(context.CLIARGS.get("check")))
        self._failures: dict[str, tuple[str, str, str]] = {}
        self._started: dict[tuple[str, str], float] = {}
        self._places: dict[tuple[str, str], list[str]] = {}  # of the rounds of loops that have not ended
        self._interim: dict[str, _Result] = {}  # of hosts that register their agents in turns: what the last one told
        self._concerned = False  # the play that runs is about agents
        self._reports = False  # this run has a report, so that the last one was taken away

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Of a run that is not about agents nothing is written, and the last report stays."""
        if any(_is_about_agents(play) for play in playbook.get_plays()):
            self._forget_the_last()

    def _forget_the_last(self) -> None:
        """A run that is interrupted writes nothing: then the report of the last one must not pass for its own."""
        path = self.get_option("path")
        if not self._reports and path and os.path.isfile(path) and not os.path.islink(path):
            with suppress(OSError):  # what stands in the way of that is said when the report is written
                os.unlink(path)
        self._reports = True

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._concerned = _is_about_agents(play)
        self._tally.begin(bool(play.check_mode))
        if self._concerned:
            self._tally.expect(_hosts_of(play))

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if _action(task) in (DEPLOY, REGISTER):
            self._forget_the_last()  # of plays that include what is about agents nobody knows before
            self._started[host.name, task._uuid] = time.monotonic()

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._round(_Result(result))

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._round(_Result(result))

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        self._round(_Result(result))

    def _round(self, told: _Result) -> None:
        """Only here `delegate_to` is filled in; at the end of its loop it is a template."""
        if _action(told.task) in (DEPLOY, REGISTER):
            self._places.setdefault(told.key, []).append(told.place)

    def _told(self, result: Any) -> _Result:
        told = _Result(result)
        told.places = self._places.pop(told.key, [])
        return told

    def v2_runner_on_ok(self, result: Any) -> None:
        self._take(self._told(result))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        told = self._told(result)
        self._take(told)
        self._doubt(told)
        if not ignore_errors:
            self._fail(told, FAILED)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        told = self._told(result)
        if told.has_agents:
            self._take(told)
        else:
            self._spend(told)
        self._doubt(told)
        self._fail(told, UNREACHABLE)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._started.pop(self._told(result).key, None)

    def _fail(self, told: _Result, state: str) -> None:
        """Kept until the end, because a later play may be the one that is about agents."""
        self._failures[told.host] = (state, told.task.get_name(), told.message)
        if self._concerned:
            self._tally.expect([told.host])

    def _doubt(self, told: _Result) -> None:
        """What became of the agents by it is not known, whatever the playbook makes of the failure."""
        if _action(told.task) == REGISTER:
            self._tally.refuse(told.place)
        if _action(told.task) in (DEPLOY, REGISTER) and not told.task.check_mode and not told.has_agents:
            self._tally.lose(told.place)

    def _take(self, told: _Result) -> None:
        if _action(told.task) not in (DEPLOY, REGISTER):
            return
        self._spend(told)
        self._interim.pop(told.place, None)
        if told.interim:
            self._interim[told.place] = told
        else:
            self._count(told)

    def _count(self, told: _Result) -> None:
        deployed = _action(told.task) == DEPLOY
        for place, values in told.each_of():
            wanted = "retired" if told.task.args.get("state") == "absent" else "registered"
            agents = values.get("agents") or []
            self._tally.take(
                place,
                agents,
                deployed=deployed,
                predicted=bool(told.task.check_mode),
                wanted=wanted,
                known_as=names_behind([str(agent.get("name", "")) for agent in agents], told.task.args.get("agents")),
            )
            self._tally.authorizations += values.get("authorizations") or []

    def _spend(self, told: _Result) -> None:
        started = self._started.pop(told.key, None)
        if started is not None:
            self._tally.spend(told.place, time.monotonic() - started)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        for told in self._interim.values():  # of hosts whose last turn never came
            self._count(told)
            self._tally.leave(told.place, told.task.get_name())
        self._interim.clear()  # of the next playbook of a command line others may be left
        if self._tally.concerned:
            for host, (state, task, message) in self._failures.items():
                self._tally.fail(host, state, task, message)
            changed = {host: stats.summarize(host)["changed"] for host in stats.processed}
            self._tally.end(_counted(stats.failures), _counted(stats.dark), changed)
            self._print()
        path = self.get_option("path")
        if path and (self._reports or self._tally.concerned):
            self._write(path)
        self._reports = False  # the next playbook of a command line may be interrupted

    def _print(self) -> None:
        table = lines(self._tally, self._display.columns if sys.stdout.isatty() else None)
        if not table:
            return
        self._display.banner("AGENTS (check mode)" if self._tally.check else "AGENTS")
        colours = {"changed": C.COLOR_CHANGED, FAILED: C.COLOR_ERROR, UNREACHABLE: C.COLOR_UNREACHABLE}
        for line in table:
            self._display.display(line.text, color=colours.get(line.state))
        for host, row in sorted(self._tally.hosts.items()):
            if row.message:
                # In one line, as the arguments that Ansible refuses are told in several.
                text = " ".join(f"{host}: task '{row.task}': {row.message}".splitlines())
                self._display.display(printable(text, MESSAGE), color=colours[row.state])

    def _write(self, path: str) -> None:
        text = json.dumps(self._tally.report(), indent=2, sort_keys=True) + "\n"
        try:
            replace_file(path, text)
        except OSError as exc:
            self._display.warning(
                f"Could not write the report to {printable(path, 200)}: {exc.strerror or exc}. Correct"
                " CONNECTWARE_REPORT_PATH, or make its folder writable for the user that runs ansible-playbook."
            )


class _Result:
    """A result of a task, under the names of ansible-core 2.19 and later, and of those before.

    Attributes:
        places: the hosts that the rounds of a loop were for.
    """

    def __init__(self, result: Any) -> None:
        new = hasattr(result, "task")
        self.task: Any = result.task if new else result._task
        self.host: str = (result.host if new else result._host).get_name()
        self._told: Mapping[str, Any] = result.result if new else result._result
        self.places: list[str] = []

    @cached_property
    def _values(self) -> Mapping[str, Any]:
        return WORDS.unmasked(self._told)

    @property
    def key(self) -> tuple[str, str]:
        """The same for the start, all rounds and the end of a task on a host."""
        return self.host, self.task._uuid

    @property
    def place(self) -> str:
        """The host that the task was for, the one it was delegated to; of a loop over several, the one it ran for."""
        places = {*self.places} or {str(self.task.delegate_to or self.host)}
        return places.pop() if len(places) == 1 else self.host

    @property
    def message(self) -> str:
        """Why it failed."""
        failed = [values for values in self.each() if values.get("failed")]
        for values in [*failed[:1], self._values]:
            said = values.get("msg") or values.get("stderr") or values.get("module_stderr") or values.get("censored")
            if said:
                return str(said)
        return "it said nothing"

    @property
    def interim(self) -> bool:
        """A later turn will tell all of it again."""
        return bool(self._values.get("interim"))

    @property
    def has_agents(self) -> bool:
        """It tells how the agents are; not if the host was never reached."""
        return any("agents" in values for values in self.each())

    def each(self) -> Iterator[Mapping[str, Any]]:
        """The results of a loop, or the only one."""
        results = self._values.get("results")
        if isinstance(results, list):
            yield from (values for values in results if isinstance(values, Mapping))
        else:
            yield self._values

    def each_of(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The same, each with the host that it is of."""
        results = list(self.each())
        places = self.places if len(self.places) == len(results) else [self.place] * len(results)
        yield from zip(places, results, strict=True)


def _action(task: Any) -> str:
    return str(getattr(task, "resolved_action", None) or task.action)


def _counted(numbers: Mapping[str, int]) -> set[str]:
    return {host for host, number in numbers.items() if number}


def _is_about_agents(play: Any) -> bool:
    return any(role.get_name() == ROLE for role in play.get_roles()) or any(
        _action(task) in (DEPLOY, REGISTER) or (task.action in INCLUDES and task.args.get("name") == ROLE)
        for task in _tasks(play.get_tasks())
    )


def _tasks(entries: Iterable[Any]) -> Iterator[Any]:
    """The tasks of lists and blocks within each other."""
    for entry in entries:
        if isinstance(entry, list):
            yield from _tasks(entry)
        elif hasattr(entry, "block"):
            yield from _tasks([*entry.block, *entry.rescue, *entry.always])
        else:
            yield entry


def _hosts_of(play: Any) -> list[str]:
    """The hosts of a play, or of its batch. Nothing public tells, and those with results are known without."""
    inventory = getattr(play.get_variable_manager(), "_inventory", None)
    return [] if inventory is None else [host.name for host in inventory.get_hosts(play.hosts)]
